"""--userns, --userns2 and --pidns: namespaces that somebody else holds, joined by bwrap and by fence-bwrap."""

import fcntl
import os

import processes
from bwrap_lines import BWRAP, Lines, comparable
from cases import as_both

NS_GET_PARENT = 0xb702  # linux/nsfs.h
PROC = ["--proc", "/proc"]
# The descriptors that a row names: a user namespace with a pid namespace, and one below another.
USER, PID, OUTER, INNER = 45, 46, 47, 48
AS_7_9 = ["--user", "--map-user=7", "--map-group=9"]


@as_both
class Joined(Lines):
    def setUp(self):
        super().setUp()
        self.holders = []
        one, two = self.hold(*AS_7_9, "--pid"), self.hold("--user", "--map-root-user", "unshare", *AS_7_9)
        inner = self.opened(two, "user")
        outer = fcntl.ioctl(inner, NS_GET_PARENT)
        self.addCleanup(os.close, outer)
        self.fds = {USER: self.opened(one, "user"), PID: self.opened(one, "pid"), OUTER: outer, INNER: inner}

    def tearDown(self):
        for holder in self.holders:
            holder.kill()
        super().tearDown()

    def hold(self, *words):
        """The pid of what runs in the namespaces, as long as the test does."""
        self.holders.append(self.start(["unshare", *words, "--fork", "--kill-child", "sleep", "100"], cwd=self.top))
        return processes.wait_for("sleep", of=self.holders[-1].pid)

    def opened(self, pid, kind):
        fd = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        self.addCleanup(os.close, fd)
        return fd

    def number(self, fd):
        return os.fstat(self.fds[fd]).st_ino

    def both(self, *words):
        """What fence-bwrap did with these words, which is what bwrap did; {kind: number of the command's namespace}."""
        command = [*self.base, *words, "/probe", "tree", "/proc/self/ns/user", "tree", "/proc/self/ns/pid"]
        pictures, seen = [], {}
        for program in (BWRAP, self.ours):
            done = self.run_line(program, command, fds=self.fds)
            lines = comparable(done.out, self.top)
            seen = {kind: int(line.split("[")[1].split("]")[0]) for line in lines for kind in ("user", "pid")
                    if line.startswith(f"tree /proc/self/ns/{kind} ")}
            # bwrap says of one failure more than once.
            pictures.append((done.status, done.err.splitlines()[:1], [line for line in lines if not line.startswith("tree /proc/self")]))
        self.assertEqual(*pictures)
        return done, seen

    def joins(self, *words, user=None, pid=None):
        done, seen = self.both(*words, *PROC)
        self.succeeded(done)
        for kind, fd in (("user", user), ("pid", pid)):
            if fd is not None:
                self.assertEqual(seen[kind], self.number(fd), (words, kind))
        return done, seen

    def fails(self, text, *words):
        done, _ = self.both(*words, *PROC)
        self.says_no(done, text)

    def test_a_user_namespace(self):
        for words in ([], ["--uid", "7", "--gid", "9"], ["--dev", "/dev"], ["--cap-add", "ALL"], ["--cap-drop", "ALL"],
                      ["--unshare-pid", "--as-pid-1"], ["--tmpfs", "/t", "--bind", "/etc", "/etc"]):
            with self.subTest(words=words):
                done, _ = self.joins("--userns", str(USER), *words, user=USER)
                self.assertIn("ids 7 7 9 9\n", done.out)

    def test_a_second_one_when_all_is_set_up(self):
        for words in ([], ["--unshare-pid", "--dev", "/dev"], ["--unshare-net", "--unshare-uts", "--hostname", "inside"]):
            with self.subTest(words=words):
                done, _ = self.joins("--userns", str(OUTER), "--userns2", str(INNER), *words, user=INNER)
                self.assertIn("ids 7 7 9 9\n", done.out)

    def test_only_a_second_one(self):
        # It has to be below the one that bwrap is in by then.
        if self.AS_ROOT:
            self.joins("--userns2", str(INNER), user=INNER)
        else:
            self.fails("Setting userns2 failed: Operation not permitted", "--userns2", str(INNER))
        self.fails("Setting userns2 failed: Operation not permitted", "--unshare-user", "--userns2", str(INNER))

    def test_a_pid_namespace(self):
        self.joins("--userns", str(USER), "--pidns", str(PID), user=USER, pid=PID)
        _, seen = self.joins("--userns", str(USER), "--pidns", str(PID), "--unshare-pid", user=USER)
        self.assertNotIn(seen["pid"], (self.number(PID), os.stat("/proc/self/ns/pid").st_ino))
        if self.AS_ROOT:
            self.joins("--pidns", str(PID), pid=PID)
        else:
            self.fails("Setting pidns failed: Operation not permitted", "--pidns", str(PID))

    def test_what_cannot_be_joined(self):
        self.fails("unable to switch to uid 8: Invalid argument", "--userns", str(USER), "--uid", "8")
        self.fails("unable to switch to gid 8: Invalid argument", "--userns", str(USER), "--gid", "8")
        self.fails("Joining the specified user namespace failed, it might not be", "--userns", str(PID))
        self.fails("Setting pidns failed: Invalid argument", "--userns", str(USER), "--pidns", str(USER))
        # Where one is already cannot be joined again.
        self.fds[USER] = self.opened(os.getpid(), "user")
        self.fails("Joining the specified user namespace failed, it might not be", "--userns", str(USER))
