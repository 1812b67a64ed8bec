"""FUSE mounts whose servers never answer, in namespaces of their own, and one command that is run beside it.

Run as a program by root: reads one JSON object (see `run_beside`) and writes one: how the command ended, how long it took,
and which processes of it were left.
"""

import ctypes
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
FUSE_DEVICE = os.makedev(10, 229)
# linux/fuse.h: struct fuse_in_header starts with these, and FUSE_INIT's body with the kernel's version.
IN_HEADER = struct.Struct("=IIQQIIIHH")
OUT_HEADER = struct.Struct("=IiQ")
INIT_OUT = struct.Struct("=IIIIHHIIHH8I")
FUSE_INIT, MAJOR, MINOR = 26, 7, 31


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind, flags, options=None):
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    check(LIBC.mount(*words, ctypes.c_ulong(flags), options.encode() if options else None), f"mount {target}")


def answer_first(device):
    """Without an answer to FUSE_INIT every request would wait for that one."""
    request = os.read(device, 1 << 17)
    unique, opcode = IN_HEADER.unpack_from(request)[2], IN_HEADER.unpack_from(request)[1]
    assert opcode == FUSE_INIT, opcode
    body = INIT_OUT.pack(MAJOR, MINOR, 4096, 0, 12, 10, 4096, 1, 0, 0, *[0] * 8)
    os.write(device, OUT_HEADER.pack(OUT_HEADER.size + len(body), 0, unique) + body)


def start_server(device, takes_requests):
    """A process that holds the device. Where it takes requests, the kernel lets nobody who made one end."""
    server = os.fork()
    if server:
        os.close(device)
        return server
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    answer_first(device)
    while takes_requests:
        os.read(device, 1 << 17)
    while True:
        signal.pause()


def in_own_namespaces(order):
    """As the user, with every capability in a user namespace that has all ids (root stays as it is)."""
    check(LIBC.unshare(CLONE_NEWNS), "unshare")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    # The device of this machine may be root's alone.
    mount("nodes", order["nodes"], "tmpfs", MS_NOSUID, "mode=755")
    node = os.path.join(order["nodes"], "fuse")
    os.mknod(node, stat.S_IFCHR | 0o666, FUSE_DEVICE)
    os.chmod(node, 0o666)
    if order["uid"] == 0:
        return node
    ready, mapped = os.pipe(), os.pipe()
    mapper = os.fork()
    if mapper == 0:
        os.read(ready[0], 1)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{os.getppid()}/{name}", "w", encoding="ascii") as file:
                file.write("0 0 4294967295")
        os.write(mapped[1], b"x")
        os._exit(0)
    os.setgroups([])
    os.setresgid(order["gid"], order["gid"], order["gid"])
    os.setresuid(order["uid"], order["uid"], order["uid"])
    check(LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")
    check(LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    os.write(ready[1], b"x")
    os.read(mapped[0], 1)
    os.waitpid(mapper, 0)
    for end in ready + mapped:
        os.close(end)
    return node


def wait_until_only(known, seconds):
    """{pid: [name, state]} of the descendants other than `known` that are still there after that time."""
    end = time.monotonic() + seconds
    while True:
        left = {pid: its for pid, its in processes.descendants().items() if pid not in known}
        for pid in left:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        if not left or time.monotonic() >= end:
            return left
        time.sleep(0.01)


def run_beside(order):
    """`order`: uid, gid, the mount points `dead`, an empty directory `nodes`, `takes_requests`, `command`, `cwd`, `env`."""
    processes.adopt_orphans()
    node = in_own_namespaces(order)
    servers = set()
    for dead in order["dead"]:
        device = os.open(node, os.O_RDWR)
        options = f"fd={device},rootmode=40000,user_id={order['uid']},group_id={order['gid']}"
        mount("nobody@nowhere", dead, "fuse", MS_NOSUID | MS_NODEV, options)
        servers.add(start_server(device, order["takes_requests"]))
    start = time.monotonic()
    # As an ordinary user's program starts: without the capabilities of the namespace.
    done = subprocess.run(order["command"], cwd=order["cwd"], env=order["env"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    seconds = time.monotonic() - start
    left = wait_until_only(servers, 0.5)
    for server in servers:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
    return {"status": done.returncode, "out": os.fsdecode(done.stdout), "err": os.fsdecode(done.stderr),
            "seconds": seconds, "left": left, "left_at_last": wait_until_only(set(), 10)}


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import processes

    json.dump(run_beside(json.load(sys.stdin)), sys.stdout)
