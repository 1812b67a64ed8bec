"""fence-bwrap beside bubblewrap, with the same words. Ends with 1 where a figure is past its bound.

    bwrap_line.py FENCE_BWRAP
"""

import os
import shutil
import sys

from peers import Bounds, Peer, Times, in_place

BASE = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]


def binds(place, count):
    words = []
    for number in range(count):
        source = os.path.join(place.own, str(number))
        os.makedirs(source, exist_ok=True)
        words += ["--ro-bind", source, f"/tmp/binds/{number}"]
    return words


def measure(place):
    bounds = Bounds()
    # bwrap takes two seconds for 1000 binds.
    for count, rounds, most in ((0, 60, 1.0), (100, 15, 1.0), (1000, 5, 1 / 40)):
        words = [*BASE, *binds(place, count), "--", "true"]
        times = Times([Peer("bwrap", [shutil.which("bwrap"), *words]), Peer("fence-bwrap", [place.programs[0], *words])], rounds,
                      place.environment)
        print(f"everything unshared, {count} read-only binds besides")
        times.print("bwrap")
        bounds.check("fence-bwrap to bwrap", times.ratio("fence-bwrap", "bwrap"), most)
    return bounds.status()


if __name__ == "__main__":
    sys.exit(in_place(sys.argv[1:], measure))
