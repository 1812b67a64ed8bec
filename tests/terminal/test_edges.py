"""A terminal on some descriptors only, no job around fence, and fence below other programs that deal with terminals."""

import os
import time
import unittest

import processes
from terminal_case import CTRL_C, PRIVATE, SHARED_NATIVE, TerminalCase, inner_words


class OrdinaryUser(TerminalCase):
    def read(self, name, last=""):
        """A file of the workplace, when it ends with the line `last`."""
        path = os.path.join(self.place.project, name)
        end = time.monotonic() + 20
        while True:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                if text.endswith(last + "\n"):
                    return text
            self.assertLess(time.monotonic(), end, f"no {name}")
            time.sleep(0.01)

    def test_only_standard_input_is_a_terminal(self):
        session = self.shell()
        session.line("fence sh -c 'echo read''y >/dev/tty; read -r word; echo got=$word; stty size' >out.txt 2>err.txt; echo rc=$?")
        session.expect(r"ready\r")
        session.line("a-word")
        session.expect(r"rc=0\r")
        self.assertEqual(self.read("out.txt"), "got=a-word\n24 80\n")

    def test_only_standard_output_is_a_terminal(self):
        session = self.shell()
        session.line("fence sh -c 'stty size <&1; cat; read -r word </dev/tty; echo got=$word' </dev/null 2>err.txt; echo rc=$?")
        session.expect(r"24 80\r")
        session.line("a-word")
        session.expect(r"got=a-word\r.*rc=0\r")

    def test_only_standard_error_is_a_terminal(self):
        session = self.shell()
        session.line("fence sh -c 'stty size <&2 >&2; cat; exit 5' </dev/null >out.txt; echo rc=$?")
        session.expect(r"24 80\r\nrc=5\r")

    def test_no_descriptor_is_a_terminal(self):
        session = self.shell()
        session.line("fence sh -c '(: </dev/tty) 2>&1 || echo none' </dev/null >none.txt 2>&1; echo rc=$?")
        session.expect(r"rc=0\r")
        self.read("none.txt", "none")

    def test_interrupt_in_a_pipeline(self):
        session = self.shell()
        session.line("fence sleep 100 | cat")
        processes.wait_for("sleep", of=session.pid)
        self.wait_in_foreground(session, "cat")
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")
        session.line("echo status=${PIPESTATUS[*]}-$((1 + 1))")
        session.expect(r"status=130 130-2\r")

    def test_nobody_can_give_the_keyboard_to_it(self):
        session = self.shell()
        session.line("sh -c '{ fence cat </dev/tty; echo rc=$? >orphan.txt; } 2>err.txt &'")
        self.assertRegex(self.read("orphan.txt"), "rc=(1|129)\n")
        session.line("echo in-front-$((1 + 1))")
        session.expect(r"in-front-2\r")

    def test_time_limit(self):
        session = self.shell()
        for line in ("timeout 0.3 fence sleep 100; echo rc=$?", "sh -c 'timeout 0.3 fence sleep 100; echo rc=$?'",
                     "timeout --foreground 0.3 fence sleep 100; echo rc=$?"):
            with self.subTest(line=line):
                session.line(line)
                session.expect(r"rc=124\r")
                session.expect(r"OUT\$ ")

    def test_keyboard_below_a_time_limit(self):
        session = self.shell()
        session.line("timeout 100 fence sh -c 'echo read''y; read -r word; echo got=$word'; echo rc=$?")
        session.expect(r"ready\r")
        session.line("a-word")
        session.expect(r"got=a-word\r.*rc=0\r")

    def test_survives_the_terminal_below_nohup(self):
        session = self.shell()
        session.line("nohup fence sh -c 'echo start''ed; sleep 0.5; echo ali''ve' >hup.txt 2>&1 &")
        processes.wait_for("sleep", of=session.pid)
        session.hang_up()
        self.read("hup.txt", "alive")
        session.close()
        self.assert_nothing_left()

    def use_jobs(self, session):
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        processes.wait_for("sleep", of=session.pid)
        session.settle(0.1)
        self.suspend(session, r"IN\$ ")
        session.line("fg")
        processes.wait_for("sleep", of=session.pid)
        session.settle(0.1)
        session.send(CTRL_C)
        session.expect(r"IN\$ ")
        session.line("exit 7")
        self.assert_no_warnings(session)

    def test_below_script(self):
        words = inner_words("bash").replace("'", "'\\''")
        session = self.shell()
        session.line(f"script -qec 'fence {words}' /dev/null; echo rc=$?")
        self.use_jobs(session)
        session.expect(r"rc=7\r")

    def test_below_a_multiplexer(self):
        # Its server is a daemon: what is left of it ends with its last window.
        session = self.session(["tmux", "-S", f"{self.place.project}/tmux", "-f", "/dev/null", "new-session",
                                f"fence {inner_words('bash')}; echo rc=$? >tmux.txt"])
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        processes.wait_for("sleep")
        session.settle(0.1)
        self.suspend(session, r"IN\$ ")
        session.resize(30, 90)
        session.settle(0.2)
        session.line("kill %1; stty size")
        session.expect("29 90")
        session.line("exit 7")
        self.assertEqual(self.read("tmux.txt"), "rc=7\n")
        self.assert_nothing_left()


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


class SharedByTheNativeExecutor(OrdinaryUser):
    SETTINGS = SHARED_NATIVE


if __name__ == "__main__":
    unittest.main()
