"""A process of one sandbox exchanges files while the next sandbox of the same project is being made."""

import os

import processes
from cases import Case, PYTHON

STARTS = 100

# renameat2(2) has no wrapper in Python; RENAME_EXCHANGE is 2.
EXCHANGE = """
import ctypes, sys, time
renameat2 = ctypes.CDLL(None).renameat2
a, b = sys.argv[1].encode(), sys.argv[2].encode()
if renameat2(-100, a, -100, b, 2) != 0: sys.exit("cannot exchange")
print("started", flush=True)
while True:
    renameat2(-100, a, -100, b, 2)
    time.sleep(0.001)
"""


class MountRace(Case):
    EXECUTOR = "native"

    def setUp(self):
        super().setUp()
        self.environment["FENCE_SET_BACKEND"] = self.EXECUTOR
        self.file("home/.ssh/id_rsa", "the key")
        self.directory("home/project/.c2/fish")
        # What is mounted below the exchanged directory is there in the home as well.
        self.directory("home/fish")
        self.link("home/project/.x", self.home)

    def exchanger(self):
        """A sandbox in which a directory that the next one pins and a link to the home change places all the time."""
        script = "mv .c2 .config && exec " + " ".join(PYTHON) + ' "$0" .config .x'
        process = self.start([self.place.fence, "--", "sh", "-c", script, EXCHANGE])
        self.assertEqual(process.stdout.readline(), b"started\n", "nothing is exchanged, so nothing is tested")
        return process

    def test_no_start_shows_what_a_link_leads_to(self):
        """The control: with verify_mounts() taken out of the stage's prepare(), 17 of 200 starts by bwrap had the whole home."""
        exchanger = self.exchanger()
        try:
            for _ in range(STARTS):
                done = self.outside(self.place.fence, "--", "sh", "-c",
                                    "echo ran; cat .config/.ssh/id_rsa; touch .config/escaped")
                self.assertNotIn("the key", done.out, done)
                self.assertFalse(os.path.exists(os.path.join(self.home, "escaped")), done)
                if not done.out and done.status == 137:
                    self.assertIn("no longer protected", done.err, done)
                elif not done.out:
                    self.refused(done)
            self.assertIsNone(exchanger.poll(), "the exchanger ended early")
        finally:
            exchanger.kill()
            exchanger.wait()
            processes.wait_until_gone(10)

    def test_the_same_project_starts_when_nothing_is_exchanged(self):
        self.directory("home/project/.config/fish")
        self.assertEqual(self.output("echo ran; cat .config/.ssh/id_rsa 2>/dev/null || true"), "ran\n")


class MountRaceOfBwrap(MountRace):
    EXECUTOR = "bwrap"
