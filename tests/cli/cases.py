"""What the tests of the command line share: whole outputs of one call, as root and as an ordinary user."""

import os
import shutil
import subprocess
import unittest

from ordinary_user import Workplace


class CliCases:
    """Mixed into unittest.TestCase; "TMP" stands for the test's directory in outputs."""

    as_root = False

    @classmethod
    def setUpClass(cls):
        cls.place = Workplace(as_root=cls.as_root)
        cls.addClassCleanup(cls.place.close)
        cls.top, cls.fence = os.path.realpath(cls.place.root), cls.place.fence
        cls.home, cls.project = cls.place.home, cls.place.project

    def setUp(self):
        shutil.rmtree(self.home)
        for path in (self.home, self.project):
            os.mkdir(path)
            self.own(path)

    def own(self, path):
        os.chown(path, self.place.user.uid, self.place.user.gid)

    def write(self, name, text):
        """A file of the user's below his home."""
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        directory = path
        while directory != self.home:
            self.own(directory)
            directory = os.path.dirname(directory)
        return path

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "HOME": self.home, "LANG": "C"}

    def execute(self, words, **options):
        options = {"cwd": self.project, "env": self.environment(), "stdin": subprocess.DEVNULL, **options}
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        done = subprocess.run(
            words, timeout=60, text=True, check=False, preexec_fn=self.place.user.become, **options
        )
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
    """The same tests as an ordinary user, and where the caller is root, as root as well: a class for each."""
    name = cases.__name__.removesuffix("Cases")
    users = {"AsUser": False, "AsRoot": True} if os.geteuid() == 0 else {"AsUser": False}
    return {
        name + suffix: type(
            name + suffix, (cases, unittest.TestCase), {"as_root": as_root, "__module__": cases.__module__}
        )
        for suffix, as_root in users.items()
    }
