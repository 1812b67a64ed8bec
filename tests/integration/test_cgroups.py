"""The control group of a sandbox: how it comes and goes, on every kernel with cgroup v2; and its limits, where the
controllers can be had."""

import os
import signal
import time

import processes
from cases import PYTHON, Case, as_both, user_only

BACKENDS = ("native", "bwrap", "landlock")
CONTROLLERS = {"pids", "memory", "cpu"}
FORK_20 = """
import os, signal
children = []
try:
    for _ in range(20):
        pid = os.fork()
        if pid == 0: signal.pause()
        children.append(pid)
except OSError as error:
    print(error.strerror)
print(len(children))
"""
USE_100_MB = "x = bytearray(100 << 20); print('used')"
BUSY = "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass\nprint(time.process_time() < 0.6)"


def hierarchy():
    """Where cgroup2 is mounted, writable, as a whole; None where it is not."""
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        for line in table:
            words = line.split()
            if words[words.index("-") + 1] == "cgroup2" and os.access(words[4], os.W_OK):
                return words[4]
    return None


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class InGroup(Case):
    """Makes TOP, which belongs to the user and in which groups can be made, and TOP/own, in which everything starts."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, to give the user a control group")
        if hierarchy() is None:
            self.skipTest("no writable cgroup v2")
        self.group = os.path.join(hierarchy(), f"fence-test-{os.getpid()}")
        self.own = os.path.join(self.group, "own")
        for path in (self.group, self.own):
            os.mkdir(path)
            self.addCleanup(self.remove_group, path)
            for name in ("", "cgroup.procs", "cgroup.subtree_control"):
                os.chown(os.path.join(path, name), self.user.uid, self.user.gid)

    @staticmethod
    def remove_group(path):
        end = time.monotonic() + 20
        while True:
            try:
                return os.rmdir(path)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def enter(self):
        write(os.path.join(self.own, "cgroup.procs"), "0")
        self.user.become()

    def made(self):
        return sorted(name for name in os.listdir(self.group) if name.startswith("fence-"))

    def wait_until(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, (self.made(), processes.descendants()))
            time.sleep(0.01)

    def tearDown(self):
        if hasattr(self, "group"):
            self.wait_until(lambda: not self.made())
        super().tearDown()


@as_both
class Mechanics(InGroup):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.probe = cls.place.add_program(os.environ["FENCE_CGROUP_PROBE"])

    def words(self, backend, *command):
        return [self.probe, backend, self.group, *command]

    def run_in_group(self, backend, *command):
        return self.outside(*self.words(backend, *command), preexec_fn=self.enter)

    def test_all_of_the_sandbox_is_in_it_and_its_namespace_begins_there(self):
        for backend in ("native", "bwrap"):
            code = "print(*(open('/proc/%s/cgroup' % pid).read().split('0::')[1].strip() for pid in ('1', 'self')))"
            self.assertEqual(self.succeeded(self.run_in_group(backend, *PYTHON, code)).out, "/ /\n")
            self.assertEqual(self.made(), [])

    def test_from_outside_it_is_seen_where_it_is(self):
        for backend in BACKENDS:
            process = self.start(self.words(backend, "sh", "-c", "sleep 60 & echo ready; wait"), preexec_fn=self.enter)
            self.assertEqual(process.stdout.readline(), b"ready\n")
            name, = self.made()
            self.assertRegex(name, f"^fence-{process.pid}-[0-9a-f]{{16}}$")
            inside = set(read(os.path.join(self.group, name, "inside/cgroup.procs")).split())
            # Neither fence nor what tidies up; of bwrap's own process there is one more.
            self.assertEqual(len(inside), 4 if backend == "bwrap" else 3)
            self.assertNotIn(str(process.pid), inside)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 128 + signal.SIGTERM)
            self.assertEqual(self.made(), [])

    def test_nothing_is_left_where_the_first_process_is_killed(self):
        for backend in BACKENDS:
            process = self.start(self.words(backend, "sh", "-c", "(setsid sleep 60 >/dev/null 2>&1 &); echo ready; sleep 60"), preexec_fn=self.enter)
            self.assertEqual(process.stdout.readline(), b"ready\n")
            os.kill(processes.wait_for("fence-init", of=process.pid), signal.SIGKILL)
            self.assertEqual(process.wait(), 128 + signal.SIGKILL)
            self.assertEqual((self.made(), processes.wait_until_gone(0)), ([], {}))

    def test_the_status_is_the_commands_own(self):
        for backend in BACKENDS:
            self.assertEqual(self.run_in_group(backend, "sh", "-c", "exit 7").status, 7)

    def test_nothing_is_left_where_fence_is_killed(self):
        for backend in BACKENDS:
            process = self.start(self.words(backend, "sh", "-c", "echo ready; sleep 60 & sleep 60"), preexec_fn=self.enter)
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.kill()
            # The pipe ends: nobody who cleans up holds an end of it.
            self.assertEqual(process.stdout.read(), b"")
            process.wait()
            self.wait_until(lambda: not self.made())
            self.assertEqual(processes.wait_until_gone(10), {})

    def test_nothing_is_left_where_fence_is_killed_at_any_moment_of_the_start(self):
        for backend in BACKENDS:
            for delay in range(0, 60, 6):
                process = self.start(self.words(backend, "true"), preexec_fn=self.enter)
                time.sleep(delay / 1000)
                process.kill()
                process.wait()
            self.wait_until(lambda: not self.made())

    @user_only
    def test_a_group_that_is_not_the_users_is_refused(self):
        os.chown(os.path.join(self.group, "cgroup.procs"), 0, 0)
        for backend in BACKENDS:
            done = self.run_in_group(backend, "true")
            self.assertEqual(done.status, 125)
            self.assertRegex(done.err, "cannot move the sandbox into its control group: (writing cgroup.procs: )?permission denied")
            self.assertEqual(self.made(), [])


@as_both
class Refused(Case):
    def test_without_controllers_nothing_is_run_and_it_is_said_why(self):
        if hierarchy() and CONTROLLERS <= set(read(os.path.join(hierarchy(), "cgroup.controllers")).split()):
            self.skipTest("this machine's cgroup v2 has the controllers")
        done = self.refused(self.fence("--set", "limits.pids=10", "--", "true"), "cannot set limits.pids of 10")
        self.assertIn("allowDegraded = [\"delegation\"]", done.err)
        degraded = self.succeeded(self.fence("--set", "limits.pids=10", "--set", 'allowDegraded=["delegation"]', "--", "true"))
        self.assertIn("not kept: limits.pids of 10", degraded.err)
        self.refused(self.fence("--set", 'require=["delegation"]', "--", "true"), "no control group that the caller may divide")


@as_both
class Limits(InGroup):
    def setUp(self):
        super().setUp()
        there = set(read(os.path.join(self.group, "cgroup.controllers")).split())
        if not CONTROLLERS <= there:
            self.skipTest(f"cgroup v2 has no {' '.join(sorted(CONTROLLERS - there))} here")
        write(os.path.join(self.group, "cgroup.subtree_control"), "+pids +memory +cpu")

    def limited(self, backend, code, *limits):
        options = [word for limit in limits for word in ("--set", "limits." + limit)]
        return self.fence("--backend", backend, *options, "--", *PYTHON, code, preexec_fn=self.enter)

    def test_processes(self):
        for backend in BACKENDS:
            self.assertEqual(self.limited(backend, FORK_20).out, "20\n")
            done = self.limited(backend, FORK_20, "pids=10")
            # One forks; fence's own are not counted.
            self.assertEqual(done.out, "Resource temporarily unavailable\n9\n", done)
            self.assertIn("limits.pids of 10 is reached", done.err)

    def test_memory(self):
        for backend in BACKENDS:
            self.assertEqual(self.limited(backend, USE_100_MB, "memory=300M").out, "used\n")
            done = self.limited(backend, USE_100_MB, "memory=64M")
            self.assertEqual((done.status, done.out), (128 + signal.SIGKILL, ""), done)
            self.assertIn("the command was killed: limits.memory of 64 MiB is reached", done.err)

    def test_processors(self):
        for backend in BACKENDS:
            self.assertEqual(self.limited(backend, BUSY, "cpus=0.2").out, "True\n")
            self.assertEqual(self.limited(backend, BUSY).out, "False\n")
