"""The same plan through both executors: what a command finds is the same, but for a closed list of differences."""

import json
import os
import signal
import time

import processes
from cases import AT_ROOT, PYTHON, Case, as_both, user_only
from random_policies import Generator, options_of, seed, settings_of

EXECUTORS = ["bwrap", "native"]
RANDOM_PLANS = 12

# What differs by nature is not looked at: ids and order of mounts, the device numbers and inodes of file systems that
# were made for the sandbox, mounts that others cover (native confines those too, bwrap does not), propagation, where
# the content of our own files lies, the group of a new terminal (native: tty where that is mapped), the id map itself
# (bwrap has two namespaces, so the outer id is another), the owner of /dev/pts (uid 0 of the namespace that mounted it,
# which only bwrap's outer one has), the locked parts of root's /proc (native: of the sandbox's own procfs and noexec like
# it; bwrap: of the host's), and the command line of pid 1.
VIEW = r"""
import ctypes, json, os, stat, sys
known = json.load(sys.stdin)

def names_in(path):
    # Another test's directory comes and goes.
    return sorted(name for name in os.listdir(path) if not name.startswith("fence-"))

def look(path):
    try:
        at = os.lstat(path)
    except OSError as error:
        return error.errno
    seen = [stat.filemode(at.st_mode), at.st_rdev] + ([] if path == "/dev/pts" else [at.st_uid, at.st_gid])
    locked = path.startswith("/proc/")
    if at.st_dev in known["devices"] and not locked:
        seen += [at.st_dev, at.st_ino]
    if stat.S_ISLNK(at.st_mode):
        return seen + [os.readlink(path)]
    try:
        seen.append(os.statvfs(path).f_flag & ~(os.ST_NOEXEC if locked else 0))
        if stat.S_ISDIR(at.st_mode): seen.append(names_in(path) if path != "/proc" else "")
        elif stat.S_ISREG(at.st_mode): os.close(os.open(path, os.O_RDONLY))
        if path.startswith(known["top"]): seen.append(os.access(path, os.W_OK))
    except OSError as error:
        seen.append(error.errno)
    return seen

def mounts():
    found = {}
    for line in open("/proc/self/mountinfo", errors="surrogateescape"):
        words = line.split(" ")
        place = words[4].encode().decode("unicode_escape")
        major, minor = map(int, words[2].split(":"))
        try:
            if os.lstat(place).st_dev == os.makedev(major, minor):
                options = words[5].replace(",noexec", "") if place.startswith("/proc/") else words[5]
                found[place] = [options, words[words.index("-") + 1]]
        except OSError as error:
            found[place] = error.errno
    return found

def nested():
    child = os.fork()
    if child == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        os._exit(ctypes.get_errno() if libc.unshare(0x10000000) != 0 else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

paths = ["/", "/proc/sys", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/bus", "/proc/kcore", "/sys", "/run/user"]
for top in ["/", "/dev", "/dev/pts", "/etc", "/run", "/tmp", "/var", known["top"], os.environ.get("XDG_RUNTIME_DIR", "/")]:
    paths += [os.path.join(top, name) for name in (names_in(top) if os.path.isdir(top) else [])]
for directory, directories, files in os.walk(known["top"]):
    paths += [os.path.join(directory, name) for name in directories + files]
status = dict(line.rstrip("\n").split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
wanted = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
          "Seccomp_filters", "SigBlk", "SigIgn", "Umask", "NSpid"]
read = lambda path: open(path).read()
print(json.dumps({
    "paths": {path: look(path) for path in sorted(set(paths))},
    "mounts": mounts(),
    "status": {name: status.get(name) for name in wanted},
    # The plan names its executor, so each has a hash of its own.
    "environment": {name: value for name, value in os.environ.items() if name != "FENCE_PLAN"},
    "descriptors": {fd: os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in os.listdir("/proc/self/fd")
                    if os.path.exists(f"/proc/self/fd/{fd}")},
    "directory": os.getcwd(),
    "limits": read("/proc/self/limits"),
    "session": [os.getsid(0), os.getpgrp(), os.getpid(), os.getppid()],
    "host name": os.uname().nodename,
    "network": sorted(line.split(":")[0].strip() for line in read("/proc/net/dev").splitlines()[2:]),
    "cgroup": read("/proc/self/cgroup"),
    "nested namespaces": nested(),
    "first process": read("/proc/1/comm"),
    "first process can be looked into": os.access("/proc/1/fd", os.R_OK),
    "oom": read("/proc/self/oom_score_adj"),
    "nice": os.nice(0),
}))
"""


def host_devices():
    found = set()
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        for line in table:
            major, minor = line.split(" ")[2].split(":")
            found.add(os.makedev(int(major), int(minor)))
    return sorted(found)


@as_both
class SameView(Case):
    maxDiff = 4000

    def setUp(self):
        super().setUp()
        self.file("home/.netrc", "secret")
        self.file("home/.ssh/id", "secret")
        self.file("home/notes", "notes\n")
        self.link("home/link", "notes")
        self.directory("home/.cache")
        self.file("home/project/file", "file\n")
        self.directory("home/project/a/b")
        self.file("home/project/.git/config", "x")
        self.directory("home/project/.git/hooks")
        self.file("home/project/.env", "x", 0o600)
        self.file("other/x", "x")
        self.environment["GITHUB_TOKEN"] = "secret"
        self.environment["KEPT"] = "value"

    def view(self, executor, *options):
        known = json.dumps({"devices": host_devices(), "top": self.top}).encode()
        seen = json.loads(self.succeeded(self.python(VIEW, "--backend", executor, *options, input=known)).out)
        self.assertGreater(len(seen["paths"]), 60)
        return seen

    def same(self, *options):
        by_bwrap, by_native = (self.view(executor, *options) for executor in EXECUTORS)
        for part, expected in by_bwrap.items():
            self.assertEqual(expected, by_native[part], f"{part} with {options}")
        self.assertEqual(by_bwrap.keys(), by_native.keys())

    def test_the_default(self):
        self.same()

    def test_every_shipped_profile(self):
        parts_of_others = ["base", "credentials", "root", "system", "wsl"]
        for profile in self.succeeded(self.fence("profiles")).out.split():
            with self.subTest(profile):
                part = profile in parts_of_others
                self.same(*(["-p", "base", "--allow-read", "/", "--set", 'filesystem.tmpfs=["/tmp"]'] if part else []), "-p", profile)

    def test_settings(self):
        for options in [["-w", f"{self.top}/other"], ["--deny-read", f"{self.project}/.env"], ["--deny-write", f"{self.project}/a/b"],
                        ["--deny-read", f"{self.project}/a"], ["--set", 'network.mode="host"'], ["--set", 'devices.mode="host"'],
                        ["--set", "forceNewSession=false"], ["--set", 'runtimeDir.mode="unset"'],
                        ["--set", f'filesystem.tmpfs=["{self.project}/a"]'], ["-w", "~"],
                        ["--set", f'filesystem.bind=[{{source="{self.top}/other", target="/tmp/b"}}]'],
                        ["-C", f"{self.project}/a"], ["--set", 'filesystem.denyRead=["**/.env"]']]:
            with self.subTest(options):
                self.same(*options)

    def test_random_plans(self):
        generator = Generator(seed())
        self.settings("")
        refused = 0
        for number in range(RANDOM_PLANS):
            top = f"{self.top}/tree{number}"
            tree = generator.tree(top)
            self.tree(tree)
            rules, others = generator.rules(tree), generator.options(tree, self.top)
            options = ["-p", generator.random.choice(["strict", "workspace", "readonly"]), "-C", self.project, *others, *options_of(rules)]
            with self.subTest(seed=generator.seed, number=number, rules=rules, options=others):
                with open(f"{self.home}/.config/fence/settings.toml", "w", encoding="utf-8") as settings:
                    settings.write(settings_of(rules))
                if self.fence("plan", *options, "--", "true").status == 0:
                    self.same(*options)
                else:
                    refused += 1
            self.remove(top)
        self.assertLess(refused, RANDOM_PLANS / 2)

    @user_only
    def test_nesting(self):
        """Which root cannot ask for."""
        self.same("--set", "nesting=true")

    def test_a_difference_is_seen(self):
        """The negative control."""
        self.assertNotEqual(self.view("native")["paths"], self.view("native", "-w", f"{self.top}/other")["paths"])
        self.assertNotEqual(self.view("native")["limits"],
                            json.loads(self.outside("sh", "-c", 'ulimit -n 99; exec "$@"', "sh", self.place.fence,
                                                    "--backend", "native", "--", *PYTHON, VIEW,
                                                    input=json.dumps({"devices": [], "top": self.top}).encode()).out)["limits"])


@as_both
class Native(Case):
    def setUp(self):
        super().setUp()
        self.environment["FENCE_SET_BACKEND"] = "native"
        self.file("home/.netrc", "secret")
        self.file("home/project/.git/config", "x")
        self.directory("home/project/.git/hooks")
        self.file("home/project/d/file", "x")

    def test_the_plan_says_which_executor_runs(self):
        self.assertIn("native, as asked", self.plan("--", "true"))
        self.assertNotIn("slaves", self.plan("--", "true"))

    def test_bwrap_is_not_started(self):
        script = "cat /proc/1/comm; tr '\\0' ' ' </proc/1/cmdline"
        self.assertIn("fence-init", self.output(script))
        with_nothing_else = {**self.environment, "PATH": "/nonexistent"}
        self.succeeded(self.fence("--", "/bin/true", env=with_nothing_else))

    def test_what_is_denied_and_protected_is(self):
        self.only_without_fence("cat ~/.netrc")
        self.only_without_fence("mv .git x", "resource busy", undo="mv x .git")
        self.only_without_fence("echo y >>.git/config", "Read-only file system")
        self.only_without_fence("touch .git/hooks/x", "Read-only file system", undo="rm .git/hooks/x")
        self.failed(self.inside("cat d/file", "--deny-read", f"{self.project}/d/file"), "Permission denied")
        self.failed(self.inside("echo x >d/file", "--deny-write", f"{self.project}/d"), "Read-only file system")
        if self.AS_ROOT:
            self.failed(self.inside("touch /usr/x"), "Read-only file system")

    def test_nothing_can_be_mounted_or_made_again_inside(self):
        self.succeeded(self.outside("unshare", "-U", "true"))
        for script in ["unshare -U true", "mount -t tmpfs x /tmp", "umount /tmp", "mount -o remount,rw /",
                       "echo 9 >/proc/sys/user/max_user_namespaces", "nsenter -t 1 -m true"]:
            self.failed(self.inside(script))

    def test_the_host_is_not_below_the_root(self):
        self.assertEqual(self.output("ls -di / /.. | awk '{print $1}' | sort -u | wc -l").strip(), "1")
        self.assertEqual(self.output(f"grep -cE '{AT_ROOT}' /proc/self/mountinfo || :").strip(), "1")
        self.assertNotIn("master:", self.output("cat /proc/self/mountinfo"))
        self.assertNotIn("unbindable", self.output("cat /proc/self/mountinfo"))

    def test_the_whole_host_at_another_place(self):
        """A clone of "/" after the new root was mounted over it."""
        script = "ls /tmp/host/usr/bin >/dev/null && ls /tmp/host | wc -l; ls /tmp/host/tmp | wc -l"
        shown = self.output(script, "--set", 'filesystem.bind=[{source="/", target="/tmp/host"}]').split()
        self.assertGreater(int(shown[0]), 8)

    def test_killed_while_the_command_runs(self):
        for whom in ["fence", "fence-init"]:
            process = self.start([self.place.fence, "--", "sh", "-c", "trap '' HUP INT TERM; echo started; setsid sleep 1000"])
            self.assertEqual(process.stdout.readline(), b"started\n")
            os.kill(processes.wait_for(whom), signal.SIGKILL)
            self.assertNotEqual(process.wait(20), 0)
            self.assertEqual(processes.wait_until_gone(10), {}, whom)

    def test_killed_at_any_moment_of_the_start(self):
        for step in range(30):
            process = self.start([self.place.fence, "--", "sleep", "1000"])
            time.sleep(step * 0.003)
            process.kill()
            process.wait()
            self.assertEqual(processes.wait_until_gone(10), {})

    def many_binds(self, count, how, script):
        for number in range(count):
            self.directory(f"many/{number}")
        listed = ", ".join(f'"{self.top}/many/{number}"' for number in range(count))
        self.settings(f'[filesystem]\ndenyRead = ["{self.top}/many"]\n{how} = [{listed}]\n')
        self.assertEqual(self.output(f"{script}; grep -c ' {self.top}/many/' /proc/self/mountinfo").strip(), str(count))

    def test_a_thousand_binds(self):
        self.many_binds(1000, "allowWrite", f"for d in {self.top}/many/*; do echo x >$d/x || exit 1; done")
        self.assertTrue(os.path.exists(f"{self.top}/many/999/x"))

    @user_only
    def test_eight_thousand_binds(self):
        """For root it would be the same, and it takes a while."""
        self.many_binds(8000, "allowRead", f"ls {self.top}/many/7999 >/dev/null || exit 1")

    def test_a_terminal_of_its_own_can_be_made(self):
        self.assertEqual(self.succeeded(self.python("import os, pty; m, s = pty.openpty(); print(os.ttyname(s)); os.write(s, b'x')"))
                         .out, "/dev/pts/0\n")

    @user_only
    def test_a_namespace_limit(self):
        """Set in a user namespace of an ordinary user's."""
        done = self.outside("unshare", "-Ur", "sh", "-c",
                            'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh", self.place.fence, "--", "true")
        self.refused(done, "user.max_user_namespaces")


class LateMount(Case):
    """Needs root for the mount, and a mount namespace in which propagation is shared."""

    AS_ROOT = True

    def late(self, executor):
        script = """
mount --make-rshared / && cd "$2" || exit 9
mkfifo ready go
"$1" --backend "$0" -- sh -c 'echo x >ready; read x <go; cat "$1/late" 2>&1; cat d/late 2>&1' sh "$3" &
read x <ready
mount -t tmpfs late "$3" && mount -t tmpfs late d && echo appeared >"$3/late" && echo appeared >d/late && echo x >go
wait $!
umount "$3" d; rm ready go
"""
        return self.outside("unshare", "--mount", "sh", "-c", script, executor, self.place.fence, self.project, self.outer).out

    def setUp(self):
        super().setUp()
        self.outer = self.directory("outer")
        self.directory("home/project/d")

    def test_a_mount_of_the_host_made_later_does_not_appear(self):
        self.assertEqual(self.late("native").count("No such file"), 2)

    def test_the_control(self):
        self.assertIn("appeared", self.late("bwrap"))
