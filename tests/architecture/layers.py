"""Which layer may include which. Dependencies point downwards only; docs say why, this table says what."""

import re

MAY_INCLUDE = {
    "util": set(),
    "facts": {"util"},
    "policy": {"util"},
    "seccomp": {"util"},
    "plan": {"util", "facts", "policy", "seccomp"},
    "bwrap": {"util", "facts", "policy", "seccomp", "plan"},
    "native": {"util", "facts", "policy", "seccomp", "plan"},
    "bwrapline": {"util"},
    "bwraprun": {"util", "bwrapline"},
    "host": {"util", "facts"},
    "config": {"util", "facts", "policy"},
    "launch": {"util", "facts", "policy", "seccomp", "plan", "bwrap", "native"},
    "cli": {"util", "facts", "policy", "seccomp", "plan", "bwrap", "native", "bwrapline", "bwraprun", "host", "config", "launch"},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path):
    """The layer that a source belongs to: include/fence/LAYER/x.h or src/LAYER/x.cc; None for anything else."""
    match = re.match(r"(?:include/fence|src)/([^/]+)/", path)
    return match.group(1) if match else None


def violations(path, text):
    """What one file of include/ or src/ includes and may not."""
    layer = layer_of(path)
    if layer not in MAY_INCLUDE:
        return [f"{path}: not in a layer of the table"]
    found = []
    for bracket, name in INCLUDE.findall(text):
        if name.startswith("fence/"):
            if bracket == "<":
                found.append(f'{path}: <{name}>: a header of ours stands in "..."')
            target = name.split("/")[1]
            if target != layer and target not in MAY_INCLUDE[layer]:
                found.append(f"{path}: layer {layer} may not include {name}")
        elif "../" in name or re.search(r"(^|/)src/", name):
            found.append(f"{path}: {name}: a way around the layers")
        elif bracket == '"' and "/" in name:
            found.append(f'{path}: "{name}": only headers of ours stand in "..."')
    return found
