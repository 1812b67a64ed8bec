#!/usr/bin/env python3
"""Runs the unittest modules named as arguments and reports each test method as a line of TAP 13.

Meson reads TAP on standard output, so whatever a test prints there goes to standard error instead. A run in which no
test is found is a failure. FENCE_TESTS, a word, leaves out the tests without it in their names. Where root runs it, nobody else's mounts come and go meanwhile: the tests have a mount namespace
of their own.
"""

import ctypes
import importlib.util
import os
import sys
import traceback
import unittest


class TapResult(unittest.TestResult):
    """One line a test method; failing subtests and failing class fixtures make their method or class `not ok`."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.lines = 0
        self.failed = 0
        self.problems = []

    def line(self, ok, name, remark=""):
        self.lines += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.lines} - {name.replace('#', '')}{remark}", file=self.stream, flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.problems = []
        self.skip_reason = None

    def stopTest(self, test):
        super().stopTest(test)
        if self.problems:
            for problem in self.problems:
                print(f"--- {test.id()}\n{problem}", file=sys.stderr, flush=True)
            self.line(False, test.id())
        elif self.skip_reason is not None:
            self.line(True, test.id(), f" # SKIP {self.skip_reason}")
        else:
            self.line(True, test.id())

    def problem(self, test, error):
        text = "".join(traceback.format_exception(*error))
        if isinstance(test, unittest.TestCase):
            self.problems.append(text)
        else:  # setUpClass or setUpModule: no startTest comes
            print(f"--- {test}\n{text}", file=sys.stderr, flush=True)
            self.line(False, str(test))

    def addError(self, test, err):
        self.problem(test, err)

    def addFailure(self, test, err):
        self.problem(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.problems.append(f"{subtest}\n" + "".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        if isinstance(test, unittest.TestCase):
            self.skip_reason = reason
        else:
            self.line(True, str(test), f" # SKIP {reason}")

    def addUnexpectedSuccess(self, test):
        self.problems.append("expected to fail, but passed")


def leave_mounts_behind():
    """What is mounted elsewhere from now on is not seen here: plans would be carried out among other mounts than they were
    made for, and tests would take those mounts for left by themselves."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_mounts, everywhere, private, shared = 0x20000, 0x4000, 1 << 18, 1 << 20
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        was_shared = any(row[4] == "/" and row[6].startswith("shared:") for row in map(str.split, table))
    if libc.unshare(new_mounts) != 0:
        return  # as in a container
    # Shared again where it was, but with nobody outside: fence must cope with both.
    for propagation in [private, shared] if was_shared else [private]:
        if libc.mount(None, b"/", None, everywhere | propagation, None) != 0:
            raise OSError(ctypes.get_errno(), "mount")


def load(path):
    directory, file = os.path.split(os.path.abspath(path))
    if directory not in sys.path:
        sys.path.insert(0, directory)
    name = os.path.splitext(file)[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def chosen(suite):
    word = os.environ.get("FENCE_TESTS", "")
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test)
        elif word in test.id():
            yield test


def main(paths):
    sys.dont_write_bytecode = True
    if os.geteuid() == 0:
        leave_mounts_behind()
    tap = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    print("TAP version 13", file=tap)
    result = TapResult(tap)
    unittest.TestSuite(chosen(unittest.TestSuite(load(path) for path in paths))).run(result)
    if result.lines == 0:
        print("Bail out! no test found", file=tap)
        return 1
    print(f"1..{result.lines}", file=tap, flush=True)
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
