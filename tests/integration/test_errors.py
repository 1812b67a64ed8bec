"""Refusals: each wrong path and each mistake in the settings gives one clear message, all in one run, and nothing is run."""

import os
import socket

from cases import Case, as_both

SETTINGS = "~/.config/fence/settings.toml"


@as_both
class WrongPaths(Case):
    def setUp(self):
        super().setUp()
        self.link("dangling", "nowhere")
        self.link("loop", "loop2")
        self.link("loop2", "loop")
        os.mkfifo(f"{self.top}/fifo")
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        # Not listening: a socket that listens would be in every plan that is made beside this test.
        server.bind(f"{self.top}/socket")
        locked = self.directory("locked")
        self.file("locked/x/y")
        os.chmod(locked, 0)
        self.file("home/project/file")

    # What is there: what a message must say besides the path.
    WRONG = {
        "missing": "no such file or directory",
        "missing/deeper": "no such file or directory",
        "dangling": "nowhere",
        "loop": "loop",
        "fifo": "fifo",
        "socket": "socket",
    }

    def wrong(self):
        # Root looks into every directory.
        return self.WRONG if self.AS_ROOT else {**self.WRONG, "locked/x": "permission denied"}

    def expect_one_message_each(self, done, wrong, origins):
        self.refused(done)
        blocks = [block.split("\n") for block in ("\n" + done.err).split("\nfence: ")[1:]]
        self.assertEqual(blocks[-1][0], "nothing was run")
        del blocks[-1]
        self.assertEqual(len(blocks), len(wrong), done.err)
        for (name, words), origin in zip(wrong.items(), origins):
            mine = [block for block in blocks if f"{self.top}/{name}" in block[0].replace(":", " ").split()]
            self.assertEqual(len(mine), 1, (name, done.err))
            text = "\n".join(mine[0])
            self.assertIn(words, text)
            self.assertIn(f"asked for by {origin}", text)

    def test_options(self):
        wrong = self.wrong()
        for option, name in [("-r", "--allow-read"), ("-w", "--allow-write")]:
            options = [word for path in wrong for word in (option, f"{self.top}/{path}")]
            done = self.inside("echo ran >ran", *options)
            self.expect_one_message_each(done, wrong, [name] * len(wrong))
        self.assertFalse(os.path.exists(f"{self.project}/ran"))

    def test_a_settings_file(self):
        wrong = self.wrong()
        lines = ["[filesystem]", "allowRead = ["] + [f'  "{self.top}/{path}",' for path in wrong] + ["]"]
        self.settings("\n".join(lines) + "\n")
        done = self.inside("echo ran >ran")
        self.expect_one_message_each(done, wrong, [f"{SETTINGS}:{line + 3}:3" for line in range(len(wrong))])
        self.assertFalse(os.path.exists(f"{self.project}/ran"))

    def test_binds(self):
        for path in ["missing", "dangling", "loop", "fifo"]:
            done = self.fence("--set", f'filesystem.bind=[{{source="{self.top}/{path}", target="/tmp/x"}}]', "--", "true")
            self.refused(done, f"{self.top}/{path}")

    def test_optional_ones_are_passed_over(self):
        entries = ", ".join(f'{{path="{self.top}/{path}", optional=true}}' for path in ["missing", "missing/deeper", "dangling"])
        self.output("true", "--set", f"filesystem.allowRead=[{entries}]", "--set", f"filesystem.denyRead=[{entries}]")

    def test_every_layer_reports_at_once(self):
        self.settings(f'[filesystem]\nallowRead = ["{self.top}/missing"]\n')
        done = self.refused(self.fence("-w", f"{self.top}/fifo", "--deny-read", f"{self.top}/gone", "--", "true"))
        for path in ["missing", "fifo", "gone"]:
            self.assertEqual(done.err.count(f"{self.top}/{path}"), 1, done)


@as_both
class WrongSettings(Case):
    def mistakes(self, text, *expected):
        self.settings(text)
        done = self.refused(self.inside("echo ran >ran"))
        for line_and_column, words in expected:
            self.assertIn(f"{SETTINGS}:{line_and_column}", done.err)
            self.assertIn(words, done.err)
        self.assertEqual(done.err.count("asked for by"), len(expected), done)
        self.assertFalse(os.path.exists(f"{self.project}/ran"))

    def test_unknown_keys_name_the_nearest(self):
        self.mistakes('forceNewSesion = true\n\n[filesystem]\n  alowRead = []\n',
                      ("1:1", "forceNewSession"), ("4:3", "allowRead"))

    def test_wrong_types_and_values(self):
        self.mistakes('nesting = "yes"\n[network]\nmode = "hosts"\n[filesystem]\nallowWrite = "x"\ndenyRead = [1]\n',
                      ("1:", "true or false"), ("3:", '"host"'), ("5:", "list"), ("6:", "string"))

    def test_a_syntax_error(self):
        self.mistakes('nesting = true\n[filesystem\n', ("2:", ""))

    def test_a_settings_file_that_others_could_write_is_refused(self):
        path = self.settings("forceNewSession = true\n")
        os.chmod(path, 0o666)
        self.refused(self.fence("--", "true"), SETTINGS)
        os.chmod(path, 0o644)
        self.succeeded(self.fence("--", "true"))

    def test_the_command_line_is_right_and_wrong_at_once(self):
        self.settings("nestin = true\n")
        done = self.refused(self.fence("--set", "network.mod=host", "--", "true"))
        self.assertIn(f"{SETTINGS}:1:1", done.err)
        self.assertIn("network.mode", done.err)
        self.assertIn("--set", done.err)
