"""Programs that use a terminal, or make terminals of their own, inside."""

import subprocess
import unittest

import processes
from terminal_case import PRIVATE, TerminalCase


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
        session.send("\x1a")
        session.expect(r"Stopped.*OUT\$ ")
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


class Root(OrdinaryUser):
    AS_ROOT = True


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


if __name__ == "__main__":
    unittest.main()
