#!/usr/bin/env python3
"""The invented hosts of the golden cases, and how their facts.json is made.

FENCE_BINARY=.../fence worlds.py writes each CASE/facts.json: fence is asked to plan for the host, and each question that
the facts do not answer yet is answered from the world, until it asks nothing more. Nothing of this machine is in them.
"""

import json
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# Of an installed bubblewrap 0.8.0, as far as fence uses them.
BWRAP_OPTIONS = """--args --bind --bind-try --cap-drop --chdir --dev --dev-bind --dev-bind-try --die-with-parent --dir
--disable-userns --new-session --perms --proc --remount-ro --ro-bind --ro-bind-data --ro-bind-try --seccomp --setenv --size
--symlink --sync-fd --tmpfs --unsetenv --unshare-cgroup --unshare-ipc --unshare-net --unshare-pid --unshare-user
--unshare-uts --userns""".split()
QUESTION = re.compile(
    r"the facts do not tell (what is at|what is in the directory|the content of|what matches \".*\" below) (/.*)$", re.M)
# The settings files that a case may bring, and where they lie in its world.
SETTINGS = {"settings.toml": "{home}/.config/fence/settings.toml", "system.toml": "/etc/fence/settings.toml",
            "project.toml": "{directory}/.fence.toml"}


def escaped(text):
    """As fence writes strings in a dump: every byte survives."""
    return "".join(c if c.isprintable() and c != "\\" else "\\\\" if c == "\\" else f"\\x{ord(c):02x}" for c in text)


def directory(uid=0, mode="0755", fs="ordinary", mount=()):
    return {"kind": "directory", "uid": uid, "gid": uid, "mode": mode, "fs": fs, "mount": list(mount)}


def file(text=None, uid=0, mode="0644", kind="regular", fs="ordinary"):
    return {"kind": kind, "uid": uid, "gid": uid, "mode": mode, "fs": fs, "mount": [], "text": text and escaped(text)}


def link(target):
    return {"kind": "link", "target": target}


def debian():
    """What every world has."""
    return {
        "/": directory(),
        "/bin": link("usr/bin"),
        "/dev": directory(fs="tmpfs", mount=["nosuid"]),
        "/dev/shm": directory(mode="1777", fs="tmpfs", mount=["nosuid", "nodev"]),
        "/etc": directory(),
        "/etc/hosts": file(),
        "/etc/passwd": file("root:x:0:0:root:/root:/bin/bash\n"),
        "/etc/resolv.conf": link("../run/systemd/resolve/stub-resolv.conf"),
        "/etc/shadow": file(mode="0640"),
        "/etc/ssh": directory(),
        "/etc/ssh/ssh_config": file("Include /etc/ssh/ssh_config.d/*.conf\n"),
        "/etc/ssh/ssh_host_ed25519_key": file(mode="0600"),
        "/home": directory(),
        "/lib": link("usr/lib"),
        "/lib64": link("usr/lib64"),
        "/proc": directory(mode="0555", fs="procfs", mount=["nosuid", "nodev", "noexec"]),
        "/proc/sys": directory(mode="0555", fs="procfs", mount=["nosuid", "nodev", "noexec"]),
        "/proc/sysrq-trigger": file(mode="0200", fs="procfs"),
        "/root": directory(mode="0700"),
        "/run": directory(fs="tmpfs", mount=["nosuid", "nodev"]),
        "/run/systemd": directory(fs="tmpfs"),
        "/run/systemd/resolve": directory(fs="tmpfs"),
        "/run/systemd/resolve/stub-resolv.conf": file("nameserver 127.0.0.53\n", fs="tmpfs"),
        "/run/user": directory(fs="tmpfs"),
        "/run/user/1000": directory(1000, "0700", fs="tmpfs", mount=["nosuid", "nodev"]),
        "/run/user/1000/bus": file(uid=1000, mode="0666", kind="socket", fs="tmpfs"),
        "/srv": directory(),
        "/sys": directory(mode="0555", fs="sysfs"),
        "/tmp": directory(mode="1777"),
        "/usr": directory(),
        "/usr/bin": directory(),
        "/usr/lib": directory(),
        "/usr/lib64": directory(),
        "/var": directory(),
        "/var/tmp": directory(mode="1777"),
    }


def home_of_ada():
    home = {
        "": directory(1000, "0700"),
        ".bashrc": file(uid=1000),
        ".cache": directory(1000, "0700"),
        ".config": directory(1000, "0700"),
        ".config/app": directory(1000),
        ".config/gh": directory(1000, "0700"),
        ".local": directory(1000),
        ".local/bin": directory(1000),
        ".netrc": file(uid=1000, mode="0600"),
        ".ssh": directory(1000, "0700"),
        "current": link("src"),
        "notes": file(uid=1000),
        "src": directory(1000),
    }
    return {("/home/ada/" + name).rstrip("/"): entry for name, entry in home.items()}


def repository(top, uid=1000):
    names = {"": directory(uid), "/.git": directory(uid), "/.git/config": file("[core]\n\tbare = false\n", uid),
             "/.git/HEAD": file("ref: refs/heads/main\n", uid),
             "/.git/hooks": directory(uid), "/.git/objects": directory(uid), "/.git/refs": directory(uid),
             "/.vscode": directory(uid), "/src": directory(uid)}
    return {top + name: entry for name, entry in names.items()}


def terminal(on):
    stream = {"open": True, "rdev": 34816 if on else 0, "terminal": on}
    return {"controlling": on, "foreground": on, "streams": [stream] * 3}


def lacks(ability, step, errno):
    return {"name": ability, "step": step, "errno": errno}


def has(ability, version=(0, 0), by_bwrap=False):
    return {"name": ability, "version": list(version), "by_bwrap": by_bwrap}


def landlock_of(release):
    """What a kernel of this release has where the distribution has built it in, as Debian and Ubuntu do (landlock(7))."""
    version = tuple(map(int, release.split(".")[:2]))
    abi = sum(version >= first for first in [(5, 13), (5, 19), (6, 2), (6, 7), (6, 10), (6, 12), (6, 15)])
    call = "landlock_create_ruleset(LANDLOCK_CREATE_RULESET_VERSION)"
    if abi == 0:
        return lacks("landlock", call, 38)
    return lacks("landlock", call, 95) if "microsoft" in release else has("landlock", (abi, 0))


def world(paths, uid=1000, directory="/home/ada/src/app", environment=(), on_terminal=True, listening=(),
          release="6.1.0-25-amd64", abilities=(), sysctls=None, covered_proc=(), native=None, bwrap=True,
          drives=(), hard_limits=None, cgroups="unknown", process_mounts=("/dev/pts", "/proc"),
          machine_mounts=("/sys", "/sys/fs/cgroup")):
    user, home = ("ada", "/home/ada") if uid else ("root", "/root")
    return {
        "tree": paths,
        "facts": {
            "schema": "fence-facts/5",
            "caller": {"uid": uid, "gid": uid, "groups": [uid], "user": user, "home": home, "in_etc_passwd": True,
                       "passwd_line": f"{user}:x:{uid}:{uid}::{home}:/bin/bash",
                       "uid_map": [[0, 0, 4294967295]], "gid_map": [[0, 0, 4294967295]],
                       "hard_limits": hard_limits or {}},
            "working_directory": directory,
            "terminal": terminal(on_terminal),
            "kernel": {"release": release, "machine": "x86_64", "legacy_tiocsti": None, "cgroup_namespace": True,
                       "max_user_namespaces": 63000, "covered_proc": list(covered_proc), "windows_drives": list(drives),
                       "process_mounts": list(process_mounts), "machine_mounts": list(machine_mounts)},
            "bwrap": {"path": "/usr/bin/bwrap", "setuid": False, "options": BWRAP_OPTIONS} if bwrap else None,
            "cgroups": cgroups,
            "environment": [["HOME", home], ["USER", user], ["LANG", "C.UTF-8"], *environment, ["PATH", "/usr/bin:/bin"]],
            "listening_sockets": list(listening),
            "open_descriptors": [],
            "ignored_signals": [],
            "sysctls": sysctls or {}, "abilities": [*abilities, landlock_of(release), native or has("native")], "stalled": [], "globs": [],
            "paths": {}, "listings": {}, "texts": {},
        },
    }


def systemd(below, delegated=None):
    """The control groups around a process of ada's: what lies below `delegated`, itself included, is hers."""
    own = "/user.slice/user-1000.slice/" + below
    groups, path, mine = [], own, delegated is not None
    while True:
        top = path == ""
        given = [] if path == own else ["cpu", "memory", "pids"]
        error = 0 if mine and not top else 13
        groups.append({"path": "/sys/fs/cgroup" + path, "type": "" if top else "domain", "controllers": ["cpu", "memory", "pids"],
                       "enabled": given, "make_error": error, "move_error": error, "max_depth": None, "max_descendants": None,
                       "descendants": 40})
        if top:
            return {"own": own, "v1_controllers": [], "swap": True, "groups": groups}
        mine = mine and os.path.basename(path) != delegated
        path = os.path.dirname(path).rstrip("/")


RUNTIME = ("XDG_RUNTIME_DIR", "/run/user/1000")
ADA = {**debian(), **home_of_ada(), **repository("/home/ada/src/app"),
       "/home/ada/src/app/server.sock": file(uid=1000, mode="0755", kind="socket")}

# What a container of Docker has by default, apart from its seccomp profile.
COVERED = ["/proc/acpi", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/kcore", "/proc/sys", "/proc/sysrq-trigger"]
CONTAINER = {**debian(), "/.dockerenv": file(), "/srv/app": directory(), "/srv/app/main.c": file()}
IN_CONTAINER = {"uid": 0, "directory": "/srv/app", "release": "6.8.0-45-generic", "covered_proc": COVERED,
                "abilities": [lacks("proc", "mount(\"proc\")", 1)], "sysctls": {"user.max_user_namespaces": "127234"}}
UBUNTU = {"environment": [RUNTIME], "release": "6.8.0-45-generic", "native": lacks("native", "writing /proc/self/uid_map", 1),
          "sysctls": {"kernel.apparmor_restrict_unprivileged_userns": "1", "kernel.unprivileged_userns_clone": "1",
                      "user.max_user_namespaces": "127234"}}
SETTINGS_OF_ADA = {"/home/ada/.config/fence": directory(1000),
                   "/home/ada/.config/fence/settings.toml": file(uid=1000)}

# As far as bug reports show it: mounts, sockets and variables of WSL 2 with WSLg.
WSL2 = {
    **ADA,
    "/dev/dxg": file(mode="0666", kind="char-device", fs="tmpfs"),
    "/init": file(mode="0755"),
    "/mnt": directory(),
    "/mnt/c": directory(1000, "0777", fs="network"),
    "/mnt/c/Windows": directory(1000, "0777", fs="network"),
    "/mnt/wsl": directory(fs="tmpfs"),
    "/mnt/wslg": directory(mode="0777", fs="tmpfs"),
    "/mnt/wslg/.X11-unix": directory(mode="1777", fs="tmpfs"),
    "/mnt/wslg/.X11-unix/X0": file(uid=1000, mode="0777", kind="socket", fs="tmpfs"),
    "/mnt/wslg/PulseServer": file(uid=1000, mode="0777", kind="socket", fs="tmpfs"),
    "/mnt/wslg/distro": directory(mount=["ro"]),
    "/mnt/wslg/runtime-dir": directory(1000, "0777", fs="tmpfs"),
    "/mnt/wslg/runtime-dir/wayland-0": file(uid=1000, mode="0777", kind="socket", fs="tmpfs"),
    "/run/WSL": directory(mode="0777", fs="tmpfs"),
    "/run/WSL/1_interop": file(mode="0777", kind="socket", fs="tmpfs"),
    "/run/WSL/8_interop": file(mode="0777", kind="socket", fs="tmpfs"),
    "/tmp/.X11-unix": link("/mnt/wslg/.X11-unix"),
    "/usr/lib/wsl": directory(),
    "/usr/lib/wsl/drivers": directory(mode="0555", fs="network", mount=["ro", "nosuid", "nodev"]),
    "/usr/lib/wsl/lib": directory(mount=["nosuid", "nodev"]),
}
WSL_LISTENING = ["/mnt/wslg/.X11-unix/X0", "/mnt/wslg/PulseServer", "/mnt/wslg/runtime-dir/wayland-0", "/run/WSL/1_interop",
                 "/run/WSL/8_interop"]
ON_WSL = [("WSL_INTEROP", "/run/WSL/8_interop"), ("WSL_DISTRO_NAME", "Debian"), ("WSLENV", "WT_SESSION:WT_PROFILE_ID:"),
          ("WSL2_GUI_APPS_ENABLED", "1"), ("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0"),
          ("PULSE_SERVER", "unix:/mnt/wslg/PulseServer"), ("NAME", "DESKTOP"),
          ("PATH", "/usr/bin:/bin:/usr/lib/wsl/lib:/mnt/c/Windows/System32:/mnt/c/Windows")]

WORLDS = {
    "debian": world({**ADA, "/home/ada/src/tool": directory(1000), "/home/ada/src/tool/main.py": file(uid=1000)},
                    directory="/home/ada/src/tool",
                    environment=[RUNTIME, ("TERM", "xterm-256color"), ("SSH_AUTH_SOCK", "/run/user/1000/keyring/ssh"),
                                 ("XDG_SESSION_TYPE", "wayland"), ("WAYLAND_DISPLAY", "wayland-0")]),
    "ubuntu_apparmor": world({**ADA, **SETTINGS_OF_ADA}, **UBUNTU,
                             abilities=[lacks("userns", "write /proc/self/uid_map", 1)]),
    "ubuntu_bwrap_allowed": world({**ADA, **SETTINGS_OF_ADA}, **UBUNTU,
                                  abilities=[has("userns", by_bwrap=True)]),
    # Debian 11.
    "old_kernel": world(ADA, environment=[RUNTIME], release="5.10.0-30-amd64", native=lacks("native", "mount_setattr(2)", 38)),
    "old_kernel_native": world(ADA, environment=[RUNTIME, ("FENCE_SET_BACKEND", "native")], release="5.10.0-30-amd64",
                               native=lacks("native", "mount_setattr(2)", 38)),
    "ubuntu_native": world(ADA, **{**UBUNTU, "environment": [RUNTIME, ("FENCE_SET_BACKEND", "native")]}),
    "no_bwrap": world(ADA, environment=[RUNTIME], bwrap=False),
    "no_executor": world(ADA, environment=[RUNTIME], bwrap=False, native=lacks("native", "unshare(CLONE_NEWUSER)", 1),
                         sysctls={"kernel.unprivileged_userns_clone": "0", "user.max_user_namespaces": "63000"}),
    "wsl1": world({**ADA, "/mnt": directory(), "/mnt/c": directory(1000, "0777", fs="network")},
                  release="4.4.0-22621-Microsoft", environment=[("WSL_DISTRO_NAME", "Debian")], drives=["/mnt/c"]),
    "docker": world(CONTAINER, **IN_CONTAINER),
    "docker_degraded": world(CONTAINER, **IN_CONTAINER, environment=[("FENCE_SET_ALLOW_DEGRADED", '["proc"]')]),
    # `su ada` leaves root's variables in place.
    "su": world(ADA, environment=[("XDG_RUNTIME_DIR", "/run/user/0"), ("LOGNAME", "ada"), ("MAIL", "/var/mail/ada"),
                                  ("XDG_SESSION_ID", "3")]),
    "cron": world(ADA, directory="/home/ada", on_terminal=False,
                  environment=[("LOGNAME", "ada"), ("SHELL", "/bin/sh")]),
    "layers": world(
        {**ADA, **SETTINGS_OF_ADA, **repository("/home/ada/src/app"),
         "/etc/fence": directory(), "/etc/fence/settings.toml": file(),
         "/home/ada/src/app/.fence.toml": file(uid=1000),
         "/home/ada/src/app/.env": file(uid=1000),
         "/home/ada/src/app/deploy": directory(1000),
         "/home/ada/src/app/deploy/.env": file(uid=1000),
         "/home/ada/src/app/deploy/key.pem": file(uid=1000),
         "/srv/shared": directory(1000),
         "/srv/shared/ledger": file(uid=1000)},
        environment=[RUNTIME, ("FENCE_SET_NETWORK_MODE", "host"), ("CI_JOB_ID", "7")]),
    "git_project": world(
        ADA, directory="/home/ada/src/app/src", listening=["/home/ada/src/app/server.sock", "/run/user/1000/bus"],
        environment=[RUNTIME, ("GITHUB_TOKEN", "x"), ("TMUX", "/tmp/tmux-1000/default,1,0"), ("EDITOR", "vi"),
                     ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")]),
    "root": world({**debian(), **repository("/srv/app", 0), "/root/.ssh": directory(mode="0700"), "/root/notes": file()},
                  uid=0, directory="/srv/app"),
    "fnm": world(
        {**ADA,
         "/home/ada/.local/share": directory(1000),
         "/home/ada/.local/share/fnm": directory(1000),
         "/home/ada/.local/share/fnm/node": directory(1000),
         "/home/ada/.local/share/fnm/node/bin": directory(1000),
         "/run/user/1000/fnm_multishells": directory(1000, fs="tmpfs"),
         "/run/user/1000/fnm_multishells/7_1": link("/home/ada/.local/share/fnm/node")},
        environment=[RUNTIME, ("FNM_MULTISHELL_PATH", "/run/user/1000/fnm_multishells/7_1"),
                     ("PATH", "/run/user/1000/fnm_multishells/7_1/bin:/usr/bin")]),
    "sudo_e": world({**ADA, "/srv/app": directory()}, uid=0, directory="/srv/app",
                    environment=[RUNTIME, ("SUDO_USER", "ada")]),
    # Without systemd WSLg's own directory is everybody's, whoever they are.
    "wsl2": world(
        {**WSL2, "/mnt/c/Users": directory(1000, "0777", fs="network"),
         "/mnt/c/Users/ada": directory(1000, "0777", fs="network"),
         "/mnt/c/Users/ada/app": directory(1000, "0777", fs="network")},
        directory="/mnt/c/Users/ada/app", release="5.15.153.1-microsoft-standard-WSL2",
        listening=WSL_LISTENING, environment=[("XDG_RUNTIME_DIR", "/mnt/wslg/runtime-dir/"), *ON_WSL], drives=["/mnt/c"]),
    "wsl2_systemd": world(
        {**WSL2, "/run/user/1000/wayland-0": link("/mnt/wslg/runtime-dir/wayland-0")},
        release="6.6.87.2-microsoft-standard-WSL2", listening=[*WSL_LISTENING, "/run/user/1000/bus"],
        environment=[("XDG_RUNTIME_DIR", "/run/user/1000/"), *ON_WSL,
                     ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")], drives=["/mnt/c"]),
    # A kernel of the user's own, automount with root = / and virtiofs.
    "wsl2_interop": world(
        {**WSL2, **SETTINGS_OF_ADA, "/c": directory(1000, "0777", fs="network")}, release="6.18.33", listening=WSL_LISTENING,
        environment=ON_WSL, drives=["/c", "/mnt/c"]),
    "strict": world(ADA, environment=[RUNTIME], release="6.12.48+deb13-amd64"),
    # A container that lets nobody make namespaces.
    "landlock": world({**ADA, "/dev/null": file(mode="0666", kind="char-device", fs="tmpfs")}, environment=[RUNTIME, ("TMPDIR", "/tmp")], release="6.12.48+deb13-amd64", bwrap=False,
                      native=lacks("native", "unshare(CLONE_NEWUSER)", 1)),
    "landlock_refused": world({**ADA, "/home/ada/src/app/.env": file(uid=1000)}, environment=[RUNTIME],
                              release="6.12.48+deb13-amd64", bwrap=False, native=lacks("native", "unshare(CLONE_NEWUSER)", 1)),
    "landlock_old_kernel": world(ADA, **{**UBUNTU, "bwrap": False}),
    "readonly": world(ADA, environment=[RUNTIME], on_terminal=False),
    "worktree": world(
        {**ADA,
         "/home/ada/src/app/.git/worktrees": directory(1000),
         "/home/ada/src/app/.git/worktrees/fix": directory(1000),
         "/home/ada/src/app/.git/worktrees/fix/gitdir": file("/home/ada/src/fix/.git\n", 1000),
         "/home/ada/src/app/.git/worktrees/fix/commondir": file("../..\n", 1000),
         "/home/ada/src/fix": directory(1000),
         "/home/ada/src/fix/.git": file("gitdir: /home/ada/src/app/.git/worktrees/fix\n", 1000),
         "/home/ada/src/fix/secrets": directory(1000),
         "/srv/data": directory(1000),
         "/home/ada/.config/fence": directory(1000),
         "/home/ada/.config/fence/settings.toml": file(uid=1000)},
        directory="/home/ada/src/fix", environment=[RUNTIME]),
    "limits": world(
        {**ADA, **SETTINGS_OF_ADA, "/etc/fence": directory(), "/etc/fence/settings.toml": file(),
         "/home/ada/src/app/.fence.toml": file(uid=1000)},
        environment=[RUNTIME, ("FENCE_SET_LIMITS_CPU", "90")], on_terminal=False,
        hard_limits={"nofile": 1048576, "nproc": 127234}),
    "limits_refused": world({**debian(), "/srv/app": directory()}, uid=0, directory="/srv/app", on_terminal=False,
                            hard_limits={"nofile": 1024, "as": 1073741824}),
    # A terminal of a desktop, and a login by ssh: systemd 252.
    "cgroup": world(ADA, environment=[RUNTIME, ("FENCE_SET_LIMITS_CPUS", "1.5")], on_terminal=False, bwrap=False,
                    cgroups=systemd("user@1000.service/app.slice/app-terminal.scope", "user@1000.service")),
    "cgroup_refused": world(ADA, environment=[RUNTIME], on_terminal=False, cgroups=systemd("session-3.scope")),
    "cgroup_degraded": world(ADA, environment=[RUNTIME], on_terminal=False,
                             cgroups={"own": "/", "v1_controllers": ["cpu", "memory", "pids"], "swap": True, "groups": []}),
    "mistakes": world(
        {**ADA, "/home/ada/.config/fence": directory(1000), "/home/ada/.config/fence/settings.toml": file(uid=1000)},
        environment=[RUNTIME]),
    "errors": world(
        {**ADA,
         "/home/ada/.config/fence": directory(1000),
         "/home/ada/.config/fence/settings.toml": file(uid=1000),
         "/home/ada/dangling": link("nowhere"),
         "/home/ada/loop": link("loop"),
         "/home/ada/pipe": file(uid=1000, kind="fifo"),
         "/root/x": {"kind": "unreadable", "errno": 13}},
        environment=[RUNTIME]),
}


class Answers:
    """Facts of a world, as far as they were asked for."""

    def __init__(self, world_of_case):
        self.tree = world_of_case["tree"]
        self.facts = json.loads(json.dumps(world_of_case["facts"]))
        self.inodes = {path: number for number, path in enumerate(sorted(self.tree), 2)}

    def path(self, path):
        entry = dict(self.tree.get(path, {"kind": "absent"}))
        entry.pop("text", None)
        if "mode" in entry:
            entry |= {"device": 1, "inode": self.inodes[path], "rdev": 0}
        self.facts["paths"][path] = entry

    def answer(self, kind, path):
        if kind == "the content of":
            self.facts["texts"][path] = self.tree.get(path, {}).get("text")
        elif kind.startswith("what matches"):
            pattern = kind.split('"')[1]
            self.facts["globs"].append({"base": path, "pattern": pattern, "matches": self.matches(path, pattern),
                                        "closed": []})
        elif kind == "what is in the directory":
            names = [other[len(path.rstrip("/")) + 1:] for other in self.tree
                     if other != "/" and os.path.dirname(other) == path]
            self.facts["listings"][path] = sorted(names)
            for name in names:
                self.path(os.path.join(path, name))
        else:
            self.path(path)

    def matches(self, base, pattern):
        """The topmost paths below `base` that match; '*' and '**' only."""
        parts = {"**/": "(?:[^/]+/)*", "**": ".+", "*": "[^/]*"}
        regex = re.compile("".join(parts.get(word) or re.escape(word) for word in re.split(r"(\*\*/|\*\*|\*)", pattern)))
        found = []
        for path in sorted(self.tree):
            below = path.startswith(base.rstrip("/") + "/") and regex.fullmatch(path[len(base.rstrip("/")) + 1:])
            if below and not any(path.startswith(other + "/") for other in found):
                found.append(path)
        return found

    def text(self):
        """One line a path, so that a change is seen as one."""
        lines = []
        for key, value in self.facts.items():
            if key in ("paths", "listings", "texts"):
                rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value[name])}" for name in sorted(value))
                lines.append(f"{json.dumps(key)}: {{\n{rows}\n}}")
            else:
                lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
        return "{\n" + ",\n".join(lines) + "\n}\n"


def read(case, name):
    with open(os.path.join(HERE, case, name), encoding="utf-8") as text:
        return text.read()


def with_settings(facts, case):
    """The facts, with the settings files that the case brings."""
    for name, place in SETTINGS.items():
        if os.path.exists(os.path.join(HERE, case, name)):
            place = place.format(home=facts["caller"]["home"], directory=facts["working_directory"])
            facts["texts"][place] = escaped(read(case, name))
    return facts


def plan(case, facts, form):
    """(status, standard output, standard error) of `fence plan` for the case."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as dump:
        json.dump(with_settings(facts, case), dump)
        dump.flush()
        words = [os.environ["FENCE_BINARY"], "plan", "--facts", dump.name, "--format", form, *read(case, "args").split()]
        done = subprocess.run(words, cwd="/", env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def make_facts(case):
    answers = Answers(WORLDS[case])
    for _ in range(100):
        _, _, said = plan(case, answers.facts, "text")
        asked = QUESTION.findall(said)
        if not asked:
            break
        for kind, path in asked:
            answers.answer(kind, path)
    with open(os.path.join(HERE, case, "facts.json"), "w", encoding="utf-8") as out:
        out.write(answers.text())


if __name__ == "__main__":
    for each in WORLDS:
        make_facts(each)
