"""Every group of system calls: the attempts are really made, inside and, as the control, outside and with the group open."""

import os
import shutil
import stat

from cases import Case, as_both, user_only

GROUPS = ["core_files", "handles", "io_uring", "keyring", "legacy", "machine", "mounts", "namespaces", "openat2", "setgid_files",
          "setuid_files", "sockets", "tracing", "unknown", "windows"]
# EPERM but for these.
ERRORS = {
    **dict.fromkeys(["io_uring", "keyring", "openat2", "unknown"], "ENOSYS"),
    **{("mounts", call): "ENOSYS" for call in ["open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
                                               "mount_setattr", "open_tree_attr"]},
    ("namespaces", "clone3"): "ENOSYS",
    ("legacy", "modify_ldt"): "ENOSYS",
    "sockets": "EAFNOSUPPORT",
    "core_files": "ECANCELED",  # as the probe says it: success, and nothing done
    ("sockets", "generic-netlink"): "EPROTONOSUPPORT",
    ("sockets", "protocol-200"): "EPROTONOSUPPORT",
    "-": "killed",
    "+": "ok",
}
# What the kernel itself says in the same words: of a call or family that it may lack, ...
MAY_LACK = {("unknown", "5000"), ("sockets", "alg"), ("mounts", "open_tree_attr"), ("legacy", "modify_ldt")}
# ... and to whoever lacks a capability.
PRIVILEGED = {("mounts", "pivot_root"), ("tracing", "syslog"), ("tracing", "bpf"), ("handles", "open_by_handle_at"),
              *(("machine", call) for call in ["kexec_load", "init_module", "finit_module", "delete_module", "swapon",
                                               "swapoff", "reboot", "acct", "quotactl", "iopl"])}
OPEN = {"debug", "+"}


def expected(attempt):
    return ERRORS.get(attempt, ERRORS.get(attempt[0], "EPERM"))


@as_both
class SystemCalls(Case):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.probe = self.own(shutil.copy(os.environ["FENCE_CALLS"], self.project))

    def results(self, done):
        lines = [line.split() for line in self.succeeded(done).out.splitlines()]
        self.assertGreater(len(lines), 80)
        return {(group, name): result for group, name, result in lines}

    def outcome(self, *options):
        """What came of each attempt, and the set-id files that are left in the project."""
        results = self.results(self.fence(*options, "--", self.probe))
        return results, self.take_away_what_is_left()

    def take_away_what_is_left(self):
        left = set()
        for name in os.listdir(self.project):
            path = os.path.join(self.project, name)
            if path == self.probe:
                continue
            if os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID):
                left.add(name)
            self.remove(path) if os.path.isdir(path) else os.unlink(path)
        return left

    def test_each_attempt_is_refused(self):
        for backend in ["native", "bwrap"]:
            results, left = self.outcome("--backend", backend)
            wanted = {attempt: expected(attempt) for attempt in results if attempt[0] != "debug"}
            self.assertEqual({attempt: result for attempt, result in results.items() if attempt[0] != "debug"}, wanted, backend)
            self.assertEqual(left, set(), backend)
            for attempt, result in results.items():
                if attempt[0] == "debug":
                    self.assertNotEqual(result, "EPERM", attempt)

    def test_the_control_outside(self):
        results = self.results(self.outside(self.probe))
        self.assertGreater(len(self.take_away_what_is_left()), 3)
        same = {attempt for attempt, result in results.items() if attempt[0] not in OPEN and result == expected(attempt)}
        self.assertLessEqual(same, MAY_LACK | (set() if self.AS_ROOT else PRIVILEGED))

    def test_each_group_alone_is_what_refuses_its_calls(self):
        """The control inside: a group that is let through, and no other."""
        for group in GROUPS:
            results, _ = self.outcome("--set", f'seccomp.allow=["{group}"]')
            for attempt, result in results.items():
                if attempt[0] == "debug" or attempt in MAY_LACK | PRIVILEGED:
                    continue
                if attempt[0] == group:
                    self.assertNotEqual(result, expected(attempt), attempt)
                else:
                    self.assertEqual(result, expected(attempt), (group, attempt))

    def test_set_id_files_are_left_where_their_groups_are_open(self):
        _, left = self.outcome("--set", 'seccomp.allow=["setuid_files", "setgid_files", "openat2"]')
        self.assertLessEqual({"node-u", "node-g"}, left)

    def test_strict_refuses_debuggers_and_minimal_little(self):
        for backend in ["native", "bwrap"]:
            strict, _ = self.outcome("--backend", backend, "--set", "seccomp.profile=strict")
            self.assertEqual({result for attempt, result in strict.items() if attempt[0] == "debug"}, {"EPERM"})
            minimal, _ = self.outcome("--backend", backend, "--set", "seccomp.profile=minimal")
            refused = {attempt for attempt, result in minimal.items() if attempt[0] != "+" and result == expected(attempt)}
            self.assertEqual({attempt[0] for attempt in refused - MAY_LACK - PRIVILEGED}, {"terminal", "windows", "-"})

    @user_only
    def test_nesting_opens_what_a_sandbox_inside_needs(self):
        results, _ = self.outcome("--nesting")
        opened = {attempt[0] for attempt, result in results.items() if attempt not in MAY_LACK and result != expected(attempt)}
        self.assertEqual(opened - OPEN, {"mounts", "namespaces", "openat2"})


@as_both
class Settings(Case):
    MEMFD = "import os, sys\ntry: os.memfd_create('x')\nexcept OSError as error: sys.exit(str(error))\nprint('made')"

    def test_a_call_is_denied_by_name(self):
        self.assertEqual(self.succeeded(self.fence("--", "/usr/bin/python3", "-c", self.MEMFD)).out, "made\n")
        for backend in ["native", "bwrap"]:
            self.failed(self.fence("--backend", backend, "--set", 'seccomp.deny=["memfd_create"]', "--", "/usr/bin/python3", "-c",
                                   self.MEMFD), "Operation not permitted")

    def test_what_the_sandbox_itself_needs_may_be_denied(self):
        """The process that watches over the command is not under the command's filter."""
        self.assertEqual(self.output("echo ran", "--set", 'seccomp.deny=["kill", "wait4", "clone", "fork", "vfork", "prctl"]'), "ran\n")

    def test_a_command_that_may_not_be_executed(self):
        done = self.fence("--set", 'seccomp.deny=["execve"]', "--", "true")
        self.assertEqual((done.status, done.out), (126, ""), done)

    def test_a_project_may_deny_and_not_allow(self):
        self.settings('seccomp.allow = ["memfd_create"]\n')
        self.file("home/project/.fence.toml", 'seccomp.deny = ["memfd_create"]\n')
        self.failed(self.fence("--", "/usr/bin/python3", "-c", self.MEMFD), "Operation not permitted")
        self.file("home/project/.fence.toml", 'seccomp.allow = ["mounts"]\n')
        self.refused(self.fence("--", "true"), "cannot take seccomp.allow", ".fence.toml:1")
        self.file("home/project/.fence.toml", 'seccomp.profile = "minimal"\n')
        self.refused(self.fence("--", "true"), 'seccomp.profile = "minimal"', ".fence.toml:1")

    def test_unknown_names_are_refused_all_at_once(self):
        done = self.fence("--set", 'seccomp.deny=["ptrac"]', "--set", 'seccomp.allow=["mouts"]', "--", "true")
        self.refused(done, 'did you mean "ptrace"?', 'did you mean "mounts"?')

    def test_the_plan_says_what_is_open(self):
        plan = self.plan("--set", 'seccomp.allow=["tracing", "keyctl"]', "--", "true")
        self.assertRegex(plan, r"refused +mounts +profile default")
        self.assertRegex(plan, r"open +tracing +seccomp.allow")
        self.assertRegex(plan, r"open +keyctl +seccomp.allow .* +this call alone")
        self.assertRegex(plan, r"DANGER +system calls, group tracing: ")
        self.assertRegex(plan, r"DANGER +system call keyctl of group keyring: ")
        self.assertNotIn("DANGER  system call", self.plan("--", "true"))
