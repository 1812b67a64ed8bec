"""What a command does so that the next launch protects less."""

import os

from cases import Case

EVIL = "echo evil"


class Prepared(Case):
    """As an ordinary user: root is refused no look."""

    def prepared(self, first, second, *options):
        """The second launch is refused, or does not do what `second` tries."""
        self.inside(first, *options)
        return self.refused(self.inside(second, *options), "chmod u+rx")

    def tearDown(self):
        for directory, names, _ in os.walk(self.project):
            for name in names:
                os.chmod(os.path.join(directory, name), 0o755)
        super().tearDown()

    def repository(self):
        for name in ("hooks", "objects", "refs"):
            self.directory(f"home/project/.git/{name}")
        self.file("home/project/.git/HEAD", "ref: refs/heads/main\n")
        self.file("home/project/.git/config", "[core]\n\thooksPath = tools/hooks\n")
        self.file("home/project/tools/hooks/pre-commit", "#!/bin/sh\n")

    def test_git_made_unsearchable(self):
        self.repository()
        self.prepared("chmod 000 .git", f"chmod 755 .git; {EVIL} >.git/hooks/pre-commit")
        os.chmod(f"{self.project}/.git", 0o755)
        self.output("true")  # the control
        self.assertFalse(os.path.exists(f"{self.project}/.git/hooks/pre-commit"))

    def test_where_git_finds_its_hooks(self):
        self.repository()
        self.prepared("chmod 000 tools", f"chmod 755 tools; {EVIL} >>tools/hooks/pre-commit")
        os.chmod(f"{self.project}/tools", 0o755)
        self.assertEqual(self.read(f"{self.project}/tools/hooks/pre-commit"), "#!/bin/sh\n")

    def test_what_tells_where_they_are(self):
        self.repository()
        os.chmod(f"{self.project}/.git/config", 0)
        self.refused(self.inside("true"), ".git/config", "chmod u+rx")
        os.chmod(f"{self.project}/.git/config", 0o644)

    def test_submodules(self):
        self.repository()
        self.file("home/project/.git/modules/mod/HEAD", "ref: refs/heads/main\n")
        self.directory("home/project/.git/modules/mod/hooks")
        for closed in (".git/modules", ".git/modules/mod"):
            for mode in ("000", "444"):
                with self.subTest(closed, mode=mode):
                    self.prepared(f"chmod {mode} {closed}", f"chmod 755 {closed}; {EVIL} >.git/modules/mod/hooks/pre-commit")
                    os.chmod(f"{self.project}/{closed}", 0o755)

    def test_what_a_pattern_hides(self):
        self.file("home/project/secrets/.env", "secret")
        pattern = ("--deny-read", f"{self.project}/**/.env")
        for mode in ("000", "444"):
            with self.subTest(mode):
                self.prepared(f"chmod {mode} secrets", "chmod 755 secrets; cat secrets/.env", *pattern)
                os.chmod(f"{self.project}/secrets", 0o755)
        self.failed(self.inside("cat secrets/.env", *pattern))

    def test_what_an_optional_rule_hides(self):
        self.file("home/project/secrets/key", "secret")
        self.settings('[filesystem]\ndenyRead = [{path = "~/project/secrets/key", optional = true}]\n')
        self.prepared("chmod 000 secrets", "chmod 755 secrets; cat secrets/key")

    def test_the_permission_that_was_taken_away_is_said_once(self):
        self.repository()
        done = self.inside("chmod 000 .git")
        self.assertEqual(done.err.count("took away the permission"), 1, done)

    def test_a_link_to_what_is_hidden(self):
        self.file("home/.ssh/id", "secret")
        self.file("home/project/data/x", "x")
        options = ("-r", f"{self.project}/data")
        self.output("mv data old; ln -s ~/.ssh data", *options)
        self.refused(self.inside("cat data/id", *options), "link in a writable directory")

    def test_an_empty_project_file_below_switches_nothing_off(self):
        self.file("home/project/.fence.toml", '[filesystem]\ndenyRead = ["secrets"]\n')
        self.file("home/project/secrets/key", "secret")
        below = self.directory("home/project/sub")
        # A repository, so that the command may write beside the directory that it starts in.
        self.repository()
        done = self.inside(": >.fence.toml", cwd=below)
        self.assertIn(f"{below}/.fence.toml", done.err)
        self.failed(self.inside("cat ../secrets/key", cwd=below))

    def test_the_file_of_a_trusted_directory_cannot_be_made_without_a_word(self):
        self.settings('[trust]\nprojects = ["~/project/sub"]\n')
        self.directory("home/project/sub")
        self.repository()
        done = self.inside("echo '[filesystem]' >sub/.fence.toml")
        self.assertIn("sub/.fence.toml", done.err)

    def test_brackets_in_names_are_names(self):
        self.file("home/project/[id]/secret", "s")
        self.failed(self.inside("cat '[id]/secret'", "--deny-read", "[id]/secret"))
        self.assertEqual(self.output("cat '[id]/secret'"), "s")

    def test_settings_behind_a_dangling_link(self):
        self.directory("home/.config/fence")
        self.link("home/.config/fence/settings.toml", "/nowhere/settings.toml")
        self.refused(self.inside("true"), "settings.toml", "a link leads to it")
