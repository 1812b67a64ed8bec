"""What tools keep in the runtime directory, done by them or by their exact calls, inside a sandbox."""

import os
import shutil

from cases import PYTHON, Case, as_both

# fnm env: a link named by process and time, which PATH goes through; fnm use: the same link made anew.
FNM = """
set -e
link="$XDG_RUNTIME_DIR/fnm_multishells/$$_1700000000000"
mkdir -p "$XDG_RUNTIME_DIR/fnm_multishells"
ln -s "$HOME/.local/fnm/v20" "$link"
PATH="$link/bin:$PATH"; tool
rm "$link"; ln -s "$HOME/.local/fnm/v22" "$link"; hash -r; tool
"""
# Rootless Podman: a sticky directory of its own, a lock that is taken twice, its pid file, locks in shared memory.
PODMAN = """
import fcntl, mmap, os
run = os.environ["XDG_RUNTIME_DIR"]
at = os.stat(run)
assert at.st_uid == os.geteuid() and at.st_mode & 0o777 == 0o700
os.makedirs(run + "/libpod/tmp"); os.chmod(run + "/libpod/tmp", 0o1700)
os.makedirs(run + "/containers/overlay-locks", 0o700)
path = run + "/libpod/tmp/alive.lck"
first = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
fcntl.lockf(first, fcntl.LOCK_EX)
if os.fork() == 0:
    other = os.open(path, os.O_RDWR)
    try: fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError: os._exit(0)
    os._exit(1)
assert os.wait()[1] == 0, "a lock that another process holds was given"
lock = os.open(run + "/containers/overlay-locks/l", os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
try:
    fcntl.flock(os.open(run + "/containers/overlay-locks/l", os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
    raise SystemExit("a lock that another descriptor holds was given")
except BlockingIOError: pass
new = run + "/libpod/tmp/.pause.pid.1"
open(new, "w").write("7"); os.rename(new, run + "/libpod/tmp/pause.pid")
shared = os.open(f"/dev/shm/libpod_rootless_lock_{os.geteuid()}", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
os.ftruncate(shared, 4096)
mmap.mmap(shared, 4096)[:2] = b"ok"
print(os.stat(run + "/libpod/tmp").st_mode & 0o7777 == 0o1700)
"""
# Neovim: a socket named by its pid in stdpath('run'), which clients connect to; a newer one has directories there.
NEOVIM = """
import os, socket
run = os.environ["XDG_RUNTIME_DIR"]
address = f"{run}/nvim.{os.getpid()}.0"
server = socket.socket(socket.AF_UNIX); server.bind(address); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect(address)
connection = server.accept()[0]
client.sendall(b"nvim_get_mode"); print(connection.recv(99).decode())
os.makedirs(f"{run}/nvim/undo", 0o700)
os.unlink(address)
"""
DBUS = """
dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.GetNameOwner \
    string:org.freedesktop.DBus && echo "$DBUS_SESSION_BUS_ADDRESS"
"""
GNUPG = """
set -e
mkdir -m 700 keys; export GNUPGHOME="$PWD/keys"
gpgconf --create-socketdir
gpgconf --list-dirs agent-socket
gpg -q --batch --passphrase '' --pinentry-mode loopback --quick-gen-key test ed25519 sign never 2>/dev/null
echo text | gpg -q --batch --clearsign | gpg -q --verify 2>&1 | grep -c 'Good signature'
test -S "$(gpgconf --list-dirs agent-socket)"
gpgconf --kill gpg-agent
"""
CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print('connected')"


class ToolCase(Case):
    def real(self):
        path = self.directory(f"{self.place.root}/r", 0o700)
        self.addCleanup(self.remove, path)
        self.environment["XDG_RUNTIME_DIR"] = path
        return path

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program, path="/usr/local/bin:/usr/bin:/bin"):
                self.skipTest(f"{program} is not installed")

    def run_python(self, code, *options):
        return self.succeeded(self.python(code, *options)).out


@as_both
class Tools(ToolCase):
    def make_node_versions(self):
        for version in ["v20", "v22"]:
            self.file(f"home/.local/fnm/{version}/bin/tool", f"#!/bin/sh\necho {version}\n", 0o755)

    def test_fnm_inside(self):
        self.make_node_versions()
        for executor in ["native", "bwrap"]:
            self.assertEqual(self.output(FNM, "--backend", executor), "v20\nv22\n")

    def test_fnm_in_a_granted_directory(self):
        self.make_node_versions()
        real = self.real()
        self.assertEqual(self.output(FNM, "-w", real), "v20\nv22\n")
        self.assertEqual(len(os.listdir(f"{real}/fnm_multishells")), 1)

    def test_fnm_of_the_shell_outside(self):
        self.make_node_versions()
        real = self.real()
        self.directory(f"{real}/fnm_multishells")
        link = self.link(f"{real}/fnm_multishells/7_1700000000000", f"{self.home}/.local/fnm/v20")
        self.environment |= {"FNM_MULTISHELL_PATH": link, "PATH": f"{link}/bin:{self.environment['PATH']}"}
        self.assertEqual(self.outside("tool").out, "v20\n")
        self.assertEqual(self.output('tool; echo "${FNM_MULTISHELL_PATH-dropped}"'), "v20\ndropped\n")
        # The shell's own link is used where the directory is shown: a later `fnm use` outside counts inside too.
        self.assertEqual(self.output('tool; echo "$FNM_MULTISHELL_PATH"', "-w", real), f"v20\n{link}\n")
        # And a shell inside makes one of its own.
        self.assertEqual(self.output(FNM), "v20\nv22\n")
        self.assertEqual(os.listdir(f"{real}/fnm_multishells"), ["7_1700000000000"])

    def test_podman_locks(self):
        real = self.real()
        self.assertEqual(self.run_python(PODMAN), "True\n")
        self.assertEqual(self.run_python(PODMAN, "-w", real), "True\n")
        self.assertFalse(os.path.exists(f"/dev/shm/libpod_rootless_lock_{self.user.uid}"))

    def test_just_runs_what_it_writes_there(self):
        self.assertEqual(self.output("""
            mkdir -p "$XDG_RUNTIME_DIR/just" && cd "$XDG_RUNTIME_DIR/just" && printf '#!/bin/sh\\necho recipe' >r && chmod +x r && ./r
            """), "recipe\n")

    def test_neovim_server(self):
        real = self.real()
        for options in [(), ("-w", real), ("--backend", "bwrap"), ("-p", "strict")]:
            self.assertEqual(self.run_python(NEOVIM, *options), "nvim_get_mode\n")

    def test_tmux_without_tmux_tmpdir(self):
        self.need("tmux")
        self.environment.pop("TMUX_TMPDIR", None)
        name = os.path.basename(self.top)
        parent = f"/tmp/tmux-{self.user.uid}"
        if not os.path.isdir(parent):
            self.addCleanup(os.rmdir, parent)
        tmux = ["tmux", "-L", name, "-f", "/dev/null"]
        self.succeeded(self.outside(*tmux, "new-session", "-d", "-s", "outer", "sleep 1000"))
        try:
            self.environment["TMUX"] = f"{parent}/{name},1,0"
            self.failed(self.fence("--", *tmux, "list-sessions"), "No such file or directory")
            self.assertEqual(self.output(f"""
                test -z "$TMUX" && tmux -L {name} -f /dev/null new-session -d -s inner 'sleep 1000' &&
                tmux -L {name} list-sessions -F '#S'; tmux -L {name} kill-server"""), "inner\n")
            # The control: it can be reached, and what was done inside was done to another.
            self.assertEqual(self.outside(*tmux, "list-sessions", "-F", "#S").out, "outer\n")
        finally:
            self.outside(*tmux, "kill-server")
            if os.path.exists(f"{parent}/{name}"):
                os.unlink(f"{parent}/{name}")

    def test_gnupg_socket_directory(self):
        """GnuPG takes /run/user/UID whatever XDG_RUNTIME_DIR says."""
        self.need("gpg", "gpgconf", "gpg-agent")
        for executor in ["native", "bwrap"]:
            socket, good = self.output(GNUPG, "--backend", executor).split()
            self.assertRegex(socket, rf"^/run/user/{self.user.uid}/gnupg/d\.[a-z0-9]+/S\.gpg-agent$")
            self.assertEqual(good, "1")
            self.remove(f"{self.project}/keys")


@as_both
class SessionBus(ToolCase):
    def setUp(self):
        super().setUp()
        self.need("dbus-daemon", "dbus-run-session", "dbus-send")
        if self.user.uid:
            self.become_an_account()

    def test_a_bus_of_the_commands_own(self):
        for executor in ["native", "bwrap"]:
            out = self.succeeded(self.fence("--backend", executor, "--", "dbus-run-session", "--", "sh", "-c", DBUS)).out
            self.assertIn('string "org.freedesktop.DBus"', out)
            self.assertTrue(out.splitlines()[-1].startswith("unix:"), out)

    def test_the_bus_outside_is_out_of_reach(self):
        directory = self.real()
        address = f"unix:path={directory}/bus"
        daemon = self.start(["dbus-daemon", "--session", "--nofork", "--print-address", f"--address={address}"])
        try:
            self.assertTrue(daemon.stdout.readline().startswith(address.encode()))
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = address
            self.assertIn("org.freedesktop.DBus", self.outside("sh", "-c", DBUS).out)
            self.assertNotIn("org.freedesktop.DBus", self.inside(DBUS).out)
            connect = [*PYTHON, CONNECT, f"{directory}/bus"]
            self.assertEqual(self.outside(*connect).out, "connected\n")
            self.failed(self.fence("--", *connect), "FileNotFoundError")
        finally:
            daemon.terminate()
            daemon.wait()
