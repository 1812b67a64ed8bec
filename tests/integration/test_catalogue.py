"""docs/threat-model.md, tried: each attempt succeeds without fence, as far as the caller may do it at all, and none
succeeds in the default profile, by either executor."""

import ctypes
import json
import os
import pathlib
import socket
import tempfile
import threading

from cases import PYTHON, TIMEOUT, Case, as_both

ATTEMPTS = (pathlib.Path(__file__).parent.parent / "support" / "attempts.py").read_text(encoding="utf-8")
LIBC = ctypes.CDLL(None, use_errno=True)
IPC_CREAT, IPC_RMID = 0o1000, 0
# The caller may not do it outside either: what is refused inside then proves nothing.
NOT_A_USERS = {
    "G1 have a capability", "G4 make a device", "G5 write the program that gets core files", "G6 write to sysrq-trigger",
    "G6 read the kernel's memory", "G6 read the kernel's log", "G6 write to sysfs", "G7 move to another control group",
    "G9 leave a supplementary group",
}
# As far as the machine goes: a kernel without it, or a container's own limits.
MACHINES = {"G6 read the kernel's memory", "G6 read the kernel's log", "G6 write to sysfs", "G6 write to sysrq-trigger",
            "G5 write the program that gets core files", "G7 move to another control group", "C6 find a key of the session", "C6 see a key of the session"}


# By `proc`, `metadata` and `protect` of allowDegraded; the bounding set of an ordinary user is nobody's to empty.
WITHOUT_CAPABILITIES = {"G1 have a capability"}
OPEN_WITHOUT_NAMESPACES = {
    "B1 see a process of the caller's", "B1 open a process of the caller's", "D16 move the directory of a protected file away",
    "D17 write to a file that an editor runs", "D20 change the mode of a file of the home", "D20 change the times of a file of the home",
    "D20 set an attribute of a file of the home", *WITHOUT_CAPABILITIES,
}


class Echo:
    """Says hello to whoever sends something."""

    def __init__(self, test, family, kind, address):
        self.socket = socket.socket(family, kind)
        test.addCleanup(self.end)
        self.socket.bind(address)
        self.stream = kind == socket.SOCK_STREAM
        if self.stream:
            self.socket.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        try:
            while True:
                if self.stream:
                    connection, _ = self.socket.accept()
                    with connection:
                        connection.recv(1)
                        connection.send(b"hello")
                else:
                    _, peer = self.socket.recvfrom(1)
                    self.socket.sendto(b"hello", peer)
        except OSError:
            return

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR) if self.stream else self.wake()
        self.thread.join(TIMEOUT)
        self.socket.close()

    def wake(self):
        address = self.socket.getsockname()
        with socket.socket(self.socket.family, self.socket.type) as peer:
            self.socket.settimeout(0)
            peer.sendto(b"", address)


@as_both
class Catalogue(Case):
    def setUp(self):
        super().setUp()
        self.environment |= {"DEMO_TOKEN": "key", "BASH_ENV": "/nonexistent", "ENV": "/nonexistent", "LD_AUDIT": "/nonexistent",
                             "LD_PRELOAD": "/nonexistent",
                             "GLIBC_TUNABLES": "glibc.malloc.check=0"}
        self.tree({"home/project/.git": [], "home/project/.git/hooks": [], "home/project/.git/config": "",
                   "home/project/.git/HEAD": "ref: refs/heads/main\n", "home/project/.git/objects": [],
                   "home/project/.git/refs": [], "home/project/.vscode": [], "home/project/.vscode/tasks.json": "{}",
                   "home/data": [], "home/data/file": "text", "home/pipes": [], "home/.ssh": [], "home/.ssh/id_ed25519": "key"})
        self.input = self.file("home/data/input", "line\n")
        self.descriptor = os.open("/", os.O_RDONLY)
        self.addCleanup(os.close, self.descriptor)

    def world(self):
        self.victim = self.start(["sleep", "600"], env={**self.environment, "VICTIM": "1"})
        path = os.path.join(self.home, "data/socket")
        Echo(self, socket.AF_UNIX, socket.SOCK_STREAM, path)
        os.chmod(path, 0o777)
        abstract = os.path.basename(self.top)
        Echo(self, socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract)
        tcp = Echo(self, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        udp = Echo(self, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        fifo = os.path.join(self.home, "pipes/fifo")
        os.mkfifo(fifo, 0o666)
        self.own(fifo)
        # A fifo takes a writer that does not wait only while somebody reads.
        self.addCleanup(os.close, os.open(fifo, os.O_RDONLY | os.O_NONBLOCK))
        key = abs(hash(self.top)) & 0x7FFFFFFF | 1
        segment = LIBC.shmget(key, 4096, IPC_CREAT | 0o666)
        self.assertGreaterEqual(segment, 0)
        self.addCleanup(LIBC.shmctl, segment, IPC_RMID, None)
        return {
            "victim": self.victim.pid, "descriptor": self.descriptor, "home file": os.path.join(self.home, "data/file"),
            "credential": os.path.join(self.home, ".ssh/id_ed25519"), "project": self.project, "abstract": abstract, "socket": path,
            "fifo": fifo, "tcp": tcp.socket.getsockname()[1], "udp": udp.socket.getsockname()[1], "memory": key,
            "shared": self.shared("/dev/shm"), "temporary": self.shared("/tmp"),
        }

    def shared(self, directory):
        with tempfile.NamedTemporaryFile(dir=directory, prefix="fence-test-", delete=False) as file:
            self.addCleanup(os.unlink, file.name)
        return self.own(file.name)

    def become_with_a_key(self):
        """As the user, in a session keyring of its own with a key in it."""
        self.user.become()
        keyctl, add_key = {"x86_64": (250, 248), "aarch64": (219, 217)}[os.uname().machine]
        join, session = 1, -3
        LIBC.syscall(keyctl, join, None)
        key = LIBC.syscall(add_key, b"user", b"fence-test", b"secret", 6, session)
        set_permissions, all_of_its_possessors = 5, 0x3F000000
        LIBC.syscall(keyctl, set_permissions, key, all_of_its_possessors)

    def tried(self, *words):
        with open(self.input, "rb") as given:
            done = self.succeeded(self.outside(*words, *PYTHON, ATTEMPTS, json.dumps(self.world()), stdin=given,
                                               pass_fds=[self.descriptor], preexec_fn=self.become_with_a_key))
        self.victim.kill()
        self.victim.wait()
        return json.loads(done.out)

    def test_each_can_be_done_without_fence(self):
        done = {name for name, said in self.tried().items() if said == "done"}
        expected = {name for name in self.names() if name not in MACHINES}
        if not self.AS_ROOT:
            expected -= NOT_A_USERS
        self.assertEqual(expected - done, set(), "not even without fence")

    def names(self):
        scope = {"__name__": "attempts"}
        exec(compile(ATTEMPTS, "attempts.py", "exec"), scope)
        return set(scope["ATTEMPTS"])

    def none_succeeds(self, *options, but=frozenset()):
        said = self.tried(self.place.fence, *options, "--")
        self.assertEqual(set(said), self.names())
        self.assertEqual({name for name, text in said.items() if text == "done"}, set(but))

    def test_none_succeeds_in_the_native_executors_sandbox(self):
        self.none_succeeds("--backend", "native")

    def test_none_succeeds_in_bubblewraps(self):
        self.none_succeeds("--backend", "bwrap")

    def test_without_namespaces_what_the_profile_names_and_no_more(self):
        self.none_succeeds("-p", "landlock", but=OPEN_WITHOUT_NAMESPACES - (WITHOUT_CAPABILITIES if self.AS_ROOT else set()))
