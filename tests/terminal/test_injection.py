"""What is typed into the terminal from inside must not reach whoever reads it next."""

import os
import platform
import re
import unittest

from terminal_case import PRIVATE, TerminalCase

PROBE = os.environ.get("FENCE_TERMINAL_PROBE", "")

# Stands for the user's shell: runs a command on its terminal, then looks what is in the terminal's input queue.
OUTER = """
import os, select, subprocess, sys, termios, tty
status = subprocess.call(sys.argv[1:])
tty.setraw(0, termios.TCSANOW)
queue = b""
while select.select([0], [], [], 0.3)[0]:
    queue += os.read(0, 4096)
print("\\r\\nSTATUS", status, "QUEUE", queue, "END\\r", flush=True)
"""
TYPED = "touch injected\n"


class OrdinaryUser(TerminalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.probe = cls.place.add_program(PROBE)

    def attempt(self, mode, *prefix):
        """(what the probe printed, its status, what the outer terminal then held)."""
        session = self.session(["python3", "-c", OUTER, *prefix, self.probe, mode, TYPED])
        found = session.expect(r"STATUS (-?\d+) QUEUE (b'.*') END")
        said = re.search(rf"^({mode} \w+)\r$".encode(), session.output, re.M)
        return said.group(1).decode() if said else "", int(found.group(1)), found.group(2)

    def assert_nothing_typed(self, mode, said):
        answer, _, queue = self.attempt(mode, self.place.fence)
        self.assertIn(answer, said)
        self.assertEqual(queue, b"b''")

    def assert_injects_without_fence(self, mode):
        answer, status, queue = self.attempt(mode)
        if answer == f"{mode} EIO" and not self.AS_ROOT:
            self.skipTest("sysctl dev.tty.legacy_tiocsti is 0: nobody but root can inject here")
        self.assertEqual((answer, status), (f"{mode} ok", 0))
        self.assertIn(b"touch injected", queue)

    def test_tiocsti_without_fence(self):
        self.assert_injects_without_fence("tiocsti")

    def test_tiocsti_inside(self):
        self.assert_nothing_typed("tiocsti", ["tiocsti EPERM"])

    def test_tiocsti_with_high_bits_without_fence(self):
        self.assert_injects_without_fence("tiocsti-high")

    def test_tiocsti_with_high_bits_inside(self):
        self.assert_nothing_typed("tiocsti-high", ["tiocsti-high EPERM"])

    @unittest.skipUnless(platform.machine() == "x86_64", "the i386 table is reachable on x86-64 only")
    def test_tiocsti_by_int80_without_fence(self):
        self.assert_injects_without_fence("tiocsti-int80")

    @unittest.skipUnless(platform.machine() == "x86_64", "the i386 table is reachable on x86-64 only")
    def test_tiocsti_by_int80_inside_kills(self):
        _, status, queue = self.attempt("tiocsti-int80", self.place.fence)
        self.assertEqual((status, queue), (128 + 31, b"b''"))  # SIGSYS

    @unittest.skipUnless(platform.machine() == "x86_64", "x32 is of x86-64 only")
    def test_tiocsti_by_x32_inside(self):
        _, status, queue = self.attempt("tiocsti-x32", self.place.fence)
        self.assertNotEqual(status, 0)
        self.assertEqual(queue, b"b''")

    def test_tiocsti_inside_a_session_of_its_own(self):
        answer, _, queue = self.attempt("tiocsti", self.place.fence, "--force-new-session")
        self.assertEqual((answer, queue), ("tiocsti EPERM", b"b''"))

    def test_tioclinux_without_fence_is_not_for_a_pty(self):
        self.assertEqual(self.attempt("tioclinux")[0], "tioclinux ENOTTY")

    def test_tioclinux_inside(self):
        self.assert_nothing_typed("tioclinux", ["tioclinux EPERM"])

    def test_outer_shell_runs_nothing(self):
        session = self.shell()
        for mode in ("tiocsti", "tiocsti-high", "tiocsti-int80"):
            session.line(f"fence {self.probe} {mode} 'echo inj''ected-into-shell\n'; echo after-{mode}-$((1 + 1))")
            session.expect(f"after-{mode}-2\r")
        session.settle()
        self.assertNotIn(b"injected-into-shell", session.output)


class Root(OrdinaryUser):
    AS_ROOT = True


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


if __name__ == "__main__":
    unittest.main()
