"""The user's terminal after each end, and while fence is suspended: as it was."""

import os
import signal
import time
import unittest

import processes
from terminal_case import CTRL_C, PRIVATE, SHARED_NATIVE, TerminalCase


class Restored(TerminalCase):
    """The settings after each end are byte for byte those before."""

    SETTINGS = PRIVATE
    RUINS = "stty raw -echo rows 7 columns 9 erase x tostop"

    def assert_restored(self, words, end=None):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(words)
        if end:
            end(session)
        session.expect(r"OUT\$ ")
        # The guard of the terminal may be a moment later than the shell's prompt.
        session.line("echo still-$((40 + 2))")
        session.expect(r"still-42\r")
        self.assertEqual(self.settings_of(session), before)

    def kill(self, *names, number=signal.SIGKILL):
        def end(session):
            session.expect(r"ready[\r\n]")
            for pid in [processes.wait_for(name, of=session.pid) for name in names]:
                os.kill(pid, number)
        return end

    def test_exit(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; exit 3'")

    def test_signal(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; kill -TERM $$'")

    def test_killed_command(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; kill -KILL $$'")

    def test_end_of_the_wall_time(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(f"fence --set limits.wallTime=1 sh -c '{self.RUINS}; echo ready; exec sleep 100'")
        session.expect(r"ready[\r\n]")
        session.expect(r"limits\.wallTime of 1 s is over")
        self.assert_ended(session, 124, before)

    def test_end_of_the_wall_time_while_suspended(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(f"fence --set limits.wallTime=2 sh -c '{self.RUINS} isig; echo ready; exec sleep 100'")
        session.expect(r"ready[\r\n]")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session)
        end = time.monotonic() + 30
        while any(name == "sleep" for name, state in processes.descendants(session.pid).values() if state != "Z"):
            self.assertLess(time.monotonic(), end, "the command is still there")
            session.settle(0.02)
        self.assertEqual(self.settings_of(session), before)
        session.line("fg")
        session.expect(r"limits\.wallTime of 2 s is over")
        self.assert_ended(session, 124, before)

    def test_killed_command_in_a_script(self):
        self.assert_restored(f"sh -c \"fence sh -c '{self.RUINS}; kill -KILL \\$\\$'; true\"")

    def test_killed_fence(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; echo ready; sleep 100'", self.kill("fence"))

    def test_crashed_fence(self):
        self.assert_restored(f"ulimit -c 0; fence sh -c '{self.RUINS}; echo ready; sleep 100'",
                             self.kill("fence", number=signal.SIGSEGV))

    def test_killed_fence_in_a_script(self):
        self.assert_restored(f"sh -c \"fence sh -c '{self.RUINS}; echo ready; sleep 100'; wait\"", self.kill("fence"))

    def test_killed_guard_of_the_terminal(self):
        def end(session):
            self.kill("fence-tty")(session)
            session.send(CTRL_C)
        self.assert_restored(f"fence sh -c '{self.RUINS} isig; echo ready; exec sleep 100'", end)

    def test_killed_stage(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; echo ready; sleep 100'", self.kill("fence-init"))

    def test_killed_fence_with_a_session_of_its_own(self):
        self.assert_restored(f"fence --force-new-session sh -c '{self.RUINS}; echo ready; sleep 100'", self.kill("fence"))

    def test_command_that_cannot_be_started(self):
        self.assert_restored("fence no-such-command")

    def test_suspended(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(f"fence sh -c '{self.RUINS} isig; echo ready; sleep 100'")
        session.expect(r"ready[\r\n]")
        self.wait_in_foreground(session, "sleep")
        during = self.settings_of(session)
        self.assertNotEqual(during, before)
        self.suspend(session)
        self.assertEqual(self.settings_of(session), before)
        session.line("fg")
        self.wait_in_foreground(session, "sleep")
        self.assertEqual(self.settings_of(session), during)
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")
        self.assertEqual(self.settings_of(session), before)

    def test_exclusive_mode_stays_inside(self):
        program = self.place.add_file("exclusive.py", "import fcntl, termios; fcntl.ioctl(0, termios.TIOCEXCL)\n")
        session = self.plain_shell()
        session.line(f"fence python3 {program}; (: </dev/tty) && echo ope''ned")
        session.expect(r"opened\r")

    def test_screen_after_fence_was_killed_under_an_editor(self):
        script = self.place.add_file("edit.sh", "fence vim -u NONE -N file\nstty -a\n")
        session = self.session(["sh", script])
        self.wait_in_foreground(session, "vim")
        session.expect(r"\x1b\[\?1049h")
        session.expect(r"~\s")
        session.settle(0.1)
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGKILL)
        session.expect(r"\x1b\[\?1049l.*[ \n]isig icanon ")
        session.wait()
        self.assertGreater(session.output.rfind(b"\x1b[?25h"), session.output.rfind(b"\x1b[?25l"))
        self.assert_nothing_left()


class NegativeControl(TerminalCase):
    """The same in a terminal that is shared: what its dangers say."""

    SETTINGS = SHARED_NATIVE

    def test_settings_that_a_command_leaves(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(f"fence sh -c '{Restored.RUINS} isig; exit 3'")
        session.expect(r"OUT\$ ")
        self.assertNotEqual(self.settings_of(session), before)

    def test_settings_after_fence_was_killed(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(f"sh -c \"fence sh -c '{Restored.RUINS}; echo ready; sleep 100'; wait\"")
        session.expect(r"ready[\r\n]")
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGKILL)
        session.expect(r"OUT\$ ")
        self.assertNotEqual(self.settings_of(session), before)

    def test_exclusive_mode(self):
        program = self.place.add_file("exclusive.py", "import fcntl, termios; fcntl.ioctl(0, termios.TIOCEXCL)\n")
        session = self.plain_shell()
        session.line(f"fence python3 {program}; (: </dev/tty) || echo loc''ked")
        session.expect(r"locked\r")


class SharedTerminal(TerminalCase):
    """What a command that shares the terminal is let leave there (NegativeControl) is not left where it was cut off."""

    def test_modes_at_the_end_of_the_wall_time(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line("fence --set limits.wallTime=1 sh -c 'trap \"exit 0\" TERM; stty raw -echo erase x; echo ready; "
                     "while :; do sleep 0.1; done'")
        session.expect(r"ready[\r\n]")
        session.expect(r"limits\.wallTime of 1 s is over")
        self.assert_ended(session, 124, before)


if __name__ == "__main__":
    unittest.main()
