"""What the integration tests share: a fresh home and workspace for each test, and fence run in it as a user or as root."""

import hashlib
import os
import pathlib
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

import processes
from ordinary_user import Workplace

PYTHON = ["/usr/bin/python3", "-I", "-S", "-c"]
TIMEOUT = 60
# A row of mountinfo, whatever part of its file system is there: in a container or on btrfs it is not the top.
AT_ROOT = "^[^ ]+ [^ ]+ [^ ]+ [^ ]+ / "


class Done:
    """A run that has ended; bytes that are no text survive in `out` and `err` (surrogateescape)."""

    def __init__(self, words, status, out, err):
        self.words, self.status = words, status
        self.out, self.err = os.fsdecode(out or b""), os.fsdecode(err or b"")

    def __repr__(self):
        return f"{shlex.join(map(str, self.words))[:400]}\n status {self.status}\n out {self.out[:600]!r}\n " \
            f"err {self.err[:1500]!r}"


def mounts():
    with open("/proc/self/mountinfo", "rb") as table:
        return table.read().splitlines()


def snapshot(top):
    """{path: what lstat and the content say} of a whole tree; times of access are left out, reading changes them."""
    found = {}
    for directory, directories, files in os.walk(os.fsencode(top)):
        for name in [b"."] + directories + files:
            path = os.path.join(directory, name)
            at = os.lstat(path)
            content = None
            if stat.S_ISREG(at.st_mode):
                content = hashlib.sha256(pathlib.Path(os.fsdecode(path)).read_bytes()).hexdigest()
            elif stat.S_ISLNK(at.st_mode):
                content = os.readlink(path)
            found[path] = (oct(at.st_mode), at.st_uid, at.st_gid, at.st_nlink, at.st_mtime_ns, at.st_ctime_ns, content)
    return found


class Case(unittest.TestCase):
    """Runs as an ordinary user; `as_both` makes a second class that runs as root."""

    AS_ROOT = False

    @classmethod
    def setUpClass(cls):
        if cls.AS_ROOT and os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        processes.adopt_orphans()
        cls.place = Workplace(as_root=cls.AS_ROOT)
        cls.addClassCleanup(cls.remove, cls.place.root)
        cls.user = cls.place.user

    def setUp(self):
        self.mounts_before = mounts()
        self.top = tempfile.mkdtemp(prefix="case-", dir=self.place.root)
        os.chmod(self.top, 0o755)
        self.addCleanup(self.remove, self.top)
        self.home = self.directory("home")
        self.project = self.directory("home/project")
        self.environment = {**self.place.environment(), "HOME": self.home}
        del self.environment["PS1"]

    def tearDown(self):
        self.assertEqual(processes.wait_until_gone(10), {}, "processes are left")
        self.assertEqual([line for line in mounts() if line not in self.mounts_before], [], "mounts are left")

    @staticmethod
    def remove(top):
        def search_and_try_again(function, path, _):
            os.chmod(os.path.dirname(path), 0o700)
            if os.path.isdir(path) and not os.path.islink(path):
                os.chmod(path, 0o700)
                shutil.rmtree(path)
            else:
                function(path)

        shutil.rmtree(os.fsencode(top), onerror=search_and_try_again)

    def become_an_account(self):
        """For what asks the password database: runs as an account of the system's that nothing runs as."""
        if os.geteuid() != 0:
            return
        accounts = {line.split(":")[0]: line.split(":") for line in self.read("/etc/passwd").splitlines()}
        account = next((accounts[name] for name in ["news", "uucp", "list"] if name in accounts), None)
        if account is None:
            self.skipTest("no account of the system that could be borrowed")
        self.addCleanup(setattr, self, "user", self.user)
        self.user = type(self.user)(int(account[2]), int(account[3]), account[0], self.home)
        for path in (self.home, self.project):
            self.own(path)

    # ---- making things ------------------------------------------------------------------------------------------

    def own(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.user.uid, self.user.gid, follow_symlinks=False)
        return path

    def directory(self, name, mode=0o755):
        """A directory of the user's below the test's top, or at an absolute path; parents too."""
        path = os.path.join(self.top, name)
        parent = os.path.dirname(path)
        if not os.path.isdir(parent):
            self.directory(parent)
        os.mkdir(path)
        os.chmod(path, mode)
        return self.own(path)

    def file(self, name, text="", mode=0o644):
        path = os.path.join(self.top, name)
        if not os.path.isdir(os.path.dirname(path)):
            self.directory(os.path.dirname(path))
        pathlib.Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return self.own(path)

    def tree(self, tree):
        """Makes {path: names in it, or the text of a file}, parents first."""
        for path, content in tree.items():
            if isinstance(content, str):
                self.file(path, content)
            else:
                self.directory(path)

    def link(self, name, target):
        path = os.path.join(self.top, name)
        os.symlink(target, path)
        return self.own(path)

    @staticmethod
    def read(path):
        return pathlib.Path(path).read_text(encoding="utf-8")

    def settings(self, text):
        return self.file("home/.config/fence/settings.toml", text)

    # ---- running ------------------------------------------------------------------------------------------------

    def start(self, words, **options):
        options.setdefault("cwd", self.project)
        options.setdefault("env", self.environment)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("start_new_session", True)
        options.setdefault("preexec_fn", self.user.become)
        process = subprocess.Popen(words, **options)
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

    def outside(self, *words, input=None, **options):
        """Without fence, as the same user: the control of what is tried inside."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(words, **options)
        try:
            out, err = process.communicate(input, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self.fail(f"still running after {TIMEOUT} s: {Done(words, None, out, err)}")
        return Done(words, process.returncode, out, err)

    def with_mounts(self, prepare, *words, **options):
        """`outside`, where a line of shell that root runs has mounted what nobody else sees. Needs root."""
        become = ["setpriv", "--reuid", str(self.user.uid), "--regid", str(self.user.gid), "--clear-groups"]
        script = f'{{ {prepare.strip()}; }} || exit 99; exec "$@"'
        done = self.outside("unshare", "--mount", "sh", "-c", script, "sh", *become, *words, preexec_fn=None, **options)
        self.assertNotEqual(done.status, 99, done)
        return done

    def fence(self, *words, **options):
        """fence without a terminal. When it returns nothing of the sandbox may be left."""
        before = processes.descendants()
        done = self.outside(self.place.fence, *words, **options)
        left = {pid: name for pid, name in processes.descendants().items() if pid not in before}
        self.assertEqual(left, {}, f"left when fence returned: {done}")
        return done

    def inside(self, script, *options, **more):
        """A shell script in the sandbox."""
        return self.fence(*options, "--", "sh", "-c", script, **more)

    def python(self, code, *options, **more):
        return self.fence(*options, "--", *PYTHON, code, **more)

    def output(self, script, *options, **more):
        """The output of a script that has to succeed inside."""
        return self.succeeded(self.inside(script, *options, **more)).out

    def plan(self, *words, **options):
        """What `fence plan` prints."""
        return self.succeeded(self.fence("plan", *words, **options)).out

    # ---- judging ------------------------------------------------------------------------------------------------

    def succeeded(self, done):
        self.assertEqual(done.status, 0, done)
        return done

    def failed(self, done, *texts):
        """The command ran and did not succeed; with these words in what it said."""
        self.assertNotIn(done.status, (0, 125), done)
        for text in texts:
            self.assertIn(text, done.out + done.err, done)
        return done

    def refused(self, done, *texts):
        """fence refused, and nothing was run."""
        self.assertEqual(done.status, 125, done)
        self.assertEqual(done.out, "", done)
        self.assertIn("nothing was run", done.err)
        for text in texts:
            self.assertIn(text, done.err, done)
        return done

    def only_without_fence(self, script, *texts, undo=None, **options):
        """Succeeds outside (undone there by `undo`), fails inside with these words."""
        self.succeeded(self.outside("sh", "-c", script, **options))
        if undo:
            self.succeeded(self.outside("sh", "-c", undo, **options))
        return self.failed(self.inside(script, **options), *texts)

    def must_stay_the_same(self, top):
        """Checks at the end of the test that not even a time of change differs below `top`."""
        before = snapshot(top)
        self.addCleanup(lambda: self.assertEqual(snapshot(top), before))


def user_only(test):
    """Marks a test of which `as_both` makes none for root."""
    test.user_only = True
    return test


def as_both(cases):
    """Adds `NameAsRoot` beside a class of tests that runs as an ordinary user."""
    module = sys.modules[cases.__module__]
    name = cases.__name__ + "AsRoot"
    # No test is found under a name that is None, so none is reported as skipped.
    left_out = {test: None for test in dir(cases) if getattr(getattr(cases, test), "user_only", False)}
    setattr(module, name, type(name, (cases,), {"AS_ROOT": True, "__module__": cases.__module__, **left_out}))
    return cases


def drop_everything_on(signal_number):
    """Lets cleanups run when the runner is told to end: meson sends SIGTERM at its time limit."""
    def end(*_):
        raise SystemExit(128 + signal_number)

    signal.signal(signal_number, end)


drop_everything_on(signal.SIGTERM)
