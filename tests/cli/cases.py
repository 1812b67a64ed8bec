"""A directory, a user and the program under test, for tests of the command line."""

import os
import shutil
import subprocess
import tempfile
import unittest

# An id that no passwd file gives to anybody, so that the tests need no account.
ORDINARY_ID = 4711


class CliCases:
    """Mixed into unittest.TestCase; `uid` says who runs the program. "TMP" stands for the test's directory in outputs."""

    uid = 0

    @classmethod
    def setUpClass(cls):
        cls.top = os.path.realpath(tempfile.mkdtemp(prefix="fence-cli-"))
        os.chmod(cls.top, 0o755)
        # The build directory may lie where an ordinary user cannot go.
        cls.fence = shutil.copy(os.environ["FENCE_BINARY"], os.path.join(cls.top, "fence"))
        os.chmod(cls.fence, 0o755)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def setUp(self):
        self.home = self.make_directory("home")
        self.work = self.make_directory("work")

    def tearDown(self):
        for directory in (self.home, self.work):
            shutil.rmtree(directory)

    def make_directory(self, name):
        path = os.path.join(self.top, name)
        os.makedirs(path)
        os.chown(path, self.uid, self.uid)
        return path

    def write(self, name, text):
        """A file of the user's below his home or working directory."""
        path = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        directory = path
        while directory != self.top:
            os.chown(directory, self.uid, self.uid)
            directory = os.path.dirname(directory)
        return path

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "HOME": self.home, "LANG": "C"}

    def execute(self, words, **options):
        options = {"cwd": self.work, "env": self.environment(), "stdin": subprocess.DEVNULL, **options}
        if os.geteuid() == 0:
            options.update(user=self.uid, group=self.uid, extra_groups=[])
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        done = subprocess.run(words, timeout=60, text=True, check=False, **options)
        done.stdout = (done.stdout or "").replace(self.top, "TMP")
        done.stderr = (done.stderr or "").replace(self.top, "TMP")
        return done

    def run_fence(self, *words, **options):
        return self.execute([self.fence, *words], **options)

    def check(self, words, status, stdout, stderr, **options):
        """The whole of what one call gives."""
        done = self.run_fence(*words, **options)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (status, stdout, stderr))

    def refused(self, words, *lines):
        self.check(words, 125, "", "".join(line + "\n" for line in (*lines, "fence: nothing was run")))


def for_each_user(cases):
    """The same tests as the caller, and where that is root, as an ordinary user as well: a class for each."""
    name = cases.__name__.removesuffix("Cases")
    users = {"AsRoot": 0, "AsUser": ORDINARY_ID} if os.geteuid() == 0 else {"": os.geteuid()}
    return {
        name + suffix: type(name + suffix, (cases, unittest.TestCase), {"uid": uid, "__module__": cases.__module__})
        for suffix, uid in users.items()
    }
