"""What the private terminal costs: fence's relay against script(1) doing the same, and against no relay at all.

Prints a table. Ends with 1 where less goes through fence in a second than through script(1), or where a keystroke takes
more than MOST_MS longer to come back than without a relay.
"""

import argparse
import os
import pty
import select
import signal
import statistics
import sys
import tempfile
import time

MOST_MS = 0.2
ECHO = "import os,tty\ntty.setraw(0)\nos.write(1,b'R')\nwhile True: os.write(1,os.read(0,4096))\n"


def start(words, env):
    """(pid, master) of `words` on a new terminal."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.execvpe(words[0], words, env)
        finally:
            os._exit(127)
    return pid, master


def megabytes_a_second(words, env, size):
    began = None
    pid, master = start(words, env)
    got = 0
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        # Not the start-up, which is measured elsewhere.
        began = began or time.perf_counter()
        got += len(data)
    took = time.perf_counter() - began
    os.close(master)
    os.waitpid(pid, 0)
    if got < size:
        raise RuntimeError(f"{words[0]}: {got} of {size} bytes arrived")
    return got / took / 1e6


def round_trips(words, env, count):
    """Milliseconds of `count` keystrokes."""
    pid, master = start(words, env)
    seen = b""
    while not seen.endswith(b"R"):
        seen += os.read(master, 4096)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        os.write(master, b"x")
        if not select.select([master], [], [], 10)[0]:
            raise RuntimeError(f"{words[0]}: a keystroke was lost")
        os.read(master, 4096)
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.close(master)
    os.waitpid(pid, 0)
    return times


def quoted(words):
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fence")
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    fence = os.path.abspath(arguments.fence)
    with tempfile.TemporaryDirectory(prefix="fence-bench-", dir=os.path.expanduser("~")) as home:
        size = arguments.megabytes * 1_000_000
        big = os.path.join(home, "big.txt")
        with open(big, "wb") as out:
            out.write((b"a line of text as programs print them, some sixty bytes\n" * (size // 56 + 1))[:size])
        env = {"PATH": "/usr/bin:/bin", "HOME": home, "TERM": "xterm", "LC_ALL": "C", "SHELL": "/bin/sh"}
        os.chdir(home)
        ways = {
            "no relay": lambda words: words,
            "script(1)": lambda words: ["script", "-qec", "exec " + quoted(words), "/dev/null"],
            "fence": lambda words: [fence, "--backend", "native", "--terminal", "private", "--", *words],
        }
        # They take turns, so that none has the quiet minutes for itself.
        rates = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, wrap in ways.items():
                rates[name].append(megabytes_a_second(wrap(["cat", big]), env, size))
        keys = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, wrap in ways.items():
                keys[name] += round_trips(wrap(["python3", "-c", ECHO]), env, arguments.keys // arguments.rounds)
    rate = {name: max(values) for name, values in rates.items()}
    key = {name: statistics.median(values) for name, values in keys.items()}
    tail = {name: sorted(values)[len(values) * 99 // 100] for name, values in keys.items()}
    print(f"{arguments.megabytes} MB, best of {arguments.rounds}; {arguments.keys} keystrokes")
    for name in ways:
        print(f"  {name:10} {rate[name]:8.1f} MB/s   {key[name] * 1000:8.1f} us a key (99 of 100: {tail[name] * 1000:8.1f} us)")
    ratio, added = rate["fence"] / rate["script(1)"], key["fence"] - key["no relay"]
    print(f"  fence / script(1) {ratio:.2f} (at least 1); a key takes {added:.3f} ms longer (at most {MOST_MS})")
    return 1 if ratio < 1 or added > MOST_MS else 0


if __name__ == "__main__":
    sys.exit(main())
