"""fence driven by programs that make a terminal: expect(1), and an editor's panel, which is node-pty's calls."""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from terminal_case import CTRL_C, CTRL_Z, INTERACTIVE, PRIVATE, SHARED_NATIVE, TerminalCase

# Each word that is waited for is spelled otherwise in the line that asks for it, which is echoed.
# A job that says when it is in the foreground: first, and again.
# It starts no process: a stop between vfork(2) and exec would leave it waiting, with and without a sandbox.
JOB = """sh -c 'trap "echo in-fr""ont-again" CONT; echo in-fr""ont; while :; do read -r word; done'"""
DIALOGUE = r"""
set timeout 20
log_user 1
proc want {pattern} {
    expect -re $pattern {} timeout { puts "TIMEOUT $pattern"; exit 99 } eof { puts "EOF $pattern"; exit 98 }
}
spawn FENCE -- SHELL
want {IN\$ }
send "tty && echo si''ze=\$(stty size)\r"
want {/dev/.*size=\d+ \d+}
want {IN\$ }
exec stty rows 41 columns 123 < $spawn_out(slave,name)
send "echo si''ze=\$(stty size)\r"
want {size=41 123}
want {IN\$ }
send {JOB}
send "\r"
want {in-front}
send "\032"
want {Stopped}
want {IN\$ }
send "fg\r"
want {in-front-again}
send "\003"
want {IN\$ }
send "echo rea''dy; cat\r"
want {ready}
send "through-cat\r"
want {through-cat\r\nthrough-cat}
send "\004"
want {IN\$ }
send "exit 7\r"
expect eof
catch wait result
exit [lindex $result 3]
"""


class Expect(TerminalCase):
    def drive(self, script):
        return subprocess.run(["expect", "-c", script], env=self.place.environment(PS1="IN$ "), cwd=self.place.project,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100,
                              start_new_session=True, preexec_fn=self.place.user.become, check=False)

    def test_dialogue_with_a_shell(self):
        script = DIALOGUE
        for name, words in (("FENCE", self.place.fence), ("SHELL", " ".join(INTERACTIVE["bash"])), ("JOB", JOB)):
            script = script.replace(name, words)
        done = self.drive(script)
        self.assertEqual(done.returncode, 7, done.stdout)
        self.assert_nothing_left()

    def test_end_of_the_driver_ends_all(self):
        done = self.drive(f'spawn {self.place.fence} -- sh -c {{echo rea\'\'dy; sleep 1000}}\nexpect ready {{exit 3}}\n')
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assert_nothing_left()

    def test_last_words(self):
        done = self.drive(f'log_user 0\nspawn {self.place.fence} -- seq 1 20000\nset timeout 30\nmatch_max 300000\n'
                          'expect eof\nputs [string length $expect_out(buffer)]\nputs [string range $expect_out(buffer) end-6 end]\n')
        whole = sum(len(str(number)) + 2 for number in range(1, 20001))
        self.assertEqual(done.stdout.split(), [str(whole).encode(), b"20000"])


class Panel:
    """What node-pty 1.1 does: forkpty(3), signals as by default, a master that never blocks; at its end, both a closed
    master and SIGHUP."""

    def __init__(self, argv, env, cwd, user):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                for number in set(range(1, signal.NSIG)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
                    signal.signal(number, signal.SIG_DFL)
                os.chdir(cwd)
                os.fchown(0, user.uid, -1)
                user.become()
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        os.set_blocking(self.master, False)
        self.resize(24, 80)
        self.output = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def turn(self, unsent=b""):
        """Reads what is there and writes what fits, both at once; returns what did not fit, or None at the end."""
        select.select([self.master], [self.master] if unsent else [], [], 0.05)
        try:
            self.output += os.read(self.master, 65536)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return None
        try:
            return unsent[os.write(self.master, unsent):] if unsent else b""
        except BlockingIOError:
            return unsent

    def expect(self, word, timeout=20):
        end = time.monotonic() + timeout
        while word not in self.output:
            if time.monotonic() >= end or self.turn() is None:
                raise AssertionError(f"no {word!r} in {self.output[-2000:]!r}")
        self.output = self.output[self.output.index(word) + len(word):]

    def type(self, text):
        while text:
            text = self.turn(text)

    def destroy(self):
        os.close(self.master)
        os.kill(self.pid, signal.SIGHUP)


class EditorsPanel(TerminalCase):
    def open(self, *words):
        panel = Panel([self.place.fence, "--", *words], self.place.environment(PS1="IN$ "), self.place.project, self.place.user)
        self.addCleanup(self.assert_nothing_left)
        return panel

    def test_jobs_and_sizes(self):
        panel = self.open(*INTERACTIVE["bash"])
        panel.expect(b"IN$ ")
        panel.resize(33, 99)
        panel.type(JOB.encode() + b"\r")
        panel.expect(b"in-front\r\n")
        panel.type(CTRL_Z.encode())
        panel.expect(b"Stopped")
        panel.type(b"stty size; fg\r")
        panel.expect(b"33 99\r\n")
        panel.expect(b"in-front-again\r\n")
        panel.type(CTRL_C.encode())
        panel.expect(b"IN$ ")
        panel.type(b"exit 7\r")
        while panel.turn() is not None:
            pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(panel.pid, 0)[1]), 7)

    def test_paste_that_is_read_and_written_at_once(self):
        panel = self.open("sh", "-c", "stty raw -echo; echo rea''dy; exec head -c 400000")
        panel.expect(b"ready\n")
        text = b"".join(b"%07d\n" % number for number in range(50000))
        panel.type(text)
        while panel.turn() is not None:
            pass
        os.waitpid(panel.pid, 0)
        self.assertEqual(panel.output, text)

    def test_closed_panel_hangs_the_command_up(self):
        panel = self.open("sh", "-c", "trap 'echo hung up >>hup.txt; exit' HUP; echo rea''dy; while :; do sleep 0.05; done")
        panel.expect(b"ready")
        panel.destroy()
        self.assert_nothing_left()
        with open(os.path.join(self.place.project, "hup.txt"), encoding="utf-8") as file:
            self.assertIn("hung up\n", file.read())


class ExpectPrivate(Expect):
    SETTINGS = PRIVATE


class ExpectSharedByTheNativeExecutor(Expect):
    SETTINGS = SHARED_NATIVE


class EditorsPanelPrivate(EditorsPanel):
    SETTINGS = PRIVATE


class EditorsPanelAsRoot(EditorsPanelPrivate):
    AS_ROOT = True


if __name__ == "__main__":
    unittest.main()
