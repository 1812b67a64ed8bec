"""Where fence is started, and sizes and names at the limits of what a system call takes."""

import json
import os
import shlex
import tempfile

from cases import PYTHON, Case, as_both

CHANGE_AND_RUN = 'cd "$1" || exit 99; shift; exec "$@"'


@as_both
class StartDirectory(Case):
    def start_in(self, directory, script, *options):
        """Starts by changing the directory itself, since the test's own process may not be able to."""
        return self.outside("sh", "-c", CHANGE_AND_RUN, "sh", directory, self.place.fence, *options, "--", "sh", "-c", script,
                            cwd="/")

    def test_below_tmp(self):
        for parent in ["/tmp", "/var/tmp"]:
            directory = self.own(tempfile.mkdtemp(prefix="fence-test-", dir=parent))
            self.addCleanup(self.remove, directory)
            neighbour = self.own(tempfile.mkdtemp(prefix="fence-test-", dir=parent))
            self.addCleanup(self.remove, neighbour)
            self.file(f"{directory}/old", "old\n")
            done = self.succeeded(self.start_in(directory, f"cat old; echo new >new; ls {parent} | wc -l"))
            self.assertEqual(done.out, "old\n1\n")
            self.assertEqual(self.read(f"{directory}/new"), "new\n")
            self.failed(self.start_in(directory, f"ls {neighbour}"))

    def test_home(self):
        done = self.succeeded(self.start_in(self.home, "pwd; ! echo x >made"))
        self.assertEqual(done.out, self.home + "\n")
        self.assertRegex(done.err, "^fence: .*read-only")
        self.assertFalse(os.path.exists(f"{self.home}/made"))

    def test_root_directory(self):
        done = self.succeeded(self.start_in("/", "pwd; ! mkdir /fence-made"))
        self.assertEqual(done.out, "/\n")
        self.assertRegex(done.err, "^fence: .*read-only")

    def test_above_the_home(self):
        done = self.succeeded(self.start_in(self.top, "! mkdir made"))
        self.assertRegex(done.err, "^fence: .*read-only")

    def test_system_directories(self):
        for directory in ["/usr", "/etc", "/home", "/usr/bin"]:
            done = self.succeeded(self.start_in(directory, "pwd; ! mkdir made"))
            self.assertEqual(done.out, directory + "\n")

    def test_deleted(self):
        script = 'mkdir x; cd x; rmdir ../x; exec "$@"'
        done = self.outside("sh", "-c", script, "sh", self.place.fence, "--", "echo", "ran")
        self.refused(done, "no such file or directory")

    def test_through_a_link(self):
        self.link("home/linked", "project")
        done = self.succeeded(self.start_in(f"{self.home}/linked", "pwd; pwd -P; echo x >made"))
        self.assertEqual(done.out.splitlines()[1], self.project)
        self.assertTrue(os.path.exists(f"{self.project}/made"))

    def test_hidden_directory(self):
        self.refused(self.start_in(self.project, "pwd", "--deny-read", "."), self.project)
        for name in [".ssh", ".config/gh"]:
            keys = self.directory(f"home/{name}", 0o700)
            self.refused(self.start_in(keys, "ls"), keys)

    def test_directory_option(self):
        self.directory("home/other")
        done = self.succeeded(self.inside("pwd; echo x >made", "-C", "../other"))
        self.assertEqual(done.out, f"{self.home}/other\n")
        self.assertTrue(os.path.exists(f"{self.home}/other/made"))

    def test_directory_that_others_own(self):
        directory = self.directory("home/foreign")
        if not self.AS_ROOT:
            if os.geteuid() != 0:
                self.skipTest("only root can give a directory away")
            os.chown(directory, 0, 0)
            self.succeeded(self.start_in(directory, "pwd; ! mkdir made"))
            return
        os.chown(directory, 12345, 12345)
        self.refused(self.start_in(directory, "mkdir made"), directory, "hint")

    def test_writable_for_others_is_fine_for_root(self):
        directory = self.directory("home/shared")
        os.chmod(directory, 0o777)
        self.succeeded(self.start_in(directory, "mkdir made"))


@as_both
class OddNames(Case):
    NAMES = ["new\nline", "a b", "quote'\"", "$HOME", "`id`", "-C", "~", "*?[x]", "back\\slash", "\udcff\udcfe", "ü€", "\x1b[31m",
             "x" * 255, "a=b", ":", "#"]

    def test_workspaces_of_any_name(self):
        for name in self.NAMES:
            path = self.directory(f"home/odd/{name}")
            with self.subTest(name):
                self.file(f"{path}/.git/config", "x")
                self.file(f"{path}/in", "in")
                self.assertEqual(self.output("cat in; pwd >out; ! echo x >.git/config", cwd=path), "in")
                with open(f"{path}/out", "rb") as out:
                    self.assertEqual(out.read(), os.fsencode(path) + b"\n")

    def test_names_on_the_command_line(self):
        for name in self.NAMES:
            directory = self.directory(f"other/{name}")
            if any(c in name for c in "$*?["):
                # TOML's basic strings have JSON's escapes.
                spelled = json.dumps(directory, ensure_ascii=False)
                options = ["--set", f"filesystem.allowWrite=[{{path={spelled}, literal=true}}]"]
            else:
                options = ["-w", directory]
            with self.subTest(name):
                self.output(f"echo x >{shlex.quote(directory)}/made", *options)
                self.assertTrue(os.path.exists(f"{directory}/made"))

    def test_no_control_byte_reaches_the_terminal(self):
        self.directory("home/odd/\x1b[31m\udcff")
        for form in ["text", "json", "bwrap"]:
            out = self.plan("--format", form, "--", "echo", "\x1b[31m", cwd=f"{self.home}/odd/\x1b[31m\udcff")
            self.assertNotIn("\x1b", out, form)


@as_both
class Limits(Case):
    def test_three_hundred_binds(self):
        lines = []
        for number in range(300):
            self.file(f"binds/{number}/file", str(number))
            lines.append(f'[[filesystem.bind]]\nsource = "{self.top}/binds/{number}"\ntarget = "/tmp/b/{number}"\n')
        self.settings("".join(lines))
        out = self.output("cat /tmp/b/*/file | wc -c; cat /tmp/b/299/file; ! touch /tmp/b/7/file 2>/dev/null")
        self.assertEqual(out, str(10 + 180 + 600) + "\n299")

    def test_three_hundred_grants(self):
        options = []
        for number in range(300):
            self.directory(f"grants/{number}")
            options += ["-w", f"{self.top}/grants/{number}"]
        self.output(f"for i in {self.top}/grants/*; do echo x >$i/made || exit 1; done", *options)
        self.assertTrue(all(os.path.exists(f"{self.top}/grants/{number}/made") for number in range(300)))

    def test_a_home_of_many_entries(self):
        self.directory("home/.ssh")
        for number in range(500):
            self.file(f"home/file{number}", str(number))
        self.assertEqual(self.output("cat ~/file499; ls ~ | wc -l; ls -d ~/.ssh 2>/dev/null || :").split(), ["499" + "501"])

    def test_two_hundred_kilobytes_of_arguments(self):
        arguments = [f"{number:04}" + "x" * 96 for number in range(1000)] + ["y" * 100_000]
        code = "import hashlib, os, sys; print(hashlib.sha256('\\0'.join(sys.argv[1:]).encode()).hexdigest(), len(sys.argv))"
        expected = self.outside(*PYTHON, code, *arguments).out
        self.assertEqual(self.fence("--", *PYTHON, code, *arguments).out, expected)

    def test_many_arguments(self):
        self.assertEqual(self.fence("--", "sh", "-c", "echo $#", "sh", *["x"] * 20000).out, "20000\n")

    def deep(self, length):
        """A directory of the user's whose path has that many bytes, made step by step."""
        path = self.directory(f"home/project/{length}")
        descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY)
        while len(path) < length:
            name = "d" * min(200, length - len(path) - 1)
            os.mkdir(name, dir_fd=descriptor)
            os.chown(name, self.user.uid, self.user.gid, dir_fd=descriptor)
            below = os.open(name, os.O_PATH | os.O_DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor, path = below, f"{path}/{name}"
        self.addCleanup(os.close, descriptor)
        return path, descriptor

    def run_at(self, length):
        path, descriptor = self.deep(length)
        script = f"cd /proc/self/fd/{descriptor} && exec \"$@\""
        done = self.outside("sh", "-c", script, "sh", self.place.fence, "--", "sh", "-c", "echo made >file; pwd",
                            pass_fds=[descriptor])
        if done.status == 0:
            self.assertEqual(os.stat("file", dir_fd=descriptor).st_size, 5)
        return path, done

    def test_a_working_directory_of_many_bytes(self):
        path, done = self.run_at(2000)
        self.assertEqual(self.succeeded(done).out, path + "\n")

    def test_a_working_directory_at_the_limit_is_right_or_refused(self):
        # bwrap puts a prefix before each path.
        for length in [4000, 4080, 4087, 4088, 4094]:
            with self.subTest(length):
                _, done = self.run_at(length)
                if done.status != 0:
                    self.refused(done)
                    self.assertRegex(done.err, "too long|takes no more than")

    def test_a_working_directory_past_the_limit_is_refused(self):
        _, done = self.run_at(4300)
        self.refused(done)
