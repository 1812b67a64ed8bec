"""Random rules on random trees: what a probe observes in a real sandbox is what the policy says.

The oracle below is written from the rules as users are told them, and shares nothing with the planner: what is shown and
what may be written are decided apart, for each the deepest path with a rule, on one path the higher layer, in one layer
the stricter rule.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.environ["FENCE_SOURCE_ROOT"], "tests", "integration"))
from cases import PYTHON, Case, as_both  # noqa: E402  (the path has to be set first)
from random_policies import LAYERS, Generator, options_of, seed, settings_of  # noqa: E402

POLICIES = 25
SECONDS = 40

# Reads paths from standard input, and says for each: what it is, what it holds, whether it can be written.
PROBE = """
import json, os, sys
def observe(path):
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        return {"kind": "nothing"}
    seen = {"kind": "directory" if mode & 0o170000 == 0o040000 else "file", "content": None, "writable": False}
    try:
        if seen["kind"] == "directory":
            seen["content"] = sorted(os.listdir(path))
            os.mkdir(path + "/.probe")
            os.rmdir(path + "/.probe")
        else:
            with open(path) as file: seen["content"] = file.read()
            os.close(os.open(path, os.O_WRONLY))
        seen["writable"] = True
    except OSError:
        pass
    return seen
print(json.dumps({path: observe(path) for path in json.load(sys.stdin)}))
"""


def below(outer, inner):
    return inner == outer or inner.startswith(outer + "/")


def decide(rules, path, verdicts):
    """The value that `verdicts` gives the rule that decides at `path`; False is the stricter. None: no rule speaks."""
    speaking = [rule for rule in rules if rule["list"] in verdicts and below(rule["path"], path)]
    if not speaking:
        return None
    deepest = max(len(rule["path"]) for rule in speaking)
    there = [rule for rule in speaking if len(rule["path"]) == deepest]
    highest = max(LAYERS.index(rule["layer"]) for rule in there)
    return all(verdicts[rule["list"]] for rule in there if LAYERS.index(rule["layer"]) == highest)


def is_shown(rules, path):
    return decide(rules, path, {"allowRead": True, "allowWrite": True, "denyRead": False}) or False


def is_writable(rules, path):
    return is_shown(rules, path) and (decide(rules, path, {"allowWrite": True, "denyWrite": False, "denyRead": False}) or False)


def violations(tree, rules, observed):
    """What the oracle has against the observation."""
    found = []
    for path, content in tree.items():
        seen = observed[path]
        shown, writable = is_shown(rules, path), is_writable(rules, path)
        if isinstance(content, str):
            if not shown and seen.get("content") is not None:
                found.append(f"{path} is hidden, but can be read")
            if shown and seen.get("content") != content:
                found.append(f"{path} is to be shown, but is {seen}")
        else:
            found += listing_violations(tree, rules, path, seen)
        if seen.get("writable", False) != writable:
            found.append(f"{path} must {'' if writable else 'not '}be writable")
    return found


def listing_violations(tree, rules, path, seen):
    names = {name: f"{path}/{name}" for name in tree[path]}
    leads_on = {name for name, child in names.items() if any(below(child, other) and is_shown(rules, other) for other in tree)}
    if seen["kind"] == "nothing":
        return [f"{path} is missing"] if is_shown(rules, path) or leads_on else []
    listed = set(seen["content"] if seen["content"] is not None else [])
    if is_writable(rules, path):
        expected = set(names)  # a directory that can be written stays the host's own, and hidden names in it are covered
    else:
        expected = leads_on
    return [] if listed == expected else [f"{path} lists {sorted(listed)}, not {sorted(expected)}"]


@as_both
class Observed(Case):
    def observe(self, tree, rules):
        with open(f"{self.home}/.config/fence/settings.toml", "w", encoding="utf-8") as settings:
            settings.write(settings_of(rules))
        done = self.fence("-p", "strict", *options_of(rules), "--", *PYTHON, PROBE, input=json.dumps(list(tree)).encode())
        return json.loads(self.succeeded(done).out)

    def smallest(self, tree, rules):
        """The rules without those that the failure does not need."""
        for rule in list(rules):
            fewer = [other for other in rules if other is not rule]
            if violations(tree, fewer, self.observe(tree, fewer)):
                rules = fewer
        return rules

    def test_the_sandbox_is_what_the_policy_says(self):
        generator = Generator(seed())
        self.settings("")
        end = time.monotonic() + SECONDS
        done = 0
        while done < POLICIES and time.monotonic() < end:
            tree = generator.tree(f"{self.top}/tree{done}")
            self.tree(tree)
            rules = generator.rules(tree)
            if violations(tree, rules, self.observe(tree, rules)):
                rules = self.smallest(tree, rules)
                found = violations(tree, rules, self.observe(tree, rules))
                self.fail(f"FENCE_SEED={generator.seed}, policy {done}:\n" + "\n".join([*map(json.dumps, rules), *found, json.dumps(tree)]))
            done += 1
        self.assertGreater(done, 0)

    def test_the_oracle_finds_what_is_wrong(self):
        """The negative control: for each rule that changes something, leaving it out is seen."""
        tree = {f"{self.top}/t": ["d", "f", "g"], f"{self.top}/t/d": ["x"], f"{self.top}/t/d/x": "x", f"{self.top}/t/f": "f",
                f"{self.top}/t/g": "g"}
        self.tree(tree)
        self.settings("")
        rules = [{"list": "allowRead", "path": f"{self.top}/t", "layer": "settings"},
                 {"list": "denyRead", "path": f"{self.top}/t/f", "layer": "settings"},
                 {"list": "allowWrite", "path": f"{self.top}/t/d", "layer": "command line"},
                 {"list": "denyWrite", "path": f"{self.top}/t/d/x", "layer": "command line"}]
        self.assertEqual(violations(tree, rules, self.observe(tree, rules)), [])
        for rule in rules:
            fewer = [other for other in rules if other is not rule]
            self.assertNotEqual(violations(tree, rules, self.observe(tree, fewer)), [], rule)
