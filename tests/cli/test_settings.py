"""`fence settings` and `fence init`, and what settings files can have wrong: whole outputs, and nothing is ever run."""

import os
import stat
import subprocess
import unittest

from cases import CliCases, for_each_user

USER_FILE = ".config/fence/settings.toml"
SHOWN = "~/.config/fence/settings.toml"
HINT_PROJECT = (
    '  hint: --trust-project trusts the project for this run, and [trust] projects = ["~/project"] '
    "in ~/.config/fence/settings.toml for good"
)
# Runs the words after it with a copy of /etc in which fence/settings.toml is what the environment says, owned by
# whom it says; nobody else on the machine sees it.
WITH_SYSTEM_FILE = r"""
set -e
scratch=$(mktemp -d)
mount -t tmpfs fence-test "$scratch"
mkdir "$scratch/upper" "$scratch/inner"
mount -t overlay -o "lowerdir=/etc,upperdir=$scratch/upper,workdir=$scratch/inner" fence-test /etc
umount -l "$scratch"
rmdir "$scratch"
mkdir -m 755 /etc/fence
printf '%s' "$SYSTEM_TEXT" > /etc/fence/settings.toml
chmod "$SYSTEM_MODE" /etc/fence/settings.toml
chown "$SYSTEM_OWNER" /etc/fence/settings.toml
unset SYSTEM_TEXT SYSTEM_OWNER SYSTEM_MODE
cd "$PWD"
exec setpriv --reuid "$RUN_AS" --regid "$RUN_AS" --clear-groups env -u RUN_AS "$@"
"""


class SettingsCases(CliCases):
    def settings(self, *words, **options):
        done = self.run_fence("settings", *words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def errors(self, *words, **options):
        """What a refused run says, one message an element; nothing was run."""
        done = self.run_fence(*words, "touch", "made", **options)
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertNotIn("made", os.listdir(self.project))
        lines = done.stderr.splitlines()
        self.assertEqual(lines.pop(), "fence: nothing was run")
        messages = []
        for line in lines:
            if line.startswith("fence: "):
                messages.append(line)
            else:
                messages[-1] += "\n" + line
        return messages

    def user_file(self, text, mode="w"):
        path = self.write(USER_FILE, "")
        with open(path, mode, **({} if "b" in mode else {"encoding": "utf-8"})) as file:
            file.write(text)
        return path


class ShowCases(SettingsCases):
    def test_show_names_the_place_of_every_value(self):
        self.user_file("[network]\nmode = 'none'\n[filesystem]\ndenyRead = ['~/private', '~/src/**/.env']\n")
        text = self.settings("--set", "nesting=true", env={**self.environment(), "FENCE_SET_LOOK_TIMEOUT": "500"})
        self.assertIn(f'\nnetwork.mode = "none"  # {SHOWN}:2:8\n', text)
        self.assertIn(f'  "TMP/home/private",  # {SHOWN}:4:13\n', text)
        self.assertIn(f'  "TMP/home/src/**/.env",  # {SHOWN}:4:26\n', text)
        self.assertIn("\nnesting = true  # --set nesting\n", text)
        self.assertIn("\nlookTimeout = 500  # FENCE_SET_LOOK_TIMEOUT\n", text)
        self.assertIn('\nterminal.mode = "auto"  # default\n', text)
        self.assertEqual(text, self.settings("show", "--set", "nesting=true", env={
            **self.environment(), "FENCE_SET_LOOK_TIMEOUT": "500"}))

    def test_show_reports_errors_instead(self):
        self.user_file("nesting = 3\n")
        self.check(
            ["settings"],
            125,
            "",
            f"fence: nesting must be true or false, not a whole number\n  asked for by {SHOWN}:1:11\n",
        )

    def test_keys_need_nothing_of_the_host(self):
        text = self.settings("keys", env={})
        self.assertIn('network.mode\n  type:     "none" or "host"\n  default:  "none"\n', text)
        self.assertIn("variable: FENCE_SET_NETWORK_MODE\n", text)

    def test_path_lists_every_place_in_its_order(self):
        self.user_file("")
        self.write("project/.fence.toml", "")
        text = self.settings("path", env={**self.environment(), "FENCE_SET_NESTING": "false"})
        lines = [line for line in text.splitlines() if not line.startswith("profile ")]
        self.assertRegex(lines[0], r"^built-in +read$")
        self.assertRegex(lines[1], r"^/etc/fence/settings.toml +")
        self.assertRegex(lines[2], rf"^{SHOWN} +read$")
        self.assertRegex(lines[3], r"^~/project/.fence.toml +read, may only tighten$")
        self.assertRegex(lines[4], r"^FENCE_SET_NESTING +read$")
        self.assertRegex(lines[5], r"^command line +read$")
        self.assertRegex(self.settings("path", "--trust-project"), r"project/.fence.toml +read, trusted\n")

    def test_path_says_what_was_not_looked_at_and_why(self):
        self.user_file("a = ")
        self.assertRegex(self.settings("path"), rf"{SHOWN} +has errors \(`fence settings check` shows them\)\n")
        text = self.settings("path", "--no-settings")
        self.assertRegex(text, rf"{SHOWN} +not looked at \(--no-settings\)\n")
        self.assertRegex(text, r"\n.fence.toml +not looked at \(--no-settings\)\n")
        self.assertRegex(
            self.settings("path", cwd="/"),
            r"\n.fence.toml +not looked at \(it starts in no directory below the home directory\)\n",
        )

    def test_check_names_the_files_that_were_read(self):
        self.user_file("")
        self.write("project/.fence.toml", "nesting = false\n")
        self.check(["settings", "check"], 0, f"{SHOWN}: no errors (`fence plan` looks at the paths too)\n~/project/.fence.toml: no errors (`fence plan` looks at the paths too)\n", "")

    def test_check_of_one_file(self):
        self.user_file("this is no TOML")
        self.write("project/s.toml", "nesting = true\n")
        self.check(["settings", "check", "s.toml"], 0, "~/project/s.toml: no errors (`fence plan` looks at the paths too)\n", "")
        self.write("project/s.toml", "nesting = 1\nbackend = 2\n")
        done = self.run_fence("settings", "check", "s.toml")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertEqual(done.stderr.count("asked for by ~/project/s.toml:"), 2)

    def test_check_knows_the_names_of_system_calls(self):
        self.write("project/s.toml", 'seccomp.deny = ["ptrac", "memfd_create", "keyring"]\n')
        done = self.run_fence("settings", "check", "s.toml")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertRegex(done.stderr, r'cannot take "ptrac" in seccomp.deny')
        self.assertRegex(done.stderr, r's\.toml:1:')
        self.assertIn('did you mean "ptrace"?', done.stderr)
        self.assertNotIn("memfd_create", done.stderr)
        self.write("project/s.toml", 'seccomp.deny = ["ptrace"]\n')
        self.check(["settings", "check", "s.toml"], 0, "~/project/s.toml: no errors (`fence plan` looks at the paths too)\n", "")

    def test_other_words_are_an_error(self):
        self.check(
            ["settings", "shwo"],
            125,
            "",
            "fence: cannot read `fence settings shwo`\n"
            "  hint: fence settings [show | check [FILE] | keys | path]\n",
        )

    def test_a_command_of_a_subcommands_name(self):
        program = os.path.join(self.place.root, "bin", "settings")
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho ran \"$@\"\n")
        os.chmod(program, 0o755)
        self.addCleanup(os.unlink, program)
        environment = {**self.environment(), "PATH": os.path.dirname(program) + ":/usr/bin:/bin"}
        self.check(["--", "settings", "keys"], 0, "ran keys\n", "", env=environment)


class ProjectCases(SettingsCases):
    def test_a_project_restricts(self):
        self.write("project/.fence.toml", "[filesystem]\ndenyRead = ['secret']\n")
        self.write("project/secret", "x")
        self.assertEqual(self.run_fence("--no-settings", "cat", "secret").stdout, "x")
        self.assertNotEqual(self.run_fence("cat", "secret").returncode, 0)
        self.write("project/sub/file", "y")
        done = self.run_fence("sh", "-c", "cat file && cat ../secret", cwd=os.path.join(self.project, "sub"))
        self.assertEqual((done.returncode != 0, done.stdout), (True, "y"))

    def test_a_project_loosens_nothing(self):
        self.write("project/.fence.toml", "network.mode = 'host'\n[filesystem]\nallowWrite = ['..']\n")
        self.assertEqual(
            self.errors(),
            [
                'fence: cannot take network.mode = "host": a project that nobody trusts can only restrict\n'
                "  asked for by ~/project/.fence.toml:1:16\n  which is less strict than the default\n" + HINT_PROJECT,
                "fence: cannot take filesystem.allowWrite: a project that nobody trusts can only restrict\n"
                "  asked for by ~/project/.fence.toml:3:15\n" + HINT_PROJECT,
            ],
        )

    def test_a_project_that_is_trusted_loosens(self):
        self.write("project/.fence.toml", "environment.set.MARK = 'set'\n")
        self.assertEqual(len(self.errors()), 1)
        words = ["sh", "-c", "echo $MARK"]
        self.check(["--trust-project", *words], 0, "set\n", "")
        self.user_file("[trust]\nprojects = ['~/project']\n")
        self.check(words, 0, "set\n", "")
        self.user_file("[trust]\nprojects = ['~']\n")
        self.assertEqual(len(self.errors()), 1)

    def test_the_start_directory_decides(self):
        self.write("other/.fence.toml", "this is no TOML")
        self.check(["true"], 0, "", "")
        self.assertEqual(len(self.errors("-C", "../other")), 1)

    def test_the_home_directory_through_a_link(self):
        link = os.path.join(self.place.root, "link")
        os.symlink(self.home, link)
        self.addCleanup(os.unlink, link)
        self.write("project/.fence.toml", "this is no TOML")
        self.assertEqual(len(self.errors(env={**self.environment(), "HOME": link})), 1)

    def test_a_directory_in_the_files_place(self):
        os.mkdir(os.path.join(self.project, ".fence.toml"))
        self.assertEqual(
            self.errors(),
            [
                "fence: cannot read ~/project/.fence.toml: is a directory\n"
                "  hint: put it right, or leave it unread with --no-settings"
            ],
        )

    def test_the_command_cannot_change_what_binds_it(self):
        self.write("project/.fence.toml", "")
        done = self.run_fence("sh", "-c", "echo x > .fence.toml")
        self.assertNotEqual(done.returncode, 0)
        with open(os.path.join(self.project, ".fence.toml"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "")


class FaultCases(SettingsCases):
    def test_a_byte_order_mark_and_crlf_are_no_fault(self):
        self.user_file(b"\xef\xbb\xbf[environment.set]\r\nMARK = 'set'\r\n", "wb")
        self.check(["sh", "-c", "echo $MARK"], 0, "set\n", "")

    def test_invalid_utf8(self):
        self.user_file(b"nesting = true\nbackend = '\xff'\n", "wb")
        (message,) = self.errors()
        self.assertRegex(message, rf"^fence: cannot read {SHOWN}: .*\n  asked for by {SHOWN}:2:")

    def test_a_key_twice(self):
        self.user_file("nesting = true\nnesting = false\n")
        (message,) = self.errors()
        self.assertRegex(message, rf"^fence: cannot read {SHOWN}: .*nesting.*\n  asked for by {SHOWN}:2:")

    def test_a_file_at_the_limit_and_above(self):
        text = "# " + "x" * (2**20 - 3) + "\n"
        self.user_file(text)
        self.check(["true"], 0, "", "")
        self.user_file(text + "\n")
        self.assertEqual(self.errors(), [f"fence: cannot read {SHOWN}: it is larger than 1 MiB"])

    def test_a_directory_in_the_files_place(self):
        os.makedirs(os.path.join(self.home, USER_FILE))
        self.assertEqual(self.errors(), [f"fence: cannot read {SHOWN}: is a directory"])

    def test_a_fifo_in_the_files_place_is_not_opened(self):
        path = self.user_file("")
        os.unlink(path)
        os.mkfifo(path)
        self.assertEqual(self.errors(), [f"fence: cannot read {SHOWN}: it is no regular file"])

    def test_a_file_that_another_user_can_write(self):
        os.chmod(self.user_file("nesting = true\n"), 0o666)
        self.assertEqual(
            self.errors(),
            [
                f"fence: cannot read {SHOWN}: another user can write it\n"
                "  hint: take the right away with `chmod go-w`, or make yourself or root its owner with `chown`"
            ],
        )

    def test_a_file_that_another_user_owns(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to give a file away")
        os.chown(self.user_file("nesting = true\n"), 61235, 61235)
        self.assertEqual(len(self.errors()), 1)

    def test_a_file_that_cannot_be_read(self):
        os.chmod(self.user_file("nesting = 3\n"), 0)
        if self.as_root:
            (message,) = self.errors()
            self.assertIn("nesting must be", message)
        else:
            self.assertEqual(self.errors(), [f"fence: cannot read {SHOWN}: permission denied"])

    def test_ten_thousand_rules(self):
        rules = "".join(f"  {{path = '/srv/none/{i}', optional = true}},\n" for i in range(10_000))
        self.user_file(f"[filesystem]\ndenyRead = [\n{rules}]\n")
        self.check(["settings", "check"], 0, f"{SHOWN}: no errors (`fence plan` looks at the paths too)\n", "")
        self.check(["echo", "ran"], 0, "ran\n", "")
        self.user_file(f"[filesystem]\ndenyRead = [\n{rules}  7,\n]\n")
        self.assertEqual(
            self.errors(),
            [
                "fence: an entry of filesystem.denyRead must be a string or a table, not a whole number\n"
                f"  asked for by {SHOWN}:10003:3\n  in filesystem.denyRead"
            ],
        )

    def test_nested_profiles_and_circles(self):
        for number in range(30):
            self.write(f".config/fence/profiles/p{number}.toml", f"profile = 'p{number + 1}'\n")
        self.write(".config/fence/profiles/p30.toml", "environment.set.MARK = 'deep'\nprofile = 'workspace'\n")
        self.check(["-p", "p0", "sh", "-c", "echo $MARK"], 0, "deep\n", "")
        self.write(".config/fence/profiles/p30.toml", "profile = 'p29'\n")
        self.assertEqual(
            self.errors("-p", "p28"),
            [
                "fence: profiles name each other in a circle: p28 -> p29 -> p30 -> p29\n"
                "  asked for by ~/.config/fence/profiles/p30.toml:1:11"
            ],
        )

    def test_errors_of_every_layer_at_once(self):
        self.user_file("nesting = 1\nprofile = 'mine'\n")
        self.write(".config/fence/profiles/mine.toml", "nesting = 2\n")
        self.write("project/.fence.toml", "nesting = 3\n")
        environment = {**self.environment(), "FENCE_SET_NESTING": "4", "FENCE_SET_NETWROK_MODE": "host"}
        messages = self.errors("--set", "nesting=5", env=environment)
        self.assertEqual(
            [message.split("asked for by ")[1].splitlines()[0] for message in messages],
            [
                "FENCE_SET_NETWROK_MODE",
                "~/.config/fence/profiles/mine.toml:1:11",
                f"{SHOWN}:1:11",
                "~/project/.fence.toml:1:11",
                "FENCE_SET_NESTING",
                "--set nesting",
            ],
        )

    def test_enforcing_belongs_into_the_systems_file(self):
        self.user_file("[enforce]\nnesting = false\n")
        self.assertEqual(
            self.errors(),
            [
                f"fence: [enforce] cannot stand here\n  asked for by {SHOWN}:1:2\n"
                "  hint: only /etc/fence/settings.toml enforces settings"
            ],
        )


class InitCases(SettingsCases):
    def test_init_writes_a_file_that_says_nothing(self):
        self.check(["init"], 0, "TMP/home/.config/fence/settings.toml\n", "")
        path = os.path.join(self.home, USER_FILE)
        self.assertEqual(stat.S_IMODE(os.lstat(path).st_mode), 0o600)
        self.assertEqual(os.lstat(path).st_uid, self.place.user.uid)
        self.assertEqual(os.listdir(os.path.dirname(path)), ["settings.toml"])
        commented = self.settings()
        self.user_file("")
        self.assertEqual(self.settings(), commented)

    def test_every_setting_in_it_is_valid(self):
        self.run_fence("init")
        with open(os.path.join(self.home, USER_FILE), encoding="utf-8") as file:
            lines = file.read().splitlines()
        bare = [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines]
        self.assertGreater(sum(a != b for a, b in zip(lines, bare)), 20)
        self.user_file("\n".join(bare) + "\n")
        self.check(["settings", "check"], 0, f"{SHOWN}: no errors (`fence plan` looks at the paths too)\n", "")
        self.assertIn(f"  # {SHOWN}:", self.settings())

    def test_a_file_that_is_there_stays(self):
        path = self.user_file("nesting = true\n")
        self.check(
            ["init"],
            125,
            "",
            "fence: cannot write TMP/home/.config/fence/settings.toml: it is there already\n"
            "  hint: edit it, or move it away first; `fence settings keys` lists what it can have\n",
        )
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "nesting = true\n")

    def test_xdg_config_home(self):
        environment = {**self.environment(), "XDG_CONFIG_HOME": os.path.join(self.home, "cfg")}
        self.check(["init"], 0, "TMP/home/cfg/fence/settings.toml\n", "", env=environment)

    def test_in_another_users_home_nothing_is_written(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to give a directory away")
        os.chown(self.home, 61235, 61235)
        done = self.run_fence("init")
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertIn("TMP/home belongs to another user (uid 61235)\n", done.stderr)
        self.assertEqual(os.listdir(self.home), ["project"])


@unittest.skipUnless(os.geteuid() == 0, "needs root, to mount another /etc for the test alone")
class SystemFileCases(SettingsCases):
    def with_system_file(self, text, *words, owner="0:0", mode="644"):
        environment = {
            **self.environment(),
            "SYSTEM_TEXT": text,
            "SYSTEM_OWNER": owner,
            "SYSTEM_MODE": mode,
            "RUN_AS": str(self.place.user.uid),
        }
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", WITH_SYSTEM_FILE, "sh", self.fence, *words],
            cwd=self.project, env={**environment, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )
        return done.returncode, done.stdout.replace(self.top, "TMP"), done.stderr.replace(self.top, "TMP")

    def test_it_is_in_force_and_never_skipped(self):
        text = "environment.set.MARK = 'system'\n"
        for words in ([], ["--no-settings"]):
            self.assertEqual(self.with_system_file(text, *words, "sh", "-c", "echo $MARK"), (0, "system\n", ""))
        self.assertEqual(self.run_fence("sh", "-c", "echo $MARK").stdout, "\n")

    def test_the_user_overrides_what_is_not_enforced(self):
        self.user_file("environment.set.MARK = 'user'\n")
        text = "environment.set.MARK = 'system'\n"
        self.assertEqual(self.with_system_file(text, "sh", "-c", "echo $MARK"), (0, "user\n", ""))

    def test_nobody_loosens_what_is_enforced(self):
        status, out, errors = self.with_system_file("[enforce]\nnetwork.mode = 'none'\n", "--net", "host", "ls")
        self.assertEqual((status, out), (125, ""))
        self.assertEqual(
            errors,
            'fence: cannot take network.mode = "host": network.mode = "none" is enforced\n'
            "  asked for by --net\n  enforced by /etc/fence/settings.toml:2:16\n"
            "  hint: take it out: only who may change what is enforced can allow it\nfence: nothing was run\n",
        )

    def test_show_marks_what_is_enforced(self):
        status, out, errors = self.with_system_file("[enforce]\nfilesystem.denyRead = ['/srv']\n", "settings")
        self.assertEqual((status, errors), (0, ""))
        self.assertIn('  "/srv",  # /etc/fence/settings.toml:2:24, enforced\n', out)

    def test_one_that_is_not_roots_is_refused(self):
        message = (
            "fence: cannot read /etc/fence/settings.toml: another user than root can write it\n"
            "  hint: `chown root` and `chmod go-w` as root; it binds everybody, and is never skipped\n"
            "fence: nothing was run\n"
        )
        for owner, mode in (("61234:61234", "644"), ("0:0", "666"), ("0:0", "664")):
            with self.subTest(owner=owner, mode=mode):
                self.assertEqual(self.with_system_file("", "ls", owner=owner, mode=mode), (125, "", message))
        self.assertEqual(self.with_system_file("", "true"), (0, "", ""))


globals().update(for_each_user(ShowCases))
globals().update(for_each_user(ProjectCases))
globals().update(for_each_user(FaultCases))
globals().update(for_each_user(InitCases))
globals().update(for_each_user(SystemFileCases))
del SettingsCases, ShowCases, ProjectCases, FaultCases, InitCases, SystemFileCases

if __name__ == "__main__":
    unittest.main()
