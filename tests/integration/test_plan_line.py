"""`fence plan --format bwrap`: the line that a shell runs gives what fence gives. Facts can be dumped and replayed."""

import json

from cases import Case, as_both

# What differs by nature is left out: what the shell around the line sets, ids of mounts.
VIEW = r"""
id; pwd; umask
env | grep -v '^_=\|^SHLVL=' | sort
cut -d' ' -f4-6,9- /proc/self/mountinfo | sed 's/ [0-9]*:[0-9]* / /; s/,uid=[0-9]*//' | sort
grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status
find / ~ ~/.. . /run /tmp /dev /etc -maxdepth 1 -printf '%p %M %u %g %l\n' | grep -v ^/home/ | sort
ls -l /proc/self/fd | wc -l
cat ~/.netrc ~/.ssh/id 2>&1
cat file ~/notes
readlink /proc/self/ns/net | wc -l; cat /proc/net/dev | wc -l
mv .git x 2>&1; echo x 2>&1 >>.git/config
echo $?
"""


@as_both
class BwrapLine(Case):
    def setUp(self):
        super().setUp()
        self.file("home/.netrc", "secret")
        self.file("home/.ssh/id", "secret")
        self.file("home/notes", "notes\n")
        self.file("home/project/file", "file\n")
        self.file("home/project/.git/config", "x")
        self.environment["GITHUB_TOKEN"] = "secret"

    def line(self, *words):
        return self.plan("--format", "bwrap", *words)

    def same_view(self, *options, **more):
        # The plan of another executor has another hash, which the command can see.
        words = ["--backend", "bwrap", *options, "--", "sh", "-c", VIEW]
        by_fence = self.fence(*words, **more)
        by_line = self.outside("bash", "-c", self.line(*words), **more)
        self.assertIn("notes" if "strict" not in options else "file", by_fence.out)
        self.assertNotIn("secret", by_fence.out)
        self.assertEqual(by_line.out.splitlines(), by_fence.out.splitlines())
        self.assertEqual(by_line.status, by_fence.status)

    def test_the_view_is_the_same(self):
        self.same_view()

    def test_the_view_is_the_same_with_other_profiles_and_options(self):
        self.file("other/x", "x")
        for options in [["-p", "readonly"], ["-w", f"{self.top}/other"], ["--deny-read", f"{self.top}/other"],
                        ["--set", f'filesystem.bind=[{{source="{self.top}/other", target="/tmp/b"}}]']]:
            with self.subTest(options):
                self.same_view(*options)

    def test_a_posix_shell_runs_it(self):
        done = self.outside("sh", "-c", self.line("--", "echo", "a b", "'\"$x"))
        self.assertEqual((done.status, done.out), (0, "a b '\"$x\n"), done)

    def test_input_and_status_are_the_commands(self):
        line = self.line("--", "sh", "-c", "cat; exit 7")
        done = self.outside("sh", "-c", line, input=b"input")
        self.assertEqual((done.status, done.out), (7, "input"), done)

    def test_the_filter_is_in_force(self):
        done = self.outside("sh", "-c", self.line("--", "grep", "Seccomp:", "/proc/self/status"))
        self.assertEqual(done.out.split(), ["Seccomp:", "2"])


@as_both
class Replay(Case):
    def test_a_dump_gives_the_same_plan(self):
        self.directory("home/.cache")
        self.file("home/.netrc", "secret")
        self.file("home/project/.git/config", "x")
        self.settings('[filesystem]\ndenyRead = ["~/d"]\n'.replace('"~/d"', '{path = "~/d", optional = true}'))
        # There before the dump, which has it in a listing.
        facts = self.file("facts.json")
        self.file("facts.json", self.plan("--format", "facts", "-w", "~/.cache", "--", "true"))
        for form in ["text", "json", "bwrap"]:
            words = ["--format", form, "-w", "~/.cache", "--", "true"]
            self.assertEqual(self.plan("--facts", facts, *words, cwd="/", env={"PATH": "/usr/bin:/bin"}), self.plan(*words))

    def test_a_dump_holds_no_credentials(self):
        self.file("home/.netrc", "very-secret")
        self.environment["GITHUB_TOKEN"] = "very-secret"
        dump = self.plan("--format", "facts", "--", "true")
        self.assertNotIn("very-secret", dump)
        self.assertIn("GITHUB_TOKEN", dump)
        json.loads(dump)
