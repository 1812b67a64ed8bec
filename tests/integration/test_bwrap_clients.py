"""opam, mat2, the thumbnailers of GNOME and sandbox-runtime: with fence-bwrap they do what they do with bwrap."""

import os
import shutil
import struct
import sysconfig
import zlib

from bwrap_clients import Client, look
from cases import as_both

LIBMAT2 = "/usr/lib/python3/dist-packages/libmat2"
EXIFTOOL = "/usr/bin/exiftool"
GI = "/usr/lib/python3/dist-packages/gi"
GNOME_DESKTOP = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/girepository-1.0/GnomeDesktop-4.0.typelib"
SANDBOX_RUNTIME = os.path.join(os.environ["FENCE_CLIENTS"], "node_modules")


def png(comment):
    """A picture of 2 x 2 pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = (b"\0" + b"\x10\x80\xf0" * 2) * 2
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) \
        + chunk(b"tEXt", b"Comment\0" + comment) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


@as_both
class Opam(Client):
    NEEDS = {"opam": "opam"}

    def setUp(self):
        super().setUp()
        self.file("repository/repo", 'opam-version: "2.0"\n')
        self.file("look", look(f"{self.directory('free')}/outside", "/run/inside", "here", "$1/share/new"))
        self.file("repository/packages/tiny/tiny.1/opam", f'''
            opam-version: "2.0"
            synopsis: "tiny"
            maintainer: "nobody"
            build: [["sh" "-c" "sh {self.top}/look %{{prefix}}% >report"]]
            install: [["mkdir" "-p" "%{{share}}%"]
                      ["cp" "report" "%{{share}}%"]
                      ["sh" "-c" "sh {self.top}/look %{{prefix}}% >%{{share}}%/second"]]
            ''')

    def init(self, kind):
        return self.run_with(kind, "opam", "init", "--bare", "--no-setup", "--kind=local", "-y", "tiny", f"{self.top}/repository")

    def test_init_tries_its_sandbox(self):
        done = {kind: self.init(kind) for kind in (*self.KINDS, "broken")}
        for kind in self.KINDS:
            self.succeeded(done[kind])
            self.assertEqual(self.called(kind, "--unshare-net", "--new-session")[-3:-1], ["sh", "-c"])
            self.assertIn("sandbox.sh", self.read(f"{self.kind_places[kind]}/home/.opam/config"))
        self.same({kind: done[kind].out + done[kind].err for kind in self.KINDS}, [r"opam-[0-9a-f]+-[0-9a-f]+"],
                  whole=True)
        self.assertIn("Sandboxing is not working", done["broken"].err)

    def test_a_package_is_built_and_installed(self):
        seen = {}
        for kind in self.KINDS:
            self.succeeded(self.init(kind))
            self.succeeded(self.run_with(kind, "opam", "switch", "create", "one", "--empty", "--no-switch"))
            self.succeeded(self.run_with(kind, "opam", "install", "--switch", "one", "-y", "tiny"))
            share = f"{self.kind_places[kind]}/home/.opam/one/share"
            seen[kind] = self.read(f"{share}/report") + self.read(f"{share}/second")
        found = self.same(seen, [r"/opam-\d+-[0-9a-f]+"])
        self.assertEqual({line for line in found if line.startswith("interface")}, {"interface lo"})
        for line in (f"kept from {self.top}/free/outside", "wrote /run/inside", "wrote here"):
            self.assertEqual(found.count(line), 2, line)
        self.kept_out(f"{self.top}/free/outside", "/run/inside")
        # Only the installation may write there.
        report = [line for line in found if line.endswith("one/share/new")]
        self.assertEqual([line.split()[0] for line in report], ["kept", "wrote"])


@as_both
class Mat2(Client):
    NEEDS = {LIBMAT2: "mat2", EXIFTOOL: "libimage-exiftool-perl"}

    CODE = """
import sys
from libmat2 import parser_factory
parser = parser_factory.get_parser("picture.png")[0]
print(parser.get_meta())
parser.lightweight_cleaning, parser.output_filename = True, sys.argv[1]
print(parser.remove_all())
"""

    def setUp(self):
        super().setUp()
        for kind, place in self.kind_places.items():
            self.file(f"{kind}/home/picture.png", png(b"secret place"))
            # Runs inside, where it is found by PATH: mat2 shows its own directory.
            words = look(f"{place}/outside", f"{place}/home/inside", f"{place}/out/inside")
            self.file(f"{kind}/home/exiftool", f'#!/bin/sh\n( {words} ) >&2\nexec {EXIFTOOL} "$@"\n', 0o755)
            self.directory(f"{kind}/out")

    def variables(self, place):
        variables = super().variables(place)
        return {**variables, "PATH": f"{place}/home:{variables['PATH']}"}

    def test_a_picture_is_read_and_cleaned(self):
        seen = {}
        for kind in self.KINDS:
            done = self.succeeded(self.system_python(self.CODE, kind, "{place}/out/clean.png"))
            self.assertEqual(done.out.splitlines(), ["{'Comment': 'secret place'}", "True"])
            with open(f"{self.kind_places[kind]}/out/clean.png", "rb") as file:
                clean = file.read()
            self.assertTrue(clean.startswith(b"\x89PNG"))
            self.assertNotIn(b"secret", clean)
            self.called(kind, "--unshare-user-try", "--unshare-net", "--cap-drop", "all", "-json")
            seen[kind] = done.err
        found = self.same(seen, [r"/tmp/tmp\w+"])
        self.assertEqual({line for line in found if line.startswith("interface")}, {"interface lo"})
        for line in ("kept from TOP/home/inside", "few processes"):
            self.assertEqual(found.count(line), 2, line)
        self.assertEqual([line.split()[0] for line in found if line.endswith("TOP/out/inside")], ["kept", "wrote"])
        # The second place was that of a directory of mat2's own, which has taken what it wanted.
        self.kept_out("TOP/outside", "TOP/home/inside", "TOP/out/inside")

    def test_without_bwrap_there_is_nothing(self):
        self.assertNotEqual(self.system_python(self.CODE, "broken", "{place}/out/clean.png").status, 0)


@as_both
class Thumbnailer(Client):
    """libgnome-desktop makes them for the file manager, and whoever has a file puts words of his own in there."""

    NEEDS = {GI: "python3-gi", GNOME_DESKTOP: "gir1.2-gnomedesktop-4.0"}

    CODE = """
import sys, gi
gi.require_version("GnomeDesktop", "4.0")
from gi.repository import GnomeDesktop
factory = GnomeDesktop.DesktopThumbnailFactory.new(GnomeDesktop.DesktopThumbnailSize.NORMAL)
picture = factory.generate_thumbnail("file://" + sys.argv[1], "image/x-tiny", None)
print(picture.get_width(), picture.get_height(), picture.get_pixels()[:3])
"""

    def setUp(self):
        super().setUp()
        for kind, place in self.kind_places.items():
            # All of the home that is shown inside. It is emptied afterwards, so what is wanted has a second name.
            own = self.directory(f"{kind}/home/.cache/gnome-desktop-thumbnailer/gstreamer-1.0")
            os.link(self.file(f"{kind}/seen"), f"{own}/seen")
            words = look(f"{place}/home/inside", "/usr/inside", "/inside")
            self.file(f"{own}/look", f'( {words} ) >{own}/seen 2>/dev/null\ncp "$1" "$2"\n')
            self.file(f"{kind}/home/.local/share/thumbnailers/tiny.thumbnailer",
                      f"[Thumbnailer Entry]\nExec=sh {own}/look %i %o\nMimeType=image/x-tiny;\n")
            self.file(f"{kind}/home/picture", png(b""))

    def test_a_thumbnail_is_made(self):
        seen = {}
        for kind in self.KINDS:
            done = self.succeeded(self.system_python(self.CODE, kind, "{place}/home/picture"))
            self.assertEqual(done.out, "2 2 b'\\x10\\x80\\xf0'\n")
            self.called(kind, "--unshare-all", "--die-with-parent", "--seccomp")
            seen[kind] = self.read(f"{self.kind_places[kind]}/seen")
        found = self.same(seen, [r"/gnome-desktop-thumbnailer-\w+"])
        for line in ("kept from /usr/inside", "wrote /inside", "kept from namespaces", "few processes", "Seccomp:\t2"):
            self.assertIn(line, found)
        self.kept_out("TOP/home/inside", "/usr/inside", "/inside")

    def test_without_bwrap_there_is_none(self):
        self.assertNotEqual(self.system_python(self.CODE, "broken", "{place}/home/picture").status, 0)


@as_both
class SandboxRuntime(Client):
    NEEDS = {SANDBOX_RUNTIME: "@anthropic-ai/sandbox-runtime from npm", "node": "nodejs", "rg": "ripgrep", "socat": "socat"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # An ordinary user cannot reach the build directory. The rest is for other systems.
        cls.modules = shutil.copytree(SANDBOX_RUNTIME, os.path.join(cls.place.root, "node_modules"), symlinks=True,
                                      ignore=shutil.ignore_patterns("srt-win", "arm64", "*.map", "*.ts", "*.cts"))

    def srt(self, kind):
        place = self.kind_places[kind]
        self.file(f"{kind}/home/secret/key", "secret\n")
        self.directory(f"{kind}/home/project")
        self.directory(f"{kind}/home/project/kept")
        self.file(f"{kind}/settings.json", f'''{{
            "network": {{"allowedDomains": [], "deniedDomains": []}},
            "filesystem": {{"denyRead": ["{place}/home/secret"], "allowWrite": ["{place}/home/project"],
                            "denyWrite": ["{place}/home/project/kept"]}}}}''')
        words = look(f"{place}/home/file", f"{place}/home/project/file", f"{place}/home/project/kept/file")
        self.file(f"{kind}/look", f"{words}\ncat {place}/home/secret/key && exit 1\nexit 7\n")
        return self.run_with(kind, "node", f"{self.modules}/.bin/srt", "-s", "{place}/settings.json", "sh", "{place}/look")

    def test_a_command_runs(self):
        seen = {}
        for kind in self.KINDS:
            done = self.srt(kind)
            self.assertEqual(done.status, 7, done)
            self.called(kind, "--unshare-net", "--unshare-pid", "--die-with-parent", "--proc")
            seen[kind] = done.out
        found = self.same(seen, [r"claude-(http|socks|empty)-\w+", r"\b[0-9a-f]{32}\b", r"_PORT=\d+"], whole=True)
        for line in ("kept from TOP/home/file", "wrote TOP/home/project/file", "kept from TOP/home/project/kept/file",
                     "interface lo", "NoNewPrivs:\t1"):
            self.assertIn(line, found)
        self.assertNotIn("secret", "".join(line for line in found if not line.startswith(("mount", "kept", "wrote"))))

    def test_without_bwrap_nothing_runs(self):
        done = self.srt("broken")
        self.assertNotIn(done.status, (0, 7), done)
        self.assertFalse(os.path.exists(f"{self.kind_places['broken']}/home/project/file"))
