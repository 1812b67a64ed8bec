"""Pipelines, files, no terminal at all, exit statuses."""

import os
import subprocess
import time
import unittest

import processes
from terminal_case import PRIVATE, TerminalCase


class OrdinaryUser(TerminalCase):
    def test_pager_after_fence(self):
        session = self.shell()
        session.line("fence seq 1 300 | less")
        session.expect(r"\r1\r\n2\r\n.*:")
        session.send("q")
        session.expect(r"OUT\$ ")
        session.line("echo status=${PIPESTATUS[*]}-$((1 + 1))")
        session.expect(r"status=\d+ 0-2\r")
        self.assertNotIn(b"Stopped", session.output)

    def test_pager_in_fence(self):
        session = self.shell()
        session.line("seq 1 300 | fence less")
        session.expect(r"\r1\r\n2\r\n.*:")
        session.send("q")
        session.expect(r"OUT\$ ")
        session.line("echo status=${PIPESTATUS[*]}-$((1 + 1))")
        session.expect(r"status=\d+ 0-2\r")
        self.assertNotIn(b"Stopped", session.output)

    def test_bytes_of_a_pipe_are_untouched(self):
        session = self.shell()
        session.line(r"fence printf 'a\nb\n' | od -c")
        session.expect(r"0000000   a  \\n   b  \\n\r")

    def test_pipeline_shows_every_status(self):
        session = self.shell()
        session.line("fence sh -c 'exit 7' | cat; echo status=${PIPESTATUS[*]}-$((1 + 1))")
        session.expect(r"status=7 0-2\r")

    def test_reader_that_ends_early_ends_the_command(self):
        session = self.shell()
        session.line("fence yes | head -1; echo status=${PIPESTATUS[*]}-$((1 + 1))")
        session.expect(r"y\r\nstatus=141 0-2\r")

    def test_name_of_the_terminal_in_a_pipeline(self):
        session = self.shell()
        session.line("fence tty | cat")
        session.expect(r"/dev/\S+\r\n")

    def test_file_as_standard_input(self):
        path = self.place.add_file("in.txt", "line one\nline two\n")
        with open(path, "rb") as file:
            done = self.run_fence("cat", stdin=file)
        self.assertEqual((done.returncode, done.stdout), (0, b"line one\nline two\n"))

    def test_pipe_as_standard_input(self):
        process = self.start_fence("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(b"through", timeout=30)
        self.assertEqual((process.returncode, out), (0, b"through"))

    def test_streams_stay_apart(self):
        done = self.run_fence("sh", "-c", "echo out; echo err >&2")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"out\n", b"err\n"))

    def test_closed_streams_stay_closed(self):
        done = subprocess.run(
            ["sh", "-c", '"$0" sh -c "readlink /proc/self/fd/0 || echo closed" <&-', self.place.fence],
            env=self.place.environment(), cwd=self.place.project, preexec_fn=self.place.user.become, timeout=60,
            stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.stdout, b"closed\n")

    def test_exit_statuses(self):
        program = self.place.add_file("not-executable", "text\n")
        broken = self.place.add_file("no-interpreter", "#!/nonexistent/interpreter\n", 0o755)
        for words, status in (
            (["true"], 0),
            (["sh", "-c", "exit 42"], 42),
            (["sh", "-c", "kill -SEGV $$"], 128 + 11),
            (["sh", "-c", "kill -KILL $$"], 128 + 9),
            (["no-such-command-anywhere"], 127),
            (["./no-such-file"], 127),
            ([program], 126),
            ([broken], 126),
            (["/"], 126),
        ):
            with self.subTest(words=words):
                done = self.run_fence("--", *words)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(b"fence: " in done.stderr, status in (126, 127))

    def test_long_arguments(self):
        words = [f"argument-that-is-{i:016}" for i in range(6400)]  # 200 kB
        done = self.run_fence("sh", "-c", 'echo $# "${6400}"', "sh", *words)
        self.assertEqual((done.returncode, done.stdout), (0, f"6400 {words[-1]}\n".encode()), done.stderr)

    def test_command_that_closes_its_output_is_seen_to_do_so(self):
        process = self.start_fence("sh", "-c", "echo said; exec >&-; sleep 100", stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.read(), b"said\n")
        self.assertIsNone(process.poll())

    def test_started_in_the_background_of_a_script(self):
        done = subprocess.run(["sh", "-c", '"$0" sh -c "sleep 0.2; exit 3" & wait $!; echo $?', self.place.fence],
                              env=self.place.environment(), cwd=self.place.project, preexec_fn=self.place.user.become,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(done.stdout, b"3\n")

    def test_background_processes_end_with_the_command(self):
        start = time.monotonic()
        done = self.run_fence("sh", "-c", "sleep 300 & echo started")
        self.assertEqual((done.returncode, done.stdout), (0, b"started\n"))
        self.assertLess(time.monotonic() - start, 60)
        self.assert_nothing_left()

    def test_waiting_costs_no_time(self):
        process = self.start_fence("sleep", "100")
        pid = processes.wait_for("fence-init", of=process.pid)
        processes.wait_for("sleep", of=process.pid)
        before = [self.cpu_ticks(each) for each in (process.pid, pid)]
        time.sleep(1.0)
        self.assertEqual([self.cpu_ticks(each) for each in (process.pid, pid)], before)

    @staticmethod
    def cpu_ticks(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_nothing_of_fence_is_open_inside(self):
        done = self.run_fence("sh", "-c", "exec ls /proc/self/fd")
        self.assertEqual(done.stdout.split(), [b"0", b"1", b"2", b"3"])  # 3: the listing itself

    def test_inherited_descriptor_is_closed(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        done = self.run_fence("sh", "-c", "exec ls /proc/self/fd", pass_fds=[read, write])
        self.assertEqual(done.stdout.split(), [b"0", b"1", b"2", b"3"])

    def test_kept_descriptor_keeps_its_number(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        done = self.run_fence("--keep-fd", str(write), "bash", "-c", f"echo kept >&{write}", pass_fds=[write])
        os.close(write)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.read(read, 100), b"kept\n")


class Root(OrdinaryUser):
    AS_ROOT = True


class Private(OrdinaryUser):
    SETTINGS = PRIVATE


if __name__ == "__main__":
    unittest.main()
