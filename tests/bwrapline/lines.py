"""What the tests of bubblewrap's command line share: both programs, run alike, and what they print, made comparable."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import processes
from ordinary_user import Workplace

BWRAP = shutil.which("bwrap") or "/usr/bin/bwrap"
TIMEOUT = 60


class Done:
    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, os.fsdecode(out), os.fsdecode(err)

    def __repr__(self):
        return f"{self.words}\n status {self.status}\n out {self.out[:3000]}\n err {self.err[:1000]}"


class Lines(unittest.TestCase):
    """Runs as an ordinary user; `as_both` makes a second class that runs as root."""

    AS_ROOT = False

    @classmethod
    def setUpClass(cls):
        if cls.AS_ROOT and os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        processes.adopt_orphans()
        cls.place = Workplace(as_root=cls.AS_ROOT)
        cls.addClassCleanup(cls.place.close)
        cls.probe = cls.place.add_program(os.environ["FENCE_PROBE"], "probe")
        cls.ours = cls.place.fence
        # What every sandbox of these tests has.
        cls.base = ["--ro-bind", cls.probe, "/probe"]

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="s-", dir=self.place.root)
        os.chmod(self.scratch, 0o755)
        if os.geteuid() == 0:
            os.chown(self.scratch, self.place.user.uid, self.place.user.gid)
        self.addCleanup(shutil.rmtree, self.scratch)

    def tearDown(self):
        self.assertEqual(processes.wait_until_gone(10), {}, "processes are left")

    def own(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.place.user.uid, self.place.user.gid, follow_symlinks=False)
        return path

    def directory(self, name):
        path = os.path.join(self.scratch, name)
        if not os.path.isdir(os.path.dirname(path)):
            self.directory(os.path.dirname(path))
        os.mkdir(path, 0o755)
        return self.own(path)

    def file(self, name, text="", mode=0o644):
        path = os.path.join(self.scratch, name)
        if not os.path.isdir(os.path.dirname(path)):
            self.directory(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return self.own(path)

    def link(self, name, target):
        path = os.path.join(self.scratch, name)
        if not os.path.isdir(os.path.dirname(path)):
            self.directory(os.path.dirname(path))
        os.symlink(target, path)
        return self.own(path)

    def start(self, program, words, fds=None, cwd=None, env=None, **options):
        """`fds`: {number: bytes to be read, or a descriptor}."""
        given, opened = {}, []
        for number, what in (fds or {}).items():
            if isinstance(what, bytes):
                source = tempfile.TemporaryFile()
                source.write(what)
                source.flush()
                source.seek(0)
                opened.append(source)
                what = source.fileno()
            given[number] = what

        def prepare():
            for number, source in given.items():
                os.dup2(source, number, inheritable=True)
            self.place.user.become()

        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        try:
            process = subprocess.Popen(
                [program, *words], preexec_fn=prepare, close_fds=False, cwd=cwd or self.scratch,
                env=self.place.environment() if env is None else env, **options)
        finally:
            for source in opened:
                source.close()
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def run_line(self, program, words, **options):
        process = self.start(program, words, **options)
        out, err = process.communicate(timeout=TIMEOUT)
        return Done(words, process.returncode, out or b"", err or b"")

    def fence(self, *words, **options):
        return self.run_line(self.ours, [*self.base, *words], **options)

    def succeeded(self, done):
        self.assertEqual(done.status, 0, done)
        return done

    def refused(self, done, text):
        self.assertEqual((done.status, done.out), (1, ""), done)
        self.assertIn(text, done.err)
        self.assertTrue(done.err.startswith("bwrap: "), done)
        return done


def mount_line(line):
    """A line of mountinfo without what differs from run to run: (place, root, flags, type, source, options)."""
    fields = line.split()
    after = fields.index("-")
    root, place, flags = fields[3], fields[4], fields[5]
    kind, source, options = fields[after + 1:after + 4]
    # bwrap makes the new root in a directory of another tmpfs, and has temporary files there.
    own = re.fullmatch(r"/(newroot|bindfile\w+|\d+)?(//deleted)?", root)
    if kind == "tmpfs" and own and (place == "/" or root != "/"):
        root, options = "/", re.sub(r",mode=755\b", "", options)
    return f"{place} {root} {flags} {kind} {source} {options}"


def comparable(text, scratch):
    """Lines of the probe without what differs from run to run."""
    lines = []
    for line in text.replace(scratch, "SCRATCH").splitlines():
        if line.startswith("mount "):
            line = "mount " + mount_line(line[len("mount "):])
        # How many processes there are is not the sandbox's.
        if re.match(r"tree /proc\b", line):
            line = re.sub(r" size \d+", "", line)
        lines.append(line)
    return lines


def as_both(cases):
    """Adds `NameAsRoot` beside a class of tests that runs as an ordinary user."""
    module = sys.modules[cases.__module__]
    name = cases.__name__ + "AsRoot"
    setattr(module, name, type(name, (cases,), {"AS_ROOT": True, "__module__": cases.__module__}))
    return cases
