"""What a machine can lack, and what fence says of it: one message, with what is to be changed."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from cases import as_both, user_only  # noqa: E402
from faults import Aim, FaultCase, errno, problems_of_refusal  # noqa: E402

LAUNCHES = 200


@as_both
class Shortages(FaultCase):
    def said(self, aim, number, options=("--backend", "native")):
        run = self.run_with(aim, f"errno={number}", options=options)
        self.assertTrue(run.hit, aim)
        self.assertEqual(problems_of_refusal(run), [], run)
        self.assertEqual(run.err.count("fence: "), 2, "one message, and that nothing was run")
        return run.err

    def test_mounts_memory_and_descriptors(self):
        for call in ("open_tree", "move_mount"):
            self.assertIn("fs.mount-max", self.said(Aim("child", call, 2), errno.ENOSPC))
        self.assertIn("memory.max", self.said(Aim("child", "fsmount", 1), errno.ENOMEM))
        self.assertIn("ulimit -n", self.said(Aim("child", "fsopen", 1), errno.EMFILE))
        self.assertIn("user.max_user_namespaces", self.said(Aim("main", "clone3", 1), errno.ENOSPC))
        self.assertIn("ulimit -u", self.said(Aim("main", "clone3", 1), errno.EAGAIN))

    def test_an_id_map_that_a_security_module_refuses(self):
        calls = self.calls_of_a_run()
        launched = calls.index(("main", "clone3"))
        writes = sum(call == ("main", "write") for call in calls[:launched])
        files = ["gid_map", "uid_map"] if self.AS_ROOT else ["setgroups", "gid_map", "uid_map"]
        for number, file in enumerate(files, writes + 1):
            said = self.said(Aim("main", "write", number), errno.EPERM)
            self.assertIn(f"writing {file}: operation not permitted", said)
            self.assertIn("kernel.apparmor_restrict_unprivileged_userns", said)

    def test_few_descriptors(self):
        """Really too few, however many that is: fence runs the command, or says what to raise."""
        seen = set()
        for limit in range(6, 30, 2):
            done = self.outside("sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", self.place.fence, "--", "/bin/echo", "ran")
            seen.add(done.status)
            if done.status != 0:
                self.refused(done, "too many open files")
        self.assertEqual(seen, {0, 125})

    @user_only
    def test_no_namespaces_left(self):
        """The limit is written in a user namespace of an ordinary user's."""
        for options in ([], ["--backend", "native"]):
            done = self.outside("unshare", "-Ur", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh",
                                self.place.fence, *options, "--", "true")
            self.refused(done, "no space left on device", "user.max_user_namespaces")


@as_both
class ManyAtOnce(FaultCase):
    def test_launches_at_once(self):
        started = [self.start([self.place.fence, "--", "sh", "-c", f"echo ran {number}; test ! -e ~/.netrc"])
                   for number in range(LAUNCHES)]
        for number, process in enumerate(started):
            out, err = process.communicate(timeout=120)
            self.assertEqual((process.returncode, out.decode()), (0, f"ran {number}\n"), err.decode())


class MaskedProc(FaultCase):
    """A container masks parts of /proc, and then the kernel gives nobody below it a fresh one."""

    def contained(self, *words, mask='mount -t tmpfs -o ro none /proc/acpi 2>/dev/null || mount --bind /dev/null /proc/kcore'):
        script = f'{mask}; exec "$@"'
        return self.outside("unshare", "-Urm", "--propagation", "private", "sh", "-c", script, "sh", *words)

    def test_the_launch_is_refused_with_the_way_out(self):
        done = self.contained(self.place.fence, "--", "true")
        self.refused(done, "/proc of the sandbox's own", 'allowDegraded = ["proc"]', "systempaths=unconfined")

    def test_what_is_degraded_by_wish_runs(self):
        done = self.contained(self.place.fence, "--set", 'allowDegraded=["proc"]', "--", "sh", "-c", "echo ran; cat ~/.netrc")
        self.assertIn("degraded (proc)", done.err)
        self.assertEqual(done.out, "ran\n", done)

    def test_without_a_mask_nothing_is_degraded(self):
        """The control."""
        done = self.contained(self.place.fence, "--", "echo", "ran", mask="true")
        self.assertEqual((done.status, done.out), (0, "ran\n"), done)
        self.assertNotIn("degraded", done.err)


class CallsOfAContainer(FaultCase):
    """A seccomp profile that knows no mount_setattr(2) leaves bwrap, and fence says why."""

    def test_auto_falls_to_bwrap(self):
        run = self.run_with(Aim("helper", "mount_setattr", 1), f"errno={errno.ENOSYS}", options=("-v",))
        self.assertEqual((run.status, run.marked, run.hit), (0, True, True), run)
        self.assertIn("bwrap, since native is refused here: mount_setattr(2): function not implemented (Linux 5.12 has it", run.err)

    def test_native_as_asked_is_refused(self):
        run = self.run_with(Aim("helper", "mount_setattr", 1), f"errno={errno.ENOSYS}")
        self.assertEqual(problems_of_refusal(run), [], run)
        self.assertIn("mount_setattr(2): function not implemented (Linux 5.12 has it", run.err)

    def test_a_shortage_while_trying_is_no_reason_for_bwrap(self):
        run = self.run_with(Aim("helper", "mount_setattr", 1), f"errno={errno.ENOMEM}", options=("-v",))
        self.assertEqual((run.status, run.marked), (0, True), run)
        self.assertIn("native, the default", run.err)


class WithoutBwrap(FaultCase):
    """Where no bwrap is installed: over its place lies an empty file."""

    AS_ROOT = True

    def test_auto_works(self):
        hidden = 'mount --bind /dev/null "$(command -v bwrap)" && exec "$@"'
        if subprocess.run(["sh", "-c", "command -v bwrap"], capture_output=True, check=False).returncode != 0:
            hidden = 'exec "$@"'
        words = ["unshare", "-m", "--propagation", "private", "sh", "-c", hidden, "sh", self.place.fence]
        self.assertEqual(self.outside(*words, "--", "echo", "ran").out, "ran\n")
        self.refused(self.outside(*words, "--backend", "bwrap", "--", "echo", "ran"), "bwrap")
