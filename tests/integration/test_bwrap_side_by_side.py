"""The same words for the installed bwrap and for fence-bwrap: what the command sees, what is said, how it ends."""

import os

import bwrap_lines
import bwrap_table
from bwrap_lines import BWRAP, Lines
from cases import as_both

# What differs on purpose, or because bwrap 0.8.0 is older than the command line that is followed: {row: why}. Each has to
# differ, lest a row here hides what it was not made for.
COVERED = "mounts that others cover are restricted like the rest; nobody reads mountinfo to find out which they are"
KNOWN = {
    "all devices": COVERED,
    "remount of devices": COVERED,
}


@as_both
class SideBySide(Lines):
    def pair(self, words, options):
        """Both runs, each with a scratch directory of its own."""
        options = dict(options)
        given = dict(options.pop("fds", {}))
        directory, sink = options.pop("directory", None), options.pop("sink", None)
        found = []
        for program in (BWRAP, self.ours):
            opened = []
            if directory is not None:
                opened.append(os.open("/etc", os.O_RDONLY | os.O_DIRECTORY))
                given[directory] = opened[-1]
            if sink is not None:
                opened.append(os.open("/dev/null", os.O_WRONLY))
                given[sink] = opened[-1]
            try:
                found.append(self.run_line(program, words, fds=given, **options))
            finally:
                for fd in opened:
                    os.close(fd)
        return found

    def compare(self, rows, base):
        different = {}
        for name, (words, options) in rows.items():
            theirs, ours = self.pair([*base, *words], options)
            pictures = [
                (done.status, done.err.replace(BWRAP, "PROGRAM").replace(self.ours, "PROGRAM"),
                 bwrap_lines.comparable(done.out, self.top))
                for done in (theirs, ours)
            ]
            if pictures[0] != pictures[1]:
                different[name] = self.difference(*pictures)
        unknown = {name: text for name, text in different.items() if name not in KNOWN}
        self.assertEqual(unknown, {}, "\n".join(f"{name}:\n{text}" for name, text in unknown.items()))
        self.assertEqual([name for name in KNOWN if name in rows and name not in different], [], "no difference any more")

    @staticmethod
    def difference(theirs, ours):
        text = []
        if theirs[:2] != ours[:2]:
            text.append(f"  bwrap {theirs[:2]}\n  fence {ours[:2]}")
        text += [f"  - {line}" for line in theirs[2] if line not in ours[2]]
        text += [f"  + {line}" for line in ours[2] if line not in theirs[2]]
        return "\n".join(text) or "  the order differs"

    def test_refusals(self):
        rows = bwrap_table.refused()
        self.assertGreater(len(rows), 150)
        self.compare(rows, [])

    def test_runs(self):
        rows = bwrap_table.runs()
        self.assertGreater(len(rows), 150)
        self.compare(rows, self.base)

    def test_a_difference_is_found(self):
        with self.assertRaises(AssertionError):
            self.compare({"differs": (["--setenv", "A", self.ours, "/probe"], {}),
                          "version": (["--version"], {})}, self.base)

