"""A program on a real pseudo-terminal: what a user at a keyboard types, sees and does to the window."""

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Timeout(AssertionError):
    """What was expected did not appear; the message shows what did."""


class PtySession:
    """A process that leads a session of its own, with a new pty as its controlling terminal."""

    def __init__(self, argv, *, env, cwd="/", user=None, rows=24, columns=80, timeout=20.0):
        """`user` is an ordinary_user.User or None (whoever runs the test); `timeout` (s) is that of every expect()."""
        self.timeout = timeout
        self.output = b""
        self._seen = 0
        self.master, slave = pty.openpty()
        self.name = os.ttyname(slave)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if user is not None and os.geteuid() == 0:
            os.fchown(slave, user.uid, -1)
        self.pid = os.fork()
        if self.pid == 0:
            self._become(slave, argv, env, cwd, user)
        os.close(slave)
        self.status = None

    def _become(self, slave, argv, env, cwd, user):
        try:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for stream in range(3):
                os.dup2(slave, stream)
            os.closerange(3, 256)
            for number in range(1, signal.NSIG):
                if number not in (signal.SIGKILL, signal.SIGSTOP) and number not in (32, 33):
                    signal.signal(number, signal.SIG_DFL)
            if user is not None:
                user.become()
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)
        finally:
            os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, text):
        """Types `text` (str or bytes); a line ends with "\\r", Ctrl-C is "\\x03"."""
        data = text.encode() if isinstance(text, str) else text
        while data:
            data = data[os.write(self.master, data):]

    def line(self, text):
        self.send(text + "\r")

    def _read(self, wait):
        ready, _, _ = select.select([self.master], [], [], max(0.0, wait))
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            raise EOFError
        self.output += data
        return True

    def expect(self, pattern, timeout=None):
        """Waits until `pattern` (a regular expression on bytes) stands in the output after the last match."""
        regex = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.S)
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            match = regex.search(self.output, self._seen)
            if match:
                self._seen = match.end()
                return match
            try:
                if time.monotonic() >= end or not self._read(end - time.monotonic()):
                    raise Timeout(f"no {regex.pattern!r} in {self.output[self._seen:]!r}")
            except EOFError:
                match = regex.search(self.output, self._seen)
                if match:
                    self._seen = match.end()
                    return match
                raise Timeout(f"terminal closed; no {regex.pattern!r} in {self.output[self._seen:]!r}") from None

    def settle(self, quiet=0.3):
        """Reads until nothing has come for `quiet` seconds."""
        try:
            while self._read(quiet):
                pass
        except EOFError:
            pass

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def local_modes(self):
        """c_lflag of the terminal: termios.ICANON, ISIG, ECHO..."""
        return termios.tcgetattr(self.master)[3]

    def foreground(self):
        """The terminal's foreground process group."""
        return struct.unpack("i", fcntl.ioctl(self.master, termios.TIOCGPGRP, b"\0\0\0\0"))[0]

    def wait(self, timeout=None):
        """The exit status of the program (negative: killed by that signal)."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                break
            if time.monotonic() >= end:
                raise Timeout(f"still running; output {self.output[self._seen:]!r}")
            try:
                self._read(0.05)
            except EOFError:
                time.sleep(0.02)
        return self.status

    def hang_up(self):
        """Closes the terminal, as a user closes the window."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def close(self):
        self.hang_up()
        if self.status is None:
            for sign in (signal.SIGCONT, signal.SIGKILL):
                try:
                    os.kill(self.pid, sign)
                except ProcessLookupError:
                    pass
            try:
                os.waitpid(self.pid, 0)
            except ChildProcessError:
                pass
            self.status = -signal.SIGKILL
