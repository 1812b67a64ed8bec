"""Runs of fence in which one system call fails, or one process is killed at one system call."""

import collections
import concurrent.futures
import difflib
import errno
import itertools
import os
import subprocess

from cases import Case, snapshot

INJECT = os.environ.get("FENCE_INJECT", "")
Aim = collections.namedtuple("Aim", "role call occurrence")
HANGS = 15  # seconds
AT_ONCE = 2 * (os.cpu_count() or 1)


class Run:
    """One run: what fence said, whether the command ran, whether the call was met, and which roles were left."""

    def __init__(self, status, out, err, marked, log):
        self.status, self.out, self.err, self.marked = status, out, err, marked
        self.calls = [line for line in log if ":" in line]
        self.hit = "hit" in log
        self.left = [line for line in log if line.startswith("left ")]

    def __repr__(self):
        return f"status {self.status} out {self.out!r} marked {self.marked} hit {self.hit} left {self.left} err {self.err[:600]!r}"


def problems_of_refusal(run):
    """What is wrong with a run in which the command was not to run; empty where it is as it has to be."""
    found = []
    if run.marked or run.out:
        found.append("the command ran")
    if run.left:
        found.append(f"processes were left: {run.left}")
    if run.status != 125 or "nothing was run" not in run.err:
        found.append("fence did not say that nothing was run")
    if not run.err.startswith(("fence: cannot ", "fence: the sandbox ")):
        found.append("no message names the step")
    return found


class FaultCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inject = cls.place.add_program(INJECT)

    def setUp(self):
        super().setUp()
        self.numbers = itertools.count()
        self.directory("logs")
        self.file("home/.netrc", "secret")
        self.file("home/project/.git/config", "x")
        self.directory("home/project/.git/hooks")

    def run_with(self, aim, deed, *command, options=("--backend", "native"), stdin=subprocess.DEVNULL):
        """The command makes the marker, which is the way to see that it ran."""
        number = next(self.numbers)
        log, marker = f"{self.top}/logs/{number}", f"{self.project}/ran-{number}"
        words = [self.inject, log, f"{aim.role}:{aim.call}:{aim.occurrence}", deed, self.place.fence, *options, "--",
                 *(command or ["/usr/bin/touch", marker])]
        ids = {} if self.user.uid == 0 or os.geteuid() != 0 else {
            "user": self.user.uid, "group": self.user.gid, "extra_groups": []}
        try:
            done = subprocess.run(words, cwd=self.project, env=self.environment, stdin=stdin,
                                  capture_output=True, timeout=HANGS, check=False, **ids)
        except subprocess.TimeoutExpired as hangs:
            return Run(None, "", str(hangs.stderr), os.path.exists(marker), ["left all: it hangs"])
        with open(log, encoding="utf-8") as lines:
            logged = lines.read().splitlines()
        os.unlink(log)
        marked = os.path.exists(marker)
        if marked:
            os.unlink(marker)
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode(), marked, logged)

    def terminal(self):
        """A terminal for `stdin`: the command gets one of its own."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        if os.geteuid() == 0:
            os.fchown(slave, self.user.uid, -1)
        return slave

    def calls_for_a_terminal(self, stdin):
        """What the set-up of a private terminal adds to set_up_calls()."""
        added = added_calls(set_up_calls(self.calls_of_a_run(stdin=stdin)), set_up_calls(self.calls_of_a_run()))
        return {role: added[role] for role in ("main", "child")}

    def calls_of_a_run(self, **how):
        """Every system call of a run that nothing happens to, as (role, call), in order."""
        run = self.run_with(Aim("main", "none", 1), "list", **how)
        self.assertEqual((run.status, run.marked, run.left), (0, True, []), run)
        return [tuple(line.split(":", 1)) for line in run.calls]

    def all_at_once(self, function, arguments):
        """The results in the order of the arguments; no file of the test's may be left changed."""
        before = snapshot(f"{self.top}/home/project/.git"), sorted(os.listdir(self.project))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(function, arguments))
        self.assertEqual(before, (snapshot(f"{self.top}/home/project/.git"), sorted(os.listdir(self.project))))
        return results


def set_up_calls(calls):
    """{role: [(call, occurrence)]} of the set-up: of fence from the first thing that is made for the launch to the word
    that the command may start, of the child up to the command's process, of the command up to its program, of the guard
    up to its word that it watches."""
    counts = collections.Counter()
    found = {"main": [], "child": [], "command": [], "guard": []}
    launching = go = forked = executed = watching = False
    for role, call in calls:
        counts[role, call] += 1
        launching = launching or (role, call) == ("main", "signalfd4")
        told = role == "main" and call == "sendto" and launching
        before = {"main": launching and not go, "child": not forked, "command": not executed,
                  "guard": not watching}
        if before.get(role):
            found[role].append((call, counts[role, call]))
        go = go or told
        forked = forked or (role, call) == ("child", "clone")
        watching = watching or (role, call) == ("guard", "sendmsg")
        executed = executed or (role, call) == ("command", "execve")
    return found


def added_calls(calls, before):
    """What `calls` (of set_up_calls) has and `before` has not, as {role: [(call, occurrence)]}."""
    found = {}
    for role, its in calls.items():
        names, old = [name for name, _ in its], [name for name, _ in before[role]]
        changes = difflib.SequenceMatcher(None, old, names, autojunk=False).get_opcodes()
        found[role] = [call for what, _, _, start, end in changes if what in ("insert", "replace") for call in its[start:end]]
    return found


# How often these are called depends on what comes together: only the first time is sure to come again.
BY_CHANCE = {"poll", "read", "recvmsg"}


def sampled(calls):
    """The first, the middle and the last occurrence of each call, as {call: [occurrence]}."""
    by_call = collections.defaultdict(list)
    for call, occurrence in calls:
        by_call[call].append(occurrence)
    return {
        call: all_of[:1] if call in BY_CHANCE else sorted({all_of[0], all_of[len(all_of) // 2], all_of[-1]})
        for call, all_of in by_call.items()
    }


def errno_text(number):
    """As fence words it."""
    return os.strerror(number)[0].lower() + os.strerror(number)[1:]


__all__ = ["Aim", "FaultCase", "Run", "added_calls", "errno", "errno_text", "problems_of_refusal", "sampled", "set_up_calls"]
