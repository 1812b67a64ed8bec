"""Random trees and random rules on them."""

import json
import os
import random

LAYERS = ["settings", "command line"]  # the higher one last
OPTIONS = {"allowRead": "--allow-read", "denyRead": "--deny-read", "allowWrite": "--allow-write", "denyWrite": "--deny-write"}


def seed():
    """The same in every run, so that a change is judged by what it changes; FENCE_SEED=N, or =random, searches further."""
    wanted = os.environ.get("FENCE_SEED", "3")
    return random.SystemRandom().randrange(1 << 32) if wanted == "random" else int(wanted)


def settings_of(rules):
    """The settings file with those rules that are the file's."""
    lists = {name: [rule["path"] for rule in rules if rule["list"] == name and rule["layer"] == "settings"] for name in OPTIONS}
    return "[filesystem]\n" + "".join(f"{name} = {json.dumps(paths)}\n" for name, paths in lists.items())


def options_of(rules):
    """The rules of the command line, as its words."""
    return [word for rule in rules if rule["layer"] == "command line" for word in (OPTIONS[rule["list"]], rule["path"])]


class Generator:
    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)

    def tree(self, top):
        """{path: names in it, or the text of a file}."""
        tree = {}

        def fill(path, depth):
            names = [name for name in ["a", "b", "c-d", "c d"] if self.random.random() < 0.6]
            tree[path] = sorted(names)
            for name in names:
                if depth < 3 and self.random.random() < 0.6:
                    fill(f"{path}/{name}", depth + 1)
                else:
                    tree[f"{path}/{name}"] = f"content of {path}/{name}"

        fill(top, 0)
        return tree

    def rules(self, tree):
        return [{"list": self.random.choice(list(OPTIONS)), "path": self.random.choice(list(tree)),
                 "layer": self.random.choice(LAYERS)} for _ in range(self.random.randint(1, 7))]

    def options(self, tree, outside):
        """Further wishes for the command line, of every kind; `outside`: a directory in which to find a source of binds."""
        paths = list(tree)
        directories = [path for path, content in tree.items() if not isinstance(content, str)]
        wishes = [lambda: f"filesystem.tmpfs=[{json.dumps(self.random.choice(directories))}]",
                  lambda: f"filesystem.protect=[{json.dumps(self.random.choice(paths))}]",
                  lambda: f'filesystem.denyRead=["{directories[0]}/**/a*"]',
                  lambda: f'filesystem.bind=[{{source="{outside}/other", target="/tmp/b"}}]',
                  lambda: f'filesystem.bind=[{{source="{self.random.choice(directories)}", target="/tmp/c", mode="ro"}}]',
                  lambda: f'network.mode="{self.random.choice(["none", "host"])}"',
                  lambda: f'runtimeDir.mode="{self.random.choice(["auto", "private", "unset"])}"',
                  lambda: f'environment.mode="{self.random.choice(["inherit", "clear"])}"',
                  lambda: f'devices.mode="{self.random.choice(["minimal", "host"])}"']
        return [word for wish in self.random.sample(wishes, self.random.randint(0, 4)) for word in ("--set", wish())]
