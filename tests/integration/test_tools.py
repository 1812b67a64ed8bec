"""The first minute: tools that people use do their work in a sandbox, without a network."""

import json
import os
import shutil

from cases import Case, as_both

WHEELS = "/usr/share/python-wheels"


@as_both
class Node(Case):
    def setUp(self):
        super().setUp()
        if not shutil.which("npm", path="/usr/bin:/bin"):
            self.skipTest("npm is not installed")

    def test_init_install_and_run(self):
        self.file("home/project/tiny/package.json", json.dumps({"name": "tiny", "version": "1.0.0", "bin": "cli.js"}))
        self.file("home/project/tiny/cli.js", "#!/usr/bin/env node\nconsole.log('cli');\n", 0o755)
        self.file("home/project/tiny/index.js", "module.exports = 42;\n")
        out = self.output("""set -e
            npm init -y >/dev/null
            npm install --offline --no-audit --no-fund --loglevel=error ./tiny >/dev/null
            node -e 'console.log(require("tiny"))'
            npx --offline tiny
            npm pkg set scripts.hello='echo hello' && npm run --silent hello""")
        self.assertEqual(out, "42\ncli\nhello\n")
        self.assertEqual(os.listdir(f"{self.home}/.npm") if os.path.exists(f"{self.home}/.npm") else [], [])


@as_both
class Python(Case):
    PYTHON = "/usr/bin/python3"

    def test_venv_and_install_of_a_local_package(self):
        if not os.path.isdir(WHEELS):
            self.skipTest("the wheels of python3-venv are not installed")
        self.file("home/project/package/setup.py", "from setuptools import setup\nsetup(name='local', version='1', py_modules=['local'])\n")
        self.file("home/project/package/local.py", "VALUE = 42\n")
        out = self.output(f"""set -e
            {self.PYTHON} -m venv venv
            venv/bin/pip install --quiet --disable-pip-version-check --no-index --no-build-isolation ./package
            venv/bin/python -c 'import local, sys; print(local.VALUE, sys.prefix)'""")
        self.assertEqual(out, f"42 {self.project}/venv\n")
        self.assertEqual(sorted(os.listdir(self.home)), ["project"])

    def test_threads_processes_and_shared_memory(self):
        self.file("home/project/p.py", """
import multiprocessing, multiprocessing.shared_memory, concurrent.futures
def f(x): return x * x
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool: print(pool.map(f, range(4)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool: print(list(pool.map(f, range(4))))
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=100); memory.close(); memory.unlink()
""")
        self.assertEqual(self.output(f"{self.PYTHON} p.py"), "[0, 1, 4, 9]\n[0, 1, 4, 9]\n")


@as_both
class Everyday(Case):
    def test_vim_edits_a_file(self):
        self.file("home/project/text", "old\n")
        self.file("home/.vimrc", "set nocompatible\n")
        self.output("vim -es -c '%s/old/new/' -c 'wq' text")
        self.assertEqual(self.read(f"{self.project}/text"), "new\n")
        self.assertEqual(os.listdir(self.project), ["text"])

    def known(self, *words):
        """`outside`, where the password database has a line for the test's user."""
        if self.AS_ROOT or os.geteuid() != 0:
            return self.outside(*words)
        user = f"{self.user.name}:x:{self.user.uid}:{self.user.gid}::{self.home}:/bin/sh\n"
        passwd = self.file("passwd", self.read("/etc/passwd") + user)
        os.chown(passwd, 0, 0)
        return self.with_mounts(f"mount --bind {passwd} /etc/passwd", *words)

    def test_ssh_reads_its_configuration(self):
        """It does not even tell its version to a user that nobody knows."""
        self.assertIn("OpenSSH", self.succeeded(self.known(self.place.fence, "--", "ssh", "-V")).err)
        # -G reads every configuration file and refuses those of an owner that it does not trust.
        words = ["ssh", "-G", "example.org"]
        outside = self.succeeded(self.known(*words)).out
        self.assertIn("hostname example.org", outside)
        self.assertEqual(self.succeeded(self.known(self.place.fence, "--", *words)).out, outside)

    def test_name_and_home(self):
        done = self.succeeded(self.known(self.place.fence, "--", "sh", "-c", "id -un; cd ~; pwd"))
        self.assertEqual(done.out, f"{self.user.name}\n{self.home}\n")

    def test_a_compiler_builds(self):
        if not shutil.which("gcc", path="/usr/bin:/bin"):
            self.skipTest("gcc is not installed")
        self.file("home/project/x.c", '#include <stdio.h>\nint main(void) { puts("built"); }\n')
        self.assertEqual(self.output("gcc -o x x.c && ./x"), "built\n")

    def test_archives_copies_and_links(self):
        self.file("home/project/d/file", "x")
        self.output("""set -e
            tar cf x.tar d; mkdir e; tar xf x.tar -C e; cp -a d f; ln d/file hard; ln -s d/file soft; rm -r d e
            mkfifo p; (echo x >p &) ; cat p >/dev/null; find . -newer f >/dev/null; flock hard true; mktemp >/dev/null""")
        self.assertEqual(self.read(f"{self.project}/hard"), "x")

    def test_names_of_users_are_known(self):
        self.assertEqual(self.output("getent passwd 0 | cut -d: -f1; id -un 2>/dev/null || :"),
                         self.outside("sh", "-c", "getent passwd 0 | cut -d: -f1; id -un 2>/dev/null || :").out)

    def test_tmux(self):
        if not shutil.which("tmux", path="/usr/bin:/bin"):
            self.skipTest("tmux is not installed")
        out = self.output("""set -e
            tmux -f /dev/null new-session -d -s a 'sleep 1000'; tmux list-sessions -F '#{session_name}'
            tmux kill-session -t a; tmux kill-server 2>/dev/null || :""")
        self.assertEqual(out, "a\n")

    def test_script_gets_a_terminal(self):
        self.assertIn("/dev/pts/", self.output("script -qec tty /dev/null </dev/null"))
