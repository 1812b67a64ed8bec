"""Signals to fence, the end of the terminal, and SIGKILL at any moment: nothing is lost and nothing is left."""

import os
import random
import signal
import subprocess
import time
import unittest

import processes
from terminal_case import INTERACTIVE, PRIVATE, TerminalCase

HANDLER = 'trap "echo got {0}; exit 9" {0}; echo ready; while :; do sleep 0.05; done'


class OrdinaryUser(TerminalCase):
    def start(self, *words):
        process = self.start_fence(*words, stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_handler_of_the_command_runs(self):
        for name in ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2"):
            with self.subTest(signal=name):
                process = self.start("sh", "-c", HANDLER.format(name))
                process.send_signal(getattr(signal, "SIG" + name))
                self.assertEqual(process.stdout.read(), f"got {name}\n".encode())
                self.assertEqual(process.wait(20), 9)

    def test_handler_runs_in_a_session_of_its_own(self):
        process = self.start("--force-new-session", "sh", "-c", HANDLER.format("TERM"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 9)

    def test_command_without_a_handler_dies_of_the_signal(self):
        for name in ("TERM", "INT", "HUP", "USR1"):
            with self.subTest(signal=name):
                process = self.start("sh", "-c", "echo ready; exec sleep 100")
                number = getattr(signal, "SIG" + name)
                process.send_signal(number)
                self.assertEqual(process.wait(20), 128 + number)
        self.assert_nothing_left()

    def test_stopped_and_continued_by_signals(self):
        # A group that its parent could continue: in an orphaned one the kernel lets nobody stop by this signal.
        process = subprocess.Popen([self.place.fence, "sh", "-c", "sleep 100; true"], env=self.place.environment(),
                                   cwd=self.place.project, preexec_fn=self.place.user.become, process_group=0,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self._end, process)
        below = processes.wait_for("sleep", of=process.pid)
        process.send_signal(signal.SIGTSTP)
        self.assertEqual(processes.wait_for("sleep", "T", of=process.pid), below)
        processes.wait_for("fence", "T")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(processes.wait_for("sleep", "S", of=process.pid), below)
        processes.wait_for("fence", "S")
        process.terminate()
        self.assertEqual(process.wait(20), 143)

    def test_new_size_is_told_by_a_signal_too(self):
        process = self.start("sh", "-c", HANDLER.format("WINCH"))
        process.send_signal(signal.SIGWINCH)
        self.assertEqual((process.stdout.read(), process.wait(20)), (b"got WINCH\n", 9))

    def test_signal_during_the_start_is_not_lost(self):
        for _ in range(20):
            process = self.start_fence("sleep", "100")
            time.sleep(random.random() * 0.05)
            process.terminate()
            # Before fence has set itself up the signal kills it as it would any program.
            self.assertIn(process.wait(20), (128 + signal.SIGTERM, -signal.SIGTERM))
        self.assert_nothing_left()

    def test_one_terminate_is_a_wish_and_two_are_an_order(self):
        process = self.start("sh", "-c", 'trap "" TERM; echo ready; while :; do sleep 0.05; done')
        process.terminate()
        process.terminate()
        time.sleep(0.8)
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(20), 128 + signal.SIGKILL)
        self.assert_nothing_left()

    def test_hang_up_kills_who_ignores_it(self):
        # At the same time, because both wait as long as a command may take.
        session = self.shell()
        session.line("""fence sh -c 'trap "" HUP; while :; do sleep 0.05; done'""")
        self.wait_in_foreground(session, "sleep")
        process = self.start("sh", "-c", 'trap "" HUP; echo ready; while :; do sleep 0.05; done')
        process.send_signal(signal.SIGHUP)
        session.hang_up()
        self.assertEqual(process.wait(20), 128 + signal.SIGKILL)
        session.close()
        self.assert_nothing_left()

    def test_nohup_is_respected(self):
        process = subprocess.Popen(
            ["sh", "-c", 'trap "" HUP; exec "$0" sh -c "echo ready; sleep 1; echo alive"', self.place.fence],
            env=self.place.environment(), cwd=self.place.project, preexec_fn=self.place.user.become,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(self._end, process)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.stdout.read(), b"alive\n")
        self.assertEqual(process.wait(20), 0)

    def test_dispositions_are_what_fence_was_started_with(self):
        shown = subprocess.run(
            ["sh", "-c", 'trap "" USR2; exec "$0" grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status', self.place.fence],
            env=self.place.environment(), cwd=self.place.project, preexec_fn=self.place.user.become, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, restore_signals=True).stdout.split()
        self.assertEqual(int(shown[1], 16), 0)
        self.assertEqual(int(shown[3], 16), 1 << (signal.SIGUSR2 - 1))

    def test_signal_from_inside_to_the_whole_group_comes_once(self):
        program = self.place.add_file("group.py", """
import os, signal, sys, time
got = []
signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
os.kill(0, signal.SIGUSR1)
time.sleep(0.5)
print(len(got), flush=True)
""")
        done = self.run_fence("--no-force-new-session", "python3", program)
        self.assertEqual((done.returncode, done.stdout), (0, b"1\n"), done.stderr)

    def test_closed_terminal_ends_an_inner_shell(self):
        session = self.shell()
        session.line("fence " + " ".join(INTERACTIVE["bash"]))
        processes.wait_for("fence-init", of=session.pid)
        session.settle()
        session.hang_up()
        session.close()
        self.assert_nothing_left()

    def test_modes_are_restored_where_a_signal_killed_the_command(self):
        script = self.place.add_file("raw.sh", "fence sh -c 'stty raw -echo; kill -KILL $$'\nstty -a\n")
        session = self.shell()
        session.line("sh " + script)
        session.expect(r"[ \n]isig icanon .* echo ")

    def test_modes_that_a_command_sets_on_purpose_stay(self):
        script = self.place.add_file("noecho.sh", "fence stty -echo\nstty -a\n")
        session = self.shell()
        session.line("sh " + script)
        session.expect(r" -echo ")


class Killed(TerminalCase):
    """SIGKILL to each of the three processes that make a sandbox, while it starts and while it runs."""

    ROUNDS = 12
    START_SECONDS = 0.05

    def start_round(self, *words):
        """The pid of a fence, and what checks its end."""
        process = self.start_fence(*words, stderr=subprocess.DEVNULL)
        return process.pid, lambda: process.wait(20)

    def kill_in_rounds(self, name, *options):
        for _ in range(self.ROUNDS):
            fence, check_end = self.start_round(*options, "sleep", "1000")
            time.sleep(random.random() * self.START_SECONDS)
            victims = [fence] if name == "fence" else [
                pid for pid, (its, _) in processes.descendants(fence).items() if its == name and self.is_of_the_launch(pid)]
            try:
                os.kill(min(victims, default=fence), signal.SIGKILL)
            except ProcessLookupError:
                os.kill(fence, signal.SIGKILL)
            check_end()
            self.assert_nothing_left()

    @staticmethod
    def is_of_the_launch(pid):
        """Not the short `bwrap --help` with which fence asks for bwrap's options."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words:
                return words.read().startswith((b"bwrap\0--args", b"/proc/self/fd/", b"fence-init\0"))
        except OSError:
            return False

    def test_fence(self):
        self.kill_in_rounds("fence")

    def test_fence_with_a_session_of_its_own(self):
        self.kill_in_rounds("fence", "--force-new-session")

    def test_monitor(self):
        self.kill_in_rounds("bwrap", "--backend", "bwrap")

    def test_stage(self):
        self.kill_in_rounds("fence-init")

    def test_stage_of_bwrap(self):
        self.kill_in_rounds("fence-init", "--backend", "bwrap")

    def test_fence_under_an_editor(self):
        session = self.shell()
        session.line("fence vim -u NONE -N file")
        self.wait_in_foreground(session, "vim")
        session.settle()
        os.kill(processes.wait_for("fence", of=session.pid), signal.SIGKILL)
        session.expect(r"OUT\$ ")
        self.assertNotIn("vim", [name for name, _ in processes.descendants(session.pid).values()])
        session.line("stty -a")
        session.expect(r"[ \n]isig icanon ")

    def test_fence_while_it_is_suspended(self):
        session = self.shell()
        session.line("fence sleep 100")
        self.wait_in_foreground(session, "sleep")
        session.send("\x1a")
        session.expect("Stopped")
        fence = processes.wait_for("fence", "T", of=session.pid)
        os.kill(fence, signal.SIGKILL)
        end = time.monotonic() + 10
        while set(processes.descendants(session.pid)) - {fence}:
            self.assertLess(time.monotonic(), end, processes.descendants(session.pid))
            time.sleep(0.02)


class KilledWithAPrivateTerminal(Killed):
    """The terminal has its settings after each."""

    SETTINGS = PRIVATE

    def start_round(self, *words):
        session = self.session(["sh", "-c", '"$@"; cat', "sh", self.place.fence, *words])
        before = self.settings_of(session)

        def check_end():
            end = time.monotonic() + 20
            # Orphans are this process's own.
            while sorted(name for name, state in processes.descendants().values() if state != "Z") != ["cat", "sh"]:
                self.assertLess(time.monotonic(), end, processes.descendants())
                session.settle(0.005)
            self.assertEqual(self.settings_of(session), before)
            session.close()

        return processes.wait_for("fence", of=session.pid), check_end

    def test_monitor(self):
        """There is none."""

    def test_stage_of_bwrap(self):
        """It has no private terminal."""


class KilledAsRoot(Killed):
    AS_ROOT = True


class Root(OrdinaryUser):
    AS_ROOT = True


class Private(OrdinaryUser):
    SETTINGS = PRIVATE

    def test_modes_that_a_command_sets_on_purpose_stay(self):
        # In its own terminal.
        script = self.place.add_file("noecho.sh", "fence sh -c 'stty -echo; stty -a'\necho outside\nstty -a\n")
        session = self.shell()
        session.line("sh " + script)
        session.expect(r" -echo .*outside.*isig icanon .* echo ")


if __name__ == "__main__":
    unittest.main()
