"""Whole plans for whole hosts: CASE/args, settings.toml and facts.json give plan.txt, bwrap.txt and plan.json, or errors.txt.

FENCE_ACCEPT=1 makes the facts anew from worlds.py, writes what fence gives now, and reports the case as skipped: an
accepting run is never green.
"""

import json
import os
import re
import unittest

import worlds

ACCEPT = os.environ.get("FENCE_ACCEPT") == "1"
FORMS = {"plan.txt": "text", "bwrap.txt": "bwrap", "plan.json": "json"}
# JSON is the same plan in more lines: for some cases only.
WITH_JSON = ("git_project", "landlock", "root", "worktree", "errors", "mistakes", "old_kernel", "limits", "cgroup")


# The program depends on the calls that libseccomp knew when fence was built; plan.txt says what it refuses.
FILTER = re.compile(r"printf ' \\000\\000\\000\\004[^']*'")


def with_line_breaks(name, text):
    """The line for a shell is long: one option a line shows what changed."""
    return FILTER.sub("printf FILTER", text, 1).replace(" --", "\n--") if name == "bwrap.txt" else text


class Golden(unittest.TestCase):
    maxDiff = None

    def check_case(self, case):
        if ACCEPT:
            worlds.make_facts(case)
        facts = json.loads(worlds.read(case, "facts.json"))
        expected_errors = os.path.join(worlds.HERE, case, "errors.txt")
        for name, form in FORMS.items():
            if (form == "json" and case not in WITH_JSON) or (form == "bwrap" and facts["bwrap"] is None):
                continue
            status, out, said = worlds.plan(case, facts, form)
            if status != 0:
                self.assertEqual((status, out), (125, ""), said)
                name, out = "errors.txt", said
            else:
                self.assertEqual(said, "")
            text = with_line_breaks(name, out)
            if ACCEPT:
                with open(os.path.join(worlds.HERE, case, name), "w", encoding="utf-8") as golden:
                    golden.write(text)
                continue
            self.assertEqual(status != 0, os.path.exists(expected_errors), said)
            self.assertEqual(text, worlds.read(case, name))
        if ACCEPT:
            self.skipTest("accepted what fence gives now")

    def test_no_case_is_left_out(self):
        cases = {name for name in os.listdir(worlds.HERE) if os.path.exists(os.path.join(worlds.HERE, name, "args"))}
        self.assertEqual(cases, set(worlds.WORLDS))

    def test_without_a_bwrap_the_line_for_it_is_refused(self):
        facts = json.loads(worlds.read("no_bwrap", "facts.json"))
        status, out, said = worlds.plan("no_bwrap", facts, "bwrap")
        self.assertEqual((status, out), (125, ""), said)
        self.assertIn("bwrap is not installed", said)

    def test_a_changed_host_changes_the_plan(self):
        """The negative control: the facts are what the plan is made from."""
        facts = json.loads(worlds.read("git_project", "facts.json"))
        facts["paths"]["/home/ada/src/app/.git/hooks"] = {"kind": "absent"}
        status, out, said = worlds.plan("git_project", facts, "text")
        self.assertEqual((status, said), (0, ""))
        self.assertIn("/home/ada/src/app/.git/hooks", worlds.read("git_project", "plan.txt"))
        self.assertNotIn("/home/ada/src/app/.git/hooks", out)


def test_of(case):
    return lambda self: self.check_case(case)


for each in worlds.WORLDS:
    setattr(Golden, f"test_{each}", test_of(each))
