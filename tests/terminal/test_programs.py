"""Programs that use a terminal, or make terminals of their own, inside."""

import os
import subprocess
import unittest

import processes
from terminal_case import PRIVATE, SHARED_NATIVE, TerminalCase


class OrdinaryUser(TerminalCase):
    def test_openpty_under_script(self):
        done = subprocess.run(
            ["script", "-qec", f"{self.place.fence} -- python3 -c 'import os; print(os.openpty(), os.ttyname(os.openpty()[1]))'",
             "/dev/null"],
            env=self.place.environment(), cwd=self.place.project, preexec_fn=self.place.user.become, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, rb"\(\d+, \d+\) /dev/pts/\d+")

    def test_script_inside(self):
        done = self.run_fence("script", "-qec", "tty; exit 6", "/dev/null")
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rb"/dev/pts/\d+")

    def test_tmux_inside(self):
        session = self.shell()
        session.line("fence sh -c 'tmux new-session -d -s one sleep\\ 100 && tmux list-sessions && tmux kill-server"
                     " && echo tmux-o''k'")
        session.expect(r"one: 1 windows.*tmux-ok\r")

    def test_tmux_window_inside(self):
        session = self.shell()
        session.line("fence tmux -f /dev/null new-session 'echo in-tm\"\"ux; cat'")
        session.expect(r"in-tmux")
        processes.wait_for("cat", of=session.pid)
        session.send("\x03")
        session.expect(r"OUT\$ ")

    def test_links_in_the_runtime_directory(self):
        for inherited in ({}, {"XDG_RUNTIME_DIR": "/run/user/12345"}, {"XDG_RUNTIME_DIR": self.place.home}):
            with self.subTest(inherited=inherited):
                done = self.run_fence(
                    "sh", "-c",
                    'mkdir "$XDG_RUNTIME_DIR/fnm_multishells" && cd "$XDG_RUNTIME_DIR/fnm_multishells" && ln -s x l'
                    ' && readlink l && stat -c %a "$XDG_RUNTIME_DIR"', env=self.place.environment(**inherited))
                self.assertEqual((done.returncode, done.stdout), (0, b"x\n700\n"), done.stderr)

    def test_editor(self):
        session = self.shell()
        session.line("fence vim -u NONE -N written.txt")
        self.wait_in_foreground(session, "vim")
        session.settle()
        session.send("ihello\x1b")
        self.suspend(session)
        session.line("fg")
        self.wait_in_foreground(session, "vim")
        session.settle()
        session.line(":wq")
        session.expect(r"OUT\$ ")
        session.line("cat written.txt; echo rc=$?")
        session.expect(r"hello\r\nrc=0\r")

    def read_password(self, redirections):
        session = self.session(["sh"], PS1="OUT$ ")
        program = self.place.add_file("ask.py", 'import getpass; print("read", len(getpass.getpass("Word: ")))\n')
        session.expect(r"OUT\$ ")
        session.line(f"fence python3 {program} {redirections}")
        session.expect("Word: ")
        session.line("secret")
        session.expect(r"read 6\r")
        self.assertNotIn(b"secret", session.output)

    def test_password_prompt(self):
        self.read_password("")

    def test_password_prompt_in_a_pipeline(self):
        self.read_password("</dev/null | cat")

    def test_large_paste_arrives_whole(self):
        session = self.shell()
        session.line("fence sh -c 'stty -echo; echo read''y; md5sum'")
        session.expect(r"ready\r")
        text = "".join(f"line {i} of a paste that is long enough\n" for i in range(2000))
        for start in range(0, len(text), 1024):
            session.send(text[start:start + 1024])
        session.send("\x04")
        digest = subprocess.run(["md5sum"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.split()[0]
        session.expect(digest)

    def test_fast_exits_lose_no_output(self):
        for _ in range(20):
            session = self.session([self.place.fence, "sh", "-c", "seq 1 500; echo last"])
            session.expect(r"499\r\n500\r\nlast\r")
            self.assertEqual(session.wait(), 0)


class Resized(TerminalCase):
    """A new size of the window reaches what runs inside."""

    OPTIONS = ""

    def start(self, words, ready):
        session = self.shell()
        session.line(f"fence {self.OPTIONS} {words}")
        session.expect(ready)
        session.settle(0.1)
        return session

    def test_editor(self):
        session = self.start("vim -u NONE -N", r"~\s")
        session.resize(33, 97)
        session.expect(r"\x1b\[32;1H~")
        session.line(":set columns? lines?")
        session.expect("columns=97.*lines=33")

    def test_pager(self):
        self.place.add_file("long.txt", "line\n" * 300)
        session = self.start("less long.txt", r"\x1b\[7mlong.txt")
        session.resize(33, 97)
        session.expect(r"line\r\n:\x1b\[K")
        session.settle(0.05)
        session.send("=")
        session.expect("lines 1-32/300")

    def test_process_viewer(self):
        session = self.start("htop", "F10")
        session.resize(33, 97)
        session.expect(r"\x1b\[33(;1H|d)[^\n]*F1")

    def test_multiplexer(self):
        session = self.start("tmux -f /dev/null new-session sh", r"\$ ")
        session.resize(35, 95)
        session.settle(0.2)
        session.line("stty size")
        session.expect("34 95")  # one is the status line's


class ResizedPrivate(Resized):
    SETTINGS = PRIVATE


class ResizedSharedByTheNativeExecutor(Resized):
    SETTINGS = SHARED_NATIVE


class ResizedInANewSession(Resized):
    OPTIONS = "--force-new-session"


class ResizedPrivateInANewSession(ResizedInANewSession):
    SETTINGS = PRIVATE


class PromptOfSsh(TerminalCase):
    """It asks its terminal, whatever its descriptors are. Wants a user with an account."""

    AS_ROOT = True

    def test_passphrase_prompt_of_ssh(self):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "passphrase", "-f", "key"], cwd=self.place.project, check=True,
                       preexec_fn=self.place.user.become, env=self.place.environment())
        self.addCleanup(os.unlink, os.path.join(self.place.project, "key"))
        session = self.shell()
        session.line("fence ssh-keygen -y -f key </dev/null | cat")
        session.expect("Enter passphrase:")
        session.line("passphrase")
        session.expect(r"ssh-ed25519 \S+")


class PromptOfSshPrivate(PromptOfSsh):
    SETTINGS = PRIVATE


class Root(OrdinaryUser):
    AS_ROOT = True


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


if __name__ == "__main__":
    unittest.main()
