"""What the terminal tests share: a workplace for an ordinary user or root, and sessions in it."""

import os
import subprocess
import time
import unittest

import processes
from ordinary_user import Workplace
from pty_session import PtySession

# What shells say when they have no job control.
NO_JOB_CONTROL = (
    b"no job control",
    b"cannot set terminal process group",
    b"can't access tty",
    b"Cannot set tty process group",
    b"Inappropriate ioctl",
    b"No TTY for interactive shell",
)

# How a shell is started interactively with the prompt PROMPT, from the same words outside and inside.
INTERACTIVE = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i", "-C", "function fish_prompt; echo -n $PS1; end; function fish_title; end"],
}

# By the settings' layer of the environment, so that a line typed into a shell need not say it.
SHARED = {"FENCE_SET_BACKEND": "bwrap"}
PRIVATE = {"FENCE_SET_BACKEND": "native", "FENCE_SET_TERMINAL_MODE": "private"}
SHARED_NATIVE = {"FENCE_SET_BACKEND": "native", "FENCE_SET_TERMINAL_MODE": "shared"}


class TerminalCase(unittest.TestCase):
    """Runs as an ordinary user with the user's own terminal; a subclass with AS_ROOT runs the same as root, one with other
    SETTINGS with another terminal."""

    AS_ROOT = False
    SETTINGS = SHARED

    @classmethod
    def setUpClass(cls):
        if cls.AS_ROOT and os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        processes.adopt_orphans()
        cls.place = Workplace(as_root=cls.AS_ROOT, **cls.SETTINGS)
        cls.addClassCleanup(cls.place.close)

    def session(self, argv, rows=24, columns=80, **variables):
        session = PtySession(argv, env=self.place.environment(**variables), cwd=self.place.project, user=self.place.user,
                             rows=rows, columns=columns)
        self.addCleanup(session.close)
        return session

    def shell(self, name="bash"):
        session = self.session(INTERACTIVE[name], PS1="OUT$ ")
        session.expect(r"OUT\$ ")
        return session

    def run_fence(self, *words, **options):
        """fence without a terminal; returns the CompletedProcess."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", self.place.environment())
        return subprocess.run([self.place.fence, *words], cwd=self.place.project, timeout=60, check=False,
                              start_new_session=True, preexec_fn=self.place.user.become, **options)

    def start_fence(self, *words, **options):
        """fence without a terminal, running; returns the Popen."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("env", self.place.environment())
        process = subprocess.Popen([self.place.fence, *words], cwd=self.place.project, start_new_session=True,
                                   preexec_fn=self.place.user.become, **options)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def assert_no_warnings(self, session):
        for text in NO_JOB_CONTROL:
            self.assertNotIn(text, session.output)

    def assert_nothing_left(self, timeout=10.0):
        self.assertEqual(processes.wait_until_gone(timeout), {})

    def wait_in_foreground(self, session, name, timeout=20.0):
        """Waits until a process `name` is in the foreground of its own terminal, and it or a process above it in that
        of the session, so that a key reaches it."""
        end = time.monotonic() + timeout
        while True:
            foreground = session.foreground()
            below = processes.descendants(session.pid)
            for pid, (its, state) in below.items():
                if its == name and state in "SR" and self._in_front(pid, foreground):
                    return pid
            self.assertLess(time.monotonic(), end, f"{name} is not in the foreground ({foreground}) among {below}: "
                            f"{session.output[-500:]!r}")
            session.settle(0.02)

    @classmethod
    def _in_front(cls, pid, foreground):
        _, group, own_foreground = processes.job_of(pid)
        if group != own_foreground:
            return False
        while pid > 1 and group != foreground:
            pid, _, _ = processes.job_of(pid)
            _, group, _ = processes.job_of(pid)
        return group == foreground
