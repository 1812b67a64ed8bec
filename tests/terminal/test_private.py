"""Jobs, signals and keys in a private terminal."""

import os
import re
import signal
import textwrap
import time
import unittest

import processes
from terminal_case import CTRL_C, INTERACTIVE, PRIVATE, SIZES, TerminalCase


class Jobs(TerminalCase):
    SETTINGS = PRIVATE

    def test_resize_of_an_inner_job_also_while_it_is_suspended(self):
        session = self.shell()
        self.inner_shell(session)
        session.line("python3 " + self.place.add_file("sizes.py", SIZES))
        session.expect(r"start 80 24\r")
        session.resize(30, 100)
        session.expect(r"winch 100 30\r")
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGSTOP)
        session.expect(r"Stopped.*OUT\$ ")
        session.resize(31, 101)
        session.settle(0.2)
        session.line("fg")
        session.expect(r"winch 101 31\r")
        session.send(CTRL_C)
        session.expect(r"IN\$ ")

    def test_nobody_controls_the_outer_terminal(self):
        session = self.session(["setsid", "-w", self.place.fence, "env", "PS1=IN$ "] + INTERACTIVE["bash"])
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        processes.wait_for("sleep", of=session.pid)
        self.suspend(session, r"IN\$ ")
        session.resize(44, 88)
        session.line("kill %1; sleep 1; stty size")
        session.expect(r"44 88\r")
        session.line("exit 4")
        self.assertEqual(session.wait(), 4)
        self.assert_no_warnings(session)

    def test_signals_to_fence_on_a_terminal(self):
        for name, status in (("TERM", 143), ("HUP", 129), ("INT", 130), ("USR1", 138)):
            with self.subTest(signal=name):
                session = self.session([self.place.fence, "sh", "-c", "echo ready; exec sleep 100"])
                session.expect("ready")
                os.kill(session.pid, getattr(signal, "SIG" + name))
                self.assertIn(session.wait(), (status, status - 128 - 2 * (status - 128)))
        session = self.session([self.place.fence, "sh", "-c", "trap 'echo hand''led; exit 9' TERM; echo ready;"
                                " while :; do sleep 0.05; done"])
        session.expect("ready")
        os.kill(session.pid, signal.SIGTERM)
        session.expect("handled")
        self.assertEqual(session.wait(), 9)
        self.assert_nothing_left()

    def test_two_fatal_signals_end_it_for_certain(self):
        session = self.session([self.place.fence, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"])
        session.expect("ready")
        os.kill(session.pid, signal.SIGTERM)
        time.sleep(0.7)
        os.kill(session.pid, signal.SIGTERM)
        self.assertEqual(session.wait(), 137)
        self.assert_nothing_left()

    def test_suspend_signal_to_fence_stops_the_command_first(self):
        session = self.shell()
        session.line("fence sleep 100")
        self.wait_in_foreground(session, "sleep")
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGTSTP)
        session.expect(r"Stopped.*OUT\$ ")
        processes.wait_for("sleep", "T", of=session.pid)
        session.line("fg")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")

    def test_fence_in_fence_is_suspended_as_one(self):
        session = self.shell()
        self.inner_shell(session, options="--nesting fence")
        session.line("sleep 100")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session, r"IN\$ ")
        session.line("fg")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"IN\$ ")
        session.line("suspend")
        session.expect(r"Stopped.*OUT\$ ")
        session.line("fg")
        session.expect(r"IN\$ ")
        session.line("exit 6")
        self.assert_ended(session, 6)
        self.assert_no_warnings(session)

    def test_command_that_interrupts_itself_does_not_end_the_script(self):
        session = self.shell()
        session.line("sh -c \"fence sh -c 'kill -INT \\$\\$'; echo after=\\$?\"")
        session.expect(r"after=130\r")

    def test_inner_shell_suspends_itself_and_gives_the_modes_back(self):
        session = self.shell()
        self.inner_shell(session)
        session.line("suspend")
        session.expect(r"Stopped.*OUT\$ ")
        session.line("stty -a")
        session.expect(r"[ \n]isig icanon ")
        session.line("fg")
        session.expect(r"IN\$ ")
        session.line("exit 5")
        self.assert_ended(session, 5)

    def test_hang_up_of_a_closed_window_ends_an_inner_job(self):
        session = self.shell()
        self.inner_shell(session)
        session.line("sh -c 'trap \"\" HUP; while :; do sleep 0.05; done'")
        processes.wait_for("sh", of=session.pid)
        session.hang_up()
        session.close()
        self.assert_nothing_left()

    def test_waiting_costs_no_time(self):
        session = self.shell()
        session.line("fence sleep 100")
        self.wait_in_foreground(session, "sleep")
        pids = [processes.wait_for(name, of=session.pid) for name in ("fence", "fence-init", "fence-tty")]
        before = [self.ticks(pid) for pid in pids]
        session.settle(1.0)
        self.assertEqual([self.ticks(pid) for pid in pids], before)
        session.send(CTRL_C)

    @staticmethod
    def ticks(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_prompt_knows_the_sandbox(self):
        session = self.shell()
        session.line("fence sh -c 'echo mark=$FENCE_SANDBOX plan=$FENCE_PLAN'")
        plan = session.expect(r"mark=1 plan=([0-9a-f]{16})\r").group(1)
        session.expect(r"OUT\$ ")
        # Not through a pipe, with which the plan would be another one.
        session.line("fence plan --format json sh -c 'echo mark=$FENCE_SANDBOX plan=$FENCE_PLAN'")
        session.expect(b'"hash": "' + plan)

    def hint(self, after):
        """What the documentation says to write into a file, which is the indented text after these words."""
        with open(os.path.join(os.environ["FENCE_SOURCE_ROOT"], "docs", "terminal.md"), encoding="utf-8") as page:
            text = page.read().split("## A prompt that tells", 1)[1]
        inline = re.match(r"`: `([^`]+)`", text.split(after, 1)[1])
        if inline:
            return inline.group(1) + "\n"
        block = re.search(r"(?:^    .*\n|^\n)+", text.split(after, 1)[1].split("\n", 1)[1], re.M).group()
        return textwrap.dedent(block)

    def test_prompt_that_tells(self):
        for after, name, words in (("~/.bashrc", ".bashrc", ["bash", "--rcfile", ".bashrc", "-i"]), ("~/.zshrc", ".zshrc", ["zsh", "-i"]),
                                   ("config.fish", "hint.fish", [*INTERACTIVE["fish"], "-C", "source hint.fish"])):
            with self.subTest(shell=name):
                self.place.add_file(name, self.hint(after))
                session = self.session([self.place.fence, *words], ZDOTDIR=self.place.project)
                session.expect(r"\[fence\] ")
                session.line("exit")
                session.wait()
                # And nothing outside.
                session = self.session(words, ZDOTDIR=self.place.project)
                session.settle()
                session.line("exit")
                session.wait()
                self.assertNotIn(b"[fence]", session.output)


class NewSession(TerminalCase):
    """--force-new-session: a terminal that controls nothing."""

    SETTINGS = PRIVATE

    def test_descriptors_are_not_the_users_terminal(self):
        session = self.shell()
        session.line("fence --force-new-session sh -c 'tty; (: </dev/tty) 2>/dev/null || echo no-ct''ty'")
        session.expect(r"/dev/pts/0\r\nno-ctty\r")

    def test_raw_keys_arrive_raw(self):
        program = self.place.add_file("raw.py", """
import os, tty
tty.setraw(0)
os.write(1, b"ready\\r\\n")
print(os.read(0, 10))
""")
        session = self.shell()
        session.line("fence --force-new-session python3 " + program)
        session.expect(r"ready\r")
        session.send(CTRL_C)
        session.expect(r"b'\\x03'")

    def test_interrupt_ends_the_script_around_it(self):
        session = self.shell()
        session.line("sh -c 'fence --force-new-session sleep 30; echo contin''ued'")
        processes.wait_for("sleep", of=session.pid)
        session.settle(0.1)
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")
        self.assertNotIn(b"continued\r", session.output)

    def test_pager_after_it_keeps_the_keyboard(self):
        session = self.shell()
        session.line("fence --force-new-session seq 1 300 | less")
        session.expect(r"\r1\r\n2\r\n.*:")
        session.send("q")
        session.expect(r"OUT\$ ")


if __name__ == "__main__":
    unittest.main()
