"""fence beside bubblewrap and beside the floor (floor.c), with the same plan. Ends with 1 where a figure whose goal is
reached is past its bound.

    side_by_side.py FIGURES FENCE FLOOR COMPILED_PLAN
"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

from peers import Bounds, Peer, Times, in_place, same_plan, unlimited_files


def launch(place):
    """A launch of the default profile: of `true`, in a home that is empty and in one with 400 entries."""
    bounds = Bounds()
    for entries in (0, 400):
        for number in range(entries):
            path = os.path.join(place.home, f"entry-{number}")
            os.mkdir(path) if number % 4 == 0 else open(path, "x").close()
        peers = [Peer("the command alone", ["true"]), *same_plan(place, [])]
        times = Times(peers, 60 if entries == 0 else 15, place.environment)
        print(f"launch, default profile, {entries} entries in the home")
        times.print("the floor")
        bounds.check("fence to the floor", times.ratio("fence, native", "the floor"), 1.5, reached=False)
        bounds.check("fence to bwrap", times.ratio("fence, native", "bwrap itself, the same plan"), 0.6,
                     reached=entries != 0)
    print("  nsjail: left out, it is not in Debian 12" if shutil.which("nsjail") is None else
          "  nsjail: left out, it cannot be given this plan")
    return bounds.status()


def settings_with_binds(place, count):
    """A settings file with that many read-only binds besides, none below another."""
    source = os.path.join(place.own, "sources")
    os.makedirs(source, exist_ok=True)
    rows = []
    for number in range(count):
        path = os.path.join(source, str(number))
        os.makedirs(path, exist_ok=True)
        rows.append(f'{{source = "{path}", target = "/tmp/binds/{number}"}}')
    name = os.path.join(place.own, f"binds-{count}.toml")
    with open(name, "w", encoding="utf-8") as file:
        file.write('profile = "workspace"\n[filesystem]\nbind = [\n' + ",\n".join(rows) + "\n]\n")
    return ["--settings", name]


def binds(place):
    """Read-only binds besides the default profile."""
    bounds, fence_takes = Bounds(), {}
    for count, rounds in ((10, 15), (100, 15), (1000, 7), (8000, 5)):
        # bwrap takes a second for 1000 binds, and no more than 9000 words.
        with_bwrap = count <= 1000
        peers = same_plan(place, settings_with_binds(place, count), with_bwrap=with_bwrap)
        if count == 1000:
            peers = [peer for peer in peers if peer.name != "fence, bwrap"]
        times = Times(peers, rounds, place.environment, warm_up=1)
        print(f"{count} read-only binds besides" + ("" if with_bwrap else ": bwrap takes no more than 9000 words"))
        times.print("the floor")
        fence_takes[count] = times.median("fence, native")
        if count == 1000:
            bounds.check("fence to the floor", times.ratio("fence, native", "the floor"), 1.3, reached=False)
            bounds.check("fence to bwrap", times.ratio("fence, native", "bwrap itself, the same plan"), 1 / 40,
                         reached=False)
    bounds.check("8000 binds to 1000", fence_takes[8000] / fence_takes[1000], 9.0, reached=False)
    return bounds.status()


LOOPS = {
    "getpid": "import os, time\ns = time.perf_counter()\nfor _ in range(300000): os.getppid()\n",
    "open and close": "import os, time\ns = time.perf_counter()\nfor _ in range(60000): os.close(os.open('/usr/bin/env', 0))\n",
    "fork and exec": "import os, time\ns = time.perf_counter()\nfor _ in range(150): os.waitpid(os.posix_spawn('/usr/bin/true', ['true'], {}), 0)\n",
}


def seconds_inside(words, loop, environment):
    code = LOOPS[loop] + "print(time.perf_counter() - s)"
    done = subprocess.run([*words, "/usr/bin/python3", "-c", code], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=True, text=True)
    return float(done.stdout)


def steady(place):
    """What the command itself does, inside and outside. The floor shows what the kernel's part of that is."""
    bounds = Bounds()
    fence, floor, _ = place.programs
    same_plan(place, [], ("/usr/bin/python3",))
    ways = {"outside": [], "the floor": [floor, os.path.join(place.own, "program")],
            "fence": [fence, "--backend", "native", "--"]}
    print(f"the same loop in each       {'outside':>12}{'the floor':>12}{'fence':>12}")
    for loop in LOOPS:
        runs = [[seconds_inside(words, loop, place.environment) for words in ways.values()] for _ in range(9)]
        medians = [statistics.median(column) * 1e3 for column in zip(*runs)]
        print(f"  {loop:24}" + "".join(f"{median:9.1f} ms" for median in medians))
        bounds.check(f"  {loop}: fence to the floor", statistics.median(run[2] / run[1] for run in runs), 1.05,
                     reached=False)
    return bounds.status()


def descendants(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = [int(word) for word in file.read().split()]
    return [pid] + [other for child in children for other in descendants(child)]


def private_kib(pid):
    """What only this process has in memory (proc(5), smaps_rollup)."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Clean:", "Private_Dirty:")))


def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


def has_started(pid):
    return any(command_line(each).startswith(b"sleep\0") for each in descendants(pid))


def beside_the_command(peer, environment):
    """KiB that a sandbox adds where another one runs: of each process but the command."""
    pids = [peer.start(environment) for _ in range(2)]
    try:
        deadline = time.monotonic() + 30
        while not all(map(has_started, pids)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{peer.name}: the command does not start")
            time.sleep(0.05)
        time.sleep(0.3)
        return [private_kib(each) for each in descendants(pids[0]) if not command_line(each).startswith(b"sleep\0")]
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def memory(place):
    """What stays in memory beside the command."""
    if os.geteuid() != 0:
        print("memory: left out, only root may look at processes that are not dumpable")
        return 0
    bounds, totals = Bounds(), {}
    print("memory that only the processes beside the command have, with another such sandbox running")
    for peer in same_plan(place, [], ("sleep", "1000")):
        if peer.name in ("the floor", "fence, bwrap"):
            continue
        totals[peer.name] = beside_the_command(peer, place.environment)
        each = " + ".join(str(kib) for kib in totals[peer.name])
        print(f"  {peer.name:34}{each:>16} = {sum(totals[peer.name])} KiB")
    bounds.check("fence to bwrap", sum(totals["fence, native"]) / sum(totals["bwrap itself, the same plan"]), 1.0,
                 reached=False)
    return bounds.status()


def all_at_once(peer, count, environment):
    start = time.perf_counter()
    pids = [peer.start(environment) for _ in range(count)]
    failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)
    return time.perf_counter() - start, failed


def crowd(place):
    """200 launches at once."""
    bounds, failures = Bounds(), 0
    peers = [peer for peer in same_plan(place, []) if peer.name != "fence, bwrap"]
    runs = [[all_at_once(peer, 200, place.environment) for peer in peers] for _ in range(3)]
    walls = {peer.name: [run[i][0] for run in runs] for i, peer in enumerate(peers)}
    print("200 launches at once")
    for i, peer in enumerate(peers):
        failed = sum(run[i][1] for run in runs)
        failures += failed if peer.name == "fence, native" else 0
        print(f"  {peer.name:34}{statistics.median(walls[peer.name]) * 1e3:8.0f} ms, {failed} failed")
    ratio = statistics.median(a / b for a, b in zip(walls["fence, native"], walls["bwrap itself, the same plan"]))
    bounds.check("fence to bwrap", ratio, 0.5, reached=False)
    return 1 if failures else bounds.status()


def main():
    figures, *programs = sys.argv[1:]
    unlimited_files()
    measure = {"launch": launch, "binds": binds, "steady": steady, "memory": memory, "crowd": crowd}[figures]
    return in_place(programs, measure, watching=measure is memory)


if __name__ == "__main__":
    sys.exit(main())
