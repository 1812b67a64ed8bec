"""What meson install puts where, and that it runs from there."""

import os
import shutil

from bwrap_lines import Lines

SOURCES = os.environ["FENCE_SOURCE_ROOT"]


class Installed(Lines):
    def meson(self, *words):
        # The sources need not be within an ordinary user's reach.
        return self.succeeded(self.outside("meson", *words, env={**os.environ, "DESTDIR": f"{self.top}/root"}, preexec_fn=None))

    def installed(self, *options):
        """The directory of programs, of a build that was only configured: these are the programs of the one that is tested."""
        build = os.path.join(self.top, "build")
        self.meson("setup", "--prefix=/usr", "-Dtests=false", *options, build, SOURCES)
        self.file("build/fence")
        shutil.copy(self.ours, os.path.join(build, "fence-bwrap"))
        self.meson("install", "--no-rebuild", "-C", build)
        return os.path.join(self.top, "root/usr/bin")

    def test_under_its_own_name(self):
        self.assertEqual(sorted(os.listdir(self.installed())), ["fence", "fence-bwrap"])

    def test_as_bwrap_too(self):
        programs = self.installed("-Dinstall_as_bwrap=true")
        self.assertEqual(sorted(os.listdir(programs)), ["bwrap", "fence", "fence-bwrap"])
        self.assertEqual(os.readlink(f"{programs}/bwrap"), "fence-bwrap")
        path = {**self.environment, "PATH": f"{programs}:{self.environment['PATH']}"}
        self.assertEqual(self.succeeded(self.run_line("bwrap", ["--version"], env=path)).out, "bubblewrap 0.11.1\n")
        done = self.run_line("bwrap", [*self.base, "--dir", "/made", "/probe", "tree", "/", "exit", "3"], env=path)
        self.assertEqual(done.status, 3, done)
        self.assertIn("tree /made 40755", done.out)
        # Never with more rights than its caller.
        for name in ("bwrap", "fence-bwrap"):
            self.assertEqual(os.stat(f"{programs}/{name}").st_mode & 0o7777, 0o755)
