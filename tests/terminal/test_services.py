"""fence as cron and systemd start it: no terminal, few variables, a session and pipes or sockets of theirs."""

import os
import signal
import socket
import subprocess
import time
import unittest

import processes
from pty_session import PtySession
from terminal_case import CTRL_C, CTRL_Z, INTERACTIVE, PRIVATE, STOPPED, TerminalCase


class ServiceCase(TerminalCase):
    def variables(self, **more):
        """What a service finds, which knows no login."""
        return {"HOME": self.place.home, "LOGNAME": self.place.user.name, "PATH": "/usr/bin:/bin", **self.SETTINGS, **more}

    def signal_all(self, top, number):
        """As systemd.kill(5) does to a unit: every process, whoever started it."""
        for pid in [*processes.descendants(top), top]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


class Cron(ServiceCase):
    """cron(8): `sh -c` in a session of its own, a pipe as input, and one pipe for both outputs, which is mailed."""

    def run_job(self, line, given=b""):
        return subprocess.run(["/bin/sh", "-c", f"cd {self.place.project} && {line}"], input=given, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=self.variables(SHELL="/bin/sh"), cwd=self.place.home,
                              preexec_fn=self.place.user.become, start_new_session=True, timeout=60, check=False)

    def test_mail_is_what_the_command_says(self):
        done = self.run_job(f"{self.place.fence} sh -c 'cat; tty; echo err >&2; (: </dev/tty) 2>/dev/null || echo none'", b"a%b\n")
        self.assertEqual((done.returncode, done.stdout), (0, b"a%b\nnot a tty\nerr\nnone\n"))

    def test_variables_are_few_inside_too(self):
        done = self.run_job(f"{self.place.fence} sh -c 'echo ${{TERM-none}} $SHELL $HOME $PWD'")
        self.assertEqual(done.stdout.decode().split(), ["none", "/bin/sh", self.place.home, self.place.project])

    def test_statuses(self):
        done = self.run_job(f"{self.place.fence} sh -c 'exit 4'; echo $?; {self.place.fence} sh -c 'kill -TERM $$'; echo $?")
        self.assertEqual(done.stdout, b"4\n143\n")

    def test_a_job_that_is_left_in_the_background_ends(self):
        done = self.run_job(f"{self.place.fence} sh -c 'sleep 300 & echo started'")
        self.assertEqual(done.stdout, b"started\n")
        self.assert_nothing_left()


class Unit(ServiceCase):
    """systemd.exec(5): standard input /dev/null, the outputs a stream socket to the journal."""

    def start(self, *words):
        """(process, the journal's end of the socket)."""
        journal, output = socket.socketpair()
        self.addCleanup(journal.close)
        at = os.fstat(output.fileno())
        variables = self.variables(INVOCATION_ID="0123456789abcdef0123456789abcdef", JOURNAL_STREAM=f"{at.st_dev}:{at.st_ino}",
                                   SYSTEMD_EXEC_PID="1")
        with output:
            process = self.start_fence(*words, stdout=output, stderr=output, env=variables)
        journal.settimeout(20)
        return process, journal

    @staticmethod
    def read(journal):
        said = b""
        while data := journal.recv(4096):
            said += data
        return said

    def started(self, script):
        process, journal = self.start("sh", "-c", script)
        self.assertEqual(journal.recv(100), b"ready\n")
        return process, journal

    def test_journal_gets_all(self):
        process, journal = self.start("sh", "-c", "seq 1 50000; echo err >&2; tty; exit 3")
        numbers = "".join(f"{number}\n" for number in range(1, 50001)).encode()
        self.assertEqual(self.read(journal), numbers + b"err\nnot a tty\n")
        self.assertEqual(process.wait(20), 3)

    def test_the_stream_is_the_journals_inside_too(self):
        process, journal = self.start("sh", "-c", 'test "$JOURNAL_STREAM" = "$(stat -L -c %d:%i /proc/self/fd/2)" && echo same')
        process.wait(20)
        self.assertEqual(self.read(journal), b"same\n")

    def test_stopped_all_processes_at_once(self):
        process, journal = self.started('trap "echo got; sleep 0.2; exit 9" TERM; echo ready; while :; do sleep 0.05; done')
        self.signal_all(process.pid, signal.SIGTERM)
        self.signal_all(process.pid, signal.SIGCONT)
        self.assertEqual(process.wait(20), 9)
        # From systemd, and by fence, which cannot know of the other.
        self.assertIn(self.read(journal).replace(b"Terminated\n", b""), (b"got\n", b"got\n" * 2))
        self.assert_nothing_left()

    def test_stopped_all_processes_at_once_without_a_handler(self):
        process, _ = self.started("echo ready; exec sleep 100")
        self.signal_all(process.pid, signal.SIGTERM)
        self.assertEqual(process.wait(20), 143)
        self.assert_nothing_left()

    def test_stopped_fence_only(self):
        process, journal = self.started('trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.05; done')
        process.terminate()
        self.assertEqual((process.wait(20), self.read(journal)), (9, b"got\n"))

    def test_killed_all_processes_at_last(self):
        process, _ = self.started('trap "" TERM; echo ready; while :; do sleep 0.05; done')
        self.signal_all(process.pid, signal.SIGTERM)
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        self.signal_all(process.pid, signal.SIGKILL)
        process.wait(20)
        self.assert_nothing_left()


class UnitWithATerminal(ServiceCase):
    """StandardInput=tty, or systemd-run --pty: fence leads the session, and nobody else is in it."""

    def start(self, *words):
        session = PtySession([self.place.fence, *words], env=self.variables(TERM="vt220", INVOCATION_ID="0" * 32, PS1="IN$ "),
                             cwd=self.place.project, user=self.place.user)
        self.addCleanup(session.close)
        return session

    def test_jobs(self):
        session = self.start(*INTERACTIVE["bash"])
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_Z)
        session.expect(STOPPED + r".*IN\$ ")
        session.line("fg")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"IN\$ ")
        session.line("exit 5")
        self.assertEqual(session.wait(), 5)
        self.assert_no_warnings(session)

    def test_stopped_all_processes_at_once(self):
        before = self.settings_of(self.session(["true"]))
        session = self.start("sh", "-c", "echo ready; exec sleep 100")
        session.expect("ready")
        self.signal_all(session.pid, signal.SIGTERM)
        self.assertIn(session.wait(), (143, -signal.SIGTERM))
        self.assertEqual(self.settings_of(session), before)
        self.assert_nothing_left()


class CronPrivate(Cron):
    SETTINGS = PRIVATE


class UnitPrivate(Unit):
    SETTINGS = PRIVATE


class UnitWithATerminalPrivate(UnitWithATerminal):
    SETTINGS = PRIVATE


class UnitAsRoot(UnitPrivate):
    AS_ROOT = True


if __name__ == "__main__":
    unittest.main()
