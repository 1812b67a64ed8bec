"""XDG_RUNTIME_DIR: a conforming directory in every sandbox, and the host's own is never touched."""

import json
import os

from cases import Case, as_both, snapshot

# Everything that tools do there.
USE = """
set -e
test -n "$XDG_RUNTIME_DIR"
ln -s x "$XDG_RUNTIME_DIR/l"
mkdir "$XDG_RUNTIME_DIR/d"
/usr/bin/python3 -c 'import os, socket; s = socket.socket(socket.AF_UNIX); s.bind(os.environ["XDG_RUNTIME_DIR"] + "/s")'
stat -c '%a %u %F' "$XDG_RUNTIME_DIR"
stat -f -c %T "$XDG_RUNTIME_DIR"
"""


@as_both
class RuntimeDirectory(Case):
    def use(self, *options):
        """Uses the directory inside; gives its mode, owner and file system."""
        mode, owner, kind, system = self.output(USE, *options).split()
        self.assertEqual((mode, owner, kind), ("700", str(self.user.uid), "directory"))
        return system

    def inherit(self, value):
        self.environment["XDG_RUNTIME_DIR"] = value

    def decision(self, *options):
        return json.loads(self.plan("--format", "json", *options, "--", "true"))["runtime_dir"]

    def value(self, *options):
        return self.output("echo $XDG_RUNTIME_DIR", *options).strip()

    def real(self, name="r", mode=0o700):
        """A directory with a path that is short enough for sockets in it."""
        path = self.directory(f"{self.place.root}/{name}", mode)
        self.addCleanup(self.remove, path)
        self.file(f"{path}/bus", "x")
        return path

    def test_unset_and_useless_values(self):
        os.symlink("nowhere", f"{self.top}/dangling")
        self.file("file")
        for value in [None, "", "relative", "/no/such/directory", f"{self.top}/dangling", f"{self.top}/file",
                      self.directory("shared", 0o777), self.directory("open", 0o755), "/tmp", "/proc/self/fd", "/"]:
            with self.subTest(value):
                self.environment.pop("XDG_RUNTIME_DIR", None)
                if value is not None:
                    self.inherit(value)
                self.assertEqual(self.use(), "tmpfs")

    def test_a_real_directory_is_covered_by_a_private_one(self):
        real = self.real()
        self.inherit(real)
        self.must_stay_the_same(real)
        self.assertEqual(self.use(), "tmpfs")
        # Not where the directory around it is put together anew, as around an account's home directory.
        self.assertIn(self.value(), (real, f"/run/user/{self.user.uid}"))
        self.assertEqual(self.output("ls -A $XDG_RUNTIME_DIR"), "")

    def test_an_exact_grant_keeps_the_real_one(self):
        real = self.real()
        self.inherit(real)
        self.assertNotEqual(self.use("-w", real), "tmpfs")
        self.assertEqual(sorted(os.listdir(real)), ["bus", "d", "l", "s"])
        self.assertEqual(self.decision("-w", real)["decision"], "keep")

    def test_an_exact_grant_does_not_keep_what_does_not_conform(self):
        for mode in [0o755, 0o777, 0o1777]:
            real = self.real(f"m{mode:o}", mode)
            self.inherit(real)
            self.must_stay_the_same(real)
            self.use("-w", real)
            self.assertEqual(self.decision("-w", real)["decision"], "private")

    def test_the_directory_of_another_user(self):
        """As after sudo -E, and under WSLg."""
        if os.geteuid() != 0:
            self.skipTest("only root can give a directory away")
        real = self.real()
        os.chown(real, 12345, 12345)
        self.inherit(real)
        before = snapshot(real)
        for options in [[], ["-w", real]]:
            self.use(*options)
            self.assertEqual(snapshot(real), before)
            self.assertEqual(self.decision(*options)["decision"], "private")

    def test_a_trailing_slash_stays(self):
        real = self.real()
        self.inherit(real + "/")
        self.use("-w", real)
        self.assertEqual(self.value("-w", real), real + "/")

    def test_modes(self):
        real = self.real()
        self.inherit(real)
        self.assertEqual(self.output("echo ${XDG_RUNTIME_DIR-unset}", "--set", "runtimeDir.mode=unset"), "unset\n")
        self.refused(self.fence("--set", "runtimeDir.mode=inherit", "--", "true"), "runtimeDir")
        self.succeeded(self.fence("--set", "runtimeDir.mode=inherit", "-w", real, "--", "true"))
        self.must_stay_the_same(real)
        self.assertEqual(self.use("--set", "runtimeDir.mode=private", "-w", real), "tmpfs")

    def test_strict_and_readonly_have_one_too(self):
        for profile in ["strict", "readonly"]:
            self.use("-p", profile)

    def test_path_entries_through_the_hidden_directory_lead_on(self):
        """As fnm does it: PATH has $XDG_RUNTIME_DIR/fnm_multishells/N/bin, a link to the installed version."""
        real = self.real()
        self.file("home/.local/node/bin/tool", "#!/bin/sh\necho tool\n", 0o755)
        self.directory(f"{real}/fnm_multishells")
        self.link(f"{real}/fnm_multishells/1", f"{self.home}/.local/node")
        self.inherit(real)
        self.environment["PATH"] = f"{real}/fnm_multishells/1/bin:" + self.environment["PATH"]
        self.assertEqual(self.outside("tool").out, "tool\n")
        self.assertEqual(self.succeeded(self.fence("--", "tool")).out, "tool\n")
