"""Patterns in the path lists: what they match is hidden, protected or granted, and what cannot be honoured is refused."""

import os

from cases import Case, as_both


@as_both
class Patterns(Case):
    def test_what_is_denied_cannot_be_read_at_any_depth(self):
        for name in ("a.pem", "deep/er/b.pem", "deep/er/c.txt"):
            self.file("home/project/" + name, "secret\n")
        self.only_without_fence("cat deep/er/b.pem", "denied")
        done = self.inside("cat a.pem deep/er/b.pem; cat deep/er/c.txt", "--deny-read", "./**/*.pem")
        self.assertEqual(done.out, "secret\n", "what does not match can be read")
        self.assertEqual(done.err.count("ermission denied"), 2, done)

    def only_without_fence(self, script, text):
        self.succeeded(self.outside("sh", "-c", script))
        self.failed(self.inside(script, "--deny-read", "./**/*.pem"), text)

    def test_a_directory_that_matches_is_hidden_whole(self):
        for project in ("one", "two"):
            self.file(f"home/projects/{project}/secrets/key", "secret")
            self.file(f"home/projects/{project}/readme", "public")
        script = "cat ~/projects/*/readme; cat ~/projects/*/secrets/key"
        done = self.inside(script, "--deny-read", "~/projects/*/secrets")
        self.failed(done)
        self.assertEqual(done.out, "publicpublic", done)
        self.assertNotIn("secret\n", done.out, done)

    def test_what_must_not_be_written_stays_as_it_is(self):
        locked, free = self.file("home/project/sub/x.lock", "old"), self.file("home/project/sub/x.txt", "old")
        self.settings(f'[filesystem]\nprotect = ["{self.project}/**/*.lock"]\n')
        done = self.inside("echo new > sub/x.txt; echo new > sub/x.lock")
        self.failed(done, "Read-only file system")
        self.assertEqual((self.read(free), self.read(locked)), ("new\n", "old"))
        self.succeeded(self.inside("echo new > sub/x.lock", "--no-settings"))
        self.assertEqual(self.read(locked), "new\n", "the control: without the rule")

    def test_what_is_granted_can_be_written_and_nothing_else(self):
        first, second, other = (self.directory("home/" + name) for name in ("out1", "out2", "other"))
        done = self.inside("echo x > ~/out1/f; echo x > ~/out2/f; echo x > ~/other/f", "-w", "~/out?")
        self.failed(done, "Read-only file system")
        self.assertEqual([os.listdir(path) for path in (first, second, other)], [["f"], ["f"], []])

    def test_a_match_by_a_link_counts_what_it_leads_to(self):
        self.file("home/elsewhere/key", "secret\n")
        self.link("home/project/l.pem", "../elsewhere/key")
        self.succeeded(self.outside("cat", "l.pem"))
        self.assertNotIn("secret", self.inside("cat l.pem ~/elsewhere/key", "--deny-read", "./*.pem").out)

    def test_every_byte_of_a_name(self):
        for name in ("a\nb.pem", "*.pem", "[x].pem", "-n.pem", "\xe4.pem"):
            self.file("home/project/" + name, "secret\n")
        self.assertEqual(self.succeeded(self.outside("sh", "-c", "cat ./*.pem")).out, 5 * "secret\n")
        done = self.failed(self.inside("cat ./*.pem", "--deny-read", "./*.pem"))
        self.assertNotIn("secret", done.out)

    def test_the_plan_says_what_matched(self):
        self.file("home/project/deep/a.pem")
        self.assertIn(f"{self.project}/deep/a.pem", self.plan("--deny-read", "./**/*.pem", "--", "true"))

    def test_what_cannot_be_honoured_is_refused(self):
        for pattern in ("~/a**b", "~/[", "~/[]", "~/[[:alpha:]]"):
            with self.subTest(pattern=pattern):
                self.refused(self.fence("--deny-read", pattern, "--", "true"), "--deny-read")

    def test_a_grant_that_matches_nothing_is_refused(self):
        self.refused(self.fence("-r", "~/none*", "--", "true"), "none*", "nothing matches")

    def test_a_directory_that_cannot_be_listed_is_refused(self):
        self.directory("area")
        closed = self.directory("area/closed", 0o311)
        self.file("area/closed/x.pem", "secret")
        done = self.fence("--deny-read", f"{self.top}/area/**/*.pem", "--", "true")
        if self.user.uid == 0:
            self.succeeded(done)
        else:
            self.refused(done, closed)

    def test_the_bound_ends_the_launch_and_not_the_protection(self):
        for i in range(200):
            self.file(f"home/project/many/{i}.txt")
        options = ("--deny-read", "./**/*.pem")
        self.succeeded(self.fence(*options, "--", "true"))
        self.refused(self.fence(*options, "--set", "globs.maxEntries=100", "--", "true"),
                     f"{self.project}/many", "--deny-read", "globs.maxEntries")
