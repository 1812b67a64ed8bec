"""flatpak, with a runtime and an app that are made here: what it does with bwrap it does with fence-bwrap."""

import os
import shutil
import socket

from bwrap_clients import Client, look
from cases import as_both

BUSYBOX = "/bin/busybox"
APPLETS = "cat env grep id ls sed sh sleep sort touch unshare".split()
APP = "org.example.App"
METADATA = "runtime=org.example.Platform/{arch}/1\nsdk=org.example.Platform/{arch}/1\n"

# In a session that has a bus: each step between its name and its status.
SESSION = f"""
export DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS FLATPAK_BWRAP=$(command -v bwrap)
step() {{ echo "step $1"; shift; "$@"; echo "status $?"; }}
installed() {{
  flatpak build-export repository runtime 1 && flatpak build-export repository app 1 &&
  flatpak --user remote-add --no-gpg-verify tiny "file://$PWD/repository" &&
  flatpak --user install -y --noninteractive tiny {APP}
}}
app() {{ flatpak run --user "$@"; }}
killed() {{
  app --command=sh {APP} -c 'echo x >$XDG_DATA_HOME/ready; sleep 60' &
  until [ -s .var/app/{APP}/data/ready ]; do kill -0 $! && sleep 0.05 || return 99; done
  flatpak kill {APP} && wait $!
}}
step installed installed >&2
"""
ARGUMENTS = f"step arguments app {APP} one 'two three'\n"
STEPS = ARGUMENTS + f"""
step look app {APP} look
step socket env CUPS_SERVER="$PWD/cups.sock" flatpak run --user --socket=cups --command=ls {APP} -a /run/cups /var/run/cups
step files app --filesystem=~/shown:ro --filesystem=~/given --command=sh {APP} -c 'cd; touch shown/x; touch given/x; cat shown/file; ls -a'
step network app --unshare=network --command=grep {APP} -c : /proc/net/dev
step killed killed
step built flatpak build app sh -c 'echo built >/app/built; ls -a / | grep app; exit 5'
"""


@as_both
class Flatpak(Client):
    NEEDS = {"flatpak": "flatpak", "dbus-run-session": "dbus-daemon", BUSYBOX: "busybox-static"}
    # The bus wants to know who it is.
    ACCOUNT = True

    def setUp(self):
        super().setUp()
        self.arch = self.succeeded(self.outside("flatpak", "--default-arch")).out.strip()
        for kind, place in self.kind_places.items():
            home = f"{kind}/home"
            metadata = METADATA.format(arch=self.arch)
            self.file(f"{home}/runtime/metadata", f"[Runtime]\nname=org.example.Platform\n{metadata}")
            self.directory(f"{home}/runtime/files")
            shutil.copyfile(BUSYBOX, self.file(f"{home}/runtime/usr/bin/busybox", mode=0o755))
            for applet in APPLETS:
                self.link(f"{home}/runtime/usr/bin/{applet}", "busybox")
            for name in ("etc", "lib"):
                self.directory(f"{home}/runtime/usr/{name}")
            self.file(f"{home}/app/metadata", f"[Application]\nname={APP}\n{metadata}command=app\n\n[Context]\nshared=ipc;network\n")
            words = look("/usr/x", "/app/x", f"{place}/home/x", "/var/data/x")
            self.file(f"{home}/app/files/bin/app", f"""#!/bin/sh
                if [ "$1" = look ]; then {words}
                fi
                printf "<%s>\\n" "$@"
                exit 7""", 0o755)
            self.file(f"{home}/shown/file", "shown\n")
            for name in ("app/export", "given"):
                self.directory(f"{home}/{name}")
            with socket.socket(socket.AF_UNIX) as cups:
                cups.bind(f"{place}/home/cups.sock")
            self.own(f"{place}/home/cups.sock")

    def session(self, kind, steps):
        """{step: (status, lines)} of a session, and its whole output."""
        done = self.succeeded(self.run_with(kind, "dbus-run-session", "--", "sh", "-c", SESSION + steps))
        found, lines, name = {}, [], ""
        for line in done.out.splitlines():
            if line.startswith("step "):
                name, lines = line[len("step "):], []
            elif line.startswith("status "):
                found[name] = (int(line[len("status "):]), lines)
            else:
                lines.append(line)
        return done, found

    def test_an_app_is_installed_and_runs(self):
        seen, steps = {}, {}
        for kind in self.KINDS:
            done, steps[kind] = self.session(kind, STEPS)
            seen[kind] = done.out
            self.assertIn("status 0", done.err, done)
            self.called(kind, "--args", "--ro-bind-fd", "--lock-file", "--info-fd", "--sync-fd", "--seccomp", "look")
            self.called(kind, "--args", "xdg-dbus-proxy")
        found = self.same(seen, [r"(?<=/1/)[0-9a-f]{64}", r"(?<=bus-proxy-)\w+", r"(?<=flatpak/)\d+", r"/dbus-\w+,guid=\w+",
                                 r"(?<=user:\[)\d+"])
        self.assertEqual({step: status for step, (status, _) in steps["fence"].items()},
                         {"arguments": 7, "look": 7, "socket": 0, "files": 0, "network": 0, "killed": 137, "built": 5})
        for line in ("kept from /usr/x", "kept from /app/x", "wrote /var/data/x", "kept from namespaces", "few processes", "<two three>",
                     "Seccomp:\t2", "shown"):
            self.assertIn(line, found)
        self.assertEqual(steps["fence"]["socket"][1].count("cups.sock"), 2)
        self.assertEqual(steps["fence"]["network"][1], ["1"])
        self.kept_out("/usr/x", "/app/x", "TOP/home/x", "TOP/home/shown/x")
        for kind in self.KINDS:
            for made in ("given/x", f".var/app/{APP}/data/x", "app/files/built"):
                self.assertTrue(os.path.exists(f"{self.kind_places[kind]}/home/{made}"), made)

    def test_without_bwrap_none_runs(self):
        done, steps = self.session("broken", ARGUMENTS)
        self.assertIn("status 0", done.err, done)
        self.assertNotIn(steps["arguments"][0], (0, 7))
        self.assertEqual(steps["arguments"][1], [])
