"""What the terminal tests share: a workplace for an ordinary user or root, and sessions in it."""

import fcntl
import os
import re
import subprocess
import termios
import time
import unittest

import processes
from ordinary_user import Workplace
from pty_session import PtySession

CTRL_C, CTRL_D, CTRL_Z = "\x03", "\x04", "\x1a"
# What shells say of a job that was suspended.
STOPPED = r"([Ss]topped|[Ss]uspended)"

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


def quoted(words):
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def inner_words(name):
    """An interactive shell with another prompt, as words of a line."""
    # Written so that the echo of the line is not taken for the prompt.
    return "env PS1='I''N$ ' " + quoted(INTERACTIVE[name])


# Tells the columns and rows of its terminal: when it starts, after a change of them, and when it is continued.
SIZES = """
import os, signal
def show(word):
    os.write(1, f"{word} {os.get_terminal_size(0)[0]} {os.get_terminal_size(0)[1]}\\n".encode())
signal.signal(signal.SIGWINCH, lambda *_: show("winch"))
signal.signal(signal.SIGCONT, lambda *_: show("cont"))
show("start")
while True:
    signal.pause()
"""

# By the settings' layer of the environment, so that a line typed into a shell need not say it.
SHARED = {"FENCE_SET_BACKEND": "bwrap"}
PRIVATE = {"FENCE_SET_BACKEND": "native", "FENCE_SET_TERMINAL_MODE": "private"}
WITHOUT_NAMESPACES = {"FENCE_SET_PROFILE": '["landlock"]'}
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

    def session(self, argv, rows=24, columns=80, kind=PtySession, **variables):
        session = kind(argv, env=self.place.environment(**variables), cwd=self.place.project, user=self.place.user,
                       rows=rows, columns=columns)
        self.addCleanup(session.close)
        return session

    def shell(self, name="bash"):
        session = self.session(INTERACTIVE[name], PS1="OUT$ ")
        session.expect(r"OUT\$ ")
        return session

    @staticmethod
    def inner_shell(session, name="bash", options=""):
        """Starts one in fence, by a line of the outer shell."""
        session.line(f"fence {options} {inner_words(name)}")
        session.expect(r"IN\$ ")

    @staticmethod
    def suspend(session, prompt=r"OUT\$ "):
        """By the key, back to the prompt of the shell that has the job."""
        session.send(CTRL_Z)
        session.expect(STOPPED + ".*" + prompt)

    def assert_ended(self, session, status, settings=None):
        """The outer shell is at its prompt, with these `settings` of the terminal, and says this status."""
        session.expect(r"OUT\$ ")
        if settings is not None:
            session.settle(0.05)
            self.assertEqual(self.settings_of(session), settings)
        session.line("echo rc=$?")
        session.expect(rf"rc={status}\r")

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

    @staticmethod
    def settings_of(session):
        """All that tcgetattr(3) and the window size tell."""
        size = fcntl.ioctl(session.master, termios.TIOCGWINSZ, b"\0" * 8)
        return termios.tcgetattr(session.master), size

    def plain_shell(self):
        """A shell that leaves the terminal's modes alone."""
        session = self.session(["dash", "-i"], PS1="OUT$ ")
        session.expect(r"OUT\$ ")
        return session


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
