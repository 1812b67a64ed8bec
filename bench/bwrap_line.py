"""fence-bwrap beside bubblewrap with the same words, and beside the floor, which makes the same sandbox. Ends with 1 where
a figure is past its bound.

    bwrap_line.py FENCE_BWRAP FLOOR
"""

import os
import shutil
import sys

from floor_words import write_program
from peers import Bounds, Peer, Times, in_place

BASE = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]


def sources(place, count):
    names = [os.path.join(place.own, str(number)) for number in range(count)]
    for name in names:
        os.makedirs(name, exist_ok=True)
    return names


def measure(place):
    bounds = Bounds()
    fence_bwrap, floor = place.programs
    program = os.path.join(place.own, "program")
    # bwrap takes two seconds for 1000 binds.
    for count, rounds, to_bwrap, to_floor in ((0, 60, 1.0, None), (100, 15, 1.0, None), (1000, 5, 1 / 40, 1.3)):
        binds = [(source, f"binds/{os.path.basename(source)}") for source in sources(place, count)]
        write_program(program, binds)
        words = [word for source, name in binds for word in ("--ro-bind", source, f"/tmp/{name}")]
        words = [*BASE, *words, "--", "true"]
        print(f"everything unshared, {count} read-only binds besides")
        peers = [Peer("the floor", [floor, program, "true"]), Peer("fence-bwrap", [fence_bwrap, *words])]
        near = Times(peers, rounds * 4, place.environment)
        near.print("the floor")
        if to_floor is not None:
            # Reached with little room.
            bounds.check("fence-bwrap to the floor", near.ratio("fence-bwrap", "the floor"), to_floor, reached=False)
        times = Times([Peer("bwrap", [shutil.which("bwrap"), *words]), peers[1]], rounds, place.environment)
        times.print("bwrap")
        bounds.check("fence-bwrap to bwrap", times.ratio("fence-bwrap", "bwrap"), to_bwrap)
    return bounds.status()


if __name__ == "__main__":
    sys.exit(in_place(sys.argv[1:], measure))
