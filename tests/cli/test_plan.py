"""`fence plan`: its formats, replay, and that it runs nothing."""

import json
import os
import unittest

from cases import CliCases, for_each_user


class PlanCases(CliCases):
    def plan(self, *words, **options):
        done = self.run_fence("plan", *words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_nothing_is_run(self):
        for form in ("text", "json", "bwrap", "facts"):
            self.plan("--format", form, "touch", "made")
        self.assertEqual(os.listdir(self.project), [])

    def test_text_says_what_starts_where(self):
        text = self.plan("sh", "-c", "exit 3")
        self.assertTrue(text.startswith("Plan for: sh -c 'exit 3'\n"), text[:80])
        self.assertIn("TMP/home/project", text)

    def test_json_has_a_schema_and_no_values_of_variables(self):
        environment = {**self.environment(), "MARK": "a value that must not show"}
        text = self.plan("--format", "json", "ls", env=environment)
        self.assertEqual(json.loads(text)["schema"], "fence-plan/1")
        self.assertNotIn("must not show", text)

    def test_the_command_may_have_a_subcommands_name(self):
        self.assertEqual(json.loads(self.plan("--format", "json", "plan", "-v"))["command"], ["plan", "-v"])

    def test_bwrap_is_a_line_that_a_shell_runs(self):
        line = self.plan("--format", "bwrap", "sh", "-c", "echo out; pwd; exit 7").replace("TMP", self.top)
        self.assertEqual(line.count("\n"), 1)
        done = self.execute(["sh", "-c", line])
        self.assertEqual((done.returncode, done.stdout), (7, "out\nTMP/home/project\n"), done.stderr)

    def test_save_writes_what_would_be_printed(self):
        self.assertEqual(self.plan("--format", "json", "--save", "p.json", "ls"), "")
        with open(os.path.join(self.project, "p.json"), encoding="utf-8") as file:
            saved = file.read()
        os.unlink(os.path.join(self.project, "p.json"))
        self.assertEqual(saved.replace(self.top, "TMP"), self.plan("--format", "json", "ls"))

    def test_save_where_nothing_can_be_written(self):
        self.check(
            ["plan", "--save", "none/p", "ls"], 125, "", "fence: cannot write none/p: no such file or directory\n"
        )

    def test_a_replay_gives_the_same_plan(self):
        words = ["--no-settings", "-r", "/usr", "ls"]
        self.plan("--format", "facts", "--save", "f.json", *words)
        for form in ("text", "json", "bwrap"):
            with self.subTest(form=form):
                live = self.plan("--format", form, *words)
                replayed = self.plan("--facts", "f.json", "--format", form, *words, env={"PATH": "/usr/bin"})
                self.assertEqual(replayed, live)

    def test_a_replay_reads_the_settings_of_the_facts(self):
        path = self.write(".config/fence/settings.toml", '[network]\nmode = "host"\n')
        self.plan("--format", "facts", "--save", "f.json", "ls")
        os.unlink(path)
        network = lambda *words: json.loads(self.plan(*words, "--format", "json", "ls"))["network"]["mode"]
        self.assertEqual(network("--facts", "f.json"), "host")
        self.assertEqual(network(), "none")

    def test_a_replay_of_facts_that_do_not_suffice_names_what_is_missing(self):
        self.plan("--format", "facts", "--save", "f.json", "ls")
        done = self.run_fence("plan", "--facts", "f.json", "-r", "/srv/never/asked", "ls")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertIn("fence: the facts do not tell what is at /srv", done.stderr)
        self.assertIn("fence plan --format facts", done.stderr)

    def test_facts_are_given_where_there_is_no_plan(self):
        text = self.plan("--format", "facts", "-w", "/not/there", "ls")
        self.assertIn("/not", json.dumps(json.loads(text)))

    def test_facts_that_are_no_facts(self):
        self.write("project/f.json", "{")
        done = self.run_fence("plan", "--facts", "f.json", "ls")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertIn("in f.json", done.stderr)

    def test_verbose_tells_on_standard_error_only(self):
        done = self.run_fence("plan", "-v", "ls")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, self.plan("ls"))
        self.assertRegex(done.stderr, r"(?m)^fence: round 1: asking for \d+ paths")
        for line in done.stderr.splitlines():
            self.assertTrue(line.startswith("fence: "), line)
        quiet = self.run_fence("plan", "-v", "--log-format", "json", "ls")
        self.assertEqual({json.loads(line)["level"] for line in quiet.stderr.splitlines()}, {"debug"})

    def test_the_session_is_decided_by_command_line_then_settings_then_default(self):
        session = lambda *words: json.loads(self.plan("--format", "json", *words, "ls"))["session"]["kind"]
        self.assertEqual(session(), "new-session")  # none of the descriptors is a terminal
        self.write(".config/fence/settings.toml", "forceNewSession = false\n")
        self.assertEqual(session(), "tiocsti-filter")
        self.assertEqual(session("--force-new-session"), "new-session")


globals().update(for_each_user(PlanCases))
del PlanCases

if __name__ == "__main__":
    unittest.main()
