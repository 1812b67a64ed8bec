"""XDG_RUNTIME_DIR as logins, su, sudo, cron, containers and users leave it, and what the command has instead."""

import json
import os
import signal
import subprocess
import tempfile
import time

import processes
from cases import Case, as_both, mounts

EXECUTORS = ["native", "bwrap"]
# Mode, owner, file system, mount options, and what is in it.
LOOK = """
import json, os, sys
path = os.environ["XDG_RUNTIME_DIR"]
at, row = os.stat(path), [line.split() for line in open("/proc/self/mountinfo") if line.split()[4] == os.path.realpath(path)]
json.dump([path, oct(at.st_mode), at.st_uid, row[-1][row[-1].index("-") + 1] if row else "", os.listdir(path),
           sorted({"nosuid", "nodev"} & set(row[-1][5].split(","))) if row else []], sys.stdout)
"""


class RuntimeCase(Case):
    def real(self, name="r", mode=0o700):
        path = self.directory(f"{self.place.root}/{name}", mode)
        self.addCleanup(self.remove, path)
        self.file(f"{path}/bus", "x")
        return path

    def look(self, *options):
        return json.loads(self.succeeded(self.python(LOOK, *options)).out)

    def is_private(self, seen, place=None):
        path, *rest = seen
        self.assertEqual(rest, ["0o40700", self.user.uid, "tmpfs", [], ["nodev", "nosuid"]], path)
        if place:
            self.assertEqual(path, place)

    def reason(self, *options):
        return json.loads(self.plan("--format", "json", *options, "--", "true"))["runtime_dir"]["reason"]


@as_both
class Inherited(RuntimeCase):
    def becomes_private(self, value, *options, place=None, why=None):
        self.environment["XDG_RUNTIME_DIR"] = value
        for executor in EXECUTORS:
            with self.subTest(value, executor=executor):
                self.is_private(self.look("--backend", executor, *options), place)
        if why:
            self.assertIn(why, self.reason(*options))

    def test_unset(self):
        for executor in EXECUTORS:
            self.is_private(self.look("--backend", executor), f"/run/user/{self.user.uid}")

    @staticmethod
    def as_made(path):
        """All but the time of the last access, which following a link changes."""
        at = os.lstat(path)
        return at.st_ino, at.st_mode, at.st_uid, at.st_gid, at.st_nlink, at.st_mtime_ns, at.st_ctime_ns

    def test_a_link_to_a_good_directory(self):
        real = self.real()
        link = self.link(f"{self.place.root}/l", real)
        self.addCleanup(os.unlink, link)
        before = self.as_made(link)
        self.becomes_private(link)
        self.assertEqual(self.look("-w", real)[:2], [link, "0o40700"])
        self.assertEqual(self.output("ls $XDG_RUNTIME_DIR", "-w", real), "bus\n")
        self.assertEqual(self.as_made(link), before)

    def test_a_link_to_a_directory_of_others(self):
        link = self.link(f"{self.place.root}/o", "/root" if self.user.uid else "/var/tmp")
        self.addCleanup(os.unlink, link)
        self.becomes_private(link)

    def test_a_directory_below_tmp(self):
        """As a start script makes one. The name stays, though /tmp is another one inside."""
        real = tempfile.mkdtemp(prefix="run-", dir="/tmp")
        self.addCleanup(self.remove, real)
        self.own(real)
        self.file(f"{real}/bus", "x")
        self.must_stay_the_same(real)
        self.becomes_private(real, why="hidden")

    def test_a_directory_that_its_owner_cannot_enter(self):
        self.becomes_private(self.real("closed", 0o000))

    def test_a_path_that_is_too_long_for_sockets(self):
        real = self.directory(f"{self.place.root}/{'l' * 60}", 0o700)
        self.addCleanup(self.remove, real)
        self.becomes_private(real, "-w", real, place=f"/run/user/{self.user.uid}", why="too long for sockets")

    def test_a_newline_and_other_bytes_in_the_name(self):
        self.becomes_private(f"{self.place.root}/\n\x1b[2J", place=f"/run/user/{self.user.uid}")


class OtherRun(RuntimeCase):
    """Needs root for the mounts; fence runs as an ordinary user."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("mounts need root")
        super().setUp()
        self.standard = f"/run/user/{self.user.uid}"

    def run_with(self, prepare, *words):
        login = f"mount -t tmpfs -o mode=755 none /run && mkdir -p {self.standard} && " \
            f"chown {self.user.uid}:{self.user.gid} {self.standard} && chmod 700 {self.standard}"
        return self.succeeded(self.with_mounts(f"{login} && {prepare}", self.place.fence, *words)).out

    def look_with(self, prepare, *options):
        return json.loads(self.run_with(prepare, *options, "--", "/usr/bin/python3", "-ISc", LOOK))

    def test_the_directory_of_a_login(self):
        self.environment["XDG_RUNTIME_DIR"] = self.standard
        prepare = f"mkdir {self.standard}/gnupg && touch {self.standard}/bus"
        for executor in EXECUTORS:
            self.is_private(self.look_with(prepare, "--backend", executor), self.standard)
        # The control: what the mount covers is there.
        self.assertEqual(sorted(self.look_with(prepare, "-w", self.standard)[4]), ["bus", "gnupg"])

    def test_where_su_or_a_faulty_login_left_another_owner(self):
        for value, prepare in [("/run/user/0", "mkdir -m 700 /run/user/0"),
                               (self.standard + "/", f"chown 0:0 {self.standard}"),
                               (self.standard, f"rmdir {self.standard}"),
                               (self.standard, f"chmod 755 {self.standard}"),
                               ("/run/user", ":"), ("/run", ":")]:
            self.environment["XDG_RUNTIME_DIR"] = value
            with self.subTest(value, prepare=prepare):
                seen = self.look_with(prepare)
                self.is_private(seen)
                self.assertEqual(seen[0].rstrip("/"), self.standard)

    def test_a_read_only_file_system(self):
        real = self.real()
        self.environment["XDG_RUNTIME_DIR"] = real
        prepare = f"mount --bind {real} {real} && mount -o remount,bind,ro {real}"
        self.is_private(self.look_with(prepare, "-w", real))
        self.assertEqual(self.look("-w", real)[4], ["bus"])  # the control: writable, it is kept

    def test_noexec_is_kept_and_said(self):
        real = self.real()
        self.environment["XDG_RUNTIME_DIR"] = real
        prepare = f"mount -t tmpfs -o noexec,mode=700,uid={self.user.uid},gid={self.user.gid} none {real} && touch {real}/mark"
        self.assertEqual(self.look_with(prepare, "-w", real)[4], ["mark"])
        self.assertIn("noexec", self.run_with(prepare, "plan", "-w", real, "--", "true"))


@as_both
class OnlyTheCommands(RuntimeCase):
    """The private directory is in one sandbox and nowhere else, and ends with it."""

    HOLD = 'echo secret >"$XDG_RUNTIME_DIR/mark"; readlink /proc/self/ns/mnt; read end; cat "$XDG_RUNTIME_DIR/mark"'

    def hold(self, *options):
        """A sandbox that waits; gives its mount namespace too."""
        process = self.start([self.place.fence, *options, "--", "sh", "-c", self.HOLD], stdin=subprocess.PIPE)
        namespace = process.stdout.readline().decode().strip()
        self.assertRegex(namespace, r"mnt:\[\d+\]")
        return process, namespace

    @staticmethod
    def namespaces():
        found = set()
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                found.add(os.readlink(f"/proc/{entry}/ns/mnt"))
            except OSError:
                pass
        return found

    def test_neither_the_host_nor_another_sandbox_sees_it(self):
        real = self.real()
        self.environment["XDG_RUNTIME_DIR"] = real
        self.must_stay_the_same(real)
        for executor in EXECUTORS:
            process, _ = self.hold("--backend", executor)
            before = mounts()
            self.assertEqual(os.listdir(real), ["bus"])
            self.assertEqual(before, self.mounts_before)
            self.is_private(self.look("--backend", executor))
            self.assertEqual(process.communicate(b"\n", timeout=60)[0], b"secret\n")

    def test_it_ends_with_the_command_and_with_fence(self):
        for executor in EXECUTORS:
            for how in [None, signal.SIGKILL]:
                with self.subTest(executor=executor, how=how):
                    process, namespace = self.hold("--backend", executor)
                    self.assertIn(namespace, self.namespaces())
                    if how is None:
                        process.communicate(b"\n", timeout=60)
                    else:
                        process.send_signal(how)
                        process.wait(60)
                    self.assertEqual(processes.wait_until_gone(20), {})
                    end = time.monotonic() + 20
                    while namespace in self.namespaces() and time.monotonic() < end:
                        time.sleep(0.01)
                    self.assertNotIn(namespace, self.namespaces())
                    self.assertFalse(os.path.exists(f"/run/user/{self.user.uid}/mark"))
