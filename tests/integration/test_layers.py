"""The system's and a project's file in real runs. /etc is another one in a mount namespace of the test's own."""

import os
import shlex

from cases import Case

# The system's file must be root's.
WITH_SYSTEM_FILE = """
mount -t tmpfs none {scratch} && mkdir {scratch}/upper {scratch}/work &&
mount -t overlay -o lowerdir=/etc,upperdir={scratch}/upper,workdir={scratch}/work none /etc && mkdir /etc/fence &&
printf %s {text} >/etc/fence/settings.toml && chmod {mode} /etc/fence/settings.toml
"""


class SystemFile(Case):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("a file of root's needs root")
        super().setUp()
        self.vault = self.directory("vault")
        self.file("vault/key", "secret")
        self.file("vault/open/note", "public")

    def with_system(self, text, *words, mode="644", environment=None):
        scratch = self.directory("scratch")
        prepare = WITH_SYSTEM_FILE.format(scratch=scratch, text=shlex.quote(text), mode=mode)
        done = self.with_mounts(prepare, self.place.fence, *words, env={**self.environment, **(environment or {})})
        os.rmdir(scratch)
        return done

    def enforced(self, *words, **options):
        return self.with_system(f'[enforce.filesystem]\ndenyRead = ["{self.vault}"]\n', *words, **options)

    def test_its_wishes_hold(self):
        done = self.with_system(f'[filesystem]\ndenyRead = ["{self.vault}"]\n', "--", "cat", f"{self.vault}/key")
        self.assertNotEqual(done.status, 0, done)
        self.assertNotIn("secret", done.out)
        self.assertEqual(self.output(f"cat {self.vault}/key"), "secret")  # the control: without the file

    def test_what_is_not_enforced_a_user_may_open(self):
        done = self.with_system(f'[filesystem]\ndenyRead = ["{self.vault}"]\n', "-r", f"{self.vault}/open", "--", "cat",
                                f"{self.vault}/open/note")
        self.assertEqual(self.succeeded(done).out, "public")

    def test_what_is_enforced_nothing_opens(self):
        note, cat = f"{self.vault}/open/note", ("--", "cat", f"{self.vault}/open/note")
        bind = f'filesystem.bind=[{{source="{self.vault}/open", target="/mnt"}}]'
        around = f'filesystem.bind=[{{source="{self.top}", target="/mnt"}}]'
        attempts = {
            "an option": self.enforced("-r", f"{self.vault}/open", *cat),
            "a bind": self.enforced("--set", bind, "--", "cat", "/mnt/note"),
            "the environment": self.enforced(*cat, environment={"FENCE_SET_FILESYSTEM_ALLOW_READ": f'["{note}"]'}),
            "a profile": self.enforced("-p", "readonly", *cat),
            "no settings": self.enforced("--no-settings", *cat),
            "a bind of what is around": self.enforced("--set", around, "--", "cat", "/mnt/vault/open/note"),
        }
        self.file("home/project/.fence.toml", f'[filesystem]\nallowRead = ["{note}"]\n')
        attempts["a trusted project"] = self.enforced("--trust-project", *cat)
        for name, done in attempts.items():
            with self.subTest(name):
                self.assertNotEqual(done.status, 0, done)
                self.assertNotIn("public", done.out)
        self.assertIn("/etc/fence/settings.toml:2", attempts["an option"].err)

    def test_a_file_that_others_can_write_is_refused(self):
        done = self.with_system("nesting = false\n", "--", "echo", "ran", mode="666")
        self.refused(done, "/etc/fence/settings.toml", "can write it")

    def test_in_another_sandbox_it_still_holds(self):
        """Root is nobody there; the read-only mount says that the file is not the command's own."""
        inner = [self.place.fence, "--", "cat", f"{self.vault}/key"]
        done = self.enforced("--nesting", "--", *inner)
        self.assertNotIn("secret", done.out)
        self.assertIn("No such file", done.err)
        done = self.enforced("--nesting", "--", self.place.fence, "--", "echo", "inner")
        self.assertEqual(self.succeeded(done).out, "inner\n")

    def test_a_single_value(self):
        done = self.with_system('[enforce.network]\nmode = "none"\n', "--net", "host", "--", "true")
        self.refused(done, "/etc/fence/settings.toml:2", "--net")


class ProjectFile(Case):
    """Ordinary users and untrusted projects."""

    def setUp(self):
        super().setUp()
        self.file("home/project/secrets/key", "secret")
        self.directory("home/other")

    def project_file(self, text):
        return self.file("home/project/.fence.toml", text)

    def test_hides_from_a_subdirectory_too(self):
        self.project_file('[filesystem]\ndenyRead = ["secrets"]\n')
        self.directory("home/project/deep/er")
        for where in ("home/project", "home/project/deep/er"):
            self.failed(self.inside(f"cat {self.project}/secrets/key", cwd=os.path.join(self.top, where)))
        os.unlink(os.path.join(self.project, ".fence.toml"))
        self.assertEqual(self.output(f"cat {self.project}/secrets/key"), "secret")

    def test_what_loosens_is_refused_with_both_ways_out(self):
        self.project_file('[network]\nmode = "host"\n[filesystem]\nallowWrite = ["~/other"]\n')
        done = self.refused(self.inside("echo ran"), "network.mode", "filesystem.allowWrite", "--trust-project", "[trust]")
        self.assertIn(".fence.toml:2:", done.err)
        self.assertIn(".fence.toml:4:", done.err)

    def test_trusted_it_may(self):
        self.project_file('[filesystem]\nallowWrite = ["~/other"]\n')
        write = f"echo x >{self.home}/other/made"
        self.output(write, "--trust-project")
        self.settings(f'[trust]\nprojects = ["~/project"]\n')
        self.output(write)
        self.settings_replaced('[trust]\nprojects = ["~"]\n')
        self.refused(self.inside(write), "filesystem.allowWrite")

    def settings_replaced(self, text):
        os.unlink(os.path.join(self.home, ".config/fence/settings.toml"))
        self.file("home/.config/fence/settings.toml", text)

    def test_the_command_cannot_rewrite_it(self):
        path = self.project_file('[filesystem]\ndenyRead = ["secrets"]\n')
        self.failed(self.inside("echo '[trust]' >>.fence.toml"), "Read-only")
        self.failed(self.inside("mv .fence.toml x || rm .fence.toml"))
        self.assertIn("secrets", self.read(path))

    def test_one_made_by_the_command_is_reported(self):
        done = self.inside("echo >.fence.toml")
        self.assertIn(".fence.toml", done.err)
        self.assertIn("the command made", done.err)

    def test_outside_of_the_home_none_is_read(self):
        elsewhere = self.directory("elsewhere")
        self.file("elsewhere/.fence.toml", "this is no TOML at all")
        self.output("true", cwd=elsewhere)

    def test_no_settings_reads_none(self):
        self.project_file("this is no TOML at all")
        self.refused(self.inside("true"), ".fence.toml:1")
        self.output("true", "--no-settings")

    def test_a_directory_in_its_place(self):
        self.directory("home/project/.fence.toml")
        self.refused(self.inside("true"), ".fence.toml")

    def test_one_that_others_can_write(self):
        os.chmod(self.project_file(""), 0o666)
        self.refused(self.inside("true"), ".fence.toml", "another user can write it", "chmod")
