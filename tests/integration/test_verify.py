"""What makes the sandbox does something else than it was told. Without a look at the result the command would run."""

import os
import pathlib
import tempfile
import textwrap

from cases import Case, as_both

UNVERIFIED = ("--set", "danger.unverifiedMounts=true", "--set", "danger.unguardedMounts=true")

# A bwrap that changes its own words; they come as one file of strings that end with a NUL (--args FD).
FALSE_BWRAP = """
    #!/usr/bin/python3 -IS
    import os, sys
    words = sys.argv[1:]
    if words[0] == "--args":
        told = open(int(words[1]), "rb").read().decode("utf-8", "surrogateescape").split("\\0")[:-1]
        told = change(told)
        again = os.memfd_create("words", 0)
        os.write(again, "".join(word + "\\0" for word in told).encode("utf-8", "surrogateescape"))
        os.lseek(again, 0, os.SEEK_SET)
        words[1] = str(again)
    os.execv({bwrap!r}, ["bwrap"] + words)
"""


@as_both
class FalseBwrap(Case):
    def bwrap(self, change):
        """`change(told)` is Python: it returns other words."""
        lines = textwrap.dedent(FALSE_BWRAP).strip().format(bwrap="/usr/bin/bwrap").splitlines()
        code = "\n".join([lines[0], textwrap.dedent(change).strip(), *lines[1:]]) + "\n"
        if os.geteuid() != 0:
            self.skipTest("fence uses no bwrap that others than root can change")
        place = tempfile.mkdtemp(prefix="fence-bwrap-", dir="/usr/local/lib")
        self.addCleanup(self.remove, place)
        os.chmod(place, 0o755)
        program = pathlib.Path(place, "bwrap")
        program.write_text(code, encoding="utf-8")
        program.chmod(0o755)
        self.environment["PATH"] = place + ":" + self.environment["PATH"]

    def run_with(self, *options):
        return self.fence("--backend", "bwrap", *options, "--", "echo", "ran")

    def found(self, *texts):
        """The launch is refused, but with the danger named it runs: the control."""
        done = self.refused(self.run_with(), *texts)
        self.assertEqual(self.succeeded(self.run_with(*UNVERIFIED)).out, "ran\n")
        return done

    def test_words_that_are_left_alone_run(self):
        self.bwrap("change = lambda told: told")
        self.assertEqual(self.succeeded(self.run_with()).out, "ran\n")

    def test_a_mount_that_nobody_planned(self):
        self.bwrap("change = lambda told: told + ['--tmpfs', '/usr/share']")
        self.found("/usr/share")

    def test_a_mount_under_a_name_of_ours(self):
        self.bwrap("change = lambda told: told + ['--bind', '/usr', '/tmp/usr']")
        self.found("/tmp")

    def test_another_directory_than_the_one_that_was_looked_at(self):
        other = self.directory("home/other")
        self.bwrap(f'''
            def change(told):
                for at in range(len(told) - 2):
                    if told[at] == "--bind" and told[at + 2] == {self.project!r}:
                        told[at + 1] = {other!r}
                return told''')
        self.found(self.project)

    def test_a_hidden_name_that_is_there_after_all(self):
        self.file("home/.ssh/key", "the key")
        self.bwrap(f"""
            def change(told):
                at = told.index("--remount-ro")
                return told[:at] + ["--dir", {self.home + '/.ssh'!r}] + told[at:]
        """)
        self.found(self.home)

    def test_a_read_only_place_that_can_be_written(self):
        self.bwrap("""
            def change(told):
                at = max(i for i, word in enumerate(told) if word == "--ro-bind" and told[i + 1] == told[i + 2] == "/usr"
                         or word == "--ro-bind" and told[i + 2] == "/")
                return told[:at] + ["--bind"] + told[at + 1:]
        """)
        self.found("allows more than the plan")

    def test_a_mask_that_is_missing(self):
        self.file("home/project/secret", "s")
        self.settings('[filesystem]\ndenyRead = ["~/project/secret"]\n')
        self.bwrap(f"""
            def change(told):
                at = told.index({self.project + '/secret'!r})
                return told[:at - 2] + told[at + 1:]
        """)
        self.found("/secret")

    def test_a_protection_that_is_missing(self):
        self.file("home/project/.envrc", "s")
        self.bwrap(f"""
            def change(told):
                at = len(told) - 1 - told[::-1].index({self.project + '/.envrc'!r})
                return told[:at - 2] + told[at + 1:]
        """)
        self.found("/.envrc")


@as_both
class KernelThatLies(Case):
    """A call of the native executor succeeds without having an effect."""

    def run_with(self, injection, *options):
        call = injection.split(":")[0]
        return self.outside("strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=" + call, "-e", "inject=" + injection,
                            self.place.fence, "--backend", "native", *options, "--", "echo", "ran")

    def found(self, injection, *texts):
        self.refused(self.run_with(injection), *texts)
        self.assertEqual(self.succeeded(self.run_with(injection, *UNVERIFIED)).out, "ran\n")

    def test_without_an_injection_it_runs(self):
        self.assertEqual(self.succeeded(self.run_with("acct:retval=0")).out, "ran\n")

    def test_attributes_that_are_not_set(self):
        # The first call makes the mounts private, the second sets the attributes of the root.
        self.found("mount_setattr:retval=0:when=2..4", "allows more than the plan")


class OutOfReach(Case):
    """A mount of the host below a directory that the caller may not enter. Needs root, to make one."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("mounting needs root")
        super().setUp()
        self.closed = self.directory("closed")
        self.directory("closed/mount")

    def run_by(self, backend, *options):
        prepare = f"chown 0 {self.closed} && chmod 700 {self.closed} && mount -t tmpfs t {self.closed}/mount"
        return self.with_mounts(prepare, self.place.fence, "--backend", backend, *options, "--", "echo", "ran")

    def test_the_native_executor_makes_it_read_only_all_the_same(self):
        self.assertEqual(self.succeeded(self.run_by("native")).out, "ran\n")

    def test_bubblewrap_leaves_it_as_it_is_and_nothing_is_run(self):
        self.refused(self.run_by("bwrap"), f"{self.closed}/mount: the mount there allows more than the plan",
                     "hide that directory with --deny-read, or use --backend native")

    def test_the_advice_helps(self):
        self.assertEqual(self.succeeded(self.run_by("bwrap", "--deny-read", self.closed)).out, "ran\n")
