"""A run as a script sees it: output, exit status, and the few lines that fence adds."""

import os
import unittest

from cases import CliCases, for_each_user


class RunCases(CliCases):
    def test_the_command_alone_is_heard(self):
        self.check(["sh", "-c", "echo out; echo err >&2"], 0, "out\n", "err\n")

    def test_exit_statuses(self):
        for script, status in (("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -9 $$", 137)):
            self.check(["sh", "-c", script], status, "", "")

    def test_a_command_that_is_not_found(self):
        done = self.run_fence("no-such-command")
        self.assertEqual((done.returncode, done.stdout), (127, ""))
        self.assertTrue(done.stderr.startswith("fence: cannot run no-such-command: command not found\n"), done.stderr)

    def test_a_command_that_is_not_executable(self):
        self.write("project/script", "echo never\n")
        done = self.run_fence("./script")
        self.assertEqual((done.returncode, done.stdout), (126, ""))
        self.assertTrue(done.stderr.startswith("fence: cannot run ./script: permission denied\n"), done.stderr)

    def test_a_command_of_a_subcommands_name(self):
        path = self.write("project/plan", '#!/bin/sh\necho ran "$@"\n')
        os.chmod(path, 0o755)
        environment = {**self.environment(), "PATH": self.project + ":/usr/bin:/bin"}
        self.check(["--", "plan", "--format", "json"], 0, "ran --format json\n", "", env=environment)

    def test_options_of_the_command_are_the_commands(self):
        self.check(["echo", "--net", "--", "-v"], 0, "--net -- -v\n", "")

    def test_the_start_directory(self):
        os.mkdir(os.path.join(self.project, "sub"))
        self.own(os.path.join(self.project, "sub"))
        self.check(["-C", "sub", "pwd"], 0, "TMP/home/project/sub\n", "")

    def test_variables(self):
        environment = {**self.environment(), "GITHUB_TOKEN": "secret", "PLAIN": "1"}
        script = 'echo "$GITHUB_TOKEN|$PLAIN|$NEW"'
        self.check(["sh", "-c", script], 0, "|1|\n", "", env=environment)
        self.check(
            ["--env", "GITHUB_TOKEN", "--env", "NEW=a=b", "sh", "-c", script], 0, "secret|1|a=b\n", "", env=environment
        )

    def test_descriptors_are_closed_unless_kept(self):
        read_end, write_end = os.pipe()
        os.write(write_end, b"through\n")
        os.close(write_end)
        script = f"cat <&{read_end}"
        done = self.run_fence("sh", "-c", script, pass_fds=[read_end])
        self.assertNotEqual(done.returncode, 0)
        self.check(["--keep-fd", str(read_end), "sh", "-c", script], 0, "through\n", "", pass_fds=[read_end])
        os.close(read_end)

    def test_process_substitution(self):
        done = self.execute(["bash", "-c", f'"{self.fence}" diff <(echo a) <(echo b)'])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "1c1\n< a\n---\n> b\n", ""))

    def test_only_what_is_written_in_the_working_directory_stays(self):
        self.check(["sh", "-c", "echo x > made; echo y > /tmp/made; echo z > /var/tmp/made"], 0, "", "")
        self.assertEqual(os.listdir(self.project), ["made"])
        self.assertFalse(os.path.exists("/tmp/made") or os.path.exists("/var/tmp/made"))
        control = os.path.join(self.home, "made")
        self.assertEqual(self.execute(["sh", "-c", 'echo x > "$HOME/made"']).returncode, 0)
        os.unlink(control)
        done = self.run_fence("sh", "-c", 'echo x > "$HOME/made"')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Read-only file system", done.stderr)
        self.assertFalse(os.path.exists(control))

    def test_protected_paths_that_the_command_made_are_told(self):
        told = "fence: the command made TMP/home/project/.envrc, which can run code outside the sandbox: "
        self.check(["touch", ".envrc"], 0, "", told + "look at it before you use it\n")
        os.unlink(os.path.join(self.project, ".envrc"))
        self.check(["true"], 0, "", "")

    def test_protected_paths_are_moved_aside_on_request(self):
        told = "fence: the command made TMP/home/project/.envrc, which can run code outside the sandbox: "
        quarantine = ["--set", "filesystem.absentProtected=quarantine"]
        self.check([*quarantine, "touch", ".envrc"], 0, "", told + "it was moved to TMP/home/project/.envrc.fence-quarantine\n")
        self.check([*quarantine, "touch", ".envrc"], 0, "", told + "it was moved to TMP/home/project/.envrc.fence-quarantine-2\n")
        self.assertEqual(sorted(os.listdir(self.project)), [".envrc.fence-quarantine", ".envrc.fence-quarantine-2"])

    def test_a_failure_without_network_is_explained(self):
        script = self.write("project/curl", "#!/bin/sh\nexit 6\n")
        os.chmod(script, 0o755)
        hint = "fence: hint: there is no network in this sandbox; `--net host` gives it the host's\n"
        self.check(["./curl", "x"], 6, "", hint)
        self.check(["--net", "host", "./curl", "x"], 6, "", "")

    def test_git_config_of_a_protected_repository_is_explained(self):
        self.assertEqual(self.execute(["git", "init", "-q"]).returncode, 0)
        done = self.run_fence("git", "config", "a.b", "c")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("fence: hint: the repository's config is read-only here", done.stderr)
        self.assertEqual(self.run_fence("git", "status", "--short").returncode, 0)


globals().update(for_each_user(RunCases))
del RunCases

if __name__ == "__main__":
    unittest.main()
