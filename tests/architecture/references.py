"""The tests that docs/threat-model.md names: each must be there, and a row without one must say what is left open."""

import os
import re

ROW = re.compile(r"^\| [A-H][0-9]", re.MULTILINE)


def rows(page):
    """(name, control, [references]) of every row."""
    for line in page.splitlines():
        if not ROW.match(line):
            continue
        # A "\|" is no end of a cell.
        name, _, control, tests = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:5])
        yield name, control, [word.strip() for word in tests.split(",") if word.strip()]


def exists(reference, root, read):
    place, _, name = reference.partition(" ")
    if place == "catalogue":
        return f'@attempt("{name} ' in read("tests/support/attempts.py")
    if place == "golden":
        return os.path.isdir(os.path.join(root, "tests/golden", name))
    if place.startswith("unit/"):
        suite, _, case = name.partition(".")
        directory = os.path.join(root, "tests", place)
        return any(f"({suite}, {case})" in read(os.path.join("tests", place, file)) for file in os.listdir(directory))
    kind, _, module = place.partition("/")
    path = f"tests/{kind}/test_{module}.py"
    found = read(path) if os.path.isfile(os.path.join(root, path)) else ""
    return re.search(rf"\b(def|class) {re.escape(name)}\b", found) is not None if name else False


def removal_violations(controls, read):
    """What keeps a control of tests/removed/controls.toml from being taken away."""
    found = []
    for control in controls:
        for cut in [control, *control.get("and", [])]:
            times = read(cut["file"]).count(cut["text"])
            if times != 1:
                found.append(f"{control['name']}: its text is {times} times in {cut['file']}")
        if not control["tests"]:
            found.append(f"{control['name']}: no test")
    return found


def violations(page, root, read):
    found = []
    for name, control, references in rows(page):
        found += [f"{name}: no test {reference}" for reference in references if not exists(reference, root, read)]
        if not references and "*Left open:*" not in control and "*Not tried:*" not in control:
            found.append(f"{name}: neither a test nor a word about what is left open")
    return found
