"""File systems that never answer: fence ends in time, says which one it is, and leaves no process behind."""

import json
import os
import subprocess
import sys

from cases import TIMEOUT, Case, Done, as_both

DRIVER = os.path.join(os.environ["FENCE_SOURCE_ROOT"], "tests", "support", "dead_mount.py")
# One look that is given up, and all the rest of a launch.
MOST_SECONDS = 2.0
SERVERS = {"reads nothing": False, "reads and does not answer": True}


class Dead(Case):
    """Each test runs beside a server that reads no request, and beside one that reads them and does not answer."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, for a device that an ordinary user can open")
        self.nodes = self.directory("nodes")

    def beside(self, dead, *words, takes_requests=False):
        mounts = dead if isinstance(dead, list) else [dead]
        order = {"uid": self.user.uid, "gid": self.user.gid, "dead": mounts, "nodes": self.nodes, "cwd": self.project,
                 "env": self.environment, "takes_requests": takes_requests, "command": [self.place.fence, *words]}
        done = subprocess.run([sys.executable, DRIVER], input=json.dumps(order), capture_output=True, text=True,
                              timeout=2 * TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, done)
        result = json.loads(done.stdout)
        self.check_left(result, takes_requests)
        return Done(words, result["status"], os.fsencode(result["out"]), os.fsencode(result["err"])), result["seconds"]

    def check_left(self, result, takes_requests):
        # A request that the server has taken keeps its process in the kernel until the server answers or dies.
        stuck = {pid: its for pid, its in result["left"].items() if not (takes_requests and its[1] == "D")}
        self.assertEqual(stuck, {}, result)
        self.assertEqual(result["left_at_last"], {}, result)

    def each_refuses(self, dead, *words, texts):
        for name, takes_requests in SERVERS.items():
            with self.subTest(server=name):
                done, seconds = self.beside(dead, *words, takes_requests=takes_requests)
                self.refused(done, *texts)
                self.assertLess(seconds, MOST_SECONDS, done)


@as_both
class DeadMounts(Dead):
    def test_a_rule_that_names_a_path_on_it(self):
        dead = self.directory("mnt/dead")
        self.each_refuses(dead, "-r", f"{dead}/x/y", "--", "true", texts=[dead, "fuse", "--allow-read"])

    def test_a_settings_file_on_it(self):
        dead = self.directory("mnt/dead")
        self.each_refuses(dead, "--settings", f"{dead}/settings.toml", "--", "true", texts=[f"{dead}/settings.toml", "fuse"])

    def test_a_pattern_over_it(self):
        dead = self.directory("area/sub/dead")
        self.file("area/known.pem", "x")
        pattern = os.path.join(self.top, "area/**/*.pem")
        self.each_refuses(dead, "--deny-read", pattern, "--", "true", texts=[dead, "fuse"])

    def test_several_looks_at_it_wait_once(self):
        dead = self.directory("home/dead")
        options = [word for i in range(20) for word in ("-r", f"{dead}/{i}")]
        self.each_refuses(dead, *options, "--", "true", texts=[f"{dead}/19", "fuse"])

    def test_several_dead_mounts_take_twice_the_time_of_one_at_most(self):
        dead = [self.directory(f"mnt/dead{i}") for i in range(5)]
        options = [word for at in dead for word in ("-r", f"{at}/x")]
        longer = ["--set", "lookTimeout=1500"]
        one, alone = self.beside(dead[:1], *longer, *options[:2], "--", "true")
        self.refused(one, dead[0], "fuse")
        all_of_them, together = self.beside(dead, *longer, *options, "--", "true")
        self.refused(all_of_them, *dead)
        self.assertLess(together, 3 * alone, "nearly five times as long without the shorter waits")

    def test_a_directory_of_path_is_passed_over(self):
        dead = self.directory("mnt/dead")
        self.environment["PATH"] = f"{dead}:{self.environment['PATH']}"
        for name, takes_requests in SERVERS.items():
            with self.subTest(server=name):
                done, seconds = self.beside(dead, "plan", "--", "true", takes_requests=takes_requests)
                self.assertEqual(done.status, 0, done)
                self.assertLess(seconds, MOST_SECONDS, done)

    def test_an_entry_of_the_home_is_left_out_and_the_command_runs(self):
        dead = self.directory("home/dead")
        self.file("home/alive", "x")
        for name, takes_requests in SERVERS.items():
            with self.subTest(server=name):
                done, seconds = self.beside(dead, "--", "sh", "-c", "echo ran; ls ~", takes_requests=takes_requests)
                self.assertEqual(done.status, 0, done)
                self.assertEqual(done.out.split(), ["ran", "alive", "project"], done)
                self.assertLess(seconds, MOST_SECONDS, done)

    def test_one_that_nobody_asks_for_costs_nothing(self):
        dead = self.directory("mnt/dead")
        done, seconds = self.beside(dead, "plan", "--", "true")
        self.assertEqual(done.status, 0, done)
        self.assertLess(seconds, MOST_SECONDS / 4, "the control: no look at it is given up")


del Dead
