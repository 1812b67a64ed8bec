"""Each system call of the set-up fails, one at a time: the command never runs, and fence says which step failed."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from cases import as_both  # noqa: E402
from faults import Aim, FaultCase, added_calls, errno, errno_text, problems_of_refusal, sampled, set_up_calls  # noqa: E402

E = errno
# The plausible errnos of a call (its manual page); the first is also tried in the middle and at the end of many.
ERRNOS = {
    "capset": [E.EPERM], "clone": [E.EAGAIN, E.ENOMEM], "clone3": [E.EAGAIN, E.ENOMEM, E.ENOSPC, E.EPERM, E.EINVAL],
    "execve": [E.ENOMEM, E.EACCES], "execveat": [E.ENOMEM, E.EACCES], "fcntl(2)": [E.EPERM], "fsconfig": [E.ENOMEM, E.EPERM, E.EINVAL],
    "fsmount": [E.EMFILE, E.ENOMEM, E.EPERM], "fsopen": [E.EMFILE, E.ENOMEM, E.EPERM, E.ENOSYS],
    "mount_setattr": [E.ENOMEM, E.EPERM, E.EINVAL, E.ENOSYS], "move_mount": [E.ENOSPC, E.EPERM, E.EINVAL, E.ENOMEM],
    "open_tree": [E.ENOSPC, E.ENOMEM, E.EMFILE, E.EPERM], "openat": [E.EMFILE, E.EACCES, E.ENOSPC],
    "openat2": [E.EMFILE, E.ENOENT, E.ELOOP, E.EACCES], "mkdirat": [E.ENOSPC, E.EROFS], "mknodat": [E.ENOSPC, E.EPERM],
    "symlinkat": [E.ENOSPC, E.EEXIST], "pivot_root": [E.EINVAL, E.EPERM], "umount2": [E.EBUSY], "setsid": [E.EPERM],
    "write": [E.EPERM, E.ENOSPC], "pipe2": [E.EMFILE, E.ENFILE], "socketpair": [E.EMFILE, E.ENOBUFS],
    "memfd_create": [E.EMFILE, E.ENOMEM], "socket": [E.EAFNOSUPPORT, E.EMFILE], "ioctl": [E.EPERM],
    "landlock_create_ruleset": [E.ENOMEM, E.EOPNOTSUPP, E.EPERM], "landlock_add_rule": [E.ENOMEM, E.EINVAL, E.EPERM],
    "landlock_restrict_self": [E.E2BIG, E.ENOMEM, E.EPERM],
    "signalfd4": [E.EMFILE, E.ENOMEM], "epoll_create1": [E.EMFILE, E.ENOMEM], "epoll_ctl(1)": [E.ENOSPC, E.ENOMEM],
}
# The kernel never answers these with an errno: brk(2) gives the old end.
CANNOT_FAIL = {"brk", "rt_sigprocmask", "exit_group"}
USUAL = [E.EPERM, E.ENOMEM]
# What goes on, for a reason; all else ends the launch. (role or "", call): reason.
GOES_ON = {
    ("", "close"): "the number is free whatever close(2) says, and fence goes by the other end",
    ("", "munmap"): "memory of a process that goes on with less",
    ("", "mprotect"): "libc's own",
    ("", "getpid"): "it cannot fail", ("", "getppid"): "it cannot fail", ("", "getuid"): "it cannot fail",
    ("", "umask"): "it cannot fail",
    ("", "rt_sigaction"): "it cannot fail with a signal that there is",
    ("", "rt_sigpending"): "it cannot fail with a set that there is",
    ("", "set_robust_list"): "libc's own", ("", "rseq"): "libc's own", ("", "set_tid_address"): "libc's own",
    ("", "arch_prctl"): "libc's own", ("", "prlimit64"): "libc's own", ("", "getrandom"): "libc's own",
    ("child", "readlink"): "libc's own",
    ("child", "keyctl"): "with or without a keyring of its own, no call that has to do with keys is the command's",
    ("", "prctl(15)"): "PR_SET_NAME: a name for ps(1)",
    ("main", "fcntl(1033)"): "F_ADD_SEALS: tried once more without the seal that Linux before 6.3 has not",
    ("main", "poll"): "asked again at once",
    ("main", "read"): "what is read is asked for again when poll(2) says that there is something",
    ("guard", "getpriority"): "it cannot fail for the process itself",
    ("guard", "sched_setattr"): "Linux before 6.12 gives nobody a time slice of his own",
    ("command", "setpgid"): "both sides do it: the other one has",
}
# What ends the launch without the errno: nobody is left to tell it to, or the failure is an answer.
WORDLESS = {
    ("main", "recvmsg"): "the other end counts as gone",
    ("main", "clone3"): "it may be clone(2) that failed then",
    ("guard", "sendmsg"): "the other end counts as gone",
    ("child", "pread64"): "the stage does not know yet where to say it", ("child", "mmap"): "the same",
    ("child", "prctl(1)"): "the same, in the stage", ("child", "prctl(4)"): "the same, in the stage",
    ("child", "sendto"): "fence counts as gone", ("child", "sendmsg"): "fence counts as gone", ("child", "recvfrom"): "fence counts as gone",
    ("child", "capget"): "read back: not empty", ("child", "prctl(23)"): "read back: not empty",
    ("child", "prctl(47)"): "read back: not empty", ("child", "prctl(39)"): "read back: not set",
    ("child", "prctl(21)"): "read back: not set", ("child", "getsid"): "read back: another one",
}
# When fence has said that the command may start, the end of the stage is that of the command.
AFTER_GO = {("child", "recvfrom"), ("child", "pipe2"), ("child", "clone")}


# The same for what a private terminal adds.
GOES_ON_WITHOUT = {
    ("main", "openat"): "the terminal cannot be opened anew: the inherited descriptor serves",
    ("main", "ioctl"): "modes or a size that cannot be read or set stay as they are",
    ("main", "epoll_ctl(3)"): "EPOLL_CTL_MOD cannot fail with a descriptor that is in the set",
}


@as_both
class EachCall(FaultCase):
    GOES_ON = GOES_ON
    how = {}

    def judge(self, tried):
        aim, number = tried
        goes_on = self.GOES_ON.get(("", aim.call)) or self.GOES_ON.get((aim.role, aim.call))
        for _ in range(3):  # A file of the host that is replaced meanwhile ends a launch before the call comes.
            run = self.run_with(aim, f"errno={number}", **self.how)
            if run.hit or goes_on:
                break
            # So does a directory of the host that has lost entries meanwhile: there are fewer mounts then.
            aim = aim._replace(occurrence=aim.occurrence - aim.occurrence // 10)
        if not run.hit and not goes_on:
            print(f"{aim} {errno.errorcode[number]}: not met: {run}")
            return f"{aim}: not met: {run}"
        if goes_on:
            return f"{aim}: {run.left}" if run.left else None
        if aim.role == "command" and run.status in (126, 127) and "fence: cannot run" in run.err and not run.marked:
            return f"{aim}: {run.left}" if run.left else None
        if run.status == 137 and (aim.role, aim.call) in AFTER_GO and not run.marked and not run.left:
            return None
        found = problems_of_refusal(run)
        if not found and (aim.role, aim.call) not in WORDLESS and errno_text(number) not in run.err:
            found.append("the errno is not said")
        if found:
            print(f"{aim} {errno.errorcode[number]}: {found}: {run}")
        return f"{aim} {errno.errorcode[number]}: {found}: {run}" if found else None

    def try_each(self, calls_of_roles):
        tried = []
        for role, calls in calls_of_roles.items():
            for call, occurrences in sampled(calls).items():
                if call in CANNOT_FAIL:
                    continue
                errnos = ERRNOS.get(call, USUAL)
                if ("", call) in self.GOES_ON or (role, call) in self.GOES_ON:
                    errnos = errnos[:1]
                tried += [(Aim(role, call, occurrences[0]), number) for number in errnos]
                tried += [(Aim(role, call, occurrence), errnos[0]) for occurrence in occurrences[1:]]
        found = [problem for problem in self.all_at_once(self.judge, tried) if problem]
        print(f"{len(tried)} faults in {len({aim.call for aim, _ in tried})} calls")
        self.assertEqual(found, [], "\n".join(found))
        return len(tried)

    def test_each_call(self):
        self.assertGreater(self.try_each(set_up_calls(self.calls_of_a_run())), 100)


@as_both
class EachCallForATerminal(EachCall):
    GOES_ON = {**GOES_ON, **GOES_ON_WITHOUT}

    def test_each_call(self):
        self.how = {"stdin": self.terminal()}
        self.assertGreater(self.try_each(self.calls_for_a_terminal(**self.how)), 15)

    def test_no_terminal_is_left_on_this_machine(self):
        stdin = self.terminal()
        calls = self.calls_for_a_terminal(stdin)["child"]
        run = self.run_with(Aim("child", *next(call for call in calls if call[0] == "openat")), f"errno={E.ENOSPC}", stdin=stdin)
        self.assertEqual(problems_of_refusal(run), [])
        self.assertIn("fence: cannot make a private terminal: no space left on device", run.err)
        self.assertIn("kernel.pty.max", run.err)


class Landlock(FaultCase):
    def test_landlock_is_among_them(self):
        calls = {call for call, _ in set_up_calls(self.calls_of_a_run())["child"]}
        self.assertLessEqual({"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}, calls)
        run = self.run_with(Aim("child", "landlock_add_rule", 1), f"errno={E.EINVAL}")
        self.assertEqual(problems_of_refusal(run), [])
        self.assertIn("cannot hold the command with Landlock: landlock_add_rule(2) at /", run.err)
        run = self.run_with(Aim("child", "landlock_restrict_self", 1), f"errno={E.E2BIG}")
        self.assertIn("landlock_restrict_self(2): argument list too long", run.err)
        self.assertIn("landlock.mode", run.err)


@as_both
class EachCallForLimits(EachCall):
    def test_each_call(self):
        self.how = {"options": ("--backend", "native", "--set", "limits.wallTime=60", "--set", "limits.nofile=100")}
        added = added_calls(set_up_calls(self.calls_of_a_run(**self.how)), set_up_calls(self.calls_of_a_run()))
        self.assertGreaterEqual(self.try_each({role: added[role] for role in ("child", "command")}), 3)


@as_both
class EachCallWithoutNamespaces(EachCall):
    GOES_ON = {
        **GOES_ON,
        ("child", "kill"): "the errno is the proof that nobody outside is reached",
        ("command", "kill"): "the errno is the proof that the stage is out of reach",
        ("command", "openat"): "EACCES is the proof that the root is not granted",
    }

    def test_each_call(self):
        if self.AS_ROOT:
            kept = {("child", "prctl(24)"): "PR_CAPBSET_DROP: what is left is found when it is read back"}
        else:
            kept = {("child", "prctl(23)"): "PR_CAPBSET_READ: only root can empty the bounding set"}
        self.GOES_ON = {**self.GOES_ON, **kept}
        self.how = {"options": ("-p", "landlock")}
        self.assertGreater(self.try_each(set_up_calls(self.calls_of_a_run(**self.how))), 60)

    def test_what_landlock_lets_through_ends_the_launch(self):
        for role, call, said in (("child", "kill", "would reach processes outside"), ("command", "kill", "lets through"),
                                 ("command", "openat", "cannot be tried: too many open files")):
            number = E.EMFILE if call == "openat" else 0
            run = self.run_with(Aim(role, call, 1), f"errno={number}", options=("-p", "landlock"))
            self.assertEqual(problems_of_refusal(run), [], run)
            self.assertIn(said, run.err)


class TheCheck(FaultCase):
    """The negative controls."""

    def test_a_run_without_a_fault_is_told_from_one_with(self):
        run = self.run_with(Aim("child", "pivot_root", 99), "errno=1")
        self.assertEqual((run.status, run.marked, run.hit), (0, True, False), run)
        self.assertIn("the command ran", problems_of_refusal(run))

    def test_what_is_left_is_seen(self):
        """A process that the end of the program does not end."""
        run = self.run_with(Aim("main", "none", 1), "list", options=("--version",))
        self.assertEqual(run.left, [])
        done = self.outside(self.inject, f"{self.top}/logs/left", "main:none:1", "list", "sh", "-c", "sleep 60 &")
        self.assertEqual(done.status, 0, done)
        with open(f"{self.top}/logs/left", encoding="utf-8") as log:
            self.assertIn("left helper", log.read())

    def test_without_clone3_clone_serves(self):
        run = self.run_with(Aim("main", "clone3", 1), f"errno={errno.ENOSYS}")
        self.assertEqual((run.status, run.marked, run.hit), (0, True, True), run)
