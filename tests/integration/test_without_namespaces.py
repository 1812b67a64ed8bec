"""backend = "landlock": what is held without any namespace, what is refused, and that nothing is left. Each attempt
succeeds without fence."""

import os
import platform
import signal
import socket
import time

import processes
from cases import PYTHON, TIMEOUT, Case, as_both, user_only

ALONE = ("-p", "landlock")

# Runs argv[1:] where no namespace can be made, as in a hardened container: clone with such a flag and unshare are refused.
HARDENED = """
import ctypes, os, struct, sys
clone, clone3, unshare = {numbers}
NEW = 0x7E020000
def ins(code, jt, jf, k): return struct.pack("HBBI", code, jt, jf, k)
LOAD, EQUAL, ANY, RETURN = 0x20, 0x15, 0x45, 0x06
EPERM, ENOSYS, ALLOW = 0x00050001, 0x00050026, 0x7FFF0000
code = b"".join([ins(LOAD, 0, 0, 0), ins(EQUAL, 5, 0, clone3), ins(EQUAL, 3, 0, unshare), ins(EQUAL, 0, 4, clone),
                 ins(LOAD, 0, 0, 16), ins(ANY, 0, 2, NEW), ins(RETURN, 0, 0, EPERM), ins(RETURN, 0, 0, ENOSYS), ins(RETURN, 0, 0, ALLOW)])
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execvp(sys.argv[1], sys.argv[1:])
""".format(numbers={"x86_64": (56, 435, 272), "aarch64": (220, 435, 97)}.get(platform.machine()))

WITNESS = """
import signal
signal.signal(signal.SIGURG, lambda *_: print("reached", flush=True))
signal.signal(signal.SIGUSR1, lambda *_: print("asked", flush=True))
print("up", flush=True)
while True:
    signal.pause()
"""

# "done", or what refused it.
TRY = """
import ctypes, os, resource, signal, socket, sys
LIBC = ctypes.CDLL(None, use_errno=True)
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def attempt():
{body}
try:
    attempt()
    print("done")
except OSError as error:
    print(error.strerror)
"""


def attempt(body):
    return TRY.format(body="\n".join("    " + line for line in body.strip().splitlines()))


@as_both
class Files(Case):
    def setUp(self):
        super().setUp()
        self.tree({"home/other": [], "home/other/file": "text", "home/other/run": "#!/bin/sh\necho ran\n", "home/.ssh": [],
                   "home/.ssh/id": "key", "home/project/file": "mine"})
        os.chmod(f"{self.home}/other/run", 0o755)

    def held(self, script, said="Permission denied", undo=None):
        self.succeeded(self.outside("sh", "-c", script))
        if undo:
            self.succeeded(self.outside("sh", "-c", undo))
        self.failed(self.inside(script, *ALONE), said)

    def test_reading(self):
        for script in (f"cat {self.home}/.ssh/id", f"ls {self.home}", f"cat {self.home}/other/file", "ls /", "ls /tmp"):
            self.held(script)

    def test_changing(self):
        other = f"{self.home}/other"
        for script, undo in ((f"echo x >{other}/file", None), (f"truncate -s 0 {other}/file", None), (f": >{other}/new", f"rm {other}/new"),
                             (f"mkdir {other}/d", f"rmdir {other}/d"), (f"ln {other}/file hard", "rm hard"),
                             (f"ln -s x {other}/soft", f"rm {other}/soft"), (f"mkfifo {other}/fifo", f"rm {other}/fifo"),
                             (f"mv {other}/file here", f"mv here {other}/file"), (f"mv file {other}/there", f"mv {other}/there file"),
                             (f"rm -f {other}/file", f"echo text >{other}/file")):
            with self.subTest(script=script):
                self.held(script, "", undo)
        self.assertEqual(sorted(os.listdir(other)), ["file", "run"])

    def test_running_what_is_not_granted(self):
        self.held(f"{self.home}/other/run")
        done = self.fence(*ALONE, "--", f"{self.home}/other/run")
        self.assertEqual(done.status, 126, done)
        self.assertIn("--allow-read", done.err)

    def test_what_is_granted_besides(self):
        other = f"{self.home}/other"
        self.assertEqual(self.output(f"cat {other}/file; {other}/run", *ALONE, "--allow-read", other), "textran\n")
        self.failed(self.inside(f"echo x >{other}/file", *ALONE, "--allow-read", other), "Permission denied")
        self.output(f"echo x >{other}/file", *ALONE, "--allow-write", other)
        self.assertEqual(self.read(f"{other}/file"), "x\n")

    def test_a_link_leads_nowhere(self):
        self.link("home/project/out", f"{self.home}/.ssh/id")
        self.held("cat out")

    def test_input_is_not_opened_for_writing(self):
        path = self.file("home/other/input", "good\n")
        with open(path, encoding="utf-8") as stdin:
            self.failed(self.inside("cat; echo bad >/proc/self/fd/0", *ALONE, stdin=stdin), "good")
        self.assertEqual(self.read(path), "good\n")
        with open(path, encoding="utf-8") as stdin:
            self.succeeded(self.outside("sh", "-c", "echo bad >/proc/self/fd/0", stdin=stdin))
        self.assertEqual(self.read(path), "bad\n")

    def test_another_terminal_of_the_users(self):
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.own(os.ttyname(slave))
        code = attempt(f"os.open({os.ttyname(slave)!r}, os.O_RDWR | os.O_NOCTTY)")
        self.assertEqual(self.succeeded(self.outside(*PYTHON, code)).out, "done\n")
        self.assertEqual(self.succeeded(self.python(code, *ALONE)).out, "Permission denied\n")

    def test_settings_of_the_kernel(self):
        done = self.inside("echo >/proc/sys/kernel/core_pattern; echo 0 >/proc/$$/oom_score_adj", *ALONE)
        self.assertEqual(done.err.count("ermission denied"), 2, done)


@as_both
class Processes(Case):
    def setUp(self):
        super().setUp()
        self.process = self.start(["sleep", "600"], env={**self.environment, "VICTIM": "1"})
        self.victim = self.process.pid
        processes.wait_for("sleep")

    def tearDown(self):
        self.assertIsNone(self.process.poll(), "somebody has ended it")
        self._end(self.process)
        super().tearDown()

    def test_others_are_out_of_reach(self):
        cases = {
            "signal": f"os.kill({self.victim}, 0)",
            "signal by descriptor": f"signal.pidfd_send_signal(os.pidfd_open({self.victim}), 0)",
            "environment": f"open('/proc/{self.victim}/environ', 'rb').read()",
            "memory": f"open('/proc/{self.victim}/mem', 'rb')",
            "descriptors": f"os.readlink('/proc/{self.victim}/fd/0')",
            "directory": f"os.readlink('/proc/{self.victim}/cwd')",
            "limits": f"resource.prlimit({self.victim}, resource.RLIMIT_CPU, (1000, 1000))",
            "priority": f"os.setpriority(os.PRIO_PROCESS, {self.victim}, 5)",
        }
        if platform.machine() == "x86_64":
            address = int(self.read(f"/proc/{self.victim}/maps").split("-")[0], 16)
            cases["read memory"] = f"bytes = ctypes.create_string_buffer(8); own = (ctypes.c_ulong * 2)(ctypes.addressof(bytes), 8)\n" \
                                   f"its = (ctypes.c_ulong * 2)({address}, 8); checked(LIBC.syscall(310, {self.victim}, own, 1, its, 1, 0))"
        seize = 0x4206
        cases["trace"] = f"checked(LIBC.ptrace({seize}, {self.victim}, None, None))"
        for name, body in cases.items():
            with self.subTest(name=name):
                self.assertEqual(self.succeeded(self.outside(*PYTHON, attempt(body))).out, "done\n")
                said = self.succeeded(self.python(attempt(body), *ALONE)).out
                self.assertIn(said, ("Operation not permitted\n", "Permission denied\n"))

    def test_neither_fence_nor_its_first_process_is_reached(self):
        code = """
import os, signal
stage = os.getppid()
fence = int(open(f"/proc/{stage}/stat").read().rsplit(")")[-1].split()[1])
for pid in (stage, fence):
    for tried in (lambda: os.kill(pid, signal.SIGKILL), lambda: os.readlink(f"/proc/{pid}/exe"), lambda: open(f"/proc/{pid}/mem")):
        try:
            tried()
            print("done")
        except OSError as error:
            print(type(error).__name__)
"""
        self.assertEqual(self.succeeded(self.python(code, *ALONE)).out, "PermissionError\n" * 6)

    def test_its_own_are_its_own(self):
        code = """
import os, resource, signal, subprocess
child = subprocess.Popen(["sleep", "300"])
child.terminate()
print(child.wait())
os.kill(os.getpid(), 0)
os.killpg(0, 0)
os.setpriority(os.PRIO_PROCESS, 0, 5)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
assert len(os.sched_getaffinity(0)) == 1
resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
"""
        self.assertEqual(self.succeeded(self.python(code, *ALONE)).out, "-15\n")

    @user_only
    def test_all_at_once_are_out_of_reach(self):
        """kill(-1, ...) reaches all that the user has. SIGURG harms nobody, and the answer tells nothing."""
        witness = self.start([*PYTHON, WITNESS])
        self.assertEqual(witness.stdout.readline(), b"up\n")
        everybody = "import os, signal; os.kill(-1, signal.SIGURG)"
        for options in ((), ("--no-force-new-session",)):
            self.succeeded(self.python(everybody, *ALONE, *options))
            witness.send_signal(signal.SIGUSR1)
            self.assertEqual(witness.stdout.readline(), b"asked\n")
        self.succeeded(self.outside(*PYTHON, everybody))
        self.assertEqual(witness.stdout.readline(), b"reached\n")
        self._end(witness)

    def test_processors_of_others_stay_what_they_are(self):
        """A thread names itself by a number that no filter can tell from others': such a call succeeds without effect."""
        few = {min(os.sched_getaffinity(self.victim))}
        code = f"import os; os.sched_setaffinity({self.victim}, {few})"
        if len(os.sched_getaffinity(self.victim)) == 1:
            self.skipTest("takes two processors")
        self.succeeded(self.python(code, *ALONE))
        self.assertNotEqual(os.sched_getaffinity(self.victim), few)
        self.succeeded(self.outside(*PYTHON, code))
        self.assertEqual(os.sched_getaffinity(self.victim), few)

    def test_shared_memory(self):
        body = "number = LIBC.shmget(0, 4096, 0o600)\nchecked(number)\nchecked(LIBC.shmctl(number, 0, None))"
        self.assertEqual(self.succeeded(self.outside(*PYTHON, attempt(body))).out, "done\n")
        self.assertEqual(self.succeeded(self.python(attempt(body), *ALONE)).out, "Function not implemented\n")


@as_both
class Sockets(Case):
    def server(self, family, kind, address):
        server = socket.socket(family, kind)
        self.addCleanup(server.close)
        server.bind(address)
        if kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
            server.listen()
        return server

    def test_none_is_reached(self):
        path = f"{self.project}/socket"
        abstract = "\0" + os.path.basename(self.top)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            self.server(socket.AF_UNIX, kind, f"{path}{int(kind)}")
            os.chmod(f"{path}{int(kind)}", 0o777)
            self.server(socket.AF_UNIX, kind, f"{abstract}{int(kind)}")
        port = self.server(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)).getsockname()[1]
        tried = [(socket.AF_INET, 1, ("127.0.0.1", port)), (socket.AF_INET, 2, ("127.0.0.1", 9))]
        tried += [(socket.AF_UNIX, int(kind), f"{name}{int(kind)}") for name in (path, abstract) for kind in (1, 2)]
        for family, kind, address in tried:
            body = f"socket.socket({int(family)}, {kind}).connect({address!r})"
            with self.subTest(body=body):
                self.assertEqual(self.succeeded(self.outside(*PYTHON, attempt(body))).out, "done\n")
                self.assertEqual(self.succeeded(self.python(attempt(body), *ALONE)).out, "Permission denied\n")

    def handed(self, kept, *options):
        self.addCleanup(kept.close)
        return self.fence(*ALONE, *options, "--keep-fd", str(kept.fileno()), "--", *PYTHON, "print('run')", pass_fds=[kept.fileno()])

    def test_none_that_could_reach_the_host_is_handed_over(self):
        connected = socket.create_connection(self.server(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)).getsockname())
        for kept, said in ((socket.socket(socket.AF_INET), "the host's network could be reached"),
                           (connected, "the host's network could be reached"),
                           (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "the host's network could be reached"),
                           (socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0), "the host's network could be reached"),
                           (socket.socket(socket.AF_UNIX), "not connected for good"),
                           (socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0], "not connected for good")):
            number = kept.fileno()
            with self.subTest(kept=kept):
                self.refused(self.handed(kept), f"socket that is descriptor {number}", said)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stdin:
            self.refused(self.fence(*ALONE, "--", "true", stdin=stdin), "socket that is standard input")

    def test_those_that_are_settled_or_asked_for_are(self):
        server = self.server(socket.AF_UNIX, socket.SOCK_STREAM, f"{self.project}/socket")
        for kept in (*socket.socketpair(), socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)[0], server):
            self.assertEqual(self.succeeded(self.handed(kept)).out, "run\n")
        self.assertEqual(self.succeeded(self.handed(socket.socket(socket.AF_INET), "--net", "host")).out, "run\n")
        opened = ("--set", 'seccomp.allow=["unix_sockets"]')
        self.assertEqual(self.succeeded(self.handed(socket.socket(socket.AF_UNIX), *opened)).out, "run\n")

    def test_abstract_ones_are_out_of_reach_where_unix_sockets_are_opened(self):
        """Landlock's scope: what no filter sees."""
        abstract = "\0" + os.path.basename(self.top)
        self.server(socket.AF_UNIX, socket.SOCK_STREAM, abstract)
        body = f"socket.socket(socket.AF_UNIX).connect({abstract!r})"
        self.assertEqual(self.succeeded(self.outside(*PYTHON, attempt(body))).out, "done\n")
        opened = ("--set", 'seccomp.allow=["unix_sockets"]')
        self.assertEqual(self.succeeded(self.python(attempt(body), *ALONE, *opened)).out, "Operation not permitted\n")

    def test_not_by_a_pair_that_is_readdressed(self):
        """Datagrams go wherever they are told to; streams and packets in sequence stay where they are."""
        for kind, call, outside, inside in (
                (socket.SOCK_DGRAM, "a.sendto(b'x', PATH)", "done", "Permission denied"),
                (socket.SOCK_DGRAM, "a.connect(PATH)", "done", "Permission denied"),
                (socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, "a.connect(PATH)", "done", "Permission denied"),
                (socket.SOCK_RAW, "a.connect(PATH)", "done", "Permission denied"),
                (socket.SOCK_STREAM, "a.connect(PATH)", None, "Transport endpoint is already connected"),
                (socket.SOCK_STREAM, "b.close(); a.connect(PATH)", None, "Transport endpoint is already connected"),
                (socket.SOCK_STREAM, "a.sendto(b'x', PATH)", None, "Transport endpoint is already connected"),
                (socket.SOCK_SEQPACKET, "a.connect(PATH)", None, "Transport endpoint is already connected"),
                (socket.SOCK_SEQPACKET, "b.close(); a.connect(PATH)", None, "Transport endpoint is already connected"),
                (socket.SOCK_SEQPACKET, "a.sendto(b'x', PATH); print(b.recv(9))", None, "b'x'\ndone")):
            plain = kind & ~(socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            path = f"{self.project}/socket"
            self.server(socket.AF_UNIX, socket.SOCK_DGRAM if plain == socket.SOCK_RAW else plain, path)
            os.chmod(path, 0o777)
            body = f"a, b = socket.socketpair(socket.AF_UNIX, {int(kind)}); {call.replace('PATH', repr(path))}"
            with self.subTest(body=body):
                self.assertEqual(self.succeeded(self.outside(*PYTHON, attempt(body))).out, (outside or inside) + "\n")
                self.assertEqual(self.succeeded(self.python(attempt(body), *ALONE)).out, inside + "\n")
            os.unlink(path)

    def test_pairs_and_pipes_work(self):
        code = "import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))"
        self.assertEqual(self.succeeded(self.python(code, *ALONE)).out, "b'x'\n")

    def test_the_network_by_request(self):
        port = self.server(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)).getsockname()[1]
        body = f"socket.socket().connect(('127.0.0.1', {port}))"
        self.assertEqual(self.succeeded(self.python(attempt(body), *ALONE, "--net", "host")).out, "done\n")


@as_both
class Lifetime(Case):
    DAEMON = "(setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 &)"

    def test_a_daemon_ends_with_the_command(self):
        # Case.fence() looks whether anything is left.
        done = self.inside(f"{self.DAEMON}; sleep 0.1; exit 7", *ALONE)
        self.assertEqual(done.status, 7, done)
        # The control: it does not end by itself.
        self.outside("sh", "-c", f"{self.DAEMON}; sleep 0.1")
        left = processes.descendants()
        self.assertIn("sleep", {name for name, _ in left.values()})
        for pid in left:
            os.kill(pid, signal.SIGKILL)

    def test_processes_that_run_away(self):
        """Each forks and ends: whoever looks for them one by one is always late."""
        code = """
import os, time
if os.fork() == 0:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if os.fork() != 0:
            os._exit(0)
    os._exit(0)
time.sleep(0.2)
"""
        self.succeeded(self.python(code, *ALONE))

    def test_an_inner_reaper(self):
        code = """
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
time.sleep(0.1)
"""
        self.succeeded(self.python(code, *ALONE))

    def killed(self, whom):
        fence = self.start([self.place.fence, *ALONE, "--", "sh", "-c", f"{self.DAEMON}; sleep 600"])
        processes.wait_for("sleep", of=fence.pid)
        os.kill(fence.pid if whom == "fence" else processes.wait_for(whom, of=fence.pid), signal.SIGKILL)
        return fence

    def test_fence_is_killed(self):
        self.killed("fence").wait(TIMEOUT)
        self.assertEqual(processes.wait_until_gone(10), {})

    def test_its_first_process_is_killed(self):
        fence = self.killed("fence-init")
        self.assertEqual(fence.wait(TIMEOUT), 128 + signal.SIGKILL)
        self.assertEqual(processes.wait_until_gone(0), {})

    def test_at_any_moment(self):
        for moment in range(12):
            fence = self.start([self.place.fence, *ALONE, "--", "sh", "-c", f"{self.DAEMON}; sleep 600"])
            time.sleep(moment * 0.004)
            fence.kill()
            fence.wait(TIMEOUT)
            self.assertEqual(processes.wait_until_gone(10), {}, moment)

    def test_the_wall_time(self):
        done = self.inside(f"{self.DAEMON}; trap '' TERM; sleep 600", *ALONE, "--set", "limits.wallTime=1")
        self.assertEqual(done.status, 124, done)

    def test_signals_and_statuses(self):
        for command, status in ((["sh", "-c", "exit 9"], 9), (["sh", "-c", "kill -TERM $$"], 143), (["nonexistent"], 127), (["/etc/passwd"], 126)):
            self.assertEqual(self.fence(*ALONE, "--", *command).status, status)
        fence = self.start([self.place.fence, *ALONE, "--", "sh", "-c", "trap 'exit 5' TERM; echo up; sleep 600 & wait"])
        self.assertEqual(fence.stdout.readline(), b"up\n")
        fence.terminate()
        self.assertEqual(fence.wait(TIMEOUT), 5)


@as_both
class Tools(Case):
    def test_a_build(self):
        self.file("home/.gitconfig", "[user]\nname = n\nemail = e@e\n")
        self.file("home/project/main.c", '#include <stdio.h>\nint main() { return puts("built") < 0; }\n')
        self.file("home/project/Makefile", "all: main\n\t./main\nmain: main.c\n\tcc -pipe -O1 -o $@ $<\n\tcc -save-temps=cwd -c -o two.o $<\n")
        self.assertIn("built\n", self.succeeded(self.fence(*ALONE, "--", "make", "-j2")).out)
        self.output("git init -q . && git add . && git commit -qm m && git gc -q && git status --short", *ALONE)
        self.assertEqual(self.output("python3 -c 'import tempfile, subprocess; f = tempfile.TemporaryFile(); "
                                     "print(subprocess.check_output([\"echo\", \"x\"]))'", *ALONE), "b'x\\n'\n")
        self.output("echo '#!/bin/sh' >t; chmod +x t; ./t; cat <<X >/dev/null\nx\nX\nbash -c 'cat <(echo y)' | tee copy", *ALONE)

    def test_temporary_files_go_to_the_project(self):
        self.assertEqual(self.output('echo "$TMPDIR"; mktemp -d >/dev/null; ls -d tmp.*', *ALONE).split("\n")[0], self.project)

    def test_output_that_is_redirected(self):
        path = self.file("home/log")
        with open(path, "a", encoding="utf-8") as log:
            self.assertEqual(self.inside("echo one; echo two >>/dev/stdout; echo three | tee -a /dev/stderr >/dev/null", *ALONE, stdout=log, stderr=log).status, 0)
        self.assertEqual(self.read(path), "one\ntwo\nthree\n")

    def test_input_is_opened_anew_for_reading(self):
        with open(self.file("home/data", "text"), encoding="utf-8") as stdin:
            self.assertEqual(self.output("cat /dev/stdin", *ALONE, stdin=stdin), "text")


@as_both
class Refused(Case):
    def test_the_default_profile_with_all_that_cannot_be_held(self):
        self.tree({"home/.ssh": [], "home/.ssh/id": "key"})
        done = self.refused(self.fence("--backend", "landlock", "--", "true"), "cannot make a private runtime directory",
                            "cannot make a private directory at /tmp", "cannot have / granted with /dev below it",
                            f"{self.home}/.ssh", 'allowDegraded = ["proc"]', 'allowDegraded = ["metadata"]', "the profile `landlock`")
        self.assertEqual(done.err.count("nothing was run"), 1)

    def test_what_a_user_asks_for_besides(self):
        self.file("home/project/.env", "secret")
        for options, text in ((("--deny-read", f"{self.project}/.env"), "cannot hide"), (("--nesting",), "nested sandboxes"),
                              (("--set", 'landlock.mode="off"'), "without Landlock"), (("--terminal", "private"), "private terminal"),
                              (("--set", 'require=["metadata"]'), "which is required (metadata)")):
            self.refused(self.fence(*ALONE, *options, "--", "true"), text)

    def test_words_for_bwrap(self):
        done = self.fence("plan", *ALONE, "--format", "bwrap", "true")
        self.assertEqual((done.status, done.out, done.err.count("fence: cannot")), (125, "", 1), done)

    def test_a_project_cannot_choose_it(self):
        self.file("home/project/.fence.toml", 'backend = "landlock"\n')
        self.refused(self.fence("--", "true"), "backend", ".fence.toml:1")

    def test_the_plan_says_what_is_not_held(self):
        self.file("home/project/.git/config")
        plan = self.plan(*ALONE, "true")
        for name in ("proc", "cgroup", "metadata", "protect"):
            self.assertRegex(plan, rf"(?m)^  DANGER +degraded \({name}\): ")
        self.assertIn("executor   landlock, as asked", plan)
        self.assertRegex(plan, r"(?m)^  namespaces  none: those of the caller$")
        self.assertRegex(plan, rf"(?m)^    below +{self.project} +read, write, make and remove +writable$")
        self.assertEqual(self.fence(*ALONE, "--", "true").err, "")


@as_both
class WhereNoNamespaceCanBeMade(Case):
    def hardened(self, *words):
        return self.outside(*PYTHON, HARDENED, self.place.fence, *words)

    def test_only_landlock_makes_a_sandbox(self):
        self.failed(self.outside(*PYTHON, HARDENED, "unshare", "-U" if not self.AS_ROOT else "-m", "true"), "unshare failed")
        for backend in ("auto", "native", "bwrap"):
            self.refused(self.hardened("--backend", backend, "--", "true"))
        done = self.succeeded(self.hardened(*ALONE, "--", "sh", "-c", f"echo in >file; cat file; cat {self.home}/secret || echo held"))
        self.assertEqual(done.out, "in\nheld\n")

    def setUp(self):
        super().setUp()
        self.file("home/secret", "text")


class KeptFromOthers(Case):
    """The bounding set, by whoever has one to empty."""

    @user_only
    def test_no_right_is_left(self):
        rows = dict(line.split(":\t") for line in self.output("grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status", *ALONE).splitlines())
        self.assertEqual((rows["CapPrm"], rows["CapEff"], rows["CapInh"], rows["CapAmb"]), ("0" * 16,) * 4)
        self.assertEqual((rows["NoNewPrivs"], rows["Seccomp"]), ("1", "2"))
