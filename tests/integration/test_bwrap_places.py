"""DEST is found inside the new root, and nowhere else."""

import os
import threading

from bwrap_lines import BWRAP, Lines
from cases import as_both


@as_both
class Links(Lines):
    def seen(self, *words, at="/", **options):
        return self.succeeded(self.line(*words, "/probe", "tree", at, "quiet", **options)).out

    def test_an_absolute_link_leads_to_a_place_inside(self):
        # /var/run is one in most systems: the socket of cups belongs to /run/cups.
        out = self.seen("--dir", "/run", "--dir", "/var", "--symlink", "/run", "/var/run",
                        "--ro-bind", "/etc/passwd", "/var/run/cups/cups.sock", at="/run")
        self.assertIn("tree /run/cups/cups.sock 100644", out)

    def test_a_relative_link_too(self):
        out = self.seen("--dir", "/run", "--dir", "/var", "--symlink", "../run", "/var/run", "--dir", "/var/run/x", at="/run")
        self.assertIn("tree /run/x 40755", out)

    def test_a_chain_of_links_too(self):
        out = self.seen("--dir", "/real", "--symlink", "/b", "/a", "--symlink", "c", "/b", "--symlink", "/real/../real", "/c",
                        "--tmpfs", "/a/t", at="/real")
        self.assertIn("tree /real/t 40755", out)

    def test_a_bind_goes_over_what_a_link_names(self):
        out = self.seen("--dir", "/real", "--symlink", "/real", "/link", "--ro-bind", "/etc", "/link", at="/real/passwd")
        self.assertIn("tree /real/passwd 100644", out)

    def test_a_file_is_made_where_a_link_leads_nowhere_yet(self):
        out = self.seen("--symlink", "/made", "/link", "--file", "40", "/link", fds={40: b"four"}, at="/made")
        self.assertIn("tree /made 100666", out)
        out = self.seen("--symlink", "/made", "/link", "--ro-bind", "/etc/passwd", "/link", at="/made")
        self.assertIn("tree /made 100644", out)

    def test_links_in_a_circle_are_refused(self):
        for op in (["--dir", "/a/x"], ["--tmpfs", "/a"], ["--file", "40", "/a"], ["--ro-bind", "/etc", "/a"]):
            self.says_no(self.line("--symlink", "b", "/a", "--symlink", "a", "/b", *op, "/probe", fds={40: b""}),
                         "Too many levels of symbolic links")

    def test_the_root_itself(self):
        self.directory("root/mark")
        out = self.seen("--ro-bind", "/etc", "/..", "--bind", "root", "/../.", "--ro-bind", self.probe, "/probe")
        self.assertIn("tree /mark ", out)


@as_both
class Sources(Lines):
    """A source is what the caller finds by its name, although the new root is over "/" meanwhile."""

    def test_one_that_leads_up_to_the_root_is_the_hosts(self):
        up = "/".join([".."] * 20)
        self.file("d/wanted", "wanted")
        wanted = os.path.join(self.top, "d/wanted")
        self.link("absolute", wanted)
        self.link("relative", up + wanted)
        self.link("directory", up + os.path.dirname(wanted))
        # In the new root there is one of the same name.
        self.file("decoy/wanted", "decoy")
        decoy = ["--ro-bind", "decoy", os.path.dirname(wanted)]
        for source in (wanted, up + wanted, "/.." + wanted, "d/../d/wanted", "absolute", "relative", "directory/wanted",
                       "/proc/self/cwd/relative"):
            with self.subTest(source=source):
                out = self.succeeded(self.line(*decoy, "--ro-bind", source, "/x", "/probe", "read", "/x", "quiet")).out
                self.assertEqual(out, "read /x: ok wanted\n")

    def test_layers_of_an_overlay_too(self):
        up = "/".join([".."] * 20)
        for name in ("low", "high", "rw"):
            self.file(f"{name}/{name}", name)
            self.link(f"to {name}", up + os.path.join(self.top, name))
        self.directory("work")
        self.directory("decoy")
        decoys = [word for name in ("low", "high", "rw") for word in ("--ro-bind", "decoy", os.path.join(self.top, name))]
        reads = [word for name in ("low", "high", "rw") for word in ("read", f"/o/{name}")]
        out = self.succeeded(self.line(*decoys, "--overlay-src", "to low", "--overlay-src", up + os.path.join(self.top, "high"),
                                       "--overlay", "to rw", "work", "/o", "/probe", *reads, "quiet")).out
        self.assertEqual(out.splitlines(), [f"read /o/{name}: ok {name}" for name in ("low", "high", "rw")])


@as_both
class NoWayOut(Lines):
    """Every way that led to the host with bwrap (CVE-2026-87766), with bwrap 0.8.0 as the control."""

    OPS = {
        "directory": ["--dir", "WAY/made"],
        "file": ["--file", "40", "WAY/made"],
        "parents": ["--dir", "WAY/made/below"],
        "data": ["--bind-data", "40", "WAY/made"],
        "link": ["--symlink", "x", "WAY/made"],
        "tmpfs": ["--tmpfs", "WAY/made"],
        "bind": ["--ro-bind", "/etc", "WAY/made"],
        "bind of a file": ["--ro-bind", "/etc/passwd", "WAY/made"],
        "overwrite": ["--file", "40", "WAY/there"],
        "mode": ["--chmod", "0777", "WAY/there"],
    }

    def ways(self, host):
        """Words that make WAY lead to `host` if anything does."""
        up = "/".join([".."] * 20)
        return {
            "oldroot": ["--symlink", "/oldroot" + host, "/d"],
            "up": ["--symlink", up + host, "/d"],
            "up and oldroot": ["--symlink", up + "/oldroot" + host, "/d"],
            "itself": ["--symlink", host, "/d"],
            "proc": ["--proc", "/proc", "--symlink", f"/proc/self/root{host}", "/d"],
            "cwd": ["--proc", "/proc", "--symlink", "/proc/self/cwd", "/d"],
            "of a bind": ["--bind", self.link_directory, "/b", "--symlink", "b/out", "/d"],
        }

    def look(self, host):
        return {name: (os.lstat(os.path.join(host, name)).st_mode, open(os.path.join(host, name), encoding="utf-8").read())
                for name in os.listdir(host)}

    def test_nothing_is_made_or_changed_on_the_host(self):
        host = self.directory("host")
        self.link_directory = self.directory("links")
        self.link("links/out", "/oldroot" + host)
        self.file("host/there", "before", 0o600)
        before = self.look(host)
        for way, words in self.ways(host).items():
            for what, op in self.OPS.items():
                with self.subTest(way=way, what=what):
                    place = [word.replace("WAY", "/d") for word in op]
                    self.line(*words, *place, "/probe", "quiet", fds={40: b"new"}, cwd=host)
                    self.assertEqual(self.look(host), before)

    def test_bwrap_is_the_control(self):
        host = self.directory("host")
        self.run_line(BWRAP, [*self.base, "--symlink", "/oldroot" + host, "/d", "--file", "40", "/d/made", "/probe", "quiet"],
                      fds={40: b"new"})
        if not os.listdir(host):
            self.skipTest("this bwrap is mended")

    def test_dots_stay_inside(self):
        for place in ("/../../../x", "../../x", "/a/../../../x", "/../../.."):
            done = self.line("--dir", "/a", "--tmpfs", place, "--ro-bind", self.probe, "/probe", "/probe", "quiet")
            self.succeeded(done)

    def test_an_exchange_in_a_writable_bind_does_not_lead_out(self):
        host, outside = self.directory("host"), self.directory("outside")
        self.directory("host/d")
        self.link("host/l", "../../../../../../../.." + outside)
        stop = threading.Event()
        self.addCleanup(stop.set)

        def exchange():
            libc = __import__("ctypes").CDLL(None)
            one, other = (os.fsencode(os.path.join(host, name)) for name in "dl")
            while not stop.is_set():
                libc.renameat2(-100, one, -100, other, 2)

        thread = threading.Thread(target=exchange)
        thread.start()
        try:
            for _ in range(60):
                self.line("--bind", host, "/h", "--dir", "/h/d/made", "--file", "40", "/h/d/f", "/probe", "quiet",
                           fds={40: b"new"})
        finally:
            stop.set()
            thread.join()
        self.assertEqual(os.listdir(outside), [])

    def test_the_host_is_not_over_the_root(self):
        whole = ["--bind", "/", "/"]
        for command, words in (
            ("/probe", []), (self.probe, whole), (self.probe, [*whole, *whole]), ("/probe", ["--bind-data", "40", "/f"]),
            ("/probe", ["--tmpfs", "/", "--ro-bind", self.probe, "/probe"]),
            (self.probe, ["--ro-bind", "/", "/", "--bind-data", "40", "/mnt/../etc/hostname"]),
        ):
            with self.subTest(words=words):
                done = self.succeeded(self.run_line(self.ours, [*self.base, *words, "--ro-bind", "/proc", "/proc", command],
                                                    fds={40: b""}))
                roots = [line for line in done.out.splitlines() if line.startswith("mount ") and line.split()[5] == "/"]
                self.assertEqual(len(roots), 1, done)

