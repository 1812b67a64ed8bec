"""Files that fence writes into the sandbox itself: ssh's settings, which root owns, get an owner that ssh accepts."""

import os
import unittest

from cases import Case

DIRECTORY = "/etc/ssh/ssh_config.d"
HOST = f"mount --make-rprivate /; mount -t tmpfs none {DIRECTORY} && echo '# from the host' >{DIRECTORY}/10-test.conf"


@unittest.skipUnless(os.geteuid() == 0 and os.path.isdir(DIRECTORY), "needs root, and ssh's directory")
class WrittenFiles(Case):
    def on_such_a_host(self, script, *options):
        return self.with_mounts(HOST, self.place.fence, *options, "--", "sh", "-c", script)

    def test_the_file_can_be_read_and_nothing_of_the_hosts_root_is_left(self):
        self.file("home/private", "mine")
        script = f"cat {DIRECTORY}/10-test.conf; test / -ef /..; echo same $?; grep -c ' / / ' /proc/self/mountinfo"
        for backend in ("native", "bwrap"):
            with self.subTest(backend=backend):
                done = self.succeeded(self.on_such_a_host(script, "--backend", backend))
                self.assertEqual(done.out.splitlines()[:2], ["# from the host", "same 0"], done)

    def test_the_comparison_with_the_plan_is_not_what_saves_it(self):
        done = self.on_such_a_host("test / -ef /..", "--set", "danger.unverifiedMounts=true", "--backend", "native")
        self.succeeded(done)
