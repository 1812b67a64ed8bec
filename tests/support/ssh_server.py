"""An ssh server on a loopback port, with keys and settings of its own, for the user of a workplace."""

import ctypes
import os
import socket
import subprocess
import sys
import time

from ordinary_user import User

SSHD = "/usr/sbin/sshd"

# What the server leaves to its file of settings. An ordinary user's server lets in that user only, and needs no more.
SETTINGS = """
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
AuthorizedKeysFile {key}.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
PrintMotd no
PrintLastLog no
PidFile none
SetEnv {variables}
"""

# In a mount namespace of its own: the user has an account there, and the server a directory to lock itself up in.
ENTER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
passwd, run, *words = sys.argv[1:]
check(libc.unshare(0x20000))
check(libc.mount(None, b"/", None, ctypes.c_ulong(0x4000 | 1 << 18), None))
check(libc.mount(passwd.encode(), b"/etc/passwd", None, ctypes.c_ulong(4096), None))
check(libc.mount(run.encode(), b"/run", None, ctypes.c_ulong(4096), None))
os.execv(words[0], words)
"""


class Account(User):
    """The user where the server is, and so with an account."""

    def __init__(self, user, namespace):
        super().__init__(user.uid, user.gid, user.name, user.home)
        self.namespace = namespace

    def become(self):
        if os.geteuid() == 0:
            entered = os.open(self.namespace, os.O_RDONLY)
            if ctypes.CDLL(None, use_errno=True).setns(entered, 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            os.close(entered)
        super().become()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SshServer:
    """Runs from creation to close(); `directory` has to be there, and holds all that belongs to it."""

    def __init__(self, place, directory):
        self.place, self.directory = place, directory
        self.port = free_port()
        self.key = os.path.join(directory, "key")
        host_key = os.path.join(directory, "host_key")
        for path in (self.key, host_key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        variables = place.environment()
        del variables["TERM"]  # the client's
        words = " ".join(f'"{name}={value}"' for name, value in variables.items())
        settings = os.path.join(directory, "settings")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(SETTINGS.format(port=self.port, host_key=host_key, key=self.key, variables=words))
        self.log = os.path.join(directory, "log")
        server = [SSHD, "-D", "-f", settings, "-E", self.log]
        self.process = subprocess.Popen(self._with_an_account(server), stdin=subprocess.DEVNULL)
        self._wait_until_it_listens()
        self.user = Account(place.user, f"/proc/{self.process.pid}/ns/mnt")

    def _with_an_account(self, words):
        if os.geteuid() != 0:
            return words
        passwd, run = os.path.join(self.directory, "passwd"), os.path.join(self.directory, "run")
        os.makedirs(os.path.join(run, "sshd"), mode=0o755)
        user = self.place.user
        with open("/etc/passwd", encoding="utf-8") as theirs, open(passwd, "w", encoding="utf-8") as ours:
            ours.writelines(line for line in theirs if line.split(":")[0] != user.name)
            ours.write(f"{user.name}:x:{user.uid}:{user.gid}::{user.home}:/bin/bash\n")
        return [sys.executable, "-c", ENTER, passwd, run, *words]

    def _wait_until_it_listens(self):
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() >= end or self.process.poll() is not None:
                    with open(self.log, encoding="utf-8") as log:
                        raise AssertionError(f"no ssh server: {log.read()}") from None
            time.sleep(0.01)

    def client(self, *words):
        """ssh by whoever runs the tests to the user's account, without a question."""
        return ["ssh", "-F", "none", "-i", self.key, "-p", str(self.port), "-l", self.place.user.name, "-o", "LogLevel=ERROR",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "127.0.0.1", *words]

    def close(self):
        self.process.terminate()
        self.process.wait()
