"""[limits]: each is kept by both executors, and what it stops succeeds without it."""

import os
import resource
import signal
import time

import processes
from cases import PYTHON, Case, as_both, user_only

BACKENDS = ("native", "bwrap")
EACH = [["--backend", backend] for backend in BACKENDS]
# limit: (its value, an attempt, what the attempt says when it is stopped).
ATTEMPTS = {
    "nofile": (50, "import os\nfds = [os.open('/dev/null', 0) for _ in range(60)]", "Too many open files"),
    "fsize": ("1M", "import os\nfd = os.open('big', os.O_CREAT | os.O_WRONLY)\nos.pwrite(fd, b'x', 2 << 20)", "File too large"),
    "as": ("300M", "x = bytearray(400 << 20)", "MemoryError"),
}
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
CRASH = """
import os, signal
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGSEGV)
print(os.WCOREDUMP(os.waitpid(pid, 0)[1]))
"""
# Has no end of its own, and says when it was told to end.
PATIENT = "trap 'echo told' TERM; echo ready; while :; do sleep 0.1; done"


def limit(name, value):
    return ["--set", f"limits.{name}={value}"]


@as_both
class Kept(Case):
    def test_what_a_limit_stops_succeeds_without_it(self):
        for options in EACH:
            for name, (value, attempt, said) in ATTEMPTS.items():
                with self.subTest(name, options=options):
                    self.failed(self.python(attempt, *options, *limit(name, value)), said)
                    self.succeeded(self.python(attempt, *options))

    @user_only
    def test_processor_time(self):
        burn = "import time\nwhile time.process_time() < 1.2: pass"
        runs = [self.start([self.place.fence, *options, "--", *PYTHON, burn])
                for options in ([*EACH[0], *limit("cpu", 1)], [*EACH[1], *limit("cpu", 1)], [])]
        for process in runs:
            process.communicate(timeout=60)
        self.assertEqual([process.returncode for process in runs], [128 + signal.SIGKILL, 128 + signal.SIGKILL, 0])

    @user_only
    def test_processes(self):
        for options in EACH:
            self.assertEqual(self.python(FORK_20, *options).out, "20\n")
            # Of the ten one forks, and fence's init and what watches the mounts count; those outside do not.
            stopped = self.succeeded(self.python(FORK_20, *options, *limit("nproc", 10)))
            self.assertRegex(stopped.out, "^Resource temporarily unavailable\n[78]\n$")

    def test_both_limits_are_set_and_final(self):
        show = "ulimit -n; ulimit -Hn; ulimit -v; ulimit -t; ulimit -f; ulimit -Hc; ulimit -n 100 2>&1"
        for options in EACH:
            all_of_them = [*limit("nofile", 60), *limit("as", "1G"), *limit("cpu", "1m"), *limit("fsize", 1024)]
            lines = self.failed(self.inside(show, *options, *all_of_them)).out.splitlines()
            self.assertEqual(lines[:6], ["60", "60", "1048576", "60", "2", "0"])

    @user_only
    def test_the_line_for_a_shell_sets_the_same(self):
        words = ["--backend", "bwrap", *limit("nofile", 60), *limit("wallTime", 1), "--", "sh", "-c",
                 "ulimit -n; ulimit -Hn; ulimit -Hc; sleep 30"]
        by_fence = self.fence(*words)
        by_line = self.outside("sh", "-c", self.plan("--format", "bwrap", *words))
        self.assertEqual((by_fence.status, by_fence.out), (124, "60\n60\n0\n"), by_fence)
        self.assertEqual((by_line.status, by_line.out), (124, "60\n60\n0\n"), by_line)

    def test_no_core_file(self):
        with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as pattern:
            to_a_file = pattern.read().strip() == "core"

        def become():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.user.become()

        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        if to_a_file and (hard == resource.RLIM_INFINITY or os.geteuid() == 0):
            self.assertEqual(self.outside(*PYTHON, CRASH, preexec_fn=become).out, "True\n")
        else:
            become = self.user.become
        for options in EACH:
            self.assertEqual(self.succeeded(self.python(CRASH, *options, preexec_fn=become)).out, "False\n")
            self.assertRegex(self.plan(*options, "true"), "\n  core +1 byte +core files")

    def test_above_the_callers_own_limit_nothing_is_run(self):
        def start(wanted):
            return self.outside("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", self.place.fence, *limit("nofile", wanted),
                                "--", "sh", "-c", "ulimit -n")
        self.assertEqual(self.succeeded(start(200)).out, "200\n")
        self.refused(start(201), "limits.nofile of 201", "hard limit is 200", "asked for by --set limits.nofile")

    def test_fence_itself_is_not_held_to_them(self):
        for options in EACH:
            tiny = [*limit("nofile", 4), *limit("fsize", 1)]
            self.assertEqual(self.inside("exit 7", *options, *tiny).status, 7)


class Root(Case):
    AS_ROOT = True

    def test_a_limit_on_processes_is_refused_because_it_would_not_hold(self):
        self.refused(self.fence(*limit("nproc", 10), "--", "true"), "the kernel does not hold root to it")
        # That it would not: set by hand, all of them are made.
        done = self.fence("--", "prlimit", "--nproc=10:10", *PYTHON, FORK_20)
        self.assertEqual(self.succeeded(done).out, "20\n")


@as_both
class WallTime(Case):
    OVER = "fence: the command was ended: limits.wallTime of 1 s is over\n  asked for by --set limits.wallTime\n"

    def launch(self, backend, script, seconds=1, *more):
        words = ["--backend", backend, *more, *limit("wallTime", seconds), "--", "sh", "-c", script]
        return self.start([self.place.fence, *words])

    def wait_until(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, processes.descendants())
            time.sleep(0.02)

    @staticmethod
    def alive(pid):
        """The names of what lives below it."""
        return {name for name, state in processes.descendants(pid).values() if state != "Z"}

    def assert_over(self, process, out=b""):
        said, err = process.communicate(timeout=60)
        # The shell's word for its child.
        err = err.decode().replace("Terminated\n", "")
        self.assertEqual((process.returncode, said, err), (124, out, self.OVER))

    def test_in_time_nothing_is_said(self):
        for backend in BACKENDS:
            process = self.launch(backend, "exit 3", "1h")
            self.assertEqual((process.communicate(timeout=60), process.returncode), ((b"", b""), 3))

    def test_everything_inside_is_told(self):
        # A child in a session of its own, and the command, which waits for it.
        script = ("setsid sh -c 'trap \"echo child; exit\" TERM; while :; do sleep 0.1; done' & "
                  "trap 'wait; echo main; exit 0' TERM; while :; do sleep 0.1; done")
        for process in [self.launch(backend, script) for backend in BACKENDS]:
            self.assert_over(process, b"child\nmain\n")

    @user_only
    def test_what_does_not_end_is_killed(self):
        for process in [self.launch(backend, PATIENT) for backend in BACKENDS]:
            self.assert_over(process, b"ready\ntold\n")

    def test_a_stopped_command_is_ended_in_time(self):
        for process in [self.launch(backend, "trap 'echo told; exit' TERM; kill -STOP $$; sleep 60", 1, *more)
                        for backend in BACKENDS for more in ([], ["--force-new-session"])]:
            # fence stops with its command.
            self.wait_until(lambda pid=process.pid: processes.descendants()[pid] == ("fence", "T"))
            self.wait_until(lambda pid=process.pid: self.alive(pid) <= {"fence-guard"})
            process.send_signal(signal.SIGCONT)
            self.assert_over(process, b"told\n")

    def test_a_stopped_fence_does_not_stop_the_clock(self):
        script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done"
        runs = [self.launch(backend, script) for backend in BACKENDS]
        for process in runs:
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.send_signal(signal.SIGSTOP)
        for process in runs:
            self.wait_until(lambda pid=process.pid: self.alive(pid) <= {"fence-guard"})
            self.assertEqual(processes.descendants()[process.pid], ("fence", "T"))
            process.send_signal(signal.SIGCONT)
            self.assert_over(process)

    def test_nothing_is_left_where_fence_is_killed_in_the_grace(self):
        runs = [self.launch(backend, PATIENT) for backend in BACKENDS]
        for process in runs:
            self.assertEqual(process.stdout.readline() + process.stdout.readline(), b"ready\ntold\n")
            process.kill()
            process.wait()
        self.assertEqual(processes.wait_until_gone(4), {})
