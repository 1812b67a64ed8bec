"""`require` and `allowDegraded`: what the host must be able to do, tried for real, and what is done without."""

import json
import os
import re

from cases import PYTHON, Case, as_both


def kernel():
    return re.match(r"(\d+)\.(\d+)", os.uname().release).groups()


@as_both
class Required(Case):
    def test_what_this_host_has(self):
        major, minor = kernel()
        names = ["userns", "proc", "devpts", "network", "ipc", "uts", "cgroup", "seccomp", "bwrap", f"kernel>={major}.{minor}"]
        self.settings("require = [" + ", ".join(f'"{name}"' for name in names) + "]\n")
        self.output("true")
        plan = self.plan("--", "true")
        self.assertIn("Abilities of this host", plan)
        for name in names:
            self.assertRegex(plan, rf"(?m)^  {re.escape(name)} +there")

    def test_a_version_that_no_kernel_has(self):
        self.settings('require = ["landlock>=999", "kernel>=99.1"]\n')
        done = self.refused(self.inside("echo ran"), "this host does not have kernel>=99.1, which is required",
                            "~/.config/fence/settings.toml:1")
        self.assertRegex(done.err, r"landlock>=999, which is required|no Landlock, which is required")

    def test_an_unknown_name(self):
        self.settings('require = ["usernss"]\n')
        self.refused(self.inside("true"), "usernss", "userns", "settings.toml:1:12")

    def test_nothing_is_tried_without_being_asked_for(self):
        done = self.succeeded(self.fence("plan", "--format", "facts", "--", "true"))
        self.assertEqual([ability["name"] for ability in json.loads(done.out)["abilities"]], ["landlock", "native"])


class WithoutUserNamespaces(Case):
    """In a user namespace that may have none below it: the limit is that namespace's own."""

    LIMITED = """
import ctypes, os, sys
uid, gid = os.getuid(), os.getgid()
assert ctypes.CDLL(None).unshare(0x10000000) == 0
for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
    open(f"/proc/self/{name}", "w").write(text)
open("/proc/sys/user/max_user_namespaces", "w").write("0")
os.execv(sys.argv[1], sys.argv[1:])
"""

    def limited(self, *words):
        return self.outside(*PYTHON, self.LIMITED, self.place.fence, *words)

    def test_the_setting_is_named(self):
        self.settings('require = ["userns"]\n')
        self.refused(self.limited("--", "echo", "ran"), "no user namespace", "user.max_user_namespaces is 0",
                     "hint: sysctl user.max_user_namespaces=", "settings.toml:1")
        self.output("true")  # the control: outside of that namespace


class CoveredProc(Case):
    """As in a container. Needs root to cover a part of /proc; fence itself runs as an ordinary user."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("covering a part of /proc needs root")
        super().setUp()

    def covered(self, *words):
        return self.with_mounts("mount -t tmpfs none /proc/irq", self.place.fence, *words)

    def test_is_refused_with_both_ways_out(self):
        self.refused(self.covered("--", "echo", "ran"), "/proc of the sandbox's own", "operation not permitted", "/proc/irq",
                     "systempaths=unconfined", 'allowDegraded = ["proc"]')

    def test_degraded_on_request(self):
        self.settings('allowDegraded = ["proc"]\n')
        code = """
import os
assert os.readlink("/proc/self/exe").startswith("/")
assert os.path.exists(f"/proc/self/task")
with open("/proc/self/status") as status:
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in status)}
print(fields["NoNewPrivs"], fields["Seccomp"], int(fields["CapEff"], 16), os.getpid() != int(os.readlink("/proc/self")))
for name in ("/proc/self/comm", "/proc/sys/kernel/hostname", "/proc/self/oom_score_adj"):
    try:
        open(name, "w")
        print("writable", name)
    except OSError as error:
        pass
try:
    os.kill(int(os.readlink("/proc/self")), 0)
    print("a number of the host's /proc is one of ours")
except ProcessLookupError:
    print("numbers differ")
"""
        done = self.succeeded(self.covered("--", *PYTHON, code))
        self.assertIn("degraded (proc)", done.err)
        self.assertEqual(done.out.splitlines(), ["1 2 0 True", "numbers differ"], done)

    def test_processes_are_gone_with_the_command_all_the_same(self):
        self.settings('allowDegraded = ["proc"]\n')
        self.succeeded(self.covered("--", "sh", "-c", "setsid sleep 321 >/dev/null 2>&1 & echo $!"))
        # tearDown looks for what is left.

    def test_the_plan_shows_it(self):
        self.settings('allowDegraded = ["proc"]\n')
        self.assertRegex(self.succeeded(self.covered("plan", "--", "true")).out, r"(?m)^  proc +lacking: .*degraded: the host's /proc")

    def test_what_is_required_is_not_degraded(self):
        self.settings('allowDegraded = ["proc"]\nrequire = ["proc"]\n')
        self.refused(self.covered("--", "true"), "which is required (proc)")

    def test_where_nothing_is_covered_nothing_is_degraded(self):
        self.settings('allowDegraded = ["proc"]\n')
        done = self.succeeded(self.inside("echo $$; readlink /proc/self"))
        self.assertNotIn("degraded", done.err)
