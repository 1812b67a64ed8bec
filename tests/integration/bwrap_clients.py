"""Programs that call bwrap, each run twice alike: with the installed bwrap, and with fence-bwrap under that name."""

import os
import re
import shutil
import unittest

from bwrap_lines import BWRAP, comparable
from cases import Case

PYTHON = "/usr/bin/python3"  # what Debian's modules are for

# Writes down its words, and those of the file that --args names, and becomes the real one.
SHIM = """#!/bin/sh
printf '%s\\0' "$@" >"{log}/$$"
before=
for word; do
  [ "$before" != --args ] || cat "/proc/self/fd/$word" >"{log}/$$.more"
  before=$word
done
exec {program} "$@"
"""

# What a program sees and may do, in the words of whatever shell there is.
LOOK = """
sed 's/^/mount /' /proc/self/mountinfo
sed -n 's/^ *\\(.*\\):.*/interface \\1/p' /proc/net/dev
grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status
echo "ids $(id -u) $(id -g) $(id -G)"
count=0; for process in /proc/[0-9]*; do count=$((count + 1)); done
[ "$count" -lt 20 ] && echo "few processes" || echo "many processes"
for file in @PLACES@; do
  { echo x >"$file"; } 2>/dev/null && echo "wrote $file" || echo "kept from $file"
done
unshare -U true 2>/dev/null && echo "made a namespace" || echo "kept from namespaces"
env | sed 's/^/variable /' | sort
"""


def look(*places):
    """A script that says what it sees, and tries to write to `places`."""
    return LOOK.replace("@PLACES@", " ".join(f'"{place}"' for place in places))


def uncovered(lines):
    """Without the mounts that later ones cover: fence-bwrap restricts them like the rest."""
    places = [(line.split()[1] + "/").replace("//", "/") if line.startswith("mount ") else None for line in lines]

    def is_covered(index):
        return any(later and places[index].startswith(later) for later in places[index + 1:])

    return [line for index, line in enumerate(lines) if places[index] is None or not is_covered(index)]


class Client(Case):
    """FENCE_BINARY is fence-bwrap. Each kind of bwrap has a directory of its own with bin/, home/, log/ and tmp/."""

    # What a client needs, and where that comes from: {program or path: package}.
    NEEDS = {}
    ACCOUNT = False  # whether its user has to be in the password database
    KINDS = ("bwrap", "fence")
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        missing = [f"{what} ({package})" for what, package in cls.NEEDS.items()
                   if not (os.path.exists(what) if "/" in what else shutil.which(what))]
        if missing:
            raise unittest.SkipTest(f"missing: {', '.join(missing)}; ./bootstrap --lint installs what callers of bwrap need")
        super().setUpClass()

    def setUp(self):
        super().setUp()
        if self.ACCOUNT and not self.AS_ROOT:
            self.become_an_account()
        self.kind_places = {kind: self.make_place(kind, program) for kind, program in
                            (("bwrap", BWRAP), ("fence", self.place.fence), ("broken", "/bin/false"))}

    def make_place(self, kind, program):
        place = self.directory(kind)
        for name in ("bin", "home", "log", "tmp"):
            self.directory(f"{kind}/{name}")
        self.file(f"{kind}/bin/bwrap", SHIM.format(log=f"{place}/log", program=program), 0o755)
        return place

    def variables(self, place):
        return {**self.environment, "HOME": f"{place}/home", "TMPDIR": f"{place}/tmp",
                "PATH": f"{place}/bin:{self.environment['PATH']}"}

    def run_with(self, kind, *words, **more):
        """`words` may say {place}."""
        place = self.kind_places[kind]
        words = [word.replace("{place}", place) for word in words]
        return self.outside(*words, cwd=f"{place}/home", env={**self.variables(place), **more})

    def calls(self, kind):
        """The words of each call of bwrap, those of --args' files after their own."""
        log, found = os.path.join(self.kind_places[kind], "log"), []
        for name in sorted(os.listdir(log)):
            if not name.endswith(".more"):
                more = os.path.join(log, name + ".more")
                text = self.read(os.path.join(log, name)) + (self.read(more) if os.path.exists(more) else "")
                found.append(text.split("\0")[:-1])
        return found

    def called(self, kind, *wanted):
        """The call that has all these words."""
        calls = self.calls(kind)
        found = [words for words in calls if set(wanted) <= set(words)]
        self.assertTrue(found, f"no call with {wanted} among {calls}")
        return found[0]

    def picture(self, kind, text, random=()):
        """Lines without what differs between two runs; `random`: patterns of it."""
        for pattern in random:
            text = re.sub(pattern, "RANDOM", text)
        return uncovered(comparable(text, self.kind_places[kind]))

    def same(self, seen, random=(), whole=False):
        """`seen`: {kind: text}; `whole`: nothing of it tells of a new root. Returns the lines."""
        # Who made it can be told by its name.
        self.assertEqual({kind: " /newroot " in text for kind, text in seen.items()}, {"bwrap": not whole, "fence": False})
        pictures = {kind: self.picture(kind, text, random) for kind, text in seen.items()}
        theirs, ours = pictures["bwrap"], pictures["fence"]
        self.assertEqual("\n".join(theirs), "\n".join(ours))
        # Both were called, with the same options.
        options = [{word for words in self.calls(kind) for word in words if re.fullmatch(r"--[a-z0-9-]+", word)} for kind in self.KINDS]
        self.assertNotEqual(options[0], set())
        self.assertEqual(*options)
        return ours

    def kept_out(self, *places):
        """Nothing was made there, whatever it looked like inside; without a sandbox it could have been."""
        for kind in self.KINDS:
            for place in (place.replace("TOP", self.kind_places[kind]) for place in places):
                self.assertFalse(os.path.exists(place), place)
                if place.startswith(self.top):
                    self.succeeded(self.outside("sh", "-c", 'echo x >"$0" && rm "$0"', place))

    def system_python(self, code, kind, *words):
        return self.run_with(kind, PYTHON, "-c", code, *words)


