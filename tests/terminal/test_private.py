"""A terminal of the sandbox's own: what is done to it inside stays inside, and the user's own is as it was."""

import fcntl
import hashlib
import os
import re
import signal
import struct
import subprocess
import termios
import time
import unittest

import processes
from pty_session import PtySession
from terminal_case import INTERACTIVE, PRIVATE, TerminalCase

CTRL_C, CTRL_D, CTRL_Z = "\x03", "\x04", "\x1a"

# What a terminal answers, and to what.
ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62c", b"\x1b[5n": b"\x1b[0n"}


class AnsweringSession(PtySession):
    """A terminal that answers queries, late: as over a network."""

    answered_up_to = 0

    def _read(self, wait):
        got = super()._read(wait)
        for match in re.finditer(b"|".join(re.escape(each) for each in ANSWERS), self.output[self.answered_up_to:]):
            time.sleep(0.05)
            self.send(ANSWERS[match.group()])
        self.answered_up_to = len(self.output)
        return got


class PrivateCase(TerminalCase):
    SETTINGS = PRIVATE

    def settings_of(self, session):
        """All that tcgetattr(3) and the window size tell."""
        size = fcntl.ioctl(session.master, termios.TIOCGWINSZ, b"\0" * 8)
        return termios.tcgetattr(session.master), size

    def plain_shell(self):
        """A shell that leaves the terminal's modes alone."""
        session = self.session(["dash", "-i"], PS1="OUT$ ")
        session.expect(r"OUT\$ ")
        return session


class Settings(PrivateCase):
    """The user's terminal after each end is byte for byte what it was before."""

    RUINS = "stty raw -echo rows 7 columns 9 erase x tostop"

    def assert_restored(self, words, end=None, shell=None):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(words)
        if end:
            end(session)
        session.expect(r"OUT\$ ", timeout=20)
        session.settle(0.1)
        self.assertEqual(self.settings_of(session), before)
        session.line("echo still-$((40 + 2))")
        session.expect(r"still-42\r")

    def kill_fence(self, session):
        session.expect("ready")
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGKILL)

    def test_exit(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; exit 3'")

    def test_signal(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; kill -TERM $$'")

    def test_killed_command(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; kill -KILL $$'")

    def test_killed_command_in_a_script(self):
        self.assert_restored(f"sh -c \"fence sh -c '{self.RUINS}; kill -KILL \\$\\$'; true\"")

    def test_killed_fence(self):
        self.assert_restored(f"fence sh -c '{self.RUINS}; echo ready; sleep 100'", self.kill_fence)

    def test_killed_fence_in_a_script(self):
        self.assert_restored(f"sh -c \"fence sh -c '{self.RUINS}; echo ready; sleep 100'; true\"", self.kill_fence)

    def test_killed_stage(self):
        def kill_stage(session):
            session.expect("ready")
            os.kill(processes.wait_for("fence-init", of=session.pid), signal.SIGKILL)
        self.assert_restored(f"fence sh -c '{self.RUINS}; echo ready; sleep 100'", kill_stage)

    def test_command_that_cannot_be_started(self):
        self.assert_restored("fence no-such-command")

    def test_suspended(self):
        session = self.plain_shell()
        before = self.settings_of(session)
        session.line(f"fence sh -c '{self.RUINS} isig; echo ready; sleep 100'")
        session.expect("ready")
        self.wait_in_foreground(session, "sleep")
        during = self.settings_of(session)
        self.assertNotEqual(during, before)
        session.send(CTRL_Z)
        session.expect(r"Stopped.*OUT\$ ")
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
        session.settle(0.3)
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGKILL)
        session.expect(r"\x1b\[\?1049l.*[ \n]isig icanon ")
        session.wait()
        self.assertGreater(session.output.rfind(b"\x1b[?25h"), session.output.rfind(b"\x1b[?25l"))
        self.assert_nothing_left()


class Escapes(PrivateCase):
    """What an attacker inside reaches is the inner terminal."""

    ATTACK = r"""
import ctypes, fcntl, os, signal, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGTTIN, signal.SIG_IGN)
def tell(what, action):
    try:
        action()
        print(what, "done", flush=True)
    except OSError as error:
        print(what, os.strerror(error.errno), flush=True)
outer = sys.argv[1]
tell("outer-by-name", lambda: os.close(os.open(outer, os.O_RDWR | os.O_NOCTTY)))
print("tty", os.ttyname(0), os.listdir("/dev/pts"), flush=True)
tell("foreground", lambda: os.tcsetpgrp(0, os.getpgrp()))
if os.fork() == 0:
    os.setsid()
    tell("steal", lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 1))
    os._exit(0)
os.wait()
tell("stage", lambda: [os.readlink("/proc/1/fd/" + name) for name in os.listdir("/proc/1/fd")])
tell("console", lambda: os.open("/dev/console", os.O_RDWR | os.O_NOCTTY))
for fd in range(3, 64):
    if os.path.exists(f"/proc/self/fd/{fd}") and os.isatty(fd): print("LEAK", fd)
print("end", flush=True)
"""

    def test_the_outer_terminal_cannot_be_reached(self):
        program = self.place.add_file("attack.py", self.ATTACK)
        session = self.shell()
        session.line(f"fence python3 {program} {session.name}")
        session.expect(r"outer-by-name (No such file or directory|done)\r")
        # A terminal of the same number may be the inner one.
        session.expect(r"tty /dev/pts/0 \['0', 'ptmx'\]|tty /dev/pts/0 \['ptmx', '0'\]")
        session.expect(r"foreground done\r.*steal Operation not permitted\r.*stage Permission denied\r.*"
                       r"console No such file or directory\r.*end\r")
        self.assertNotIn(b"LEAK", session.output)
        session.expect(r"OUT\$ ")
        self.assertEqual(session.foreground(), session.pid)

    def test_keys_typed_while_it_is_in_the_background(self):
        program = self.place.add_file("sniff.py", """
import os, signal, sys, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, os.getpgrp())
os.write(1, b"listening\\n")
got = os.read(0, 100)
open("captured", "wb").write(got)
""")
        for options in ("", "--force-new-session "):
            with self.subTest(options=options):
                session = self.shell()
                session.line(f"fence {options}python3 {program} 2>/dev/null &")
                if not options:
                    session.expect("listening")
                session.settle(1.0)
                session.line("echo secret''password")
                session.expect(r"secretpassword\r")
                session.settle(0.3)
                self.assertFalse(os.path.exists(os.path.join(self.place.project, "captured")))
                session.line("kill -KILL %1; exit")
                session.wait()

    def test_answers_to_queries_are_not_typed_into_the_shell(self):
        for words in (r"fence printf '\033[6n\033[c'", r"fence printf '\033[6n' </dev/null",
                      "fence sh -c 'printf \"\\033[6n\"; kill -KILL $$'"):
            with self.subTest(words=words):
                session = AnsweringSession(["dash", "-i"], env=self.place.environment(PS1="OUT$ "),
                                           cwd=self.place.project, user=self.place.user)
                self.addCleanup(session.close)
                session.expect(r"OUT\$ ")
                session.line(words + "; read -r line; echo \"got <$line>\"")
                session.expect(r"\x1b\[5n")
                session.settle(0.4)
                session.line("a-line")
                session.expect(r"got <([^>]*)>")
                self.assertRegex(session.output, rb"got <a-line>")

    def test_answers_are_typed_into_the_shell_without_fence(self):
        session = AnsweringSession(["dash", "-i"], env=self.place.environment(PS1="OUT$ "), cwd=self.place.project,
                                   user=self.place.user)
        self.addCleanup(session.close)
        session.expect(r"OUT\$ ")
        session.line(r"printf '\033[6n'; sleep 0.3; read -r line; echo got ${#line}")
        session.settle(0.5)
        session.line("a-line")
        session.expect(r"got 1[0-9]\r")


class Streams(PrivateCase):
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

    def test_large_output_before_a_fast_exit(self):
        for _ in range(10):
            session = self.session([self.place.fence, "sh", "-c", "seq 1 20000; echo la''st"])
            time.sleep(0.2)  # the terminal is slow: nothing may be dropped meanwhile
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


class Jobs(PrivateCase):
    def test_resize_of_an_inner_job_also_while_it_is_suspended(self):
        session = self.shell()
        session.line("fence env PS1='I''N$ ' " + " ".join(INTERACTIVE["bash"]))
        session.expect(r"IN\$ ")
        program = self.place.add_file("sizes.py", """
import os, signal
def show(*_):
    os.write(1, f"winch {os.get_terminal_size(0)[0]} {os.get_terminal_size(0)[1]}\\n".encode())
signal.signal(signal.SIGWINCH, show)
os.write(1, b"ready\\n")
while True:
    signal.pause()
""")
        session.line("python3 " + program)
        session.expect("ready")
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

    def test_resize_reaches_an_editor_and_a_multiplexer(self):
        session = self.shell()
        session.line("fence vim -u NONE -N")
        self.wait_in_foreground(session, "vim")
        session.settle()
        session.resize(33, 97)
        session.settle()
        session.line(":set columns? lines?")
        session.expect("columns=97.*lines=33")
        session.line(":q!")
        session.expect(r"OUT\$ ")
        session.line("fence tmux -f /dev/null new-session sh")
        processes.wait_for("sh", of=session.pid)
        session.settle()
        session.resize(35, 95)
        session.settle()
        session.line("stty size")
        session.expect("34 95")  # one is the status line's
        session.line("exit")
        session.expect(r"OUT\$ ")

    def test_nobody_controls_the_outer_terminal(self):
        session = self.session(["setsid", "-w", self.place.fence, "env", "PS1=IN$ "] + INTERACTIVE["bash"])
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        processes.wait_for("sleep", of=session.pid)
        session.send(CTRL_Z)
        session.expect(r"Stopped.*IN\$ ")
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
        session.line("fence env PS1='I''N$ ' " + " ".join(INTERACTIVE["bash"]))
        session.expect(r"IN\$ ")
        session.line("suspend")
        session.expect(r"Stopped.*OUT\$ ")
        session.line("stty -a")
        session.expect(r"[ \n]isig icanon ")
        session.line("fg")
        session.expect(r"IN\$ ")
        session.line("exit 5")
        session.expect(r"OUT\$ ")
        session.line("echo rc=$?")
        session.expect(r"rc=5\r")

    def test_hang_up_of_a_closed_window_ends_an_inner_job(self):
        session = self.shell()
        session.line("fence env PS1='I''N$ ' " + " ".join(INTERACTIVE["bash"]))
        session.expect(r"IN\$ ")
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


class NewSession(PrivateCase):
    """--force-new-session: a terminal that controls nothing."""

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


class AsRoot(Escapes):
    AS_ROOT = True


if __name__ == "__main__":
    unittest.main()
