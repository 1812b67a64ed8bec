"""What the command is: its privileges, ids, descriptors, streams, exit status, /proc and /dev."""

import os
import shutil
import signal
import subprocess

from cases import PYTHON, Case, as_both


@as_both
class Privileges(Case):
    def status(self, *options):
        lines = self.output("cat /proc/self/status", *options).splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def test_no_capability_in_any_set(self):
        status = self.status()
        for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]:
            self.assertEqual(int(status[name], 16), 0, name)

    def test_no_new_privileges_and_a_filter(self):
        status = self.status()
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_ids_are_the_callers(self):
        ids = "id -u; id -g; id -ru; id -rg"
        self.assertEqual(self.output(ids), self.outside("sh", "-c", ids).out)

    def test_processes_of_the_host_are_not_seen(self):
        pids = self.output("ls /proc | grep '^[0-9]'").split()
        self.assertLess(len(pids), 8)
        self.assertNotIn(str(os.getpid()), pids)
        self.assertEqual(self.inside(f"kill -0 {os.getpid()}").status, 1)

    def test_the_launcher_cannot_be_looked_into(self):
        for script in ["readlink /proc/1/fd/*", "cat /proc/1/environ", "readlink /proc/1/exe", "cat /proc/1/maps",
                       "ls /proc/1/root/", "cat /proc/1/fd/*"]:
            self.assertEqual(self.failed(self.inside(script)).out, "", script)

    def test_namespaces_are_its_own(self):
        script = "for n in mnt pid ipc uts net user cgroup; do readlink /proc/self/ns/$n; done"
        inside, outside = self.output(script).split(), self.outside("sh", "-c", script).out.split()
        self.assertEqual(len(inside), 7)
        self.assertEqual(set(inside) & set(outside), set())

    def test_nothing_can_be_mounted(self):
        for script in ["mount -t tmpfs x /tmp", "umount /tmp", "mount --bind / /tmp", "mount -o remount,rw /", "umount -l /proc"]:
            self.failed(self.inside(script))


class BorrowedRights(Case):
    """fence itself as a set-user-id program of root's, which somebody has made it: it does nothing."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root: only root makes programs of root's")
        # A copy: the test's other programs are names of one file.
        self.program = shutil.copy(self.place.fence, f"{self.top}/fence")

    def run_it(self, mode):
        os.chmod(self.program, mode)
        return self.outside(self.program, "--", "echo", "ran")

    def test_set_user_id(self):
        self.refused(self.run_it(0o4755), "set-user-id", "chmod u-s,g-s")

    def test_set_group_id(self):
        self.refused(self.run_it(0o2755), "set-group-id", "chmod u-s,g-s")

    def test_the_control(self):
        self.assertEqual(self.succeeded(self.run_it(0o755)).out, "ran\n")


class RootPrivileges(Case):
    AS_ROOT = True

    def test_owners_of_files_are_seen(self):
        path = self.file("home/project/x")
        os.chown(path, 12345, 23456)
        self.assertEqual(self.output("stat -c %u:%g x").strip(), "12345:23456")

    def test_what_only_root_may_read_stays_closed(self):
        path = self.file("home/x", "secret", 0)
        os.chown(path, 12345, 12345)
        self.only_without_fence(f"cat {path}")

    def test_shadow_is_hidden(self):
        self.only_without_fence("cat /etc/shadow")
        self.assertNotIn("shadow", self.output("ls /etc").split())
        self.output("cat /etc/passwd >/dev/null")

    def test_proc_is_read_only_where_root_could_write(self):
        for path in ["/proc/sys/kernel/domainname", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/irq/default_smp_affinity"]:
            if not os.path.exists(path):
                continue
            code = f"import os\ntry: os.open({path!r}, os.O_WRONLY)\nexcept OSError as error: print(error.strerror)"
            with self.subTest(path):
                self.assertEqual(self.outside(*PYTHON, code).out, "")
                self.assertIn(self.python(code).out, ("Read-only file system\n", "Permission denied\n"))
        self.assertIn(" ro,", self.output("grep ' /proc/sys ' /proc/self/mountinfo"))

    def test_no_way_to_another_user(self):
        self.failed(self.inside("setpriv --reuid 1 --clear-groups id"))
        self.failed(self.inside("chown 12345 x", cwd=os.path.dirname(self.file("home/project/x"))))

    def test_devices_cannot_be_made(self):
        self.only_without_fence("mknod null c 1 3", "Operation not permitted", undo="rm null")


@as_both
class DevicesAndProc(Case):
    def test_standard_devices_work(self):
        self.output("""set -e
            echo x >/dev/null; [ "$(head -c 3 /dev/zero | wc -c)" = 3 ]; head -c 3 /dev/urandom >/dev/null
            ! echo x 2>/dev/null >/dev/full; echo x | cat /dev/stdin | cat >/dev/null; ls /dev/fd/ >/dev/null
            echo x >/dev/shm/x; cat /dev/shm/x; [ -c /dev/ptmx ] && [ -d /dev/pts ]""")

    def test_a_terminal_can_be_opened(self):
        self.assertEqual(self.succeeded(self.python("import os; m, s = os.openpty(); print(os.ttyname(s))")).out,
                         "/dev/pts/0\n")

    def test_terminal_devices_in_any_list_are_the_private_ones(self):
        for path in ["/dev/ptmx", "/dev/pts", "/dev/pts/ptmx", "/dev/tty"]:
            for option in ["-w", "-r"]:
                done = self.python("import os; m, s = os.openpty(); print(os.ttyname(s))", option, path)
                self.assertEqual(self.succeeded(done).out, "/dev/pts/0\n", (option, path))

    def test_no_other_device_of_the_host(self):
        names = set(self.output("ls /dev").split())
        self.assertLessEqual(names, {"core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
                                     "stdout", "tty", "urandom", "zero", "console", "mqueue"})

    def test_a_device_by_name(self):
        self.assertEqual(self.output("ls -l /dev/kmsg", "--set", 'devices.allow=["/dev/kmsg"]')[0], "c")

    def test_its_own_processes_names_can_be_written(self):
        """What CUDA does at start."""
        self.assertEqual(self.output("echo renamed >/proc/$$/task/$$/comm; cat /proc/$$/comm"), "renamed\n\n")

    def test_shared_memory_and_queues_are_private(self):
        name = f"/dev/shm/fence-test-{os.path.basename(self.top)}"
        self.own(self.file(name, "x"))
        self.addCleanup(os.unlink, name)
        self.only_without_fence(f"cat {name}")


@as_both
class ExitStatus(Case):
    def test_the_commands_own(self):
        for status in [0, 1, 42, 125, 126, 127, 255]:
            self.assertEqual(self.inside(f"exit {status}").status, status)

    def test_signals(self):
        for number in [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGUSR1, 34]:
            self.assertEqual(self.inside(f"kill -{int(number)} $$").status, 128 + number)

    def test_not_found_and_not_executable(self):
        self.file("home/project/data", "x")
        self.file("home/project/bad", "#!/no/such/interpreter\n", 0o755)
        for words, status in [(["no-such-command"], 127), (["./no-such-command"], 127), (["./data"], 126),
                              (["/etc"], 126), (["./bad"], (126, 127)), (["/etc/passwd/x"], (126, 127))]:
            done = self.fence("--", *words)
            self.assertIn(done.status, status if isinstance(status, tuple) else (status,), done)
            self.assertRegex(done.err, "^fence: cannot run")

    def test_refusals(self):
        self.refused(self.fence("-w", "/no/such/path", "--", "true"))

    def test_forwarded_signals(self):
        for number in [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP, signal.SIGQUIT]:
            code = f"import signal, sys, time\nsignal.signal({int(number)}, lambda *_: sys.exit(9))\n" \
                   "print('ready', flush=True)\nwhile True: time.sleep(1)"
            process = self.start([self.place.fence, "--", *PYTHON, code])
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.send_signal(number)
            self.assertEqual(process.wait(20), 9, number)


@as_both
class Streams(Case):
    def shell(self, script, **options):
        return self.outside("bash", "-c", script, "bash", self.place.fence, **options)

    def test_pipelines(self):
        self.assertEqual(self.shell('"$1" seq 100000 | head -n 2; echo "${PIPESTATUS[*]}"').out, "1\n2\n141 0\n")
        self.assertEqual(self.shell('echo x | "$1" cat | "$1" tr x y').out, "y\n")

    def test_a_file_as_input(self):
        self.file("home/project/input", b"a\0b\r\n\xff")
        done = self.shell('"$1" cat <input >output; cmp input output')
        self.assertEqual((done.status, done.err), (0, ""))

    def test_output_and_errors_stay_apart(self):
        done = self.inside("echo out; echo err >&2")
        self.assertEqual((done.out, done.err), ("out\n", "err\n"))

    def test_closed_streams_stay_closed(self):
        for redirection, descriptor in [("<&-", 0), (">&-", 1), ("2>&-", 2)]:
            done = self.shell(f'"$1" sh -c "[ ! -e /proc/self/fd/{descriptor} ]" {redirection}')
            self.assertEqual(done.status, 0, (redirection, done))
        self.assertEqual(self.shell('"$1" sh -c "exit 7" <&- >&- 2>&-').status, 7)

    def test_no_terminal(self):
        self.failed(self.inside(": </dev/tty"))
        self.assertEqual(self.output("tty || :"), "not a tty\n")

    def test_in_the_background(self):
        self.assertEqual(self.shell('"$1" sh -c "echo x; exit 3" & wait $!; echo $?').out, "x\n3\n")

    def test_a_large_amount_of_data(self):
        self.assertEqual(self.shell('head -c 30000000 /dev/zero | "$1" cat | wc -c').out, "30000000\n")


@as_both
class Descriptors(Case):
    def test_none_above_two_is_inherited(self):
        write = [*PYTHON, "import os\nfor n in 3, 7, 10, 100, 900: os.write(n, b'x')"]
        listing = [*PYTHON, "import os; print(os.listdir('/proc/self/fd'))"]
        around = ["bash", "-c", 'exec 3>/dev/null 7>/dev/null 10>/dev/null 100>/dev/null 900>/dev/null; "$@"', "bash"]
        self.succeeded(self.outside(*around, *write))
        self.failed(self.outside(*around, self.place.fence, "--", *write), "Bad file descriptor")
        done = self.succeeded(self.outside(*around, self.place.fence, "--", *listing))
        self.assertEqual(done.out, "['0', '1', '2', '3']\n")  # 3 is the listing's own

    def test_kept_on_request(self):
        read, write = os.pipe()
        try:
            self.succeeded(self.fence("--keep-fd", str(write), "--", *PYTHON, f"import os; os.write({write}, b'x')",
                                      pass_fds=[write]))
            self.assertEqual(os.read(read, 10), b"x")
        finally:
            os.close(read)
            os.close(write)

    def test_a_kept_descriptor_that_is_not_open_is_refused(self):
        self.refused(self.fence("--keep-fd", "77", "--", "true"), "77")

    def test_process_substitution(self):
        done = self.outside("bash", "-c", '"$1" diff <(echo a) <(echo b)', "bash", self.place.fence)
        self.assertEqual((done.status, done.out), (1, "1c1\n< a\n---\n> b\n"), done)

    def test_words_that_name_descriptors(self):
        script = 'exec 5<<<five 12<<<twelve; "$1" cat /dev/fd/5 /proc/self/fd/12; "$1" sh -c "cat <&5"'
        done = self.outside("bash", "-c", script, "bash", self.place.fence)
        self.assertEqual(done.out, "five\ntwelve\n", done)
        self.assertNotEqual(done.status, 0)

    def test_a_directory_descriptor_does_not_lead_out(self):
        descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        try:
            code = f"import os; print(os.listdir('/proc/self/fd/{descriptor}/tmp'))"
            self.failed(self.fence("--", *PYTHON, code, pass_fds=[descriptor]))
        finally:
            os.close(descriptor)


@as_both
class Environment(Case):
    def variables(self, *options):
        lines = self.output("env", *options).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def test_credentials_are_dropped_and_the_rest_passes(self):
        self.environment.update(GITHUB_TOKEN="x", AWS_SECRET_ACCESS_KEY="x", MY_API_KEY="x", EDITOR="vi", EMPTY="",
                                SSH_AUTH_SOCK="/tmp/agent", TMUX="/tmp/tmux,1,0")
        inside = self.variables()
        self.assertEqual((inside["EDITOR"], inside["EMPTY"], inside["HOME"]), ("vi", "", self.home))
        for name in ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_API_KEY", "SSH_AUTH_SOCK", "TMUX"]:
            self.assertNotIn(name, inside)
        self.assertEqual(self.variables("--env", "GITHUB_TOKEN")["GITHUB_TOKEN"], "x")
        self.assertEqual(self.variables("--env", "EDITOR=ed")["EDITOR"], "ed")

    def test_credentials_are_nowhere_in_proc(self):
        self.environment["GITHUB_TOKEN"] = "very-secret"
        script = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep very-secret"
        self.succeeded(self.outside("sh", "-c", script))
        self.assertEqual(self.inside(script.replace("very-secret", "very-secre[t]")).out, "")

    def test_values_of_any_bytes(self):
        environment = {os.fsencode(key): os.fsencode(value) for key, value in self.environment.items()}
        environment[b"ODD"] = b"a\nb\xff'\""
        done = self.fence("--", *PYTHON, "import os; print(os.environb[b'ODD'])", env=environment)
        self.assertEqual(self.succeeded(done).out, repr(environment[b"ODD"]) + "\n")

    def test_signals_ignored_outside_stay_ignored(self):
        script = 'trap "" HUP; "$1" grep SigIgn /proc/self/status'
        done = self.outside("bash", "-c", script, "bash", self.place.fence)
        self.assertEqual(int(done.out.split()[1], 16) & 1, 1, done)
        plain = self.outside("bash", "-c", '"$1" grep SigIgn /proc/self/status', "bash", self.place.fence)
        self.assertEqual(int(plain.out.split()[1], 16) & 1, 0, plain)

    def test_umask_and_limits_pass(self):
        script = 'umask 027; ulimit -n 99; "$1" sh -c "umask; ulimit -n"'
        self.assertEqual(self.outside("bash", "-c", script, "bash", self.place.fence).out, "0027\n99\n")
