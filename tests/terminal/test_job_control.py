"""fence in a shell, and a shell in fence: keys, jobs, the foreground."""

import os
import signal
import unittest

import processes
from terminal_case import CTRL_C, CTRL_D, CTRL_Z, INTERACTIVE, PRIVATE, SHARED_NATIVE, SIZES, STOPPED, WITHOUT_NAMESPACES, TerminalCase, inner_words


class OrdinaryUser(TerminalCase):
    def use_jobs_inside(self, name):
        session = self.shell()
        session.settle(0.05)
        before = self.settings_of(session)
        self.inner_shell(session, name)
        session.line("sleep 100")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session, r"IN\$ ")
        session.line("bg")
        in_back = processes.wait_for("sleep", "S", of=session.pid)
        session.line("sleep 200")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session, r"IN\$ ")
        session.line("fg")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"IN\$ ")
        # The job in the foreground, and no other.
        self.assertEqual(processes.wait_for("sleep", "S", of=session.pid), in_back)
        os.kill(in_back, signal.SIGKILL)
        # A shell that has not seen it yet would warn of a running job, and stay.
        session.line("wait")
        session.expect(r"IN\$ ")
        session.line("exit 7")
        self.assert_ended(session, 7, before)
        self.assert_no_warnings(session)

    def test_jobs_in_an_inner_bash(self):
        self.use_jobs_inside("bash")

    def test_jobs_in_an_inner_zsh(self):
        self.use_jobs_inside("zsh")

    def test_jobs_in_an_inner_fish(self):
        self.use_jobs_inside("fish")

    def test_jobs_in_an_inner_dash(self):
        self.use_jobs_inside("dash")

    def test_monitor_mode_is_on_inside(self):
        session = self.shell()
        self.inner_shell(session)
        session.line("set -o | grep monitor")
        session.expect(r"monitor\s+on\r")
        self.assert_no_warnings(session)

    def test_the_terminal_has_a_name_inside(self):
        session = self.shell()
        session.line("fence sh -c 'tty && : >/dev/tty && echo opened'")
        session.expect(r"/dev/\S+\r\n")
        session.expect(r"opened\r")

    def suspend_fence_from(self, name, status):
        session = self.shell(name)
        session.line("fence sleep 100")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session)
        processes.wait_for("sleep", "T", of=session.pid)
        session.line("fg")
        self.wait_in_foreground(session, "sleep")
        self.assertIn(processes.descendants(session.pid)[processes.wait_for("fence", of=session.pid)][1], "SR")
        session.send(CTRL_C)
        if status is None:
            session.expect(r"OUT\$ ")
        else:
            self.assert_ended(session, status)

    def test_fence_suspended_from_bash(self):
        self.suspend_fence_from("bash", 130)

    def test_fence_suspended_from_zsh(self):
        self.suspend_fence_from("zsh", 130)

    def test_fence_suspended_from_dash(self):
        self.suspend_fence_from("dash", 130)

    def test_fence_suspended_from_fish(self):
        # fish says 0 for a job that was suspended and then interrupted, with and without fence.
        self.suspend_fence_from("fish", None)

    def test_suspended_twice(self):
        session = self.shell()
        session.line("fence sleep 100")
        for _ in range(2):
            self.wait_in_foreground(session, "sleep")
            self.suspend(session)
            session.line("fg")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")

    def test_continued_in_the_background(self):
        session = self.shell()
        session.line("fence sh -c 'sleep 1; echo do''ne'")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_Z)
        session.expect(STOPPED)
        session.line("bg")
        session.expect(r"done\r")

    def test_brought_back_while_it_runs_in_the_background(self):
        session = self.shell()
        session.line("fence sh -c 'sleep 0.5; read -r word; echo got=$word'")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session)
        session.line("bg")
        session.expect(r"OUT\$ ")
        session.line("fg")
        session.expect(r"fence sh.*\r")
        session.line("a-word")
        session.expect(r"got=a-word\r")

    def test_interrupted_after_it_was_brought_back(self):
        session = self.shell()
        session.line("fence sleep 100")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session)
        session.line("bg")
        session.expect(r"OUT\$ ")
        processes.wait_for("sleep", "S", of=session.pid)
        session.line("fg")
        self.wait_in_foreground(session, "fence")
        session.send(CTRL_C)
        self.assert_ended(session, 130)

    def test_interrupt_ends_a_loop_at_the_prompt(self):
        session = self.shell()
        session.line("for i in 1 2; do fence sleep 30; echo rou''nd; done")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")
        session.line("echo after-$((1 + 1))")
        session.expect(r"after-2\r")
        self.assertNotIn(b"round\r", session.output)

    def test_fence_as_the_leader_of_the_session(self):
        session = self.session([self.place.fence, "env", "PS1=IN$ "] + INTERACTIVE["bash"])
        session.expect(r"IN\$ ")
        session.line("sleep 100")
        self.wait_in_foreground(session, "sleep")
        self.suspend(session, r"IN\$ ")
        session.line("kill -INT %1; kill -CONT %1; wait; exit 4")
        self.assertEqual(session.wait(), 4)
        self.assert_no_warnings(session)

    def test_suspend_key_where_nobody_could_continue(self):
        session = self.session([self.place.fence, "sh", "-c", "echo ready; sleep 1; echo over"])
        session.expect("ready")
        # Not before: a stop between vfork and exec leaves a shell waiting for ever, with and without a sandbox.
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_Z)
        session.expect("over")
        self.assertEqual(session.wait(), 0)

    def test_signal_to_its_group_does_not_reach_the_shell_outside(self):
        session = self.shell()
        session.line("fence sh -c 'trap \"\" TERM; kill -TERM 0; kill -KILL 0'")
        self.assert_ended(session, 137)

    def test_command_that_stops_itself_stops_fence(self):
        session = self.shell()
        session.line("fence sh -c 'kill -STOP $$; echo ali''ve'")
        session.expect(STOPPED)
        session.expect(r"OUT\$ ")
        session.line("fg")
        session.expect(r"alive\r")

    def test_inner_shell_suspends_itself(self):
        session = self.shell()
        self.inner_shell(session)
        session.line("suspend")
        session.expect(STOPPED)
        session.expect(r"OUT\$ ")
        session.line("fg")
        session.expect(r"IN\$ ")
        session.line("echo still-$((40 + 2))")
        session.expect(r"still-42\r")

    def test_interrupt_ends_the_script_around_fence(self):
        session = self.shell()
        session.line("sh -c 'fence sleep 30; echo contin''ued'")
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        self.assert_ended(session, 130)
        self.assertNotIn(b"continued\r", session.output)

    def test_command_that_handles_the_interrupt_does_not_end_the_script(self):
        session = self.shell()
        session.line("""sh -c "fence sh -c 'trap \\"exit 5\\" INT; sleep 100'; echo after=\\$?" """)
        self.wait_in_foreground(session, "sleep")
        session.send(CTRL_C)
        session.expect(r"OUT\$ ")

    def test_foreground_is_given_back_to_a_script(self):
        script = self.place.add_file("wrap.sh", "fence " + inner_words("bash")
                                     + "\necho script-rc=$?\nread -r line\necho got=$line\n")
        session = self.shell()
        session.line("sh " + script)
        session.expect(r"IN\$ ")
        session.line("exit 3")
        session.expect(r"script-rc=3\r")
        session.line("word-for-read")
        session.expect(r"got=word-for-read\r")

    def test_background_command_that_reads_is_stopped(self):
        session = self.shell()
        session.line("fence cat &")
        processes.wait_for("cat", "T", of=session.pid)
        processes.wait_for("fence", "T", of=session.pid)
        session.line("")
        session.expect(STOPPED)
        session.line("fg")
        self.wait_in_foreground(session, "cat")
        session.line("line-to-cat")
        session.expect(r"line-to-cat\r\nline-to-cat\r\n")
        session.send(CTRL_D)
        self.assert_ended(session, 0)

    def test_background_command_does_not_take_the_foreground_at_its_end(self):
        session = self.shell()
        session.line("fence sleep 0.3 &")
        session.expect(r"OUT\$ ")
        session.settle(1.0)
        session.line("echo in-front-$((1 + 1))")
        session.expect(r"in-front-2\r")
        self.assertEqual(session.foreground(), session.pid)

    def test_resize_is_seen(self):
        program = self.place.add_file("sizes.py", SIZES)
        session = self.shell()
        session.line("fence python3 " + program)
        session.expect(r"start 80 24\r")
        session.resize(30, 100)
        session.expect(r"winch 100 30\r")
        session.send(CTRL_Z)
        session.expect(STOPPED)
        session.resize(40, 120)
        session.line("fg")
        session.expect(r"cont 120 40\r")
        session.resize(41, 121)
        session.expect(r"winch 121 41\r")
        session.send("\x1c")  # Ctrl-\
        self.assert_ended(session, 131)


class Root(OrdinaryUser):
    AS_ROOT = True


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


class WithoutNamespaces(OrdinaryUser):
    SETTINGS = WITHOUT_NAMESPACES


class SharedByTheNativeExecutor(OrdinaryUser):
    SETTINGS = SHARED_NATIVE


class NewSession(TerminalCase):
    """A session of the sandbox's own has no job control; keys still mean what they mean."""

    def test_suspended_and_continued_as_a_whole(self):
        session = self.shell()
        session.line("fence --force-new-session sh -c 'sleep 100; true'")
        processes.wait_for("sleep", of=session.pid)
        self.suspend(session)
        processes.wait_for("sleep", "T", of=session.pid)
        session.line("fg")
        processes.wait_for("sleep", "S", of=session.pid)
        session.send(CTRL_C)
        self.assert_ended(session, 130)

    def use_shell(self, name):
        session = self.shell()
        session.settle(0.05)
        before = self.settings_of(session)
        self.inner_shell(session, name, "--force-new-session")
        session.line("sleep 100")
        processes.wait_for("sleep", of=session.pid)
        session.settle(0.05)
        session.send(CTRL_C)
        session.expect(r"IN\$ ")
        session.line("exit 7")
        self.assert_ended(session, 7, before)

    def test_interrupt_in_bash_ends_its_child_only(self):
        self.use_shell("bash")

    def test_interrupt_in_zsh_ends_its_child_only(self):
        self.use_shell("zsh")

    def test_interrupt_in_dash_ends_its_child_only(self):
        self.use_shell("dash")

    def test_fish_wants_a_controlling_terminal(self):
        session = self.shell()
        session.line("fence --force-new-session " + inner_words("fish"))
        session.expect("No TTY for interactive shell")
        session.expect(r"OUT\$ ")

    def test_resize_is_forwarded(self):
        program = self.place.add_file("sizes.py", SIZES)
        session = self.shell()
        session.line("fence --force-new-session python3 " + program)
        session.expect(r"start 80 24\r")
        session.resize(33, 99)
        session.expect(r"winch 99 33\r")

    def test_no_controlling_terminal(self):
        session = self.shell()
        session.line("fence --force-new-session sh -c '(: </dev/tty) || echo no-t''ty'")
        session.expect(r"no-tty\r")


class NewSessionWithAPrivateTerminal(NewSession):
    SETTINGS = PRIVATE


class NegativeControl(TerminalCase):
    """What the tests above look for does show without fence."""

    def test_bwrap_alone_does_not_give_the_foreground_back(self):
        script = self.place.add_file("wrap.sh", "bwrap --ro-bind / / --proc /proc --dev /dev --unshare-pid "
                                     + inner_words("bash") + "\nread -r line\n")
        session = self.shell()
        session.line("sh " + script)
        session.expect(r"IN\$ ")
        session.line("exit 3")
        session.expect(STOPPED)

    def test_bwrap_new_session_has_no_job_control(self):
        session = self.shell()
        session.line("bwrap --ro-bind / / --proc /proc --dev /dev --unshare-pid --new-session "
                     + inner_words("bash"))
        session.expect(r"no job control")


if __name__ == "__main__":
    unittest.main()
