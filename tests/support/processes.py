"""The processes below a test: found, waited for, and none left behind."""

import ctypes
import os
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Makes this process the parent of every orphan among its descendants, so that none can hide from `descendants`."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def descendants(of=None):
    """{pid: (name, state)} of every process below `of` (this process), zombies ("Z") included."""
    parents, found_at = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                text = stat.read().decode(errors="replace")
        except OSError:
            continue
        name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        found_at[int(entry)] = (name, rest[0])
        parents[int(entry)] = int(rest[1])
    found, todo = {}, [os.getpid() if of is None else of]
    while todo:
        parent = todo.pop()
        for pid, its in parents.items():
            if its == parent and pid not in found:
                found[pid] = found_at[pid]
                todo.append(pid)
    return found


def job_of(pid):
    """(parent, process group, foreground group of its terminal) of a process; (0, 0, -1) where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rsplit(b")", 1)[1].split()
    except OSError:
        return 0, 0, -1
    return int(fields[1]), int(fields[2]), int(fields[5])


def wait_until_gone(timeout=10.0):
    """Reaps until no descendant is left; returns what is left after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return {}
        if time.monotonic() >= end:
            return descendants()
        time.sleep(0.01)


def wait_for(name, states="SR", of=None, timeout=20.0):
    """The pid of the descendant called `name` when it is in one of `states` (proc(5))."""
    end = time.monotonic() + timeout
    while True:
        below = descendants(of)
        for pid, (its, state) in below.items():
            if its == name and state in states:
                return pid
        if time.monotonic() >= end:
            raise AssertionError(f"no process {name!r} in state {states!r} among {below}")
        time.sleep(0.01)
