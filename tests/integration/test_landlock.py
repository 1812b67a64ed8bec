"""What Landlock holds besides the mounts, and what it must not stop. Each attempt succeeds with landlock.mode = "off"."""

import os
import socket
import subprocess

from cases import PYTHON, Case, as_both

EXECUTORS = ("native", "bwrap")
OFF = ("--set", 'landlock.mode="off"')
FULL = ("--set", 'landlock.mode="full"')


def backends(*more):
    return [("--backend", executor, *more) for executor in EXECUTORS]


# Stands for the caller's pipeline: another process of the group, which the signal ends.
GROUP = """
import signal, subprocess, sys
signal.signal(signal.SIGUSR1, lambda *_: None)
other = subprocess.Popen(["sleep", "300"])
status = subprocess.call(sys.argv[1:])
try:
    other.wait(0.5)
    print("reached")
except subprocess.TimeoutExpired:
    print("not reached", status)
finally:
    other.kill()
    other.wait()
"""
CONNECT = """
import socket
name = {name!r}
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    client = socket.socket(socket.AF_UNIX, kind)
    try:
        client.connect(name + str(int(kind)))
        print("connected")
    except OSError as error:
        print(error.strerror)
"""


@as_both
class WhatIsHeld(Case):
    def test_input_is_not_opened_for_writing(self):
        """cmd < file: the descriptor leads past every mount of the sandbox."""
        attempts = ["echo bad >/proc/self/fd/0", "echo bad >>/dev/stdin", "echo bad 1<>/proc/self/fd/0 >&1",
                    f"{PYTHON[0]} -ISc 'import os; os.truncate(\"/proc/self/fd/0\", 0)'"]
        for options in backends():
            for attempt in attempts:
                with self.subTest(options=options, attempt=attempt):
                    path = self.file("home/data", "good\n")
                    with open(path, encoding="utf-8") as stdin:
                        done = self.failed(self.inside(attempt, *options, stdin=stdin))
                    self.assertRegex(done.err, "Permission ?[Dd]enied|cannot create")
                    self.assertEqual(self.read(path), "good\n")
                    with open(path, encoding="utf-8") as stdin:
                        self.succeeded(self.inside(attempt, *options, *OFF, stdin=stdin))
                    self.assertNotEqual(self.read(path), "good\n")

    def test_a_protected_file_is_not_handed_over(self):
        """Landlock's rules are on files of the host: it lies below the project's, and would be opened for writing."""
        self.tree({"home/project/.git": [], "home/project/.git/HEAD": "ref: refs/heads/main\n", "home/project/.git/objects": [],
                   "home/project/.git/refs": []})
        protected = self.file("home/project/.git/config", "[core]\n")
        for options in [*backends(), ("--backend", "native", *OFF)]:
            with self.subTest(options=options):
                with open(protected, encoding="utf-8") as stdin:
                    done = self.inside("echo bad >/proc/self/fd/0", *options, stdin=stdin)
                self.refused(done, "as standard input", "could write to", "which is protected", "cat ")
                keep = 'exec 3<"$1"; shift; exec "$@" --keep-fd 3 -- true'
                for what, word in ((protected, ".git/config"), (self.project, "by its name")):
                    done = self.outside("sh", "-c", keep, "sh", what, self.place.fence, *options)
                    self.refused(done, "as descriptor 3", word)
                self.assertEqual(self.read(protected), "[core]\n")
                for path in (self.file("home/project/main.c", "text\n"), self.file("home/other", "text\n")):
                    with open(path, encoding="utf-8") as stdin:
                        self.assertEqual(self.output("cat", *options, stdin=stdin), "text\n")
                piped = self.outside("sh", "-c", 'cat "$1" | "$2" cat', "sh", protected, self.place.fence)
                self.assertEqual(self.succeeded(piped).out, "[core]\n")
        # What the caller opens for writing is the caller's wish.
        with open(protected, "a", encoding="utf-8") as stdout:
            self.succeeded(self.outside(self.place.fence, "--", "echo", "[user]", stdout=stdout))
        self.assertEqual(self.read(protected), "[core]\n[user]\n")

    def test_a_kept_descriptor_is_no_more_than_it_was_opened_for(self):
        path = self.file("home/data", "good\n")
        script = 'exec 3<"$1"; shift; exec "$@" --keep-fd 3 -- sh -c "cat <&3; echo bad >/proc/self/fd/3"'
        for options in backends():
            self.failed(self.outside("sh", "-c", script, "sh", path, self.place.fence, *options), "good")
            self.assertEqual(self.read(path), "good\n")
        self.succeeded(self.outside("sh", "-c", script, "sh", path, self.place.fence, *OFF))
        self.assertEqual(self.read(path), "bad\n")

    def test_a_kept_directory_is_not_written_through(self):
        path = self.file("home/kept/file", "good\n")
        script = 'exec 3<"$1"; shift; exec "$@" --keep-fd 3 -- sh -c "cat /proc/self/fd/3/file; echo bad >/proc/self/fd/3/file"'
        for options in backends():
            self.failed(self.outside("sh", "-c", script, "sh", os.path.dirname(path), self.place.fence, *options), "good")
            self.assertEqual(self.read(path), "good\n")
        self.succeeded(self.outside("sh", "-c", script, "sh", os.path.dirname(path), self.place.fence, *OFF))
        self.assertEqual(self.read(path), "bad\n")

    def test_a_fifo_that_is_shown_read_only(self):
        """Read-only mounts let everybody write to one."""
        path = os.path.join(self.directory("home/tree"), "fifo")
        os.mkfifo(path, 0o666)
        self.own(path)
        os.chmod(path, 0o666)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        code = f"import os; os.write(os.open({path!r}, os.O_WRONLY), b'bad')"
        for options in backends():
            self.failed(self.python(code, *options), "Permission denied")
            self.succeeded(self.python(code, *options, *OFF))
            self.assertEqual(os.read(reader, 100), b"bad")

    def test_the_callers_process_group_gets_no_signal(self):
        script = "trap : USR1; kill -USR1 0; kill -USR1 $$"
        for options in backends("--no-force-new-session"):
            with self.subTest(options=options):
                def by(*more):
                    return self.succeeded(self.outside(*PYTHON, GROUP, self.place.fence, *options, *more, "--", "sh", "-c", script)).out
                self.assertEqual(by(), "not reached 0\n")
                self.assertEqual(by(*FULL), "not reached 0\n")
                self.assertEqual(by(*OFF), "reached\n")

    def test_abstract_sockets_of_the_host(self):
        name = f"\0fence-test-{os.path.basename(self.top)}-"
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            server = socket.socket(socket.AF_UNIX, kind)
            self.addCleanup(server.close)
            server.bind(name + str(int(kind)))
            if kind == socket.SOCK_STREAM:
                server.listen()
        code = CONNECT.format(name=name)
        for options in backends("--net", "host"):
            self.assertEqual(self.succeeded(self.python(code, *options)).out.split("\n")[:2], ["Operation not permitted"] * 2)
            self.assertEqual(self.succeeded(self.python(code, *options, *OFF)).out.split("\n")[:2], ["connected"] * 2)
        self.assertNotIn("abstract", self.plan("--net", "host", "true").split("Remarks")[1])
        self.assertIn("abstract", self.plan("--net", "host", *OFF, "true").split("Remarks")[1])

    def test_full_holds_reading(self):
        """cmd > file: what was written there before is nobody's business."""
        code = """
import sys
try:
    sys.stderr.write(open("/proc/self/fd/1").read())
except OSError as error:
    sys.stderr.write(error.strerror)
"""
        # Of a sandbox that shows the host's root every file of the host is below a rule.
        for options in backends("--profile", "strict"):
            path = self.file("home/log", "secret")
            for more, answer in ((FULL, "Permission denied"), (OFF, "secret")):
                with open(path, "a", encoding="utf-8") as stdout:
                    done = self.python(code, *options, *more, stdout=stdout)
                self.assertEqual((done.status, done.err), (0, answer), done)

    def test_nothing_can_be_mounted_even_with_a_user_namespace(self):
        self.failed(self.inside("unshare -Ur mount -t tmpfs x /mnt"))


@as_both
class WhatIsNotStopped(Case):
    EVERYDAY = """set -e
        echo x >file; cat file >/dev/null; : >file; echo y >>file; truncate -s 0 file; rm -f file
        mkdir -p a/b c; echo 1 >a/b/one; mv a/b/one c/two; ln c/two a/hard; ln -s ../c/two a/soft; mv a/b c/b; cat a/soft
        mv c d; rmdir d/b; mkfifo pipe; (echo through >pipe &); cat pipe; rm pipe
        printf '#!/bin/sh\\necho script\\n' >run; chmod +x run; ./run; cp /bin/true mine; ./mine
        echo t >/tmp/t; mkdir /tmp/d; mv /tmp/t /tmp/d/; echo s >/dev/shm/s; echo n >/dev/null; : >"$XDG_RUNTIME_DIR/r"
        echo 500 >/proc/self/oom_score_adj; echo name >/proc/self/comm; echo p | tee /proc/self/fd/1 | cat; cat </dev/stdin
        git init -q r; cd r; git -c user.name=n -c user.email=e@e commit -q --allow-empty -m m; git gc -q; git log --oneline | wc -l
    """
    SAID = "1\nthrough\nscript\np\np\n1\n"

    def test_everyday_work(self):
        for mode in ((), FULL):
            for options in backends(*mode):
                with self.subTest(options=options):
                    for name in os.listdir(self.project):
                        subprocess.run(["rm", "-rf", os.path.join(self.project, name)], check=True)
                    done = self.succeeded(self.inside(self.EVERYDAY, *options))
                    self.assertEqual(done.out, self.SAID, done)

    def test_output_is_opened_anew(self):
        """As tee /dev/stderr and scripts do; what the caller has opened for writing may be written."""
        script = "echo one; echo two >>/dev/stdout; echo three | tee -a /dev/stderr >/dev/null; echo four >>/proc/self/fd/2"
        for mode in ((), FULL):
            for options in backends(*mode):
                with self.subTest(options=options):
                    path = self.file("home/log")
                    with open(path, "a", encoding="utf-8") as log:
                        self.assertEqual(self.inside(script, *options, stdout=log, stderr=log).status, 0)
                    self.assertEqual(self.read(path), "one\ntwo\nthree\nfour\n")
                    # A pipe of the user's own: nobody else opens one anew.
                    piped = self.outside("sh", "-c", '"$@" 2>&1 | cat', "sh", self.place.fence, *options, "--", "sh", "-c", script)
                    self.assertEqual(self.succeeded(piped).out, "one\ntwo\nthree\nfour\n")

    def test_output_that_goes_over_what_is_there(self):
        """As without a sandbox: echo >/dev/stderr empties a file first."""
        for options in backends():
            path = self.file("home/log", "before\n")
            with open(path, "a", encoding="utf-8") as log:
                self.succeeded(self.inside("echo after >/dev/stderr", *options, stderr=log))
            self.assertEqual(self.read(path), "after\n")

    def test_a_terminal_is_opened_anew(self):
        code = "import os, sys; [os.write(os.open(n, os.O_RDWR | os.O_NOCTTY), b'x') for n in ('/dev/stdout', '/proc/self/fd/1')]; " \
               "print(os.isatty(os.open('/dev/stdout', os.O_RDWR | os.O_NOCTTY)))"
        for mode in ((), FULL):
            for options in [*backends("--terminal", "shared", *mode), ("--backend", "native", *mode)]:
                with self.subTest(options=options):
                    master, slave = os.openpty()
                    if os.geteuid() == 0:
                        os.fchown(slave, self.user.uid, -1)
                    done = self.fence(*options, "--", *PYTHON, code, stdin=slave, stdout=slave)
                    os.close(slave)
                    seen = b""
                    try:
                        while data := os.read(master, 1000):
                            seen += data
                    except OSError:
                        pass
                    os.close(master)
                    self.assertEqual((done.status, seen), (0, b"xxTrue\r\n"), done)

    def test_input_is_opened_anew_for_reading(self):
        for mode in ((), FULL):
            for options in backends(*mode):
                with open(self.file("home/data", "text\n"), encoding="utf-8") as stdin:
                    self.assertEqual(self.output("cat /dev/stdin /proc/self/fd/0", *options, stdin=stdin), "text\n" * 2)

    def test_a_descriptor_that_was_kept_for_writing(self):
        path = self.file("home/data")
        script = 'exec 3>>"$1"; shift; exec "$@" --keep-fd 3 -- sh -c "echo x >&3; echo y >>/dev/fd/3"'
        for mode in ((), FULL):
            for options in backends(*mode):
                self.succeeded(self.outside("sh", "-c", script, "sh", path, self.place.fence, *options))
        self.assertEqual(self.read(path), "x\ny\n" * 4)

    def test_signals_and_sockets_among_its_own(self):
        code = """
import os, signal, socket, subprocess
child = subprocess.Popen(["sleep", "300"])
child.terminate()
print(child.wait())
os.kill(1, 0)
os.kill(os.getppid(), 0)
for place in ("\\0own", "./own"):
    server = socket.socket(socket.AF_UNIX)
    server.bind(place)
    server.listen()
    socket.socket(socket.AF_UNIX).connect(place)
os.unlink("own")
"""
        for mode in ((), FULL):
            for options in backends(*mode):
                self.assertEqual(self.succeeded(self.python(code, *options)).out, "-15\n")

    def test_a_writable_file(self):
        path = self.file("home/state", "old\n")
        for mode in ((), FULL):
            for options in backends(*mode, "--allow-write", path):
                self.output(f"echo new >{path}; cat {path}; echo more >>{path}; truncate -s 3 {path}", *options)
                self.assertEqual(self.read(path), "new")


class Nesting(Case):
    def test_mounts_stay_possible_inside(self):
        self.output("unshare -Ur --mount mount -t tmpfs x /mnt", "--nesting")
        self.assertIn("not here", self.plan("--nesting", "true"))

    def test_signals_are_held_all_the_same(self):
        done = self.outside(*PYTHON, GROUP, self.place.fence, "--no-force-new-session", "--nesting", "--", "sh", "-c", "trap : USR1; kill -USR1 0")
        self.assertEqual(self.succeeded(done).out, "not reached 0\n")

    def test_with_full_it_is_refused(self):
        self.refused(self.fence("--nesting", *FULL, "--", "true"), 'landlock.mode = "full"', "nesting")


class LateMount(Case):
    """Needs root to mount; fence itself runs as an ordinary user."""

    SCRIPT = """
        for i in $(seq 500); do grep -q " $1 " /proc/self/mountinfo && break; [ -e ready ] || : >ready; sleep 0.02; done
        echo bad >"$1/file" && echo written
    """

    def written(self, *options):
        late = self.directory("home/tree/late")
        prepare = f"""mount --make-rshared / && {{
            ( for i in $(seq 500); do [ -e {self.project}/ready ] && break; sleep 0.02; done; mount -t tmpfs -o mode=0777 fence-late /mnt
              echo good >/mnt/file; chmod 666 /mnt/file; mount --bind /mnt {late} ) </dev/null >/dev/null 2>&1 & }}"""
        done = self.with_mounts(prepare, self.place.fence, "--backend", "bwrap", *options, "--", "sh", "-c", self.SCRIPT, "sh", late)
        os.rmdir(late)
        if os.path.exists(f"{self.project}/ready"):
            os.unlink(f"{self.project}/ready")
        return done

    def test_a_file_system_that_the_host_mounts_later_is_not_written(self):
        if os.geteuid() != 0:
            self.skipTest("mounting needs root")
        self.assertEqual(self.written(*OFF).out, "written\n")
        self.failed(self.written(), "cannot create")


@as_both
class Settings(Case):
    def test_a_project_only_tightens(self):
        self.file("home/project/.fence.toml", '[landlock]\nmode = "off"\n')
        self.refused(self.fence("--", "true"), "landlock.mode", ".fence.toml:2")
        self.file("home/project/.fence.toml", '[landlock]\nmode = "full"\n')
        self.assertIn("full: every right", self.plan("true"))

    def test_strict_holds_all(self):
        self.assertIn("full: every right", self.plan("--profile", "strict", "true"))
        self.output("git init -q r && cd r && echo x >a && git add a && python3 -c 'print(1)'", "--profile", "strict")

    def test_the_plan_shows_what_is_granted(self):
        plan = self.plan("true")
        self.assertRegex(plan, rf"(?m)^    below +{self.project} +all +writable$")
        self.assertRegex(plan, r"(?m)^  signals +to processes inside only$")
        off = self.plan(*OFF, "true")
        self.assertRegex(off, r"(?m)^  DANGER +Landlock is off")
