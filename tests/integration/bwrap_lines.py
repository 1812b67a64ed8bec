"""What the tests of bubblewrap's command line share: both programs, run alike, and what they print, made comparable."""

import os
import re
import shutil
import subprocess
import tempfile

from cases import TIMEOUT, Case, Done

BWRAP = shutil.which("bwrap")


class Lines(Case):
    """FENCE_BINARY is fence-bwrap, FENCE_PROBE what it runs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.probe = cls.place.add_program(os.environ["FENCE_PROBE"], "probe")
        cls.ours = cls.place.fence
        # What every sandbox of these tests has.
        cls.base = ["--ro-bind", cls.probe, "/probe"]

    def start_line(self, program, words, fds=None, **options):
        """`fds`: {number: bytes to be read, or a descriptor}."""
        given, opened = {}, []
        for number, what in (fds or {}).items():
            if isinstance(what, bytes):
                source = tempfile.TemporaryFile()
                source.write(what)
                source.flush()
                source.seek(0)
                opened.append(source)
                what = source.fileno()
            given[number] = what

        def prepare():
            for number, source in given.items():
                os.dup2(source, number, inheritable=True)
            self.user.become()

        options.setdefault("cwd", self.top)
        try:
            return self.start([program, *words], preexec_fn=prepare, close_fds=False, **options)
        finally:
            for source in opened:
                source.close()

    def run_line(self, program, words, **options):
        process = self.start_line(program, words, **options)
        out, err = process.communicate(timeout=TIMEOUT)
        return Done(words, process.returncode, out, err)

    def line(self, *words, **options):
        return self.run_line(self.ours, [*self.base, *words], **options)

    def says_no(self, done, text):
        """fence-bwrap refused, and nothing was run."""
        self.assertEqual((done.status, done.out), (1, ""), done)
        self.assertIn(text, done.err)
        self.assertTrue(done.err.startswith("bwrap: "), done)
        return done


def mount_line(line):
    """A line of mountinfo without what differs from run to run: (place, root, flags, type, source, options)."""
    fields = line.split()
    after = fields.index("-")
    root, place, flags = fields[3], fields[4], fields[5]
    kind, source, options = fields[after + 1:after + 4]
    # bwrap makes the new root in a directory of another tmpfs, and has temporary files there.
    own = re.fullmatch(r"/(newroot|bindfile\w+|\d+)?(//deleted)?", root)
    if kind == "tmpfs" and own and (place == "/" or root != "/"):
        root, options = "/", re.sub(r",mode=755\b", "", options)
    return f"{place} {root} {flags} {kind} {source} {options}"


def comparable(text, top):
    """Lines of the probe without what differs from run to run."""
    lines = []
    for line in text.replace(top, "TOP").splitlines():
        if line.startswith("mount "):
            line = "mount " + mount_line(line[len("mount "):])
        # How many processes there are is not the sandbox's.
        if re.match(r"tree /proc\b", line):
            line = re.sub(r" size \d+", "", line)
        lines.append(line)
    return lines

