"""What the floor program carries out for a line of bubblewrap's words: everything unshared, the host's root read-only,
private /dev, /proc and /tmp, and read-only binds below /tmp."""

import os
import struct

# floor_program.h
CLONE, TMPFS, PROC, DEVPTS, DIRECTORY, LINK = range(6)
NOTHING, MAKE_DIRECTORY, MAKE_FILE = range(3)
# linux/mount.h
RDONLY, NOSUID, NODEV, NOEXEC = 1, 2, 4, 8
# linux/sched.h: mount, cgroup, uts, ipc, user, pid and net
NAMESPACES = 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
NODES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "fd": "/proc/self/fd",
         "core": "/proc/kcore", "ptmx": "pts/ptmx"}


class Pool:
    """NUL-terminated strings behind each other."""

    def __init__(self):
        self.bytes = bytearray()

    def add(self, text):
        self.bytes += os.fsencode(text) + b"\0"
        return len(self.bytes) - len(text.encode()) - 1


class Program:
    def __init__(self):
        self.pool, self.steps = Pool(), []

    def step(self, kind, target, source="", make=NOTHING, mode="", permissions=0, attributes=0):
        self.steps.append(struct.pack("=IIIIIIQ", kind, make, self.pool.add(target), self.pool.add(source), self.pool.add(mode),
                                      permissions, attributes))

    def bytes(self):
        # Read in this order: the pool's texts come to be with the header's.
        ids = [self.pool.add(f"{number} {number} 1") for number in (os.getuid(), os.getgid())]
        directory = self.pool.add("/")
        header = struct.pack("=QIIIIIIIIII", NAMESPACES, len(self.steps), 0, len(self.pool.bytes), *ids, directory, 1, 0, 0, 0)
        return header + b"".join(self.steps) + bytes(self.pool.bytes)


def write_program(path, binds):
    """`binds`: pairs of a directory of the host and its place below /tmp."""
    program = Program()
    program.step(CLONE, "", "/", attributes=RDONLY | NOSUID | NODEV)
    program.step(TMPFS, "dev", mode="0755", attributes=NOSUID | NODEV)
    for node in NODES:
        program.step(CLONE, f"dev/{node}", f"/dev/{node}", make=MAKE_FILE, attributes=NOSUID)
    for name, target in LINKS.items():
        program.step(LINK, f"dev/{name}", target)
    for name in ("shm", "pts"):
        program.step(DIRECTORY, f"dev/{name}", permissions=0o755)
    program.step(DEVPTS, "dev/pts", attributes=NOSUID | NOEXEC)
    program.step(PROC, "proc", attributes=NOSUID | NODEV | NOEXEC)
    program.step(TMPFS, "tmp", mode="0755", attributes=NOSUID | NODEV)
    made = set()
    for source, place in binds:
        parent = os.path.dirname(place)
        if parent not in made:
            made.add(parent)
            program.step(DIRECTORY, f"tmp/{parent}", permissions=0o755)
        program.step(CLONE, f"tmp/{place}", source, make=MAKE_DIRECTORY, attributes=RDONLY | NOSUID | NODEV)
    with open(path, "wb") as file:
        file.write(program.bytes())
