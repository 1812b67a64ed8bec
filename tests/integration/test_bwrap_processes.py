"""Who runs, who waits for whom, what is told of it, and who ends when."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time

import processes
from bwrap_lines import BWRAP, Lines
from cases import as_both


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@as_both
class Processes(Lines):
    def pipe(self):
        read, write = os.pipe()
        ends = [read, write]

        def close():
            for fd in ends:
                os.close(fd)
            ends.clear()

        self.addCleanup(close)
        return read, write, ends

    def told(self, *words, option="--json-status-fd", **options):
        """The run, and what was written on 45."""
        read, write, ends = self.pipe()
        done = self.line(option, "45", *words, fds={45: write, **options.pop("fds", {})}, **options)
        os.close(write)
        ends.remove(write)
        text = b""
        while part := os.read(read, 4096):
            text += part
        return done, text.decode()

    def wait_for(self, condition, what):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    # ---- what is told ---------------------------------------------------------------------------------------------

    def test_the_bytes_of_both_formats(self):
        words = ["--unshare-ipc", "--unshare-net", "--unshare-pid", "--unshare-uts", "/probe", "exit", "3"]
        done, status = self.told(*words)
        number = r"[1-9][0-9]*"
        names = ["ipc", "mnt", "net", "pid", "uts"]
        self.assertEqual(done.status, 3)
        inner = ", ".join(f'"{name}-namespace": {number}' for name in names)
        self.assertRegex(status, rf'\A{{ "child-pid": {number}, {inner} }}\n{{ "exit-code": 3 }}\n\Z')
        done, info = self.told(*words, option="--info-fd")
        inner = ",".join(f'\n    "{name}-namespace": {number}' for name in names)
        self.assertRegex(info, rf'\A{{\n    "child-pid": {number},{inner}\n}}\n\Z')
        json.loads(info)

    def test_an_exit_code_only_where_the_command_ran(self):
        for words, status in ((["/probe", "kill", "9"], 137), (["/nonexistent"], None), (["--dir", "/probe", "/probe"], None),
                              (["--chdir", "/nonexistent", "/probe"], None)):
            done, text = self.told(*words)
            self.assertEqual(text.count("child-pid"), 1, done)
            self.assertEqual("exit-code" in text, status is not None, done)
            self.assertEqual(done.status, status or 1, done)

    def test_a_call_that_fails_on_the_way_is_no_exit_code(self):
        read, write, _ = self.pipe()
        words = ["-f", "-qqq", "-o", "/dev/null", "--inject=prctl:error=ENOSYS:when=39", self.ours, *self.base,
                 "--json-status-fd", "45", "/probe", "quiet"]
        done = self.run_line(shutil.which("strace"), words, fds={45: write})
        text = os.read(read, 4096).decode()
        self.assertNotEqual(done.status, 0, done)
        self.assertIn("child-pid", text)
        self.assertNotIn("exit-code", text)

    # ---- who ends when --------------------------------------------------------------------------------------------

    def test_the_monitor_ends_with_the_command_and_the_rest_lives_on(self):
        for words in (["--unshare-pid"], ["--sync-fd", "46"], []):
            read, write, ends = self.pipe()
            done = self.succeeded(self.line(*words, "/probe", "fork", "0.5", "quiet", fds={46: b"", 47: write},
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            os.close(write)
            ends.remove(write)
            self.assertNotEqual(processes.descendants(), {}, done)
            # The end of the pipe is that of the last process.
            self.assertEqual(os.read(read, 1), b"")
            self.assertEqual(processes.wait_until_gone(10), {})

    def test_the_command_as_pid_1_takes_the_rest_with_it(self):
        self.succeeded(self.line("--unshare-pid", "--as-pid-1", "/probe", "fork", "30", "quiet"))
        self.assertEqual(processes.wait_until_gone(10), {})

    def test_the_monitor_holds_nothing_of_the_callers(self):
        read, write, ends = self.pipe()
        self.start_line(self.ours, [*self.base, "--sync-fd", "46", "/probe", "sleep", "5"], fds={45: write, 46: b""})
        os.close(write)
        ends.remove(write)

        def holders():
            found = []
            for pid in processes.descendants():
                try:
                    names = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
                except OSError:
                    continue
                if os.readlink(f"/proc/self/fd/{read}") in names:
                    found.append(pid)
            return found

        self.wait_for(lambda: len(processes.descendants()) == 3 and len(holders()) == 1, "one of three holds it")
        for pid in processes.descendants():
            os.kill(pid, signal.SIGKILL)

    def test_with_the_parent(self):
        for words in ([], ["--unshare-pid"], ["--sync-fd", "46"], ["--unshare-pid", "--as-pid-1"]):
            process = self.start_line(self.ours, [*self.base, "--die-with-parent", *words, "/probe", "sleep", "60"], fds={46: b""})
            self.wait_for(lambda: "probe" in str(processes.descendants()), "started")
            process.kill()
            process.wait()
            self.assertEqual(processes.wait_until_gone(10), {}, words)

    def test_without_it_the_sandbox_survives_the_monitor(self):
        process = self.start_line(self.ours, [*self.base, "/probe", "sleep", "60"])
        self.wait_for(lambda: "probe" in str(processes.descendants()), "started")
        process.terminate()
        self.assertEqual(process.wait(), -signal.SIGTERM)
        left = [pid for pid, (name, _) in processes.descendants().items() if name == "probe"]
        self.assertEqual(len(left), 1)
        os.kill(left[0], signal.SIGKILL)

    def test_killed_at_any_moment_nothing_is_left(self):
        for delay in range(12):
            process = self.start_line(self.ours, [*self.base, "--die-with-parent", "--unshare-all", "--dev", "/dev", "/probe", "sleep",
                                             "60"])
            time.sleep(delay / 2000)
            process.kill()
            process.wait()
        self.assertEqual(processes.wait_until_gone(10), {})

    def test_sigkill_to_pid_1(self):
        process = self.start_line(self.ours, [*self.base, "--unshare-pid", "/probe", "sleep", "60"])
        self.wait_for(lambda: "probe" in str(processes.descendants()), "started")
        pid_1 = children(process.pid)[0]
        os.kill(pid_1, signal.SIGTERM)
        time.sleep(0.05)
        self.assertIsNone(process.poll())
        os.kill(pid_1, signal.SIGKILL)
        self.assertEqual(process.wait(), 137)

    # ---- what is held ---------------------------------------------------------------------------------------------

    def is_locked(self, path):
        with open(path, "r+", encoding="utf-8") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
            return False

    def test_locks_are_held_until_the_last_process_has_ended(self):
        path, other = self.file("lock", "x"), self.file("other", "x")
        words = ["--bind", self.top, "/s", "--lock-file", "/s/lock", "--lock-file", "/s/other", "--unshare-pid"]
        process = self.start_line(self.ours, [*self.base, *words, "/probe", "fork", "0.7", "sleep", "0.2", "quiet"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: self.is_locked(path) and self.is_locked(other), "locked")
        self.assertEqual(process.wait(), 0)
        self.assertTrue(self.is_locked(path))
        self.assertEqual(processes.wait_until_gone(10), {})
        self.assertFalse(self.is_locked(path) or self.is_locked(other))

    def test_sync_is_held_by_the_process_beside_the_command(self):
        read, write, ends = self.pipe()
        process = self.start_line(self.ours, [*self.base, "--unshare-pid", "--sync-fd", "45", "/probe", "sleep", "60"], fds={45: write})
        os.close(write)
        ends.remove(write)
        self.wait_for(lambda: "probe" in str(processes.descendants()), "started")
        os.set_blocking(read, False)
        with self.assertRaises(BlockingIOError):
            os.read(read, 1)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        process.wait()
        os.set_blocking(read, True)
        self.assertEqual(os.read(read, 1), b"")

    def test_block_holds_the_command_back(self):
        read, write, ends = self.pipe()
        path = os.path.join(self.directory("d"), "mark")
        process = self.start_line(self.ours, [*self.base, "--bind", os.path.dirname(path), "/d", "--block-fd", "45", "/probe", "write",
                                         "/d/mark", "quiet"], fds={45: read})
        time.sleep(0.1)
        self.assertFalse(os.path.exists(path))
        os.write(write, b"x")
        self.assertEqual(process.wait(), 0)
        self.assertTrue(os.path.exists(path))

    # ---- what bwrap shows and we do not ---------------------------------------------------------------------------

    def test_pid_1_does_not_show_what_was_cleared(self):
        words = ["--unshare-pid", "--proc", "/proc", "--clearenv", "/probe", "lines", "/proc/1/environ", "quiet"]
        # First, as the probe prints up to a NUL.
        environment = {"SECRET": "hidden-value", **self.place.environment()}
        self.assertNotIn("hidden-value", self.succeeded(self.line(*words, env=environment)).out)
        # The control: bwrap shows it.
        theirs = self.run_line(BWRAP, [*self.base, *words], env=environment)
        self.assertIn("hidden-value", theirs.out)

    def test_a_later_mount_is_not_writable_under_a_read_only_bind(self):
        if os.geteuid() != 0:
            self.skipTest("mounts for the test")
        read_only, writable = self.directory("d"), self.directory("w")
        inside = ["wait", "/w/go", "write", "/d/below/x", "write", "/w/below/x", "quiet"]
        words = [*self.base, "--ro-bind", read_only, "/d", "--bind", writable, "/w", "/probe", "write", "/w/ready", *inside]
        below = [self.directory("d/below"), self.directory("w/below")]
        later = " && ".join(f"mount -t tmpfs -o mode=1777 none {place}" for place in below)
        host = (f"mount --bind {self.top} {self.top} && mount --make-shared {self.top} && "
                f"{{ {{ until test -e {writable}/ready; do sleep 0.01; done; {later}; touch {writable}/go; }} & }}")
        found = {}
        for program in (BWRAP, self.ours):
            done = self.succeeded(self.with_mounts(host, program, *words))
            found[program] = ["ok" in line for line in done.out.splitlines()[1:]]
            for name in ("ready", "go"):
                os.unlink(os.path.join(writable, name))
        self.assertEqual(found, {BWRAP: [True, True], self.ours: [False, True]})
