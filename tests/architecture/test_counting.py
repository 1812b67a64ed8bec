"""The tools that run and count the other tests, with results that are known."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import count_results

RUNNER = os.path.join(os.environ["FENCE_SOURCE_ROOT"], "tests", "support", "run_unittest.py")

SAMPLE = """
import unittest
class Sample(unittest.TestCase):
    def test_good(self): print("ok 99 - noise on standard output")
    def test_bad(self): self.fail("on purpose")
    def test_subtests(self):
        for i in range(3):
            with self.subTest(i=i): self.assertEqual(i, 0)
    def test_error(self): raise OSError("on purpose")
    @unittest.skip("no # reason")
    def test_skipped(self): pass
class BrokenFixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError("on purpose")
    def test_never(self): pass
"""


class Runner(unittest.TestCase):
    def tap(self, source):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "sample.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(source)
            done = subprocess.run([sys.executable, RUNNER, path], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()

    def test_each_method_is_a_line(self):
        status, lines = self.tap(SAMPLE)
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [
                "TAP version 13",
                "not ok 1 - setUpClass (sample.BrokenFixture)",
                "not ok 2 - sample.Sample.test_bad",
                "not ok 3 - sample.Sample.test_error",
                "ok 4 - sample.Sample.test_good",
                "ok 5 - sample.Sample.test_skipped # SKIP no # reason",
                "not ok 6 - sample.Sample.test_subtests",
                "1..6",
            ],
        )

    def test_no_test_is_a_failure(self):
        status, lines = self.tap("x = 1\n")
        self.assertEqual((status, lines[-1]), (1, "Bail out! no test found"))

    def test_all_good_is_status_0(self):
        self.assertEqual(self.tap("import unittest\nclass A(unittest.TestCase):\n  def test_a(self): pass\n")[0], 0)


class Counting(unittest.TestCase):
    def count(self, cases, programs):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "testlog.junit.xml"), "w", encoding="utf-8") as file:
                file.write(f'<testsuites><testsuite name="fence.unit a.Suite">{cases}</testsuite></testsuites>')
            with open(os.path.join(directory, "testlog.json"), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(program) + "\n" for program in programs)
            counts = count_results.count(directory)
        return counts["passed"], counts["failed"], counts["skipped"]

    def test_cases_are_counted_one_by_one(self):
        cases = '<testcase name="x"/><testcase name="y"><failure/></testcase><testcase name="z"><skipped/></testcase>'
        self.assertEqual(self.count(cases, [{"name": "fence:unit / unit a", "result": "FAIL"}]), (1, 1, 1))

    def test_a_program_that_failed_without_a_failing_case_counts(self):
        for result in ("FAIL", "ERROR", "TIMEOUT"):
            self.assertEqual(
                self.count('<testcase name="x"/>', [{"name": "fence:unit / unit a", "result": result}]), (1, 1, 0)
            )

    def test_a_disabled_case_is_skipped(self):
        self.assertEqual(self.count('<testcase name="x" status="notrun"/>', []), (0, 0, 1))

    def test_a_missing_log_is_a_failure(self):
        script = os.path.join(os.path.dirname(RUNNER), "count_results.py")
        done = subprocess.run(
            [sys.executable, script, "/no/such/build"], capture_output=True, text=True, check=True
        )
        self.assertEqual(done.stdout, "0 1 0\n")
