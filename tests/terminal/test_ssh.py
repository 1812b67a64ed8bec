"""fence behind ssh, with a terminal there and without one, and ssh in fence, which asks its terminal."""

import os
import shutil
import subprocess
import tempfile
import unittest

import processes
from pty_session import PtySession
from ssh_server import SSHD, SshServer
from terminal_case import CTRL_C, CTRL_Z, INTERACTIVE, PRIVATE, STOPPED, TerminalCase, quoted


@unittest.skipUnless(os.path.exists(SSHD), "no ssh server here: ./bootstrap --lint installs one")
class SshCase(TerminalCase):
    def setUp(self):
        directory = tempfile.mkdtemp(prefix="ssh-", dir=self.place.root)
        os.chmod(directory, 0o755)
        self.server = SshServer(self.place, directory)
        self.addCleanup(self.assert_nothing_left)
        self.addCleanup(self.server.close)

    def at(self, argv, user=None):
        session = PtySession(argv, env=self.place.environment(), cwd=self.place.project, user=user)
        self.addCleanup(session.close)
        return session

    def remote(self, line):
        """A session at the terminal that the server makes for `line`."""
        return self.at(self.server.client("-tt", self.there(line)))

    def there(self, line):
        return f"cd {self.place.project} && exec {line}"


class OrdinaryUser(SshCase):
    def test_jobs_and_sizes(self):
        session = self.remote("fence env PS1='I''N$ ' " + quoted(INTERACTIVE["bash"]))
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        processes.wait_for("sleep", of=self.server.process.pid)
        session.settle(0.1)
        session.send(CTRL_Z)
        session.expect(STOPPED + r".*IN\$ ")
        session.line("fg")
        processes.wait_for("sleep", "S", of=self.server.process.pid)
        session.settle(0.1)
        session.send(CTRL_C)
        session.expect(r"IN\$ ")
        session.resize(33, 99)
        session.settle(0.2)
        session.line("stty size; tty; exit 7")
        session.expect(r"33 99\r\n/dev/")
        self.assertEqual(session.wait(), 7)
        self.assert_no_warnings(session)

    def test_lost_connection_hangs_the_command_up(self):
        session = self.remote("""fence sh -c 'trap "echo hung up >hup.txt; exit" HUP; echo ready; while :; do sleep 0.05; done'""")
        session.expect("ready")
        session.close()
        self.server.close()
        self.assert_nothing_left()
        with open(os.path.join(self.place.project, "hup.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "hung up\n")

    def test_without_a_terminal(self):
        argv = self.server.client(self.there("fence sh -c 'cat; tty; echo err >&2; exit 6'"))
        done = subprocess.run(argv, input=b"a\r\nb\n", capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (6, b"a\r\nb\nnot a tty\n", b"err\n"))

    def test_lost_connection_without_a_terminal(self):
        clients = [subprocess.Popen(self.server.client(self.there(f"fence sh -c 'echo ready; {rest}'")), stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE) for rest in ("exec cat", "while echo; do sleep 0.05; done")]
        for client in clients:
            self.addCleanup(self._end, client)
            self.assertEqual(client.stdout.readline(), b"ready\n")
        for client in clients:
            client.kill()
        self.server.close()
        self.assert_nothing_left()


class QuestionOfSsh(SshCase):
    """It asks /dev/tty, whatever its descriptors are, and says nothing where there is no terminal."""

    def ask(self, options, redirections=""):
        # The home's .ssh is hidden inside.
        key = shutil.copy(self.server.key, self.place.project)
        os.chown(key, self.place.user.uid, self.place.user.gid)
        session = self.at(INTERACTIVE["bash"], self.server.user)
        session.expect(r"OUT\$ ")
        session.line(f"fence --net host {options} ssh -F none -i key -p {self.server.port} 127.0.0.1 'echo a''nswered'"
                     f" {redirections}; echo rc=$?")
        return session

    def answer(self, redirections=""):
        session = self.ask("", redirections)
        session.expect(r"Are you sure you want to continue connecting \(yes/no/\[fingerprint\]\)\? ")
        session.line("yes")
        session.expect(r"answered\r.*rc=0\r")

    def test_answered(self):
        self.answer()

    def test_answered_in_a_pipeline(self):
        self.answer("</dev/null | cat")

    def test_not_asked_without_a_controlling_terminal(self):
        self.ask("--force-new-session").expect(r"Host key verification failed\.\r.*rc=255\r")


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


class PrivateAsRoot(Private):
    AS_ROOT = True


class QuestionOfSshPrivate(QuestionOfSsh):
    SETTINGS = PRIVATE


if __name__ == "__main__":
    unittest.main()
