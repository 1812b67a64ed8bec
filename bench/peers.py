"""The programs that are compared, a place for them, and their times: each runs in turn, so that none has the quiet
minutes for itself. A figure is the median; a ratio is the median of the ratios of each round."""

import os
import pwd
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

# sizeof of the structs of floor_program.h.
HEADER_BYTES, STEP_BYTES = 48, 32


class Account:
    """Whom root runs the programs as: a user with a name and the home of the place, as people have them. Gone after the
    `with`. Without root it is the caller."""

    NAME = "fence-bench"

    def __init__(self, home):
        self.made = os.geteuid() == 0
        if self.made:
            subprocess.run(["useradd", "--no-create-home", "--user-group", "--home-dir", home, self.NAME], check=True,
                           stderr=subprocess.DEVNULL)
        entry = pwd.getpwnam(self.NAME) if self.made else pwd.getpwuid(os.getuid())
        self.uid, self.gid = entry.pw_uid, entry.pw_gid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.made:
            subprocess.run(["userdel", self.NAME], check=False, stderr=subprocess.DEVNULL)


class Place:
    """A directory with copies of the programs, an ordinary user's home, and one for files of the benchmark's own."""

    def __init__(self, top, programs, account):
        self.programs = [shutil.copy(program, top) for program in programs]
        self.home, self.own = os.path.join(top, "home"), os.path.join(top, "own")
        self.project = os.path.join(self.home, "project")
        for path in (self.home, self.own, self.project):
            os.mkdir(path)
            os.chown(path, account.uid, account.gid)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": self.home, "LC_ALL": "C"}
        # Before the words of a program that is to be the user's.
        self.become = []


def run_as(account, measure, place):
    """The status that `measure` gives in a process of that user."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if account is not None and account.made:
                os.setgroups([])
                os.setresgid(account.gid, account.gid, account.gid)
                os.setresuid(account.uid, account.uid, account.uid)
            os.chdir(place.project)
            status = measure(place)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_place(programs, measure, watching=False):
    """The status of `measure(place)`, run by an ordinary user in a place that is gone afterwards. With `watching` only
    the programs are the user's, where root runs this: who measures may look at them."""
    root = os.geteuid() == 0
    parent = "/home" if root and os.path.isdir("/home") else os.path.expanduser("~")
    top = tempfile.mkdtemp(prefix="fence-bench-", dir=parent)
    try:
        os.chmod(top, 0o755)
        with Account(os.path.join(top, "home")) as account:
            place = Place(top, programs, account)
            if watching and root:
                place.become = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
            return run_as(None if watching else account, measure, place)
    finally:
        shutil.rmtree(top)


class Peer:
    """A command, with the file that it reads by a descriptor, if it reads one."""

    def __init__(self, name, words, descriptor=None, file=None):
        self.name, self.words = name, words
        self.actions = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
        if descriptor is not None:
            self.actions.append((os.POSIX_SPAWN_OPEN, descriptor, file, os.O_RDONLY, 0))

    def start(self, environment):
        return os.posix_spawnp(self.words[0], self.words, environment, file_actions=self.actions)

    def run(self, environment):
        """Seconds of wall clock and of CPU."""
        start = time.perf_counter()
        _, status, used = os.wait4(self.start(environment), 0)
        wall = time.perf_counter() - start
        if status != 0:
            raise RuntimeError(f"{self.name}: status {status}: {shlex.join(self.words)[:500]}")
        return wall, used.ru_utime + used.ru_stime


class Times:
    """Of several peers, a list for each round."""

    def __init__(self, peers, rounds, environment, warm_up=2):
        self.peers = peers
        runs = [[peer.run(environment) for peer in peers] for _ in range(rounds + warm_up)][warm_up:]
        self.walls = {peer.name: [run[i][0] for run in runs] for i, peer in enumerate(peers)}
        self.cpus = {peer.name: [run[i][1] for run in runs] for i, peer in enumerate(peers)}

    def median(self, name):
        return statistics.median(self.walls[name])

    def ratio(self, name, other):
        return statistics.median(a / b for a, b in zip(self.walls[name], self.walls[other]))

    def print(self, base):
        print(f"  {'':34}{'median':>9}  {'shortest':>9}  {'CPU':>9}  {'ratio':>6}")
        for peer in self.peers:
            name = peer.name
            print(f"  {name:34}{self.median(name) * 1e3:6.2f} ms  {min(self.walls[name]) * 1e3:6.2f} ms  "
                  f"{statistics.median(self.cpus[name]) * 1e3:6.2f} ms  {self.ratio(name, base):6.2f}")


class Bounds:
    """Figures with the ratio that they may have; `reached` says whether the goal is known to be reached."""

    def __init__(self):
        self.broken = False

    def check(self, what, ratio, most, reached=True):
        good = ratio <= most
        verdict = "ok" if good else "PAST ITS BOUND" if reached else "goal not reached: docs/performance.md"
        print(f"  {what}: {ratio:.2f}, at most {most}: {verdict}")
        self.broken = self.broken or (reached and not good)

    def status(self):
        return 1 if self.broken else 0


def filter_of(program):
    """The system call filter in a program of the floor's (floor_program.h)."""
    with open(program, "rb") as file:
        content = file.read()
    steps, size = (int.from_bytes(content[at : at + 4], "little") for at in (8, 12))
    start = HEADER_BYTES + steps * STEP_BYTES
    return content[start : start + size]


def bwrap_of(place, arguments, filter_file):
    """bubblewrap itself with the words of the same plan, as `fence plan --format bwrap` has them."""
    line = subprocess.run([*place.become, place.programs[0], "plan", "--format", "bwrap", *arguments], env=place.environment, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
    words = shlex.split(line[line.index(shutil.which("bwrap") + " "):])
    words = words[: next(i for i, word in enumerate(words) if re.fullmatch(r"\d+<&\d+", word))]
    return Peer("bwrap itself, the same plan", [*place.become, *words], int(words[words.index("--seccomp") + 1]), filter_file)


def same_plan(place, arguments, command=("true",), with_bwrap=True):
    """The peers that carry out one plan: the floor, fence, and with bwrap: fence's other executor, and bwrap itself."""
    fence, floor, compiled_plan = place.programs
    program, filter_file = os.path.join(place.own, "program"), os.path.join(place.own, "filter")
    words = [*arguments, "--backend", "native", "--", *command]
    subprocess.run([*place.become, compiled_plan, program, *words], env=place.environment, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    with open(filter_file, "wb") as file:
        file.write(filter_of(program))
    peers = [
        Peer("the floor", [*place.become, floor, program, *command]),
        Peer("fence, native", [*place.become, fence, *words]),
    ]
    if with_bwrap:
        peers.append(Peer("fence, bwrap", [*place.become, fence, *arguments, "--backend", "bwrap", "--", *command]))
        peers.append(bwrap_of(place, [*arguments, "--", *command], filter_file))
    return peers


def unlimited_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
