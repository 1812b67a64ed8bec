"""Each of fence's processes is killed at each step of the set-up, and nothing is left."""

import os
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from cases import as_both  # noqa: E402
from faults import BY_CHANCE, Aim, FaultCase, sampled, set_up_calls  # noqa: E402


@as_both
class Killed(FaultCase):
    def aims(self, roles, most, calls_of_roles=None):
        found = []
        for role, calls in (calls_of_roles or set_up_calls(self.calls_of_a_run())).items():
            for call, occurrences in sampled(calls).items():
                # fence has asked the prober with these before, a number of times that differs from run to run.
                if role == "main" and call in BY_CHANCE:
                    continue
                found += [Aim(role, call, occurrence) for occurrence in occurrences[:most] if role in roles]
        return found

    def kill(self, whom, aims, *command, **how):
        runs = self.all_at_once(lambda aim: self.run_with(aim, f"kill={whom}", *command, **how), aims)
        print(f"{whom} was killed at {len(aims)} calls")
        for aim, run in zip(aims, runs):
            self.assertTrue(run.hit, aim)
            self.assertEqual(run.left, [], f"{aim}: {run}")
        return list(zip(aims, runs))

    def test_fence_itself(self):
        # The command would never end by itself.
        for aim, run in self.kill("main", self.aims(("main", "child", "command", "guard"), 2), "/usr/bin/sleep", "1000"):
            self.assertEqual(run.status, 137, f"{aim}: {run}")

    def test_the_first_process_of_the_sandbox(self):
        for aim, run in self.kill("child", self.aims(("child", "command"), 1), "/usr/bin/sleep", "1000"):
            self.assertIn(run.status, (125, 137), f"{aim}: {run}")
            if run.status == 125:
                self.assertIn("nothing was run", run.err)

    def test_the_process_that_guards_mounts(self):
        """Before it watches nothing is run; from then on the sandbox ends, with a message."""
        while_it_runs = [Aim("guard", "poll", 1), Aim("guard", "openat2", 3), Aim("command", "execve", 1)]
        for aim, run in self.kill("guard", self.aims(("guard",), 1) + while_it_runs, "/usr/bin/sleep", "1000"):
            self.assertIn(run.status, (125, 137), f"{aim}: {run}")
            self.assertIn("the process that guards its mounts was killed" if run.status == 137 else "nothing was run", run.err)

    def test_without_namespaces(self):
        how = {"options": ("-p", "landlock")}
        calls = set_up_calls(self.calls_of_a_run(**how))
        for whom in ("main", "child"):
            self.kill(whom, self.aims(("main", "child", "command") if whom == "main" else ("child", "command"), 1, calls),
                      "/usr/bin/sleep", "1000", **how)

    def test_with_a_private_terminal(self):
        stdin = self.terminal()
        before = termios.tcgetattr(stdin)
        calls = self.calls_for_a_terminal(stdin)
        for whom, roles in (("main", ("main", "child")), ("child", ("child",))):
            self.kill(whom, self.aims(roles, 1, calls), "/usr/bin/sleep", "1000", stdin=stdin)
        self.assertEqual(termios.tcgetattr(stdin), before)

    def test_the_command_before_it_is_the_command(self):
        for aim, run in self.kill("command", self.aims(("command",), 1)):
            self.assertEqual((run.status, run.marked), (137, False), f"{aim}: {run}")

    def test_the_process_that_looks_at_paths(self):
        aims = [Aim("helper", call, 20) for call in ("openat", "fstat", "newfstatat", "fstatfs", "read", "recvfrom", "sendto")]
        for aim in aims:
            run = self.run_with(aim, "kill=helper")
            self.assertEqual(run.left, [], f"{aim}: {run}")
            self.assertEqual(run.marked, run.status == 0, f"{aim}: {run}")
