"""Sockets of the host and the network: out of reach inside, within reach without fence."""

import os
import socket
import tempfile
import threading

from cases import PYTHON, Case, as_both

CONNECT = """
import socket, sys
s = socket.socket(getattr(socket, sys.argv[1]))
s.settimeout(5)
address = sys.argv[2].replace("@", chr(0), 1) if sys.argv[1] == "AF_UNIX" else (sys.argv[2], int(sys.argv[3]))
try:
    s.connect(address)
    print(s.recv(10).decode())
except OSError as error:
    sys.exit(f"{type(error).__name__} {error}")
"""


class Greeter:
    """A host service that says hello to whoever reaches it."""

    def __init__(self, family, address):
        self.socket = socket.socket(family)
        self.socket.bind(address)
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.sendall(b"hello")
                except OSError:
                    pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@as_both
class HostSockets(Case):
    def greeter(self, path):
        greeter = Greeter(socket.AF_UNIX, path)
        self.addCleanup(greeter.close)
        if not path.startswith("\0"):
            os.chmod(path, 0o777)
            self.own(path)
        return path

    def out_of_reach(self, path, *options):
        connect = [*PYTHON, CONNECT, "AF_UNIX", path]
        self.assertEqual(self.outside(*connect).out, "hello\n")
        done = self.failed(self.fence(*options, "--", *connect))
        self.assertNotIn("hello", done.out)
        return done

    def test_below_run(self):
        parent = next((path for path in ["/run", "/run/lock"] if os.access(path, os.W_OK)), None)
        if parent is None:
            self.skipTest("no directory below /run can be written")
        directory = tempfile.mkdtemp(prefix="fence-test-", dir=parent)
        self.addCleanup(self.remove, directory)
        os.chmod(directory, 0o755)
        self.out_of_reach(self.greeter(f"{directory}/socket"))

    def test_below_tmp(self):
        directory = tempfile.mkdtemp(prefix="fence-test-")
        self.addCleanup(self.remove, directory)
        os.chmod(directory, 0o755)
        self.out_of_reach(self.greeter(f"{directory}/socket"))

    def test_in_the_home(self):
        self.out_of_reach(self.greeter(f"{self.home}/socket"))

    def test_below_a_directory_of_the_home(self):
        self.directory("home/d")
        self.out_of_reach(self.greeter(f"{self.home}/d/socket"))

    def test_in_the_workspace(self):
        self.out_of_reach(self.greeter(f"{self.project}/socket"))

    def test_elsewhere_on_the_host(self):
        self.out_of_reach(self.greeter(f"{self.top}/socket"))

    def test_in_a_directory_that_is_granted(self):
        directory = self.directory("granted")
        self.out_of_reach(self.greeter(f"{directory}/socket"), "-w", directory)
        self.out_of_reach(f"{directory}/socket", "-r", directory)

    def test_through_a_link_in_the_workspace(self):
        self.greeter(f"{self.home}/socket")
        self.link("home/project/link", f"{self.home}/socket")
        self.out_of_reach(f"{self.project}/link")

    def test_abstract(self):
        name = f"fence-test-{os.path.basename(self.top)}"
        self.greeter("\0" + name)
        self.out_of_reach("@" + name)

    def test_a_socket_is_not_granted_by_a_path_list(self):
        path = self.greeter(f"{self.top}/socket")
        for option in ["-r", "-w"]:
            self.refused(self.fence(option, path, "--", "true"), path, "socket")

    def test_the_commands_own_sockets_work(self):
        self.succeeded(self.python("""
import os, socket, threading
for address in ["s", "/tmp/s", os.environ["XDG_RUNTIME_DIR"] + "/s", "\\0fence-test"]:
    server = socket.socket(socket.AF_UNIX); server.bind(address); server.listen()
    client = socket.socket(socket.AF_UNIX); client.connect(address)
    if address[0] != "\\0": os.unlink(address)
"""))


@as_both
class Network(Case):
    def test_a_service_of_the_host_is_out_of_reach(self):
        greeter = Greeter(socket.AF_INET, ("127.0.0.1", 0))
        self.addCleanup(greeter.close)
        connect = [*PYTHON, CONNECT, "AF_INET", "127.0.0.1", str(greeter.socket.getsockname()[1])]
        self.assertEqual(self.outside(*connect).out, "hello\n")
        self.failed(self.fence("--", *connect), "ConnectionRefusedError")
        self.assertEqual(self.fence("--net", "host", "--", *connect).out, "hello\n")

    def test_loopback_is_up_and_the_only_interface(self):
        out = self.succeeded(self.python("""
import os, socket
print(sorted(name for _, name in socket.if_nameindex()))
for family, address in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    server = socket.socket(family); server.bind((address, 0)); server.listen()
    client = socket.socket(family); client.connect(server.getsockname()); server.accept()
""")).out
        self.assertEqual(out, "['lo']\n")

    def test_there_is_no_way_out(self):
        self.failed(self.fence("--", *PYTHON, CONNECT, "AF_INET", "192.0.2.1", "9"), "Network is unreachable")
