"""Bytes, sizes and modes between the user's terminal and a private one."""

import hashlib
import os
import subprocess
import time
import unittest

import processes
from terminal_case import PRIVATE, TerminalCase


class Streams(TerminalCase):
    SETTINGS = PRIVATE

    def test_a_megabyte_in_and_out(self):
        program = self.place.add_file("through.py", """
import hashlib, os, sys, tty
tty.setraw(0)
os.write(1, b"ready\\n")
size, seen = int(sys.argv[1]), hashlib.md5()
left = size
while left:
    data = os.read(0, 65536)
    left -= len(data)
    seen.update(data)
    os.write(1, data) if sys.argv[2] == "echo" else None
os.write(1, b"digest " + seen.hexdigest().encode() + b"\\n")
""")
        data = os.urandom(1 << 20).replace(b"\x1b", b"e") + b"the end"
        digest = hashlib.md5(data).hexdigest()
        session = self.session([self.place.fence, "python3", program, str(len(data)), "echo"])
        session.expect(r"ready\n")
        start = len(session.output)
        os.set_blocking(session.master, False)
        sent = 0
        while sent < len(data):
            try:
                sent += os.write(session.master, data[sent:sent + 65536])
            except BlockingIOError:
                pass
            session.settle(0.001)
        session.expect("digest " + digest, timeout=60)
        at = session.output.index(b"ready\n") + len(b"ready\n")
        self.assertLessEqual(at, start)
        self.assertEqual(hashlib.md5(session.output[at:at + len(data)]).hexdigest(), digest)

    def test_modes_that_the_command_sets_at_once_stay(self):
        """Also where fence gets its next turn long after it has let the command start."""
        slow = ["strace", "-o", "/dev/null", "-e", "trace=sendto", "-e", "inject=sendto:delay_exit=200000"]
        session = self.session([*slow, self.place.fence, "sh", "-c", "stty -opost; sleep 0.4; echo one; stty -a"])
        session.expect(r"one\n.*\n-opost ")

    def test_a_lot_of_output_arrives_whole(self):
        session = self.session([self.place.fence, "sh", "-c", "stty -opost; seq 1 3000000"])
        seen, size, last = hashlib.md5(), 0, b""
        while True:
            try:
                data = os.read(session.master, 65536)
            except OSError:
                break
            if not data:
                break
            seen.update(data)
            size += len(data)
            last = data
        expected = subprocess.run("seq 1 3000000 | md5sum", shell=True, stdout=subprocess.PIPE, check=True).stdout.split()[0]
        self.assertEqual((seen.hexdigest().encode(), last[-8:]), (expected, b"3000000\n"))
        self.assertGreater(size, 20_000_000)
        self.assertEqual(session.wait(), 0)

    def test_waiting_for_a_slow_side_costs_no_time_and_no_memory(self):
        # A terminal that takes nothing, and a command that reads nothing of what is typed.
        slow = self.session([self.place.fence, "sh", "-c", "echo rea''dy; exec yes"])
        slow.expect("ready")
        deaf = self.session([self.place.fence, "sh", "-c", "stty raw -echo; echo rea''dy; exec sleep 100"])
        deaf.expect("ready")
        os.set_blocking(deaf.master, False)
        try:
            while True:
                os.write(deaf.master, b"x" * 4096)
                time.sleep(0.002)
        except BlockingIOError:
            pass
        tops = [slow.pid, deaf.pid]
        pids = tops + [processes.wait_for("fence-init", of=top) for top in tops]
        self.wait_until_quiet(pids)
        before = [self.used(pid) for pid in pids]
        time.sleep(0.6)
        self.assertEqual([self.used(pid) for pid in pids], before)
        slow.expect(r"(y\r\n){100000}")

    @staticmethod
    def used(pid):
        """Ticks of the clock, and pages in memory."""
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12]), int(fields[21])

    def wait_until_quiet(self, pids):
        end = time.monotonic() + 20
        while True:
            before = [self.used(pid) for pid in pids]
            time.sleep(0.2)
            if [self.used(pid) for pid in pids] == before:
                return
            self.assertLess(time.monotonic(), end, "never quiet")

    def test_large_output_before_a_fast_exit(self):
        sessions = [self.session([self.place.fence, "sh", "-c", "seq 1 20000; echo la''st"]) for _ in range(8)]
        time.sleep(0.2)  # the terminals are slow: nothing may be dropped meanwhile
        for session in sessions:
            session.expect(r"20000\r\nlast\r\n")
            self.assertEqual(session.wait(), 0)

    def test_lines_end_once_in_a_pipeline_and_in_the_background(self):
        session = self.shell()
        session.line("echo x | fence sh -c 'echo a; echo b'; echo af''ter")
        session.expect(r"\ra\r\nb\r\nafter\r")
        session.line("fence sh -c 'echo c; echo d' & wait; echo af''ter")
        session.expect(r"c\r\nd\r\n")

    def test_only_standard_error_is_a_terminal(self):
        session = self.shell()
        session.line("fence sh -c 'tty <&2 >&2; cat; exit 5' </dev/null >out.txt; echo rc=$?")
        session.expect(r"/dev/pts/0\r\nrc=5\r")

    def test_command_waits_for_the_keyboard_in_a_pipeline(self):
        session = self.shell()
        session.line("fence sh -c 'read -r word; echo got=$word' | cat")
        session.settle(0.3)
        session.line("a-word")
        session.expect(r"got=a-word\r\n")

    def test_stopped_by_output_where_the_user_wants_that(self):
        session = self.shell()
        session.line("stty tostop; fence sh -c 'sleep 0.3; echo bac''k' &")
        processes.wait_for("fence", "T", of=session.pid)
        self.assertNotIn(b"back\r", session.output)
        session.line("")
        session.expect("Stopped")
        session.line("stty -tostop; fg")
        session.expect(r"back\r")


class Modes(TerminalCase):
    """What the private terminal takes over of the user's."""

    SETTINGS = PRIVATE

    def test_all_modes_and_characters(self):
        session = self.plain_shell()
        session.line("stty erase ^X intr ^Y min 3 -iutf8 -ixon ixany tostop -echoe; stty -g; fence stty -g")
        session.expect(r"([0-9a-f:]{60,})\r\n\1\r\n")

    def test_a_size_that_the_command_sets_at_once_stays(self):
        session = self.plain_shell()
        # fence stands still after each word to the sandbox, of which the first lets the command start.
        session.line("strace -o /dev/null -e trace=sendto -e inject=sendto:delay_exit=100000 fence"
                     " sh -c 'stty rows 7; sleep 0.4; stty size'")
        session.expect(r"\n7 80\r")

    def test_modes_that_a_background_command_has_set_stay_when_it_comes_to_the_front(self):
        session = self.plain_shell()
        # Nothing stops it there: this terminal controls nothing.
        session.line("fence --force-new-session sh -c 'stty -echo; sleep 1.2; stty -a' & sleep 0.3; fg")
        session.expect(r" -echo ")

    def test_a_size_of_nothing(self):
        session = self.session([self.place.fence, "sh", "-c", "stty size; echo $TERM"], rows=0, columns=0)
        session.expect(r"0 0\r\nxterm\r")

    def test_the_device_that_stands_for_the_controlling_terminal(self):
        session = self.shell()
        session.line("fence sh -c 'tty; tty <&1; tty <&2; read -r word; echo got=$word' </dev/tty")
        session.expect(r"(/dev/pts/0\r\n){3}")
        session.line("a-word")
        session.expect(r"got=a-word\r")


class Deferred(TerminalCase):
    """terminal.attach = "deferred": the keyboard stays the shell's until the command asks."""

    SETTINGS = {**PRIVATE, "FENCE_SET_TERMINAL_ATTACH": "deferred"}

    def type_ahead(self):
        session = self.shell()
        session.line("fence sh -c 'echo read''y; sleep 0.3'")
        session.expect(r"ready\r")
        session.line("echo typed-$((40 + 2))")
        session.expect(r"OUT\$ ")
        session.line("echo after-$((1 + 1))")
        session.expect(r"after-2\r")
        return b"typed-42\r" in session.output

    def test_keys_typed_ahead_are_the_shells(self):
        self.assertTrue(self.type_ahead())

    def test_command_that_reads(self):
        session = self.shell()
        session.line("fence sh -c 'sleep 0.1; read -r word; echo got=$word; stty -echo; echo hid''den; read -r word;"
                     " stty echo; echo got=$word'")
        session.line("a-word")
        session.expect(r"got=a-word\r\nhidden\r")
        session.line("secret")
        session.expect(r"got=secret\r")
        self.assertNotIn(b"secret\r\ngot", session.output)

    def test_interrupt(self):
        session = self.shell()
        session.line("sh -c 'fence sleep 30; echo contin''ued'")
        processes.wait_for("sleep", of=session.pid)
        session.settle(0.05)
        session.send("\x03")
        self.assert_ended(session, 130)
        self.assertNotIn(b"continued\r", session.output)


class NotDeferred(Deferred):
    """The negative control: the same keys are lost, and the rest is no different."""

    SETTINGS = PRIVATE

    def test_keys_typed_ahead_are_the_shells(self):
        self.assertFalse(self.type_ahead())


if __name__ == "__main__":
    unittest.main()
