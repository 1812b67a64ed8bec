"""Rules about the text of the project's files."""

import os
import re

MAX_LINES = 450
CODE = (".cc", ".h")
TEXT = (".cc", ".h", ".py", ".sh", ".md", ".toml", ".build", ".txt", "bootstrap", "run")
TREES = ["include", "src", "tests", "docs", "tools", "profiles", "seccomp", "bench", ".ci"]
TOP = ["README.md", "CONTRIBUTING.md", "meson.build", "meson_options.txt", "bootstrap"]

# Words that say that something is unfinished, or that say nothing.
BANNED = {
    r"\b(TODO|FIXME|XXX|HACK)\b": "unfinished work belongs into an issue",
    # "function not implemented" is what the kernel's ENOSYS is called.
    r"(?i)(?<!function )\bnot (yet )?implemented\b": "what is not there is not announced in code",
    r"(?i)\bin a real (implementation|program)\b": "this is the real program",
    r"(?i)\bas an? (AI|language model)\b": "no author speaks of himself",
    r"(?i)\b(blazing|lightning)[- ]fast\b": "measure it instead",
    r"(?i)\bbest[- ]in[- ]class\b|\bcutting[- ]edge\b|\bworld[- ]class\b": "praise says nothing",
}
# The tables of banned words have to spell them.
EXEMPT = {"tests/architecture/texts.py", "tests/architecture/test_architecture.py"}


def files(root, trees=tuple(TREES), endings=TEXT):
    """Paths, relative to `root`, of the project's text files."""
    found = [name for name in TOP if os.path.isfile(os.path.join(root, name))] if endings is TEXT else []
    for tree in trees:
        for directory, subdirectories, names in os.walk(os.path.join(root, tree)):
            subdirectories[:] = sorted(name for name in subdirectories if name != "__pycache__")
            found += [
                os.path.relpath(os.path.join(directory, name), root) for name in sorted(names) if name.endswith(endings)
            ]
    return found


def too_long(path, text):
    lines = text.count("\n")
    return [f"{path}: {lines} lines, more than {MAX_LINES}: two subjects in one file?"] if lines > MAX_LINES else []


def banned_words(path, text):
    if path in EXEMPT:
        return []
    return [
        f"{path}:{text[: match.start()].count(chr(10)) + 1}: {match.group(0)!r}: {reason}"
        for pattern, reason in BANNED.items()
        for match in re.finditer(pattern, text)
    ]
