"""What an attacker in a private terminal reaches is that terminal; each attempt succeeds where nothing holds it."""

import os
import re
import signal
import unittest

import processes
from terminal_case import PRIVATE, SHARED_NATIVE, AnsweringSession, TerminalCase

ATTACK = r"""
import fcntl, os, signal, stat, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGTTIN, signal.SIG_IGN)
def tell(what, action):
    try:
        action()
        print(what, "done", flush=True)
    except OSError as error:
        print(what, os.strerror(error.errno), flush=True)
outer, device, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print("tty", os.fstat(0).st_dev == device, flush=True)
tell("by-name", lambda: os.close(os.open(outer, os.O_RDWR | os.O_NOCTTY)))
def by_number():
    os.mknod("node", stat.S_IFCHR | 0o600, number)
    os.close(os.open("node", os.O_RDWR | os.O_NOCTTY))
tell("by-number", by_number)
tell("foreground", lambda: os.tcsetpgrp(0, os.getpgrp()))
if os.fork() == 0:
    os.setsid()
    tell("steal", lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 1))
    os._exit(0)
os.wait()
tell("stage", lambda: [os.readlink("/proc/1/fd/" + name) for name in os.listdir("/proc/1/fd")])
tell("console", lambda: os.close(os.open("/dev/console", os.O_RDWR | os.O_NOCTTY)))
for fd in range(3, 64):
    if os.path.exists(f"/proc/self/fd/{fd}") and os.isatty(fd): print("LEAK", fd)
print("end", flush=True)
"""

# Many and again and again: the shell waits for the same keys, and takes the foreground back.
SNIFF = """
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGTTIN, signal.SIG_IGN)
try:
    os.setpgid(0, 0)
except OSError:
    pass
os.write(1, b"listening\\n")
[os.fork() for _ in range(4)]
got = b""
while not got:
    try:
        os.tcsetpgrp(0, os.getpgrp())
    except OSError:
        pass
    try:
        got = os.read(0, 100)
    except OSError:
        pass
open("captured", "wb").write(got)
"""


class AttackCase(TerminalCase):
    def attack(self, *words):
        """What the attack says of each attempt."""
        program = self.place.add_file("attack.py", ATTACK)
        # A terminal of the same number inside would be another one.
        for _ in range(2):
            self.addCleanup(os.close, os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
        session = self.plain_shell()
        status = os.stat(session.name)
        session.line(" ".join(words) + f" python3 {program} {session.name} {status.st_dev} {status.st_rdev}")
        said = session.expect(r"(tty .*)\r\nend\r").group(1).decode()
        return dict(line.split(" ", 1) for line in said.split("\r\n"))

    def capture(self, options):
        """Whether a job in the background gets what is typed into the shell, and whether the shell does."""
        program = self.place.add_file("sniff.py", SNIFF)
        captured = os.path.join(self.place.project, "captured")
        if os.path.exists(captured):
            os.unlink(captured)
        session = self.shell()
        session.line(f"fence {options} python3 {program} 2>/dev/null & sleep 100")
        session.expect("listening")
        # Nobody else reads meanwhile, so it is no race.
        sleep = processes.wait_for("sleep", of=session.pid)
        session.settle(0.2)
        session.line("echo secret''password")
        session.settle(0.2)
        os.kill(sleep, signal.SIGKILL)
        session.settle(0.3)
        session.close()
        return os.path.exists(captured), b"secretpassword\r" in session.output


class Escapes(AttackCase):
    SETTINGS = PRIVATE

    def test_the_outer_terminal_cannot_be_reached(self):
        said = self.attack("fence")
        self.assertEqual(said, {
            "tty": "False",
            "by-name": "No such file or directory",
            "by-number": "Operation not permitted",
            "foreground": "done",  # of the inner one
            "steal": "Operation not permitted",
            "stage": "Permission denied",
            "console": "No such file or directory",
        })

    def test_only_the_inner_terminal_has_a_name(self):
        session = self.shell()
        session.line("fence sh -c 'tty; ls /dev/pts; stat -c %u-%a $(tty)'")
        session.expect(rf"/dev/pts/0\r\n0\s+ptmx\r\n{self.place.user.uid}-620\r")

    def test_keys_typed_while_it_is_in_the_background(self):
        for options in ("--terminal private", "--terminal private --force-new-session"):
            with self.subTest(options=options):
                self.assertEqual(self.capture(options), (False, True))

    def test_answers_to_queries_are_not_typed_into_the_shell(self):
        for words in (r"fence printf '\033[6n\033[c'", r"fence printf '\033[6n' </dev/null",
                      "fence sh -c 'printf \"\\033[6n\"; kill -KILL $$'"):
            with self.subTest(words=words):
                session = self.session(["dash", "-i"], kind=AnsweringSession, PS1="OUT$ ")
                session.expect(r"OUT\$ ")
                session.line(words + "; read -r line; echo \"got <$line>\"")
                session.expect(r"\x1b\[5n")
                session.settle(0.4)
                session.line("a-line")
                session.expect(r"got <([^>]*)>")
                self.assertRegex(session.output, rb"got <a-line>")


class WithoutAnySetting(AttackCase):
    SETTINGS = {}

    def test_the_command_gets_a_terminal_of_its_own(self):
        session = self.shell()
        session.line("fence sh -c 'tty; echo its own: $(stat -Lc %d-%i /proc/self/fd/2)'; echo the shells: $(stat -Lc %d-%i /proc/self/fd/2)")
        session.expect(r"/dev/pts/0\r\nits own: (\S+)\r\nthe shells: (\S+)\r")
        own, shells = re.search(rb"its own: ([0-9-]+)\r\nthe shells: ([0-9-]+)\r", session.output).groups()
        self.assertNotEqual(own, shells)


class WithoutAnySettingAsRoot(WithoutAnySetting):
    AS_ROOT = True


class NegativeControl(AttackCase):
    SETTINGS = SHARED_NATIVE

    def test_a_shared_terminal_is_the_users(self):
        said = self.attack("fence")
        self.assertEqual((said["tty"], said["console"]), ("True", "done"))

    def test_without_fence(self):
        said = self.attack()
        self.assertEqual((said["tty"], said["by-name"], said["foreground"]), ("True", "done", "done"))
        if self.AS_ROOT:
            # The node can be made; the kernel opens a terminal in its devpts only.
            self.assertEqual((said["by-number"], said["steal"]), ("Input/output error", "done"))
        else:
            self.assertEqual((said["by-number"], said["steal"]), ("Operation not permitted",) * 2)

    def test_keys_typed_while_it_is_in_the_background(self):
        for options in ("--terminal shared", "--terminal shared --force-new-session"):
            with self.subTest(options=options):
                self.assertTrue(self.capture(options)[0])

    def test_answers_are_typed_into_the_shell(self):
        session = self.session(["dash", "-i"], kind=AnsweringSession, PS1="OUT$ ")
        session.expect(r"OUT\$ ")
        session.line(r"fence printf '\033[6n'; sleep 0.3; read -r line; echo got ${#line}")
        session.settle(0.5)
        session.line("a-line")
        session.expect(r"got 1[0-9]\r")


class EscapesAsRoot(Escapes):
    AS_ROOT = True


class NegativeControlAsRoot(NegativeControl):
    AS_ROOT = True


if __name__ == "__main__":
    unittest.main()
