"""Nothing of a run stays: no file, no process, no mount; also after SIGKILL, and when many run at once."""

import os
import signal
import time

import processes
from cases import Case, as_both, mounts, snapshot


@as_both
class Leftovers(Case):
    def setUp(self):
        super().setUp()
        self.file("home/project/.git/config", "x")
        self.directory("home/project/.git/hooks")
        self.file("home/project/d/file", "x")
        self.directory("home/project/e")
        self.file("home/.netrc", "secret")
        self.file("home/.cache/x", "x")
        self.file("home/.config/gh/hosts.yml", "secret")

    def waiting(self, script="sleep 1000"):
        """fence, and in it a command that runs."""
        process = self.start([self.place.fence, "--", "sh", "-c", f"echo started; {script}"])
        self.assertEqual(process.stdout.readline(), b"started\n")
        return process

    def assert_nothing_runs(self, timeout):
        self.assertEqual(processes.wait_until_gone(timeout), {})
        self.assertEqual([line for line in mounts() if line not in self.mounts_before], [])

    def test_a_run_that_writes_nothing_changes_nothing(self):
        before = snapshot(self.top)
        for words in [["true"], ["false"], ["sh", "-c", "kill -9 $$"], ["no-such-command"],
                      ["sh", "-c", "ls -laR ~ . /tmp /run $XDG_RUNTIME_DIR; echo x >/tmp/x; echo x >~/.cache/x; mkdir /dev/shm/x"]]:
            self.fence("--", *words)
            self.assertEqual(snapshot(self.top), before, words)

    def test_profiles_and_options_change_nothing(self):
        before = snapshot(self.top)
        for options in [["-p", "strict"], ["-p", "readonly"], ["--deny-read", "d"], ["--deny-write", "d/file"],
                        ["--deny-read", ".git"], ["-w", "~/.cache"], ["--set", 'filesystem.tmpfs=["d"]'],
                        ["--set", f'filesystem.bind=[{{source="{self.project}/d", target="{self.project}/e"}}]']]:
            self.succeeded(self.fence(*options, "--", "true"))
            self.assertEqual(snapshot(self.top), before, options)

    def test_a_snapshot_sees_a_file_that_came_and_went(self):
        """The negative control: what the tests above would miss if they only compared names."""
        before = snapshot(self.top)
        self.output("echo x >x; rm x")
        self.assertNotEqual(snapshot(self.top), before)

    def test_a_refusal_changes_nothing(self):
        before = snapshot(self.top)
        self.refused(self.fence("-w", "/no/such/path", "--", "true"))
        self.assertEqual(snapshot(self.top), before)

    def test_planning_changes_nothing(self):
        before = snapshot(self.top)
        for form in ["text", "json", "bwrap", "facts"]:
            self.plan("--format", form, "--", "true")
        self.assertEqual(snapshot(self.top), before)

    def test_killed_while_the_command_runs(self):
        before = snapshot(self.top)
        process = self.waiting("trap '' HUP INT TERM; (sleep 1001 &) ; sleep 1000; sleep 1000")
        processes.wait_for("sleep", of=process.pid)
        self.assertGreaterEqual(len(processes.descendants(process.pid)), 3)
        process.kill()
        process.wait()
        self.assert_nothing_runs(10)
        self.assertEqual(snapshot(self.top), before)

    def test_killed_at_any_moment_of_the_start(self):
        before = snapshot(self.top)
        for step in range(25):
            process = self.start([self.place.fence, "--", "sleep", "1000"])
            time.sleep(step * 0.006)
            process.kill()
            process.wait()
            self.assert_nothing_runs(10)
        self.assertEqual(snapshot(self.top), before)

    def test_terminated_while_the_command_runs(self):
        before = snapshot(self.top)
        process = self.waiting()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 128 + signal.SIGTERM)
        self.assert_nothing_runs(0)
        self.assertEqual(snapshot(self.top), before)

    def test_the_monitor_of_the_sandbox_is_killed(self):
        for executor, monitor in [("bwrap", "bwrap"), ("native", "fence-init")]:
            self.environment["FENCE_SET_BACKEND"] = executor
            process = self.waiting()
            os.kill(processes.wait_for(monitor, of=process.pid), signal.SIGKILL)
            self.assertNotEqual(process.wait(20), 0)
            self.assert_nothing_runs(10)

    def test_background_processes_end_with_the_command(self):
        for leave in ["sleep 1000 & :", "setsid sleep 1000 & :", "(setsid sh -c 'trap \"\" HUP TERM INT; sleep 1000' &) & :"]:
            done = self.succeeded(self.inside(f"{leave}; echo x"))
            self.assertEqual(done.out, "x\n")

    def test_twenty_in_a_row(self):
        before = snapshot(self.top)
        for number in range(20):
            self.assertEqual(self.fence("--", "sh", "-c", f"exit {number}").status, number)
        self.assertEqual(snapshot(self.top), before)
        self.assert_nothing_runs(0)

    def test_several_at_once(self):
        before = snapshot(self.top)
        script = "echo {0} >/tmp/x; echo {0} >~/.cache/x; echo {0} >$XDG_RUNTIME_DIR/x; echo started; read go; " \
                 "cat /tmp/x ~/.cache/x $XDG_RUNTIME_DIR/x"
        running = [self.start([self.place.fence, "--", "sh", "-c", script.format(number)], stdin=-1) for number in range(3)]
        for process in running:
            self.assertEqual(process.stdout.readline(), b"started\n")
        for number, process in enumerate(running):
            self.assertEqual(process.communicate(b"\n", 20)[0].split(), [b"%d" % number] * 3)
        self.assertEqual(snapshot(self.top), before)
        self.assert_nothing_runs(0)

    def test_descriptors_and_memory_files_of_the_caller_are_untouched(self):
        before = sorted(os.listdir("/proc/self/fd"))
        self.fence("--", "true")
        self.assertEqual(sorted(os.listdir("/proc/self/fd")), before)
