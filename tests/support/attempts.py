"""What sandboxes were broken by, tried by whoever runs this: one attempt a row, in a process of its own. Nothing of the
machine is changed where an attempt succeeds, but what the caller has made for it.

    python3 attempts.py WORLD     prints {row: "done", or what refused it}; WORLD is JSON (test_catalogue.py)
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import stat
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
KEYCTL = {"x86_64": 250, "aarch64": 219}.get(platform.machine())
ATTEMPTS = {}


def attempt(name):
    """The function is done where it returns true; an OSError is what refused it."""
    def note(function):
        ATTEMPTS[name] = function
        return function
    return note


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def opened(path, flags):
    os.close(os.open(path, flags | os.O_CLOEXEC))
    return True


# ---- B: processes --------------------------------------------------------------------------------------------------


@attempt("B1 signal a process of the caller's")
def _(world):
    os.kill(world["victim"], 0)
    return True


@attempt("B1 read the variables of a process of the caller's")
def _(world):
    with open(f"/proc/{world['victim']}/environ", "rb") as file:
        return b"VICTIM" in file.read()


@attempt("B1 open a process of the caller's")
def _(world):
    os.close(os.pidfd_open(world["victim"]))
    return True


@attempt("B1 see a process of the caller's")
def _(world):
    return str(world["victim"]) in os.listdir("/proc")


@attempt("B8 leave a core file")
def _(_world):
    return resource.getrlimit(resource.RLIMIT_CORE)[1] not in (0, 1)


@attempt("B8 have a crash start the host's program for core files")
def _(_world):
    # With any limit but 1 the kernel starts it (fs/coredump.c): it is enough that another can be set.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return resource.getrlimit(resource.RLIMIT_CORE) != (1, 1)


@attempt("B9 use an inherited descriptor")
def _(world):
    return len(os.listdir(world["descriptor"])) > 0


# ---- C: keys -------------------------------------------------------------------------------------------------------


@attempt("C6 find a key of the session")
def _(_world):
    search, session = 10, -3
    return checked(LIBC.syscall(KEYCTL, search, session, b"user", b"fence-test", 0)) > 0


# Only who possesses a key may see this one.
@attempt("C6 see a key of the session")
def _(_world):
    with open("/proc/keys", encoding="utf-8") as keys:
        return "fence-test" in keys.read()


# ---- D: files ------------------------------------------------------------------------------------------------------


@attempt("D9 write to a file of the home")
def _(world):
    return opened(world["home file"], os.O_WRONLY)


@attempt("D20 change the mode of a file of the home")
def _(world):
    os.chmod(world["home file"], 0o640)
    return True


@attempt("D20 change the times of a file of the home")
def _(world):
    os.utime(world["home file"], (1, 1))
    return True


@attempt("D20 set an attribute of a file of the home")
def _(world):
    os.setxattr(world["home file"], "user.fence", b"1")
    return True


@attempt("D2 read a credential")
def _(world):
    with open(world["credential"], encoding="utf-8") as file:
        return file.read() == "key"


@attempt("D16 move the directory of a protected file away")
def _(world):
    os.rename(os.path.join(world["project"], ".git"), os.path.join(world["project"], "aside"))
    os.rename(os.path.join(world["project"], "aside"), os.path.join(world["project"], ".git"))
    return True


@attempt("D17 write to a file that an editor runs")
def _(world):
    return opened(os.path.join(world["project"], ".vscode/tasks.json"), os.O_WRONLY)


# ---- E: descriptors ------------------------------------------------------------------------------------------------


@attempt("E2 open standard input again, for writing")
def _(_world):
    return opened("/proc/self/fd/0", os.O_WRONLY)


# ---- F: sockets and network ----------------------------------------------------------------------------------------


def greeted(family, kind, address):
    with socket.socket(family, kind) as peer:
        peer.settimeout(3)
        peer.connect(address)
        peer.send(b"?")
        return peer.recv(10) == b"hello"


@attempt("F1 reach an abstract socket of the host")
def _(world):
    return greeted(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + world["abstract"])


@attempt("F2 reach a socket in a directory that is shown")
def _(world):
    return greeted(socket.AF_UNIX, socket.SOCK_STREAM, world["socket"])


@attempt("F2 write to a fifo in a directory that is shown")
def _(world):
    return opened(world["fifo"], os.O_WRONLY | os.O_NONBLOCK)


@attempt("F4 reach a service of the host by TCP")
def _(world):
    return greeted(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", world["tcp"]))


@attempt("F4 reach a service of the host by UDP")
def _(world):
    return greeted(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", world["udp"]))


@attempt("F8 attach shared memory of the host's (System V)")
def _(world):
    return checked(LIBC.shmget(world["memory"], 0, 0)) >= 0


@attempt("F8 open shared memory of the host's (POSIX)")
def _(world):
    return opened(world["shared"], os.O_RDONLY)


# ---- G: privilege --------------------------------------------------------------------------------------------------


@attempt("G1 have a capability")
def _(_world):
    with open("/proc/self/status", encoding="utf-8") as file:
        rows = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    return any(int(rows[name], 16) != 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))


@attempt("G4 make a device")
def _(world):
    path = os.path.join(world["project"], "device")
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.unlink(path)
    return True


# Opened only: nothing is written.
@attempt("G5 write the program that gets core files")
def _(_world):
    return opened("/proc/sys/kernel/core_pattern", os.O_WRONLY)


@attempt("G6 write to sysrq-trigger")
def _(_world):
    return opened("/proc/sysrq-trigger", os.O_WRONLY)


@attempt("G6 read the kernel's memory")
def _(_world):
    return opened("/proc/kcore", os.O_RDONLY)


@attempt("G6 read the kernel's log")
def _(_world):
    return opened("/dev/kmsg", os.O_RDONLY)


@attempt("G6 write to sysfs")
def _(_world):
    return opened("/sys/kernel/mm/transparent_hugepage/enabled", os.O_WRONLY)


@attempt("G7 move to another control group")
def _(_world):
    groups = [line.split()[4] for line in open("/proc/self/mountinfo", encoding="utf-8") if " - cgroup" in line]
    for group in groups:
        path = os.path.join(group, "cgroup.procs")
        if os.path.exists(path) and opened(path, os.O_WRONLY):
            return True
    raise FileNotFoundError(errno.ENOENT, "no control group is shown")


@attempt("G9 leave a supplementary group")
def _(_world):
    os.setgroups([])
    return True


# ---- H: environment and use ----------------------------------------------------------------------------------------


@attempt("H1 read a credential in a variable")
def _(_world):
    return os.environ.get("DEMO_TOKEN") == "key"


@attempt("H2 be started through the caller's loader and shell variables")
def _(_world):
    return any(name in os.environ for name in ("LD_AUDIT", "LD_PRELOAD", "BASH_ENV", "ENV", "GLIBC_TUNABLES"))


@attempt("H6 see the host's temporary files")
def _(world):
    return opened(world["temporary"], os.O_RDONLY)


def tried(function, world):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        try:
            said = "done" if function(world) else "not there"
        except OSError as error:
            said = f"{type(error).__name__}: {error.strerror}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said or f"ended by {status}"


if __name__ == "__main__":
    WORLD = json.loads(sys.argv[1])
    print(json.dumps({name: tried(function, WORLD) for name, function in ATTEMPTS.items()}))
