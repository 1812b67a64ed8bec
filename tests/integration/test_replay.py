"""A bug report is a test: the facts of one machine give the same plan on another, byte for byte."""

import os
import pathlib
import subprocess

from cases import Case, as_both

FORMS = ("text", "json", "bwrap")


@as_both
class Replayed(Case):
    def replay(self, facts, form, words):
        """As another user, elsewhere, with nothing in the environment."""
        dump = pathlib.Path(self.top) / "facts.json"
        dump.write_text(facts, encoding="utf-8")

        def nobody():
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)

        done = subprocess.run([self.place.fence, "plan", "--facts", str(dump), "--format", form, *words], cwd="/", env={},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, preexec_fn=nobody, check=False)
        return done.returncode, done.stdout, done.stderr

    def same(self, *words, **options):
        facts = self.succeeded(self.fence("plan", "--format", "facts", *words, **options)).out
        for form in FORMS:
            here = self.fence("plan", "--format", form, *words, **options)
            status, out, err = self.replay(facts, form, words)
            self.assertEqual((status, out, err), (here.status, here.out, here.err))
        return facts

    def test_the_default_plan(self):
        self.same("--", "sh", "-c", "true")

    def test_with_every_layer_patterns_and_requirements(self):
        self.settings('require = ["userns", "seccomp"]\n[filesystem]\ndenyRead = ["~/project/**/.env"]\nprotect = ["**/*.pem"]\n')
        self.file("home/project/.fence.toml", '[filesystem]\ndenyRead = ["private"]\n')
        self.directory("home/project/private")
        for name in ("a/.env", "b/c/.env", "b/key.pem"):
            self.file(f"home/project/{name}", "x")
        environment = {**self.environment, "FENCE_SET_NETWORK_MODE": "host", "SECRET_TOKEN": "hunter2"}
        facts = self.same("-w", "a", "--", "true", env=environment)
        self.assertNotIn("hunter2", facts)
        self.assertIn("**/.env", facts)

    def test_a_refusal(self):
        self.settings('[filesystem]\nallowRead = ["/nowhere", "~/project/nothing*"]\n')
        self.same("--", "true")

    def test_names_that_are_no_text(self):
        self.file(b"home/project/\xff\x1b[31m".decode("utf-8", "surrogateescape"), "x")
        self.same("-r", "/usr", "--", "true")

    def test_other_facts_give_another_plan(self):
        """The control."""
        self.file("home/project/.git/config", "[core]\n")
        facts = self.succeeded(self.fence("plan", "--format", "facts", "--", "true")).out
        _, with_git, _ = self.replay(facts, "text", ["--", "true"])
        _, without, _ = self.replay(facts.replace("/.git/config\": {\"", "/.git/other\": {\""), "text", ["--", "true"])
        self.assertNotEqual(with_git, without)
