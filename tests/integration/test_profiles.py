"""The shipped profiles, the options that change them, and which layer wins."""

import json
import os
import tempfile

from cases import AT_ROOT, Case, as_both


@as_both
class Readonly(Case):
    def test_nothing_of_the_host_can_be_written(self):
        self.file("home/project/file", "x")
        self.must_stay_the_same(self.top)
        for script in ["echo x >made", "echo x >file", "rm file", "mkdir d", "chmod 600 file"]:
            self.failed(self.inside(script, "-p", "readonly"), "Read-only file system")

    def test_reading_and_private_places_work(self):
        self.file("home/project/file", "x")
        self.output("cat file; echo x >/tmp/x; echo x >~/.cache/x", "-p", "readonly")

    def test_a_grant_of_a_directory_beats_it(self):
        self.directory("home/project/d")
        self.output("echo x >d/made; ! echo x >made", "-p", "readonly", "-w", "d")
        self.assertTrue(os.path.exists(f"{self.project}/d/made"))


@as_both
class Strict(Case):
    def test_nothing_of_the_home_is_there(self):
        self.file("home/notes", "x")
        for script in ["cat ~/notes", f"ls {self.top}/other", "ls /etc/ssh", "ls /opt", "cat /etc/fstab", "ls /var/lib/dpkg"]:
            self.failed(self.inside(script, "-p", "strict"))
        self.assertEqual(self.output("ls -A ~", "-p", "strict").split(), ["project"])

    def test_the_workspace_and_the_system_are_there(self):
        self.output("echo x >made; ls /usr/bin >/dev/null; /usr/bin/python3 -c 'import ssl'; id -un || :; env | sort >/dev/null",
                    "-p", "strict")
        self.assertTrue(os.path.exists(f"{self.project}/made"))

    def test_the_root_is_read_only(self):
        self.failed(self.inside("mkdir /made", "-p", "strict"), "Read-only file system")

    def test_a_session_of_its_own(self):
        session = json.loads(self.plan("--format", "json", "-p", "strict", "--", "true"))["session"]
        self.assertEqual((session["kind"], session["origin"]["source"]), ("new-session", "profile strict"))


@as_both
class Options(Case):
    def test_a_write_grant(self):
        directory = self.directory("other")
        script = f"echo x >{directory}/made"
        self.failed(self.inside(script), "Read-only file system")
        self.output(script, "-w", directory)
        self.assertTrue(os.path.exists(f"{directory}/made"))

    def test_a_write_grant_of_a_file(self):
        path = self.file("home/notes", "x")
        self.output("echo y >>~/notes; ! echo x >~/other", "-w", "~/notes")
        self.assertEqual(self.read(path), "xy\n")

    def test_a_write_grant_by_a_link_means_its_target(self):
        self.directory("target")
        self.link("linked", "target")
        self.output(f"echo x >{self.top}/linked/made", "-w", f"{self.top}/linked")
        self.assertTrue(os.path.exists(f"{self.top}/target/made"))

    def test_a_relative_path_means_the_start_directory(self):
        self.directory("home/other")
        self.output("echo x >../other/made", "-w", "../other")
        self.assertTrue(os.path.exists(f"{self.home}/other/made"))

    def test_a_read_grant_in_a_private_directory_is_no_write_grant(self):
        for parent in ["/tmp", "/var/tmp"]:
            directory = self.own(tempfile.mkdtemp(prefix="fence-test-", dir=parent))
            self.addCleanup(self.remove, directory)
            self.file(f"{directory}/file", "x")
            script = f"cat {directory}/file; echo y >>{directory}/file"
            self.assertEqual(self.failed(self.inside(script, "-r", directory), "Read-only file system").out, "x")
            self.output(script, "-w", directory)
            self.assertEqual(self.read(f"{directory}/file"), "xy\n")

    def test_hidden_from_reading(self):
        self.file("other/file", "secret")
        self.file("home/project/d/file", "secret")
        self.file("home/project/file", "secret")
        for path in [f"{self.top}/other", f"{self.top}/other/file", "d", "d/file", "file"]:
            full = os.path.join(self.project, path)
            script = f"cat {full} {full}/file"
            done = self.inside(script, "--deny-read", path)
            self.assertNotIn("secret", done.out, path)
            self.assertIn("secret", self.inside(script).out, path)

    def test_hidden_in_the_workspace_stays_as_it_is(self):
        self.file("home/project/d/file", "secret")
        self.inside("rm -rf d; mv d e; echo x >d/file; rm -f d/file", "--deny-read", "d")
        self.assertEqual(self.read(f"{self.project}/d/file"), "secret")

    def test_denied_writing(self):
        self.file("home/project/d/file", "x")
        for path in ["d", "d/file"]:
            self.failed(self.inside("echo y >d/file", "--deny-write", path), "Read-only file system")
        self.failed(self.inside("mv d e", "--deny-write", "d/file"), "Device or resource busy")
        self.output("echo z >d/other", "--deny-write", "d/file")
        self.assertEqual(self.read(f"{self.project}/d/file"), "x")

    def test_the_deeper_path_wins(self):
        self.directory("other/deep/deeper")
        options = ["-w", f"{self.top}/other", "--deny-write", f"{self.top}/other/deep", "-w", f"{self.top}/other/deep/deeper"]
        self.output(f"cd {self.top}/other; echo x >made; ! echo x >deep/made; echo x >deep/deeper/made", *options)
        self.failed(self.inside(f"mv {self.top}/other/deep {self.top}/other/x", *options), "Device or resource busy")

    def test_shown_below_a_hidden_directory(self):
        self.file("other/deep/file", "shown")
        self.file("other/file", "secret")
        options = ["--deny-read", f"{self.top}/other", "-r", f"{self.top}/other/deep"]
        self.assertEqual(self.output(f"ls {self.top}/other; cat {self.top}/other/deep/file", *options), "deep\nshown")
        self.failed(self.inside(f"echo x >{self.top}/other/made", *options), "Read-only file system")

    def test_a_bind_under_another_name(self):
        self.file("other/file", "x")
        for mode, status in [("ro", 1), ("rw", 0)]:
            bind = f'filesystem.bind=[{{source="{self.top}/other", target="/tmp/b", mode="{mode}"}}]'
            done = self.inside("cat /tmp/b/file; echo y >>/tmp/b/file || exit 1", "--set", bind)
            self.assertEqual((done.status != 0, done.out[:1]), (status != 0, "x"), done)
        self.assertEqual(self.read(f"{self.top}/other/file"), "xy\n")

    def test_a_private_scratch_directory(self):
        self.file("home/project/d/file", "x")
        self.must_stay_the_same(f"{self.project}/d")
        out = self.output("ls -A d | wc -l; echo x >d/made; stat -c %a d; df -k d | tail -1 | awk '{print $2}'",
                          "--set", 'filesystem.tmpfs=[{path="d", mode="0700", size="1M"}]')
        self.assertEqual(out.split(), ["0", "700", "1024"])

    def test_host_files_never_become_programs_with_more_rights(self):
        self.assertIn("nosuid", self.output(f"grep -E '{AT_ROOT}' /proc/self/mountinfo"))


@as_both
class Session(Case):
    def session(self, *options):
        return json.loads(self.plan("--format", "json", *options, "--", "true"))["session"]

    def test_the_command_line_beats_the_settings_and_they_the_default(self):
        self.assertEqual(self.session()["origin"]["source"], "fence")
        for value, kind in [("false", "tiocsti-filter"), ("true", "new-session")]:
            self.settings(f"forceNewSession = {value}\n")
            session = self.session()
            self.assertEqual((session["kind"], session["origin"]["layer"], session["origin"]["line"]), (kind, "user", 1))
            for option, forced in [("--force-new-session", "new-session"), ("--no-force-new-session", "tiocsti-filter")]:
                session = self.session(option)
                self.assertEqual((session["kind"], session["origin"]["source"]), (forced, option))
                self.assertEqual([origin["layer"] for origin in session["overruled"]], ["user"])

    def test_the_text_names_the_place_that_decided(self):
        self.settings("\nforceNewSession = false\n")
        self.assertIn("~/.config/fence/settings.toml:2", self.plan("--", "true"))
        self.assertIn("--force-new-session", self.plan("--force-new-session", "--", "true"))

    def test_what_is_planned_is_what_runs(self):
        script = "cut -d' ' -f6 /proc/self/stat; cut -d' ' -f6 /proc/1/stat"
        own = self.output("ps -o sid= -p $$ || cut -d' ' -f6 /proc/self/stat", "--force-new-session").split()
        self.assertNotEqual(own, ["0"])
        shared = self.output(script, "--no-force-new-session").split()
        self.assertEqual(shared[0], "0")  # a session outside the pid namespace


@as_both
class Settings(Case):
    def test_paths_of_a_settings_file_are_relative_to_it(self):
        self.directory("home/.config/fence/d")
        self.file("home/.config/fence/d/file", "x")
        self.settings('[filesystem]\ndenyRead = ["d"]\n')
        self.failed(self.inside("cat ~/.config/fence/d/file"))

    def test_home_and_variables(self):
        self.directory("home/a")
        self.directory("home/b")
        self.environment["HERE"] = f"{self.home}/b"
        self.settings('[filesystem]\nallowWrite = ["~/a", "$HERE"]\n')
        self.output("echo x >~/a/made; echo x >~/b/made")

    def test_set_beats_the_settings_file(self):
        self.settings('[network]\nmode = "host"\n')
        modes = [json.loads(self.plan("--format", "json", *options, "--", "true"))["network"]["mode"]
                 for options in [[], ["--set", "network.mode=none"], ["--net", "none"]]]
        self.assertEqual(modes, ["host", "none", "none"])

    def test_another_file_and_none(self):
        self.settings("forceNewSession = false\n")
        other = self.file("other.toml", '[filesystem]\nallowWrite = ["home"]\n')
        self.output("echo x >~/made", "--settings", other)
        plan = json.loads(self.plan("--format", "json", "--no-settings", "--", "true"))
        self.assertEqual(plan["session"]["origin"]["source"], "fence")

    def test_own_profiles(self):
        self.file("home/.config/fence/profiles/mine.toml", 'profile = ["workspace"]\n[filesystem]\nallowWrite = ["~/d"]\n')
        self.directory("home/d")
        self.output("echo x >~/d/made; echo x >made", "-p", "mine")

    def test_the_settings_cannot_be_changed_from_inside(self):
        path = self.settings("")
        for options in [[], ["-w", "~/.config"], ["-w", "~"]]:
            self.failed(self.inside("echo x >>~/.config/fence/settings.toml", *options), "Read-only file system")
        self.failed(self.inside("mv ~/.config/fence ~/.config/x", "-w", "~/.config"))
        self.assertEqual(self.read(path), "")
