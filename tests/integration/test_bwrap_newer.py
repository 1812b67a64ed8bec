"""What bwrap 0.8.0 lacks, does otherwise, or hangs on."""

import os

import bwrap_lines
from bwrap_lines import BWRAP, Lines
from cases import as_both


def opened(test, path, flags=os.O_RDONLY):
    fd = os.open(path, flags)
    test.addCleanup(os.close, fd)
    return fd


@as_both
class Words(Lines):
    def test_version_and_help(self):
        self.assertEqual(self.run_line(self.ours, ["--version"]).out, "bubblewrap 0.11.1\n")
        help_text = self.succeeded(self.run_line(self.ours, ["--help"])).out
        self.assertTrue(help_text.startswith(f"usage: {self.ours} [OPTIONS...] [--] COMMAND [ARGS...]\n"))
        theirs = {line.split()[0] for line in self.run_line(BWRAP, ["--help"]).out.splitlines() if line.startswith("    --")}
        ours = {line.split()[0] for line in help_text.splitlines() if line.startswith("    --")}
        self.assertEqual(theirs - ours, set())
        self.assertIn("--argv0", ours)

    def test_argv0(self):
        done = self.succeeded(self.line("--argv0", "other", "/probe", "quiet", "x"))
        self.assertEqual(done.out.splitlines()[0], "argv other")

    def test_level_prefix(self):
        done = self.line("--chdir", "a", "--level-prefix", "--chdir", "b", "/probe")
        self.assertEqual(done.err, "<4>bwrap: Only the last --chdir option will take effect\n"
                                   "<3>bwrap: Can't chdir to b: No such file or directory\n")

    def test_the_same_link_twice(self):
        self.succeeded(self.line("--symlink", "a", "/l", "--symlink", "a", "/l", "/probe", "quiet"))
        self.says_no(self.line("--symlink", "a", "/l", "--symlink", "b", "/l", "/probe"), "existing destination is a\n")
        self.says_no(self.line("--dir", "/l", "--symlink", "b", "/l", "/probe"),
                     "destination exists and is not a symlink\n")

    def test_executes_itself_under_any_name(self):
        done = self.run_line("/bin/sh", ["-c", f'exec -a something "{self.ours}" --version'], executable="/bin/bash")
        self.assertEqual(done.out, "bubblewrap 0.11.1\n")
        words = ["--bind", "/", "/", self.ours, *self.base, "/probe", "exit", "5"]
        self.assertEqual(self.run_line(self.ours, words).status, 5)

    def test_descriptors_that_are_none_are_said_and_leave_nobody(self):
        for option, text in (("--info-fd", "Write to info_fd: Bad file descriptor"), ("--userns2", "Setting userns2 failed"),
                             ("--json-status-fd", "Write to info_fd"), ("--pidns", "Setting pidns failed"),
                             ("--lock-file", "Unable to open lock file 99: No such file")):
            self.says_no(self.line(option, "99", "/probe"), text)

    def test_no_lock_no_command(self):
        mark = os.path.join(self.directory("d"), "mark")
        self.says_no(self.line("--bind", os.path.dirname(mark), "/d", "--lock-file", "/none", "/probe", "write", "/d/mark"),
                     "Unable to open lock file /none")
        self.assertFalse(os.path.exists(mark))


@as_both
class Overlays(Lines):
    def setUp(self):
        super().setUp()
        self.file("low/a", "low a")
        self.file("low/b", "low b")
        self.file("high/a", "high a")
        for name in ("rw", "work"):
            self.directory(name)
        self.layers = ["--overlay-src", "low", "--overlay-src", os.path.join(self.top, "high")]

    def test_the_last_source_is_on_top(self):
        for words in (["--ro-overlay", "/o"], ["--tmp-overlay", "/o"], ["--overlay", "rw", "work", "/o"]):
            done = self.succeeded(self.line(*self.layers, *words, "/probe", "read", "/o/a", "read", "/o/b", "quiet"))
            self.assertEqual(done.out.splitlines(), ["read /o/a: ok high a", "read /o/b: ok low b"], words)

    def test_changes_go_where_they_are_wanted(self):
        def write(*words):
            return self.succeeded(self.line(*self.layers, *words, "/probe", "write", "/o/new", "quiet")).out

        self.assertIn("Read-only file system", write("--ro-overlay", "/o"))
        self.assertIn("ok", write("--tmp-overlay", "/o"))
        self.assertEqual(os.listdir(os.path.join(self.top, "rw")), [])
        self.assertIn("ok", write("--overlay", "rw", "work", "/o"))
        self.assertEqual(os.listdir(os.path.join(self.top, "rw")), ["new"])
        self.assertEqual(sorted(os.listdir(os.path.join(self.top, "low"))), ["a", "b"])

    def test_names_with_what_overlayfs_separates_by(self):
        self.file("we:ird,na\\me/x", "odd")
        done = self.succeeded(self.line("--overlay-src", "we:ird,na\\me", "--tmp-overlay", "/o", "/probe", "read", "/o/x", "quiet"))
        self.assertEqual(done.out, "read /o/x: ok odd\n")

    def test_as_the_root(self):
        self.file("high/probe", "")
        done = self.succeeded(self.line(*self.layers, "--tmp-overlay", "/", "--ro-bind", self.probe, "/probe", "/probe", "read",
                                         "/a", "quiet"))
        self.assertEqual(done.out, "read /a: ok high a\n")

    def test_two_of_them(self):
        self.succeeded(self.line("--overlay-src", "low", "--tmp-overlay", "/o", "--overlay-src", "high", "--tmp-overlay", "/p",
                                  "/probe", "read", "/o/a", "read", "/p/a", "quiet"))

    def test_a_source_that_is_not_there(self):
        self.says_no(self.line("--overlay-src", "none", "--tmp-overlay", "/o", "/probe"), "Can't find source path none")
        self.says_no(self.line("--overlay-src", "low", "--overlay", "rw", "none", "/o", "/probe"),
                     "Can't find source path none")


@as_both
class OpenSources(Lines):
    def test_one_that_was_deleted_is_refused(self):
        path = self.directory("d")
        fd = opened(self, path)
        self.succeeded(self.line("--bind-fd", "45", "/x", "/probe", fds={45: fd}))
        os.rmdir(path)
        self.says_no(self.line("--bind-fd", "45", "/x", "/probe", fds={45: fd}), "Can't find source path /proc/self/fd/45")

    def test_one_over_which_something_is_mounted_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("mounts for the test")
        path = self.directory("d")
        # The descriptor is of what lies below the mount, which has the same name.
        done = self.with_mounts(f"exec 9<{path}; mount -t tmpfs none {path}", self.ours, *self.base, "--bind-fd", "9", "/x", "/probe")
        self.says_no(done, "Race condition binding dirfd")

    def test_a_namespace_file_by_its_link(self):
        # Flatpak hands one over like that.
        for option in ("--ro-bind-try", "--ro-bind"):
            done = self.succeeded(self.line(option, "/proc/self/ns/user", "/run/.userns", "--proc", "/proc", "/probe"))
            self.assertIn("mount /run/.userns", "\n".join(bwrap_lines.comparable(done.out, self.top)))

    def test_what_a_mount_of_the_hosts_forbids_stays_forbidden(self):
        if os.geteuid() != 0:
            self.skipTest("mounts for the test")
        path = self.directory("d")
        host = f"mount --bind {path} {path} && mount -o remount,bind,nosymfollow,noexec {path}"
        flags = {}
        for program in (BWRAP, self.ours):
            done = self.succeeded(self.with_mounts(host, program, *self.base, "--bind", path, "/d", "--proc", "/proc", "/probe"))
            found = [line for line in bwrap_lines.comparable(done.out, self.top) if line.startswith("mount /d ")]
            flags[program] = set(found[0].split()[3].split(","))
        self.assertEqual(flags[self.ours], {"rw", "nosuid", "nodev", "noexec", "relatime", "nosymfollow"})
        # The control: bwrap knows of fewer flags.
        self.assertEqual(flags[self.ours] - flags[BWRAP], {"nosymfollow"})


class Namespaces(Lines):
    """By descriptor; as an ordinary user, who owns what another of his sandboxes has."""

    def holder(self, *words):
        """A sandbox that runs, and the pid of its command outside."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        process = self.start_line(self.ours, [*self.base, "--die-with-parent", "--info-fd", "45", *words, "/probe", "sleep", "60"],
                             fds={45: write})
        os.close(write)
        text = os.read(read, 4096).decode()
        while "}" not in text:
            text += os.read(read, 4096).decode()
        pid = int(text.split('"child-pid": ')[1].split(",")[0].split("\n")[0])
        return process, pid

    def test_a_pid_namespace_is_joined(self):
        process, pid = self.holder("--unshare-user", "--unshare-pid")
        user, pids = opened(self, f"/proc/{pid}/ns/user"), opened(self, f"/proc/{pid}/ns/pid")
        for words, expected in (([], os.readlink(f"/proc/{pid}/ns/pid")), (["--unshare-pid"], None)):
            read, write = os.pipe()
            done = self.succeeded(self.line("--userns", "45", "--pidns", "46", *words, "--proc", "/proc", "--json-status-fd",
                                             "47", "/probe", "tree", "/proc/self/ns/pid", fds={45: user, 46: pids, 47: write}))
            os.close(write)
            status = os.read(read, 4096).decode()
            os.close(read)
            self.assertIn('"exit-code": 0', status)
            found = done.out.splitlines()[0].split(" -> ")[1].split()[0]
            self.assertEqual(found == os.readlink(f"/proc/{pid}/ns/pid"), expected is not None, done)
            self.assertNotEqual(found, os.readlink("/proc/self/ns/pid"))
        process.kill()

    def test_maps_that_the_caller_writes(self):
        if os.geteuid() != 0:
            self.skipTest("only root can map two ids")
        info_read, info_write = os.pipe()
        block_read, block_write = os.pipe()
        process = self.start_line(self.ours, [*self.base, "--unshare-user", "--info-fd", "45", "--userns-block-fd", "46", "--proc",
                                         "/proc", "/probe"], fds={45: info_write, 46: block_read})
        os.close(info_write)
        os.close(block_read)
        text = os.read(info_read, 4096).decode()
        pid = int(text.split('"child-pid": ')[1].split(",")[0])
        uid, gid = self.user.uid, self.user.gid
        for name, text in (("uid_map", f"0 {uid} 1\n1 100000 10\n"), ("gid_map", f"0 {gid} 1\n1 100000 10\n")):
            with open(f"/proc/{pid}/{name}", "w", encoding="ascii") as file:
                file.write(text)
        os.write(block_write, b"x")
        out, err = process.communicate(timeout=60)
        os.close(block_write)
        os.close(info_read)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertIn(b"uid_map          1     100000         10\n", out)

