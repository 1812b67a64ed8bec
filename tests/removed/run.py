#!/usr/bin/env python3
"""Takes each control of controls.toml away and sees the tests fail that are there for it.

    tests/removed/run.py [WORD]     only those with WORD in their names

Works on a copy of the tree as git has it, with what is changed and not committed, in build-removed/. Says `red` of a control
whose tests fail without it, and ends with 1 where one stays green. As root, like the tests themselves: much of what they do
takes both users. Takes some 40 minutes on two cores.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import processes  # noqa: E402

TABLE = pathlib.Path(__file__).parent / "controls.toml"
WORK = ROOT / "build-removed"
TREE, BUILD = WORK / "tree", WORK / "tree" / "build"


def controls():
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))["control"]


def cuts(control):
    """(file, text, what stands there instead)"""
    return [(cut["file"], cut["text"], cut["with"]) for cut in [control, *control.get("and", [])]]


def copy_tree():
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, TREE / name
        if not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # One that is the same keeps its time, and is not built again.
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, TREE], check=True, stdout=subprocess.DEVNULL)


def target_of(place):
    if place.startswith("unit/"):
        return f"tests/{place}/unit_{place.removeprefix('unit/')}"
    return "fence-bwrap" if place.startswith("integration/bwrap_") else "fence"


def test_name(place):
    name = place.replace("/", " ")
    return name.replace("_", " ", 1) if name.startswith("integration bwrap_") or name.endswith("system_calls") else name


def build(references):
    targets = {target_of(reference.partition(" ")[0]) for reference in references}
    probes = ["tests/integration/call_probe", "tests/integration/cgroup_probe", "tests/integration/bwrap_probe", "tests/terminal/terminal_probe"]
    done = subprocess.run(["ninja", "-C", BUILD, *sorted(targets), *probes], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout[-3000:]


def end_what_is_left():
    """Without its control a test may leave processes."""
    for _ in range(100):
        for pid in processes.descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not processes.wait_until_gone(0.1):
            return


def passes(reference):
    place, _, word = reference.partition(" ")
    environment = {**os.environ, "FENCE_TESTS": word, "GTEST_FILTER": word or "*"}
    done = subprocess.run(["meson", "test", "-C", BUILD, "--no-rebuild", test_name(place)], env=environment, check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end_what_is_left()
    return done.returncode == 0


def without(control):
    """What came of the tests without the control: the ones that stayed green, or the compiler's words."""
    kept = {}
    try:
        for file, text, instead in cuts(control):
            path = TREE / file
            now = path.read_text(encoding="utf-8")
            kept.setdefault(path, now)
            path.write_text(now.replace(text, instead), encoding="utf-8")
        broken = build(control["tests"])
        return [broken] if broken else [f"{test} stays green" for test in control["tests"] if passes(test)]
    finally:
        for path, text in kept.items():
            path.write_text(text, encoding="utf-8")


def main(word):
    processes.adopt_orphans()
    # A shell's background leaves these ignored, and the tests send them.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    chosen = [control for control in controls() if word in control["name"]]
    copy_tree()
    all_tests = sorted({test for control in chosen for test in control["tests"]})
    broken = build(all_tests)
    faults = [broken] if broken else [f"{test} fails with all controls in place" for test in all_tests if not passes(test)]
    for fault in faults:
        print(fault, flush=True)
    if faults:
        return 1
    for control in chosen:
        found = without(control)
        print(f"{'GREEN' if found else 'red'}  {control['name']}", *found, sep="\n       ", flush=True)
        faults += found
    print(f"{len(chosen)} controls taken away, {len(faults)} tests did not notice")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))
