"""WSL without Windows: a stand-in for /init behind a binfmt_misc of the test's own, a socket in /run/WSL, AF_VSOCK.

All of it lives in a user and a mount namespace of the test's own (Linux 6.7 gives each user namespace a binfmt_misc):
nothing of it is seen outside.
"""

import os

from cases import PYTHON, Case, as_both

# What WSL has, in namespaces of the test's own: the handler for files that begin with MZ, whose interpreter the kernel
# holds open (flag F), and what that interpreter connects to. "$1" is the stand-in for /init.
WSL = """
mount -t tmpfs -o mode=755 none /run && mkdir -m 777 /run/WSL || exit 99
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 77
printf ':WSLInterop:M::MZ::%s:PF' "$1" >/proc/sys/fs/binfmt_misc/register || exit 99
/usr/bin/python3 -ISc '
import os, socket, sys
server = socket.socket(socket.AF_UNIX); server.bind("/run/WSL/8_interop"); os.chmod("/run/WSL/8_interop", 0o777); server.listen()
server.set_inheritable(True)
os.dup2(server.fileno(), 9)
os.execvp(sys.argv[1], sys.argv[1:])' "${@:2}"
"""
# Is Python, and begins with MZ. Like the real /init it takes the socket that WSL_INTEROP names, else any.
PROGRAM = """MZ = "stand-in for a Windows program"
import glob, os, socket
print("started")
for path in [os.environ.get("WSL_INTEROP", "")] + glob.glob("/run/WSL/*"):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print("connected")
        break
    except OSError:
        pass
"""
FAMILIES = """
import ctypes, errno, os, socket, sys
def attempt(name, call):
    try: call(); print(name, "made")
    except OSError as error: print(name, errno.errorcode[error.errno])
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, arguments))
    if result < 0: raise OSError(ctypes.get_errno(), "")
    return result
VSOCK, STREAM = 40, 1
def ring():
    parameters = (ctypes.c_char * 120)()
    return raw(425, 4, ctypes.addressof(parameters))
attempt("vsock", lambda: socket.socket(VSOCK, STREAM))
attempt("datagram", lambda: socket.socket(VSOCK, socket.SOCK_DGRAM))
if os.uname().machine == "x86_64":
    attempt("high bits", lambda: raw(41, VSOCK | 0xdead00000000, STREAM, 0))
    attempt("pair", lambda: raw(53, VSOCK, STREAM, 0, ctypes.addressof((ctypes.c_int * 2)())))
attempt("io_uring", ring)
for family in socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK:
    socket.socket(family, socket.SOCK_RAW if family == socket.AF_NETLINK else STREAM)
socket.socketpair()
"""
REFUSED = {"vsock": "EPERM", "datagram": "EPERM", "high bits": "EPERM", "pair": "EPERM", "io_uring": "ENOSYS"}


@as_both
class Families(Case):
    def attempts(self, done):
        return dict(line.rsplit(" ", 1) for line in self.succeeded(done).out.splitlines())

    def test_no_way_around_the_network_namespace(self):
        without = self.attempts(self.outside(*PYTHON, FAMILIES))
        if without["vsock"] != "made":
            self.skipTest(f"this kernel has no AF_VSOCK: {without}")
        self.assertEqual(without.get("high bits", "made"), "made")
        self.assertNotIn("EPERM", (without["vsock"], without.get("pair")))
        for options in [("--backend", "native"), ("--backend", "bwrap"), ("--net", "host"), ("-p", "strict"), ("--nesting",)]:
            if "--nesting" in options and self.user.uid == 0:
                continue
            inside = self.attempts(self.python(FAMILIES, *options))
            self.assertEqual(inside, {name: REFUSED[name] for name in without}, options)
        # The other control, inside: only the filter refuses them.
        self.assertEqual(self.attempts(self.python(FAMILIES, "--set", "wsl.interop=true", "--set", 'seccomp.allow=["io_uring"]')), without)


class Interop(Case):
    """In a namespace that maps one id, fence runs as its root; bwrap, whose owner is nobody there, is not trusted."""

    def setUp(self):
        super().setUp()
        self.program = self.file("home/project/program.exe", PROGRAM, 0o755)
        self.environment |= {"WSL_INTEROP": "/run/WSL/8_interop", "WSLENV": "A/p", "WSL_DISTRO_NAME": "Debian"}

    def on_wsl(self, *words):
        interpreter = os.path.realpath("/usr/bin/python3")
        done = self.outside("unshare", "-Urm", "--propagation", "private", "bash", "-c", WSL, "bash", interpreter, *words)
        if done.status == 77:
            self.skipTest("this kernel has no binfmt_misc for each user namespace (Linux 6.7)")
        return done

    def test_the_control(self):
        self.assertEqual(self.on_wsl(self.program).out, "started\nconnected\n")

    def test_a_windows_program_reaches_nothing(self):
        # The kernel starts the handler, hidden or not; but it is a program in the sandbox like any other.
        for script in ["./program.exe", "cp program.exe /tmp/written.exe && /tmp/written.exe"]:
            done = self.on_wsl(self.place.fence, "--", "sh", "-c", script)
            self.assertEqual((done.status, done.out), (0, "started\n"), done)

    def test_variables_and_sockets_are_gone(self):
        done = self.on_wsl(self.place.fence, "--", "sh", "-c", "env | grep -c ^WSL; ls /run/WSL")
        self.assertEqual(done.out, "0\n")
        self.assertIn("No such file", done.err)

    def test_a_socket_that_a_profile_shows_is_hidden_all_the_same(self):
        done = self.on_wsl(self.place.fence, "-r", "/run", "--", self.program)
        self.assertEqual(done.out, "started\n", done)

    def test_interop_opens_it(self):
        done = self.on_wsl(self.place.fence, "--set", "wsl.interop=true", "--", "sh", "-c",
                           './program.exe; env | grep -c "^WSL"')
        self.assertEqual(done.out, "started\nconnected\n3\n", done)

    def test_interop_is_a_danger_and_not_a_projects_to_ask_for(self):
        out = self.succeeded(self.fence("plan", "--set", "wsl.interop=true", "--", "true")).out
        self.assertRegex(out, "DANGER  Windows programs can be started")
        self.file("home/project/.fence.toml", "[wsl]\ninterop = true\n")
        self.refused(self.fence("--", "true"), "wsl.interop")

    def test_the_profile_is_applied_by_itself(self):
        out = self.succeeded(self.on_wsl(self.place.fence, "plan", "--", "true")).out
        self.assertIn("wsl, base, credentials and workspace", out)
        for name in ["WSL_INTEROP", "WSLENV", "WSL_DISTRO_NAME"]:
            del self.environment[name]
        self.assertNotIn("wsl,", self.plan("--", "true"))  # the control: neither variables nor a kernel of WSL


class Wslg(Case):
    """/mnt as WSLg makes it, in a mount namespace of the test's own."""

    PREPARE = """
mount -t tmpfs -o mode=755 none /mnt && mkdir -p /mnt/wsl/docker /mnt/wslg/distro && mkdir -m 777 /mnt/wslg/runtime-dir &&
mount --bind / /mnt/wslg/distro && chown 12345:12345 /mnt/wslg/runtime-dir && echo x >/mnt/wsl/docker/file
"""
    LOOK = 'cat "/mnt/wslg/distro$1" /mnt/wsl/docker/file; echo "$XDG_RUNTIME_DIR"; stat -c "%a %u" "$XDG_RUNTIME_DIR"'

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("mounts need root")
        super().setUp()
        self.secret = self.file("home/.netrc", "secret\n")
        self.environment |= {"XDG_RUNTIME_DIR": "/mnt/wslg/runtime-dir/", "WSL_DISTRO_NAME": "Debian"}

    def with_wslg(self, *words):
        return self.with_mounts(self.PREPARE, *words, "sh", "-c", self.LOOK, "sh", self.secret)

    def test_neither_a_second_view_of_the_root_nor_its_runtime_directory(self):
        self.assertEqual(self.with_wslg().out.splitlines(), ["secret", "x", "/mnt/wslg/runtime-dir/", "777 12345"])
        for executor in ["native", "bwrap"]:
            done = self.with_wslg(self.place.fence, "--backend", executor, "--")
            self.assertEqual(done.out.splitlines(), [f"/run/user/{self.user.uid}", f"700 {self.user.uid}"], done)
            self.assertEqual(done.err.count("No such file"), 2, done)
