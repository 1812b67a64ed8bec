"""What fence says of a command line, a settings file or a wish that it cannot use. Nothing is ever run then."""

import json
import os
import unittest

from cases import CliCases, for_each_user

HINT_COMMAND = "  hint: fence [options] [--] COMMAND [ARGUMENTS...]"


class UsageCases(CliCases):
    def test_no_command(self):
        for words in ([], ["--"], ["-v"]):
            self.refused(words, "fence: no command is given", HINT_COMMAND)

    def test_no_command_to_plan_for(self):
        self.check(["plan"], 125, "", f"fence: no command is given\n{HINT_COMMAND}\n")

    def test_an_unknown_option_names_the_nearest(self):
        self.refused(
            ["--alow-write", "touch", "made"], "fence: unknown option --alow-write", "  hint: did you mean --allow-write?"
        )

    def test_an_unknown_option_is_never_the_command(self):
        for words in (["--bogus-thing"], ["--bogus-thing", "--", "touch", "made"], ["-v", "--bogus-thing", "ls"]):
            self.refused(words, "fence: unknown option --bogus-thing", "  hint: `fence --help` lists them")
        self.assertEqual(os.listdir(self.project), [])

    def test_an_option_is_not_the_value_of_another(self):
        self.refused(
            ["-w", "--net", "host", "ls"],
            "fence: option --allow-write needs a value: PATH",
            "  hint: a value that starts with '-' is written --allow-write=--net",
        )

    def test_all_mistakes_at_once(self):
        self.refused(
            ["--format", "png", "--keep-fd=x", "--net", "host", "--net", "none", "touch", "made"],
            'fence: cannot use "png": it must be text, json, bwrap or facts',
            "  asked for by --format",
            'fence: cannot use "x": it must be the number of an open descriptor',
            "  asked for by --keep-fd",
            "fence: option --net is given twice",
            "fence: option --format belongs to `fence plan`",
            "  hint: fence plan --format ... COMMAND",
        )
        self.assertEqual(os.listdir(self.project), [])

    def test_a_bad_set(self):
        self.refused(
            ["--set", "networkmode", "ls"],
            'fence: cannot understand "networkmode": it has no "="',
            "  asked for by --set networkmode",
            "  hint: write KEY=VALUE, as in network.mode=host",
        )

    def test_unknown_keys_and_wrong_types(self):
        done = self.run_fence("--set", "network.mod=host", "--set", "nesting=3", "ls")
        self.assertEqual(done.returncode, 125)
        self.assertIn('fence: unknown setting "network.mod"\n  asked for by --set network.mod\n', done.stderr)
        self.assertIn("did you mean", done.stderr)
        self.assertIn("fence: nesting must be true or false, not a whole number\n  asked for by --set nesting", done.stderr)

    def test_missing_paths_all_at_once(self):
        hint = "  hint: check the spelling, or make it first"
        self.refused(
            ["-w", "/no/where", "-r", "/not/there", "--deny-read", "gone", "touch", "made"],
            "fence: cannot allow writing to /no/where: no such file or directory",
            "  asked for by --allow-write",
            hint,
            "fence: cannot allow reading of /not/there: no such file or directory",
            "  asked for by --allow-read",
            hint,
            "fence: cannot hide TMP/home/project/gone: no such file or directory",
            "  asked for by --deny-read",
            hint,
        )
        self.assertEqual(os.listdir(self.project), [])

    def test_a_settings_file_with_mistakes_is_named_with_its_lines(self):
        self.write(".config/fence/settings.toml", 'nesting = "yes"\n[network]\nmood = "host"\n')
        done = self.run_fence("ls")
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, r"nesting must be true or false.*\n  asked for by .*settings\.toml:1:")
        self.assertRegex(done.stderr, r'unknown setting "network\.mood".*\n  asked for by .*settings\.toml:3:')
        self.assertTrue(done.stderr.endswith("fence: nothing was run\n"))
        self.check(["--no-settings", "echo", "ran"], 0, "ran\n", "")

    def test_a_settings_file_that_does_not_exist(self):
        self.refused(
            ["--settings", "none.toml", "ls"],
            "fence: cannot read ~/project/none.toml: no such file or directory",
            "  asked for by --settings",
        )

    def test_an_unknown_profile(self):
        done = self.run_fence("-p", "strct", "ls")
        self.assertEqual(done.returncode, 125)
        self.assertIn('fence: unknown profile "strct"\n  asked for by --profile\n', done.stderr)
        self.assertIn('did you mean "strict"?', done.stderr)

    def test_a_descriptor_that_is_not_open(self):
        self.refused(
            ["--keep-fd", "9", "ls"], "fence: cannot keep descriptor 9: it is not open", "  asked for by --keep-fd"
        )

    def test_a_start_directory_that_does_not_exist(self):
        done = self.run_fence("-C", "none", "ls")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertIn("fence: cannot start in TMP/home/project/none", done.stderr)

    def test_a_deleted_working_directory(self):
        done = self.execute(["sh", "-c", f'mkdir d && cd d && rmdir ../d && exec "{self.fence}" ls'])
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr),
            (
                125,
                "",
                "fence: cannot tell the working directory: no such file or directory\n"
                "  hint: change to a directory that exists\nfence: nothing was run\n",
            ),
        )

    def test_facts_are_for_planning_only(self):
        self.refused(
            ["--facts", "f.json", "touch", "made"],
            "fence: option --facts belongs to `fence plan`",
            "  hint: facts of another time or place are planned for, never run with",
        )

    def test_control_bytes_do_not_reach_the_terminal(self):
        done = self.run_fence("--\x1b]0;x\x07", "ls")
        self.assertEqual(done.returncode, 125)
        self.assertNotIn("\x1b", done.stderr)

    def test_json_errors_are_one_object_a_line(self):
        done = self.run_fence("--log-format", "json", "-w", "/not/there", "touch", "made")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        first, last = [json.loads(line) for line in done.stderr.splitlines()]
        self.assertEqual(first["level"], "error")
        self.assertEqual(first["message"], "cannot allow writing to /not/there")
        self.assertEqual(first["origin"], {"layer": "command line", "source": "--allow-write"})
        self.assertIn("hint", first)
        self.assertEqual(last["message"], "nothing was run")

    def test_json_errors_of_the_command_line_itself(self):
        done = self.run_fence("--log-format=json", "--bogus-thing", "ls")
        self.assertEqual(json.loads(done.stderr.splitlines()[0])["kind"], "usage")


class InformationCases(CliCases):
    def test_help_and_version_are_output_not_errors(self):
        done = self.run_fence("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("Usage: fence [options] [--] COMMAND [ARGUMENTS...]\n"))
        self.assertLess(max(len(line) for line in done.stdout.splitlines()), 125)
        done = self.run_fence("--version")
        self.assertRegex(done.stdout, r"^fence \d+\.\d+\.\d+\n$")

    def test_profiles(self):
        done = self.run_fence("profiles")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLessEqual({"workspace", "strict", "readonly"}, set(done.stdout.split()))
        self.assertEqual(self.run_fence("profiles", "list").stdout, done.stdout)
        for name in done.stdout.split():
            shown = self.run_fence("profiles", "show", name)
            with open(os.path.join(os.environ["FENCE_SOURCE_ROOT"], "profiles", name + ".toml"), encoding="utf-8") as file:
                self.assertEqual((shown.returncode, shown.stdout), (0, file.read()))

    def test_a_profile_that_is_not_shipped(self):
        self.check(
            ["profiles", "show", "strct"],
            125,
            "",
            'fence: no profile "strct" is shipped\n  hint: did you mean strict?\n',
        )

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = self.run_fence("--help", stdout=full)
        self.assertEqual(
            (done.returncode, done.stderr), (125, "fence: cannot write to standard output: no space left on device\n")
        )


globals().update(for_each_user(UsageCases))
globals().update(for_each_user(InformationCases))
del UsageCases, InformationCases

if __name__ == "__main__":
    unittest.main()
