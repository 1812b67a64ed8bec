"""Command lines that bwrap and fence-bwrap are given side by side: {name: (words, options of Lines.start)}.

A row of REFUSED is a whole line that says no; a row of RUNS is put after the base and ends with the probe's words."""

SECCOMP_ALLOW = bytes.fromhex("0600000000 00ff7f".replace(" ", ""))

MISSING = (
    "args chdir bind ro-bind dev-bind bind-try ro-bind-try dev-bind-try bind-fd ro-bind-fd remount-ro proc exec-label "
    "file-label dev tmpfs mqueue dir file bind-data ro-bind-data symlink lock-file sync-fd block-fd userns-block-fd info-fd "
    "json-status-fd seccomp add-seccomp-fd userns userns2 pidns setenv unsetenv uid gid hostname cap-add cap-drop perms size chmod"
).split()
ONE_SHORT = "bind ro-bind dev-bind bind-try ro-bind-try dev-bind-try bind-fd ro-bind-fd file bind-data symlink setenv chmod".split()
TAKES_FD = "args block-fd userns-block-fd info-fd json-status-fd seccomp add-seccomp-fd sync-fd userns userns2 pidns".split()
NUMBERS = ["", "x", "-1", "1x", " ", "0x1", "2147483648", "9999999999999999999999", "1 "]


def refused():
    rows = {}
    for option in MISSING:
        rows[f"--{option} alone"] = ([f"--{option}"], {})
    for option in ONE_SHORT:
        rows[f"--{option} with one"] = ([f"--{option}", "1"], {})
    for option in TAKES_FD:
        rows[f"--{option} of no number"] = ([f"--{option}", "x", "true"], {})
    for number in NUMBERS:
        rows[f"descriptor {number!r}"] = (["--sync-fd", number, "true"], {})
        rows[f"uid {number!r}"] = (["--unshare-user", "--uid", number, "true"], {})
        rows[f"file of {number!r}"] = (["--file", number, "/x", "true"], {})
    for number in ["", "9", "8", "10000", "0x7", "-7", "7x", "99999999999999999999"]:
        rows[f"--perms {number!r}"] = (["--perms", number, "--dir", "/x", "true"], {})
        rows[f"--chmod {number!r}"] = (["--chmod", number, "/x", "true"], {})
    for number in ["", "0", "x", "-1", " 1", "+1", "1k", "9223372036854775808", "18446744073709551616"]:
        rows[f"--size {number!r}"] = (["--size", number, "--tmpfs", "/x", "true"], {})
    for after in [["--bind", "/", "/"], ["--dev", "/dev"], ["--proc", "/proc"], ["--symlink", "a", "b"], ["--new-session"],
                  ["--setenv", "a", "b"], ["--perms", "0700"], ["--chmod", "7", "/x"], ["--mqueue", "/x"]]:
        rows[f"--perms before {after[0]}"] = (["--perms", "0700", *after, "true"], {})
    for after in [["--dir", "/x"], ["--file", "1", "/x"], ["--bind-data", "1", "/x"], ["--size", "1"], ["--new-session"]]:
        rows[f"--size before {after[0]}"] = (["--size", "1", *after, "true"], {})
    for name, words in {
        "an unknown option": ["--bogus", "true"],
        "one dash": ["-", "true"],
        "-h": ["-h"],
        "a value after =": ["--chdir=/x", "true"],
        "an unknown option with a newline": ["--a\nb", "true"],
        "a label": ["--exec-label", "x", "true"],
        "a label of files": ["--file-label", "x", "true"],
        "a capability that is none": ["--cap-add", "foo", "true"],
        "a capability without its prefix": ["--cap-drop", "chown", "true"],
        "a capability of no number": ["--cap-drop", "cap_", "true"],
        "no capability": ["--cap-drop", "", "true"],
        "a variable with =": ["--setenv", "a=b", "c", "true"],
        "a variable without name": ["--setenv", "", "c", "true"],
        "no variable with =": ["--unsetenv", "a=b", "true"],
        "no variable without name": ["--unsetenv", "", "true"],
        "hostname without uts": ["--hostname", "x", "true"],
        "pid 1 without pid": ["--as-pid-1", "true"],
        "pid 1 and a lock": ["--unshare-pid", "--as-pid-1", "--lock-file", "/x", "true"],
        "userns and user": ["--userns", "0", "--unshare-user", "true"],
        "userns and user-try": ["--userns", "0", "--unshare-user-try", "true"],
        "disable without user": ["--disable-userns", "true"],
        "disable and block": ["--unshare-user", "--disable-userns", "--info-fd", "1", "--userns-block-fd", "0", "true"],
        "block without user": ["--userns-block-fd", "0", "true"],
        "block without info": ["--unshare-user", "--userns-block-fd", "0", "true"],
        "both kinds of filter": ["--seccomp", "40", "--add-seccomp-fd", "40", "true"],
        "no source": ["--bind", "/nonexistent/x", "/x", "true"],
        "no source, relative": ["--bind", "nonexistent", "/x", "true"],
        "no source, of a file": ["--ro-bind", "/etc/passwd/x", "/x", "true"],
        "no source but of a later op": ["--dir", "/x", "--bind", "/nonexistent", "/y", "true"],
        "no file of words": ["--args", "99", "true"],
        "no filter": ["--seccomp", "99", "true"],
        "no added filter": ["--add-seccomp-fd", "99", "true"],
        "no namespace": ["--userns", "99", "true"],
        "no open source": ["--bind-fd", "99", "/x", "true"],
        "no data": ["--file", "99", "/x", "true"],
        "no bound data": ["--bind-data", "99", "/x", "true"],
        "data used up": ["--file", "40", "/x", "--file", "40", "/y", "true"],
        "bound data used up": ["--bind-data", "40", "/x", "--ro-bind-data", "40", "/y", "true"],
        "no command": ["--chdir", "/nonexistent", "/probe"],
        "chmod of nothing": ["--chmod", "0700", "/x/y", "true"],
        "remount of nothing": ["--remount-ro", "/x/y", "true"],
        "remount of a directory": ["--dir", "/x", "--remount-ro", "/x", "true"],
        "namespaces left": ["--assert-userns-disabled", "true"],
        "an empty command": [""],
        "an empty command after all": ["--dir", "/x", "", "a"],
        "a command that is not there": ["nonexistent"],
        "a path that is not there": ["/x/nonexistent"],
        "a directory as command": ["--dir", "/x", "/x"],
        "a file as directory": ["--file", "40", "/x", "--dir", "/x", "true"],
        "a file on the way": ["--file", "40", "/x", "--dir", "/x/y/z", "true"],
        "a tmpfs on a file": ["--file", "40", "/x", "--tmpfs", "/x", "true"],
        "proc on a file": ["--file", "40", "/x", "--proc", "/x", "true"],
        "dev on a file": ["--file", "40", "/x", "--dev", "/x", "true"],
        "mqueue on a file": ["--file", "40", "/x", "--mqueue", "/x", "true"],
        "a directory on a file": ["--file", "40", "/x", "--bind", "/etc", "/x", "true"],
        "a file on a directory": ["--dir", "/x", "--bind", "/etc/passwd", "/x", "true"],
        "data on a directory": ["--dir", "/x", "--bind-data", "40", "/x", "true"],
        "a file over a directory": ["--dir", "/x", "--file", "40", "/x", "true"],
        "under a read-only bind": ["--ro-bind", "/etc", "/x", "--dir", "/x/new", "true"],
        "far under a read-only bind": ["--ro-bind", "/etc", "/x", "--dir", "/x/new/y", "true"],
        "a file under a read-only bind": ["--ro-bind", "/etc", "/x", "--file", "40", "/x/new", "true"],
        "a link under a read-only bind": ["--ro-bind", "/etc", "/x", "--symlink", "a", "/x/new", "true"],
        "a bind under a read-only bind": ["--ro-bind", "/etc", "/x", "--bind", "/usr", "/x/new", "true"],
        "chmod under a read-only bind": ["--ro-bind", "/etc", "/x", "--chmod", "0700", "/x", "true"],
        "a filter of odd length": ["--seccomp", "41", "true"],
        "an added filter of odd length": ["--add-seccomp-fd", "41", "true"],
        "an empty filter": ["--seccomp", "42", "true"],
        "a filter that is none": ["--seccomp", "43", "true"],
        "a file of words in one": ["--args", "44", "true"],
        "too many words": ["--setenv", "a", "b"] * 3001,
        "too many words of the command": ["true"] * 9001,
        "a link in the way of a directory": ["--symlink", "nowhere", "/x", "--dir", "/x", "true"],
    }.items():
        rows[name] = (words, {"fds": {40: b"data", 41: b"1234567", 42: b"", 43: b"\xff" * 8, 44: b"--args\x0040\0"}})
    return rows


PROC = ["--proc", "/proc"]


def runs():
    rows = {
        "nothing": [],
        "proc": PROC,
        "a new proc": ["--unshare-pid", *PROC],
        "dev": ["--dev", "/dev", *PROC],
        "dev and a new proc": ["--unshare-pid", "--dev", "/dev", *PROC],
        "dev elsewhere": ["--dev", "/a/b"],
        "dev twice": ["--dev", "/dev", "--dev", "/dev", *PROC],
        "something before dev": ["--dir", "/dev/x", "--dev", "/dev", *PROC],
        "everything unshared": ["--unshare-all", "--dev", "/dev", *PROC],
        "everything but the network": ["--unshare-all", "--share-net", *PROC],
        "network after all": ["--share-net", "--unshare-all", *PROC],
        "user": ["--unshare-user", *PROC],
        "user-try": ["--unshare-user-try", *PROC],
        "ids": ["--unshare-user", "--uid", "5", "--gid", "7", *PROC],
        "ids and dev": ["--unshare-user", "--uid", "5", "--gid", "7", "--dev", "/dev", *PROC],
        "uid 0": ["--unshare-user", "--uid", "0", "--gid", "0", *PROC],
        "uid 0 and dev": ["--unshare-user", "--uid", "0", "--gid", "0", "--dev", "/dev", *PROC],
        "gid only": ["--unshare-user", "--gid", "9", *PROC],
        "a number with blanks": ["--unshare-user", "--uid", " 5", *PROC],
        "a long number": ["--unshare-user", "--uid", "4294967301", *PROC],
        "no further namespaces": ["--unshare-user", "--disable-userns", *PROC],
        "no further namespaces, dev": ["--unshare-user", "--disable-userns", "--dev", "/dev", *PROC],
        "no further namespaces, asserted": ["--unshare-user", "--disable-userns", "--assert-userns-disabled", *PROC],
        "ipc": ["--unshare-ipc", "--mqueue", "/q", *PROC],
        "net": ["--unshare-net", *PROC],
        "uts": ["--unshare-uts", "--hostname", "inside", *PROC],
        "uts twice": ["--unshare-uts", "--hostname", "one", "--hostname", "two", *PROC],
        "cgroup": ["--unshare-cgroup", *PROC],
        "cgroup-try": ["--unshare-cgroup-try", *PROC],
        "pid 1": ["--unshare-pid", "--as-pid-1", *PROC],
        "a session": ["--new-session", *PROC],
        "a session and pid": ["--unshare-pid", "--new-session", *PROC],
        "with the parent": ["--die-with-parent", *PROC],
        "with the parent and pid": ["--unshare-pid", "--die-with-parent", *PROC],
        "capabilities dropped": ["--cap-drop", "ALL", *PROC],
        "capabilities dropped, lower case": ["--cap-drop", "all", *PROC],
        "one dropped": ["--cap-drop", "CAP_CHOWN", *PROC],
        "one dropped by number": ["--cap-drop", "5", *PROC],
        "dropped and one added": ["--cap-drop", "ALL", "--cap-add", "cap_net_admin", *PROC],
        "added and dropped": ["--cap-add", "CAP_NET_ADMIN", "--cap-drop", "ALL", *PROC],
        "added in a namespace": ["--unshare-user", "--cap-add", "CAP_NET_ADMIN", "--cap-add", "cap_kill", *PROC],
        "all added in a namespace": ["--unshare-user", "--cap-add", "ALL", *PROC],
        "dropped in a namespace": ["--unshare-user", "--cap-drop", "CAP_KILL", *PROC],
        "added as uid 0": ["--unshare-user", "--uid", "0", "--cap-add", "CAP_SYS_CHROOT", *PROC],
        "added with dev": ["--unshare-user", "--cap-add", "CAP_SYS_ADMIN", "--dev", "/dev", *PROC],
        "bind": ["--bind", "/etc", "/etc", *PROC],
        "bind of everything": ["--bind", "/", "/", "--dev", "/dev"],
        "read-only bind of everything": ["--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid", *PROC],
        "dev-bind of everything": ["--dev-bind", "/", "/"],
        "everything twice": ["--bind", "/", "/", "--bind", "/", "/", *PROC],
        "everything, then a tmpfs": ["--ro-bind", "/", "/", "--tmpfs", "/"],
        "everything below": ["--ro-bind", "/", "/host"],
        "everything below itself": ["--bind", "/", "/", "--bind", "/", "/mnt", *PROC],
        "binds of one place": ["--bind", "/etc", "/x", "--ro-bind", "/usr", "/x", *PROC],
        "a bind below a bind": ["--ro-bind", "/usr", "/x", "--bind", "/etc", "/x/share", *PROC],
        "a file": ["--ro-bind", "/etc/passwd", "/p", *PROC],
        "a file on a file": ["--ro-bind", "/etc/passwd", "/p", "--ro-bind", "/etc/group", "/p", *PROC],
        "a device": ["--dev-bind", "/dev/null", "/n", *PROC],
        "a device without its right": ["--bind", "/dev/null", "/n", *PROC],
        "all devices": ["--dev-bind", "/dev", "dev", *PROC],
        "a try": ["--bind-try", "/nonexistent", "/a/b/c", "--ro-bind-try", "/etc", "/e", *PROC],
        "tries that fail": ["--ro-bind-try", "/nonexistent", "/a", "--dev-bind-try", "/nonexistent", "/b"],
        "a link as source": ["--ro-bind", "/proc/self/cwd", "/here", *PROC],
        "a relative source": ["--ro-bind", ".", "/here", *PROC],
        "a source with ..": ["--ro-bind", "/etc/../usr/share", "/here", *PROC],
        "a source above the caller's directory": ["--ro-bind", "/".join([".."] * 20) + "/usr/share", "/here", *PROC],
        "a link with .. as source": ["--ro-bind", "/etc/os-release", "/here", *PROC],
        "a link with .. as source, after what is there": ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc/os-release", "/here"],
        "a relative place": ["--ro-bind", "/etc", "a/b", *PROC],
        "a place with slashes": ["--ro-bind", "/etc", "//a///b//", *PROC],
        "a place with dots": ["--dir", "/a", "--ro-bind", "/etc", "/a/./b", *PROC],
        "a place with dots at the end": ["--dir", "/a/b", "--ro-bind", "/etc", "/a/b/.", *PROC],
        "a place above": ["--dir", "/a/b", "--ro-bind", "/etc", "/a/b/../c", *PROC],
        "a place through a link": ["--dir", "/real", "--symlink", "real", "/link", "--ro-bind", "/etc", "/link/e", *PROC],
        "a place that is a link": ["--dir", "/real", "--symlink", "real", "/link", "--ro-bind", "/etc", "/link", *PROC],
        "a file's place that is a link": ["--file", "40", "/real", "--symlink", "real", "/l", "--ro-bind", "/etc/passwd", "/l"],
        "a tmpfs through a link": ["--dir", "/real", "--symlink", "real", "/link", "--tmpfs", "/link/t", *PROC],
        "remount": ["--bind", "/etc", "/e", "--remount-ro", "/e", *PROC],
        "remount of a tmpfs": ["--tmpfs", "/t", "--dir", "/t/x", "--remount-ro", "/t", *PROC],
        "remount of the root": ["--dir", "/x", *PROC, "--remount-ro", "/"],
        "remount of devices": ["--dev-bind", "/dev", "/dev", "--remount-ro", "/dev", *PROC],
        "remount of dev": ["--dev", "/dev", "--remount-ro", "/dev", *PROC],
        "remount of everything": ["--bind", "/", "/", "--remount-ro", "/", *PROC],
        "tmpfs": ["--tmpfs", "/t", *PROC],
        "tmpfs with mode": ["--perms", "1777", "--tmpfs", "/t", *PROC],
        "tmpfs with size": ["--size", "65536", "--tmpfs", "/t", *PROC],
        "tmpfs with size and mode": ["--size", "0x10000", "--perms", "700", "--tmpfs", "/t", *PROC],
        "tmpfs with mode and size": ["--perms", "700", "--size", "0200000", "--tmpfs", "/t", *PROC],
        "tmpfs in tmpfs": ["--tmpfs", "/t", "--tmpfs", "/t/u", "--tmpfs", "/t", *PROC],
        "tmpfs with mode 0": ["--perms", "0000", "--tmpfs", "/a/t", *PROC],
        "dir": ["--dir", "/a/b/c", *PROC],
        "dir with mode": ["--perms", "0710", "--dir", "/a/b/c", *PROC],
        "dir with mode for others": ["--perms", "0705", "--dir", "/a/b/c", *PROC],
        "dir with mode 0": ["--perms", "0", "--dir", "/a/b", *PROC],
        "dir that is there": ["--perms", "0700", "--dir", "/a", "--perms", "0755", "--dir", "/a", *PROC],
        "dir of a bind": ["--bind", "/etc", "/e", "--dir", "/e/ssl", *PROC],
        "dir with slashes": ["--dir", "/a//b/", "--dir", "c", *PROC],
        "dir root": ["--dir", "/", *PROC],
        "file": ["--file", "40", "/a/f", *PROC],
        "file with mode": ["--perms", "0604", "--file", "40", "/a/b/f", *PROC],
        "file with mode 0": ["--perms", "0", "--file", "40", "/a/b/f", *PROC],
        "file over a file": ["--file", "40", "/f", "--file", "41", "/f", *PROC],
        "data": ["--bind-data", "40", "/a/f", *PROC],
        "data read-only": ["--ro-bind-data", "40", "/a/f", *PROC],
        "data with mode": ["--perms", "0644", "--ro-bind-data", "40", "/a/f", *PROC],
        "data twice": ["--bind-data", "40", "/f", "--bind-data", "41", "/g", *PROC],
        "data on a file": ["--file", "40", "/f", "--ro-bind-data", "41", "/f", *PROC],
        "data on a file of the host": ["--ro-bind", "/etc", "/etc", "--ro-bind-data", "40", "/etc/passwd", *PROC],
        "empty data": ["--bind-data", "42", "/f", *PROC],
        "symlink": ["--symlink", "usr/bin", "/bin", "--symlink", "/x", "/a/b", *PROC],
        "chmod": ["--dir", "/a", "--chmod", "1777", "/a", *PROC],
        "chmod of a file": ["--file", "40", "/a", "--chmod", "04711", "/a", *PROC],
        "chmod through a link": ["--dir", "/a", "--symlink", "a", "/b", "--chmod", "0711", "/b", *PROC],
        "chmod of the root": ["--chmod", "0700", "/", *PROC],
        "open source": ["--bind-fd", "45", "/x", *PROC],
        "open source read-only": ["--ro-bind-fd", "45", "/x", *PROC],
        "clear": ["--clearenv", *PROC],
        "clear and set": ["--setenv", "A", "1", "--clearenv", "--setenv", "B", "2", *PROC],
        "set": ["--setenv", "A", "1", "--setenv", "HOME", "/h", "--setenv", "A", "2", *PROC],
        "set to nothing": ["--setenv", "A", "", *PROC],
        "set to =": ["--setenv", "A", "=b=", *PROC],
        "unset": ["--unsetenv", "HOME", "--unsetenv", "NONE", *PROC],
        "set PWD": ["--setenv", "PWD", "/x", *PROC],
        "unset PWD": ["--unsetenv", "PWD", "--setenv", "Z", "1", *PROC],
        "chdir": ["--dir", "/a", "--chdir", "/a", *PROC],
        "chdir twice": ["--dir", "/a", "--chdir", "/nonexistent", "--chdir", "/a", *PROC],
        "chdir relative": ["--dir", "/a", "--chdir", "a/../a", *PROC],
        "chdir through a link": ["--dir", "/a", "--symlink", "a", "/b", "--chdir", "/b", *PROC],
        "home as directory": ["--dir", "/h", "--setenv", "HOME", "/h", *PROC],
        "no home as directory": ["--setenv", "HOME", "/nonexistent", *PROC],
        "the caller's directory": ["--bind", "/", "/", *PROC],
        "sync": ["--sync-fd", "40", *PROC],
        "sync and pid": ["--unshare-pid", "--sync-fd", "40", *PROC],
        "sync and pid 1": ["--unshare-pid", "--as-pid-1", "--sync-fd", "40", *PROC],
        "sync of nothing": ["--sync-fd", "99", *PROC],
        "block": ["--block-fd", "40", *PROC],
        "block on the end": ["--block-fd", "42", *PROC],
        "block on nothing": ["--block-fd", "99", *PROC],
        "a lock": ["--file", "40", "/l", "--lock-file", "/l", *PROC],
        "locks": ["--file", "40", "/l", "--lock-file", "/l", "--lock-file", "/probe", "--unshare-pid", *PROC],
        "a filter": ["--seccomp", "46", *PROC],
        "a filter and pid": ["--unshare-pid", "--seccomp", "46", *PROC],
        "the last filter": ["--seccomp", "41", "--seccomp", "46", *PROC],
        "filters": ["--add-seccomp-fd", "46", "--add-seccomp-fd", "47", *PROC],
        "words of a file": ["--args", "48", *PROC],
        "words of two files": ["--args", "48", "--args", "49", *PROC],
        "a mode before a file of words": ["--perms", "0700", "--args", "50", *PROC],
        "the rest of a file of words": ["--args", "51", *PROC],
        "no words in a file": ["--args", "42", *PROC],
        "a mode at the end": ["--perms", "0700"],
        "two dashes": [*PROC, "--"],
        "a mode and two dashes": ["--perms", "0700", "--"],
        "a size at the end": [*PROC, "--size", "1"],
        "other descriptors": ["--file", "41", "/a", *PROC],
        "descriptors of namespaces": ["--info-fd", "52", *PROC],
    }
    fds = {40: b"data", 41: b"more", 42: b"", 46: SECCOMP_ALLOW, 47: SECCOMP_ALLOW,
           48: b"--dir\0/of/file\0--setenv\0A\x001\0", 49: b"--dir\0/of/other", 50: b"--dir\0/of/file\0",
           51: b"--dir\0/x\0--\0--dir\0/y\0"}
    table = {name: ([*words, "/probe"], {"fds": fds, "directory": 45, "sink": 52}) for name, words in rows.items()}
    for name, words in {
        "exit 3": ["exit", "3"], "exit 255": ["exit", "255"], "SIGTERM": ["kill", "15"], "SIGKILL": ["kill", "9"],
        "a real-time signal": ["kill", "34"], "quiet": ["quiet"],
    }.items():
        for kind, options in {"": [], "pid": ["--unshare-pid"], "pid 1": ["--unshare-pid", "--as-pid-1"],
                              "sync": ["--sync-fd", "40"]}.items():
            table[f"{name} {kind}"] = ([*options, "/probe", *words], {"fds": {40: b""}})
    table["what can be read"] = (["--perms", "0000", "--file", "40", "/f", "--ro-bind", "/etc", "/e", "/probe", "read", "/f",
                                  "read", "/e/hostname", "write", "/e/x", "write", "/new"], {"fds": {40: b"data"}})
    table["a tree"] = (["--dev", "/dev", "--perms", "0711", "--dir", "/a/b/c", "--symlink", "x", "/a/l", "/probe", "tree", "/"],
                       {})
    table["further namespaces"] = (["/probe", "unshare", ""], {})
    table["no further namespaces, tried"] = (["--unshare-user", "--disable-userns", "/probe", "unshare", ""], {})
    table["by name"] = (["--setenv", "PATH", "/nonexistent:/", "probe"], {})
    table["by no path"] = (["--unsetenv", "PATH", "--dir", "/bin", "probe"], {})
    return table
