"""File systems of the kernel that are mounted below what is granted, as in the root of a chroot. Each attempt succeeds
outside."""

import ctypes
import os

import processes
from cases import PYTHON, Case, as_both

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18

ENVIRONMENT = "print(b'SECRET=' in open('chroot/proc/{}/environ', 'rb').read())"
# Opened only: nothing is written.
OPEN = "open('{}', 'r+b').close(); print('True')"


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@as_both
class BelowTheProject(Case):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount")
        self.tree({"home/project/chroot": [], "home/project/chroot/proc": [], "home/project/chroot/pts": [], "home/project/group": []})
        self.process = self.start(["sleep", "600"], env={**self.environment, "SECRET": "1"})
        self.victim = self.process.pid
        processes.wait_for("sleep")

    def tearDown(self):
        if hasattr(self, "process"):
            self._end(self.process)
        super().tearDown()

    def mount(self):
        """In the child, before it becomes the user: nothing is mounted for anybody else."""
        checked(LIBC.unshare(CLONE_NEWNS))
        checked(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        for kind, place in ((b"proc", "chroot/proc"), (b"devpts", "chroot/pts"), (b"cgroup2", "group")):
            checked(LIBC.mount(b"none", os.path.join(self.project, place).encode(), kind, 0, None))
        self.user.become()

    def attempts(self):
        yield ENVIRONMENT.format(self.victim)
        yield "import os; print(len(os.listdir('chroot/proc')) > 10)"
        yield "import os; print('ptmx' in os.listdir('chroot/pts'))"
        if self.AS_ROOT:
            yield OPEN.format("chroot/proc/sys/kernel/threads-max")
            yield OPEN.format("group/cgroup.procs")

    def test_lead_to_nothing(self):
        for code in self.attempts():
            self.assertEqual(self.succeeded(self.outside(*PYTHON, code, preexec_fn=self.mount)).out, "True\n")
            for backend in ("native", "bwrap"):
                with self.subTest(backend=backend, code=code):
                    # Landlock alone would refuse some of them.
                    done = self.python(code, "--backend", backend, "--set", 'landlock.mode="off"', preexec_fn=self.mount)
                    self.assertNotIn("True", done.out, done)
                    self.assertNotEqual(done.status, 125, done)

    def test_the_plan_names_them(self):
        plan = self.plan("true", preexec_fn=self.mount)
        self.assertIn("a way to the host's processes and terminals", plan)
        self.assertIn("its files change the machine", plan)

    def test_what_cannot_be_kept_away_is_refused(self):
        done = self.refused(self.fence("-p", "landlock", "--", "true", preexec_fn=self.mount), "chroot/proc", "a way to the host's processes")
        self.assertIn(f"{self.project}/group", done.err)

    def test_what_is_around_them_stays_writable(self):
        done = self.fence("--", "sh", "-c", "echo x >chroot/file && cat chroot/file; ls chroot", preexec_fn=self.mount)
        self.assertEqual(self.succeeded(done).out, "x\nfile\nproc\npts\n")
