"""Somebody outside replaces or removes a file that a mount protects or hides: the kernel then drops the mount inside."""

import os
import signal
import subprocess
import time

import processes
from cases import PYTHON, Case, as_both

EXECUTORS = ["bwrap", "native"]
PAIRS, SURVIVED = 10, 2
UNGUARDED = ("--set", "danger.unguardedMounts=true")

# Tries to write until its input ends, and tells how often that went well; "tried" when it has begun.
WRITE = """
import os, select, sys
landed = tries = 0
while not select.select([0], [], [], float(sys.argv[2]))[0]:
    try:
        file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
        os.write(file, b"# from inside\\n")
        os.close(file)
        landed += 1
    except OSError:
        pass
    tries += 1
    if tries == 1: print("tried", flush=True)
print("landed", landed, flush=True)
"""
# Waits until it can open the file for writing, and keeps it open.
HOLD = """
import os, sys, time
print("tried", flush=True)
while True:
    try:
        file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
        break
    except OSError:
        pass
time.sleep(2)
os.write(file, b"# from inside\\n")
print("landed", flush=True)
"""
# Puts a file of its own in the place.
REPLACE = """
import os, sys
print("tried", flush=True)
while True:
    with open(".git/mine", "w") as mine: mine.write("[core]\\n# from inside\\n")
    try:
        os.rename(".git/mine", sys.argv[1])
        break
    except OSError:
        pass
print("landed", flush=True)
sys.stdin.read()
"""


@as_both
class Guard(Case):
    def setUp(self):
        super().setUp()
        self.succeeded(self.outside("git", "init", "-q"))
        self.config = os.path.join(self.project, ".git/config")

    def command(self, executor, *words, options=()):
        """fence with its input open, and its first line read: the command runs."""
        process = self.start([self.place.fence, "--backend", executor, *options, "--", *words],
                             stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"tried\n", process.args)
        return process

    def writer(self, executor, path=".git/config", pause=0.01, options=()):
        return self.command(executor, *PYTHON, WRITE, path, str(pause), options=options)

    @staticmethod
    def end(process):
        """The status, the rest of the output, and what fence said."""
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    def git_config(self, value):
        self.succeeded(self.outside("git", "config", "fence.test", str(value)))

    def git_config_until_the_end(self, process):
        """Each time the command may be too late. One in time is found before the file is replaced again."""
        for value in range(20):
            self.git_config(value)
            try:
                process.wait(timeout=1)
                return
            except subprocess.TimeoutExpired:
                pass

    def replace(self, path, text):
        """As editors and git do it."""
        with open(path + ".new", "w", encoding="utf-8") as new:
            new.write(text)
        self.own(path + ".new")
        os.rename(path + ".new", path)

    def ended(self, process, *texts):
        process.wait(timeout=60)
        status, _, err = self.end(process)
        self.assertEqual(status, 128 + signal.SIGKILL, err)
        for text in ("ended the sandbox", *texts):
            self.assertIn(text, err)

    def test_a_protected_file_that_git_replaces_stays_protected(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, "sh", "-c", "echo tried; read line; echo x >>.git/config; "
                                       "git config fence.test inside; git config fence.test")
                for value in range(10):
                    self.git_config(value)
                    time.sleep(0.05)
                process.stdin.write(b"go on\n")
                status, out, err = self.end(process)
                self.assertEqual((status, out), (0, "9\n"), err)
                self.assertIn("Read-only file system", err)
                self.assertNotIn("ended", err)

    def test_without_the_guard_the_same_write_lands(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.writer(executor, options=UNGUARDED)
                self.git_config(executor)
                time.sleep(0.3)
                status, out, err = self.end(process)
                self.assertEqual(status, 0, err)
                self.assertNotEqual(out, "landed 0\n")
                self.assertIn("# from inside", self.read(self.config))
                self.succeeded(self.outside("sh", "-c", "rm -rf .git; git init -q"))

    def test_a_write_in_the_moment_of_the_loss_ends_the_sandbox(self):
        """Nothing keeps a command that tries all the time from the file until the mount is there again. So either no
        write came through, or the sandbox is gone, and fence has named the file."""
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.writer(executor, pause=0)
                for value in range(20):
                    self.git_config(value)
                    if process.poll() is not None:
                        break
                    time.sleep(0.02)
                status, _, err = self.end(process)
                # What it wrote in the very moment of the rename is in the old file, which has no name any more.
                if "ended the sandbox" in err:
                    self.assertIn(self.config, err)
                else:
                    self.assertEqual(status, 0, err)
                    self.assertNotIn("# from inside", self.read(self.config))
                self.succeeded(self.outside("sh", "-c", "rm -rf .git; git init -q"))

    def test_a_descriptor_from_that_moment_is_found(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, *PYTHON, HOLD, ".git/config")
                self.git_config_until_the_end(process)
                status, _, err = self.end(process)
                # Or it opened the old file, which has no name any more.
                if status != 0:
                    self.assertEqual(status, 128 + signal.SIGKILL, err)
                    self.assertIn(f"ended the sandbox: {self.config}", err)
                self.assertNotIn("# from inside", self.read(self.config))

    def test_a_file_of_the_commands_own_in_the_place_is_found(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, *PYTHON, REPLACE, ".git/config")
                self.git_config_until_the_end(process)
                status, _, err = self.end(process)
                self.assertEqual(status, 128 + signal.SIGKILL, err)
                self.assertIn(f"ended the sandbox: {self.config}", err)
                self.succeeded(self.outside("sh", "-c", "rm -rf .git; git init -q"))

    def test_what_is_moved_away_removed_or_made_anew_ends_the_sandbox(self):
        self.file("home/project/.envrc", "x")
        for executor in EXECUTORS:
            for script, path in (("mv .envrc other; cp other .envrc", ".envrc"), ("rm .envrc; echo x >.envrc", ".envrc"),
                                 ("rm .envrc", ".envrc"), ("rm .envrc; ln -s other .envrc", ".envrc"),
                                 ("mv .git/hooks h; cp -r h .git/hooks", ".git/hooks"),
                                 ("mv .git g; cp -r g .git", ".git")):
                with self.subTest(executor + ": " + script):
                    process = self.command(executor, "sh", "-c", "echo tried; exec sleep 60")
                    self.succeeded(self.outside("sh", "-c", script))
                    self.ended(process, os.path.join(self.project, path))
                    self.succeeded(self.outside("sh", "-c", "rm -rf .envrc .git other g h; git init -q; echo x >.envrc"))

    def test_without_the_guard_a_directory_that_was_moved_away_can_be_written(self):
        """The control of the test above."""
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, "sh", "-c", "echo tried; read line; echo x >.git/hooks/pre-commit",
                                       options=UNGUARDED)
                self.succeeded(self.outside("sh", "-c", "mv .git g; cp -r g .git"))
                process.stdin.write(b"go on\n")
                self.assertEqual(self.end(process)[0], 0)
                self.assertEqual(self.read(self.project + "/.git/hooks/pre-commit"), "x\n")
                self.succeeded(self.outside("sh", "-c", "rm -rf .git g; git init -q"))

    def test_a_hidden_file_stays_hidden_when_it_is_replaced(self):
        secret = self.file("home/project/secret", "first")
        show = "echo tried; read line; cat secret"
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, "sh", "-c", show, options=("--deny-read", "secret"))
                self.replace(secret, "second")
                time.sleep(0.3)
                process.stdin.write(b"go on\n")
                status, out, err = self.end(process)
                self.assertEqual((status, out), (1, ""), err)
                self.assertIn("Permission denied", err)
                process = self.command(executor, "sh", "-c", show, options=("--deny-read", "secret", *UNGUARDED))
                self.replace(secret, "third")
                process.stdin.write(b"go on\n")
                self.assertEqual(self.end(process)[:2], (0, "third"), "the control")

    def test_other_files_of_the_directory_may_come_and_go(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, "sh", "-c", "echo tried; read line; git add . && git -c user.email=m commit -qm x && "
                                       "git log --format=%s")
                self.succeeded(self.outside("sh", "-c", "for i in $(seq 50); do echo $i >f$i; mv f$i g$i; done; "
                                            "git config user.name n; git add .; rm g*; echo x >kept"))
                time.sleep(0.2)
                process.stdin.write(b"go on\n")
                status, out, err = self.end(process)
                self.assertEqual((status, out), (0, "x\n"), err)
                self.succeeded(self.outside("sh", "-c", "rm -rf .git; git init -q"))

    def waiting(self, executor, options=()):
        return self.command(executor, "sh", "-c", "echo tried; read line", options=options)

    def watcher_of(self, process):
        return processes.wait_for("fence-guard", of=process.pid)

    def test_two_writes_in_a_row_can_be_survived(self):
        """git remote add writes twice, within a fraction of a millisecond. How often the second one comes too early
        depends on the machine; where it always did, the test that stops fence fails too."""
        for executor in EXECUTORS:
            with self.subTest(executor):
                ended, process = 0, None
                for number in range(PAIRS):
                    process = process or self.waiting(executor)
                    self.succeeded(self.outside("git", "remote", "add", f"r{number}", "u"))
                    try:
                        process.wait(timeout=0.1)
                        self.ended(process, self.config, "replaced twice")
                        ended, process = ended + 1, None
                    except subprocess.TimeoutExpired:
                        pass
                if process is not None:
                    self.assertEqual(self.end(process)[0], 1, "read(1) has met the end of its input")
                self.assertGreaterEqual(PAIRS - ended, SURVIVED)
                self.succeeded(self.outside("sh", "-c", "rm -rf .git; git init -q"))

    def test_two_writes_before_it_can_look_end_the_sandbox(self):
        """The control of the test above."""
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.waiting(executor)
                watcher = self.watcher_of(process)
                os.kill(watcher, signal.SIGSTOP)
                self.succeeded(self.outside("git", "remote", "add", "r", "u"))
                os.kill(watcher, signal.SIGCONT)
                self.ended(process, self.config, "replaced twice")
                self.succeeded(self.outside("git", "remote", "remove", "r"))

    def test_it_goes_on_while_fence_is_stopped(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, "sh", "-c", "echo tried; read line; echo x >>.git/config || echo kept")
                os.kill(process.pid, signal.SIGSTOP)
                for value in range(4):
                    self.git_config(value)
                    time.sleep(0.1)
                os.kill(process.pid, signal.SIGCONT)
                time.sleep(0.1)
                process.stdin.write(b"go on\n")
                status, out, err = self.end(process)
                self.assertEqual((status, out), (0, "kept\n"), err)

    def test_the_sandbox_ends_with_it(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.waiting(executor)
                os.kill(self.watcher_of(process), signal.SIGKILL)
                self.ended(process, "the process that guards its mounts was killed")

    def test_nothing_inside_or_on_the_terminal_reaches_it(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.command(executor, "sh", "-c", "echo tried; read line; cat /proc/[0-9]*/comm")
                watcher = self.watcher_of(process)
                self.assertEqual(os.getpgid(watcher), watcher)
                self.assertEqual(os.getsid(watcher), os.getsid(process.pid))
                # What cannot be looked at belongs to root (proc(5), PR_SET_DUMPABLE).
                self.assertEqual(os.stat(f"/proc/{watcher}/fd").st_uid, 0)
                if os.geteuid() == 0:
                    kinds = {os.readlink(f"/proc/{watcher}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{watcher}/fd")}
                    self.assertEqual({kind if kind == "socket" else os.path.basename(kind) for kind in kinds},
                                     {"socket", "mountinfo"})
                process.stdin.write(b"\n")
                status, out, err = self.end(process)
                self.assertEqual(status, 0, err)
                self.assertIn("fence-init", out)
                self.assertNotIn("fence-guard", out)

    def test_there_is_none_where_nothing_is_guarded(self):
        for executor in EXECUTORS:
            with self.subTest(executor):
                process = self.waiting(executor, options=UNGUARDED)
                names = {name for name, _ in processes.descendants(process.pid).values()}
                self.assertNotIn("fence-guard", names)
                self.assertIn("fence-init", names)
                process.stdin.write(b"\n")
                self.assertEqual(self.end(process)[0], 0)
