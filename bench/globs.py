"""What a pattern costs: fence's walk for it over a large tree, against find(1) doing the same match.

Prints a table. Ends with 1 where the walk takes more than MOST times as long as find, or where a plan without a pattern
looks at the tree at all.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

MOST = 1.5
PATTERN = "*.pem"
FILES_A_MATCH = 1_000


def make_tree(top, files):
    """As projects are: a few thousand directories of some dozen files, some deep. One file in a thousand matches."""
    per_directory, made, number = 40, 0, 0
    while made < files:
        directory = os.path.join(top, f"package-{number % 50}", f"module-{number // 50}", *["src", "lib"][: number % 3])
        os.makedirs(directory, exist_ok=True)
        for _ in range(min(per_directory, files - made)):
            name = f"key-{made}.pem" if made % FILES_A_MATCH == 0 else f"source-{made}.txt"
            os.close(os.open(os.path.join(directory, name), os.O_CREAT | os.O_WRONLY, 0o644))
            made += 1
        number += 1


def seconds(words, **options):
    start = time.perf_counter()
    subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, **options)
    return time.perf_counter() - start


def best(rounds, *commands, **options):
    """The shortest time of each command; they take turns, so that none has the quiet minutes for itself."""
    times = [[seconds(words, **options) for words in commands] for _ in range(rounds)]
    return [min(column) for column in zip(*times)]


def names_looked_at(words, **options):
    """How often the tree's names stand in what fence asks the kernel for; None without strace(1)."""
    if shutil.which("strace") is None:
        return None
    done = subprocess.run(["strace", "-f", "-e", "trace=file,getdents64", "-o", "/dev/stdout", *words], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          errors="replace", **options)
    return sum("package-" in line for line in done.stdout.splitlines())


def measure(fence, files, rounds):
    with tempfile.TemporaryDirectory(prefix="fence-bench-", dir=os.path.expanduser("~")) as home:
        tree, work = os.path.join(home, "tree"), os.path.join(home, "project")
        os.mkdir(work)
        make_tree(tree, files)
        options = {"cwd": work, "env": {"PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C"}}
        plain = [fence, "plan", "--", "true"]
        # A restriction that changes nothing there: the walk is measured, and not what is planned for each match.
        with_pattern = [fence, "plan", "--deny-write", f"{tree}/**/{PATTERN}", "--", "true"]
        find = ["find", tree, "-name", PATTERN]
        best(1, plain, with_pattern, find, **options)
        plain_time, pattern_time, find_time = best(rounds, plain, with_pattern, find, **options)
        looked = [names_looked_at(words, **options) for words in (plain, with_pattern)]
    return plain_time, pattern_time, find_time, looked


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fence")
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    plain, pattern, find, looked = measure(arguments.fence, arguments.files, arguments.rounds)
    ratio = (pattern - plain) / find
    rows = [("fence plan, no pattern", plain), (f"fence plan, **/{PATTERN}", pattern),
            ("  the pattern alone", pattern - plain), (f"find -name {PATTERN}", find)]
    print(f"{arguments.files} files, best of {arguments.rounds}")
    for name, time_taken in rows:
        print(f"  {name:28} {time_taken * 1000:9.1f} ms")
    print(f"  {'ratio':28} {ratio:9.2f}    (at most {MOST})")
    if looked[0] is None:
        print("  strace is not there: what a plan without a pattern looks at was not counted")
    else:
        print(f"  calls that name the tree:    {looked[0]} without a pattern, {looked[1]} with it")
    return 1 if ratio > MOST or looked[0] else 0


if __name__ == "__main__":
    sys.exit(main())
