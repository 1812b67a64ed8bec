"""Programs that make unusual system calls work under the default filter: debuggers, tracers, threads, packers."""

import os
import shutil

from cases import Case, as_both

SYSTEM = "/usr/bin:/bin"

TARGET = """
#include <stdio.h>
int innermost(int x) { return x + 1; }
int outer(int x) { return innermost(x) * 2; }
int main(void) { printf("%d\\n", outer(20)); return 0; }
"""
WORKERS = """
const { Worker, isMainThread, parentPort } = require('worker_threads');
const fs = require('fs'), net = require('net'), child = require('child_process'), dns = require('dns');
if (!isMainThread) parentPort.postMessage(6 * 7);
else new Worker(__filename).on('message', answer => {
  fs.promises.writeFile('written', String(answer)).then(() => {
    const server = net.createServer(s => s.end('hello')).listen(0, '127.0.0.1', () => {
      net.connect(server.address().port).on('data', d => {
        console.log(answer, fs.readFileSync('written', 'utf8'), String(d), child.execSync('echo child').toString().trim());
        dns.lookup('localhost', (error, address) => { console.log(error || address); server.close(); });
      });
    });
  });
});
"""
PYTHON = """
import asyncio, concurrent.futures, multiprocessing, os, pathlib, shutil, signal, socket, subprocess, tempfile, threading

def square(x): return x * x

async def child():
    process = await asyncio.create_subprocess_exec("echo", "child", stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0]

if __name__ == "__main__":
    for method in ["fork", "spawn", "forkserver"]:
        with multiprocessing.get_context(method).Pool(2) as pool: print(pool.map(square, range(3)))
    print(asyncio.run(child()))
    print(subprocess.run(["sh", "-c", "echo $$ >/dev/null; ulimit -c"], capture_output=True, preexec_fn=os.setsid).returncode)
    print(subprocess.run(["true"], close_fds=False, start_new_session=True).returncode)
    with tempfile.TemporaryDirectory() as place:
        pathlib.Path(place, "a").mkdir(mode=0o2755)
        pathlib.Path(place, "a", "f").write_text("x")
        shutil.copytree(f"{place}/a", f"{place}/b")
        shutil.make_archive(f"{place}/c", "gztar", place, "a")
        print(sorted(os.listdir(place)))
    print(socket.getaddrinfo("localhost", 80, proto=socket.IPPROTO_TCP)[0][4][1])
    print(bool(socket.if_nameindex()))
    fds = socket.socketpair(); socket.send_fds(fds[0], [b"x"], [0]); print(socket.recv_fds(fds[1], 1, 1)[0])
    signal.pthread_kill(threading.get_ident(), 0); os.sched_setaffinity(0, os.sched_getaffinity(0))
"""
JAVA = """
import java.nio.file.*; import java.util.concurrent.*; import java.net.*;
public class Main {
  public static void main(String[] words) throws Exception {
    var pool = Executors.newFixedThreadPool(4);
    System.out.println(pool.submit(() -> 6 * 7).get());
    pool.shutdown();
    Files.writeString(Path.of("written"), "text");
    System.out.println(Files.readString(Path.of("written")));
    try (var server = new ServerSocket(0); var client = new Socket("127.0.0.1", server.getLocalPort())) {
      System.out.println(client.isConnected());
    }
    System.out.println(new ProcessBuilder("true").start().waitFor());
  }
}
"""


class Tools(Case):
    def need(self, *programs):
        for program in programs:
            if not shutil.which(program, path=SYSTEM):
                self.skipTest(f"{program} is not installed")


@as_both
class Debuggers(Tools):
    def compile(self, *options):
        self.need("gcc")
        self.file("home/project/target.c", TARGET)
        self.output(f"gcc -g -O0 {' '.join(options)} -o target target.c")

    def test_gdb_breaks_and_shows_the_stack(self):
        self.need("gdb")
        self.compile()
        out = self.output("gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'break innermost' -ex run -ex backtrace -ex 'print x' "
                          "-ex continue ./target 2>&1")
        self.assertRegex(out, r"#0 +innermost \(x=20\)")
        self.assertRegex(out, r"#2 .* main ")
        self.assertIn("$1 = 20", out)
        self.assertIn("42\n", out)
        self.assertNotIn("randomization", out)

    def test_gdb_attaches(self):
        self.need("gdb")
        out = self.output("sleep 100 & sleep 0.2; gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'info inferiors' -p $! 2>&1; "
                          "kill $!")
        self.assertRegex(out, r"\* 1 +process \d+")

    def test_strace_follows_forks(self):
        self.need("strace")
        out = self.output("strace -f -qq -e trace=execve -o log sh -c '/bin/true; /bin/echo ran' && cat log")
        self.assertIn('execve("/bin/true"', out)
        self.assertIn("ran\n", out)

    def test_strace_with_its_own_filter(self):
        self.need("strace")
        self.assertIn("uname(", self.output("strace --seccomp-bpf -f -e trace=uname uname 2>&1"))

    def test_sanitizers_start(self):
        """They switch off the randomization of addresses where it is in their way."""
        self.compile("-fsanitize=address,undefined")
        self.assertEqual(self.output("./target"), "42\n")


@as_both
class Runtimes(Tools):
    def test_node(self):
        self.need("node")
        self.file("home/project/workers.js", WORKERS)
        self.assertEqual(self.output("node workers.js"), "42 42 hello child\n127.0.0.1\n")

    def test_python(self):
        self.file("home/project/all.py", PYTHON)
        for backend in ["native", "bwrap"]:
            out = self.output("/usr/bin/python3 all.py", "--backend", backend)
            self.assertEqual(out.splitlines(), ["[0, 1, 4]"] * 3 + ["b'child\\n'", "0", "0", "['a', 'b', 'c.tar.gz']", "80", "True", "b'x'"])

    def test_java(self):
        self.need("java")
        if self.outside("java", "-m", "jdk.compiler/com.sun.tools.javac.Main", "--version").status != 0:
            self.skipTest("this Java cannot compile")
        self.file("home/project/Main.java", JAVA)
        self.assertEqual(self.output("java -Xmx200m Main.java").split(), ["42", "text", "true", "0"])

    def test_perl_and_shells(self):
        self.need("perl")
        self.assertEqual(self.output("perl -e 'print join q( ), map { my $p = open(my $h, q(-|), qw(echo), $_); <$h> } 1..2'"), "1\n 2\n")


@as_both
class Building(Tools):
    def test_git(self):
        self.output("""set -e
            git init -q -b main source && cd source
            git config user.email a@b && git config user.name A
            for n in 1 2 3; do echo $n >file; git add file; git commit -qm $n; done
            git gc -q --aggressive --prune=now
            cd .. && git clone -q source copy && git -C copy log --oneline | wc -l | grep -qx 3
            git -C copy fsck --strict""", "-w", f"{self.project}", "--set", 'filesystem.allowWrite=["source", "copy"]')

    def test_make_in_parallel(self):
        self.need("make", "gcc")
        self.file("home/project/Makefile", "OBJECTS = 1.o 2.o 3.o 4.o\nall: $(OBJECTS)\n%.o: %.c\n\tgcc -c $<\n")
        for number in "1234":
            self.file(f"home/project/{number}.c", f"int f{number};\n")
        self.output("make -s -j4")
        self.assertEqual(len([name for name in os.listdir(self.project) if name.endswith(".o")]), 4)

    def test_tar_with_permissions(self):
        self.file("home/project/tree/run", "#!/bin/sh\n", 0o755)
        self.file("home/project/tree/secret", "x", 0o600)
        os.chmod(self.directory("home/project/tree/sticky"), 0o1777)
        out = self.output("""set -e
            tar -czpf t.tgz tree && mkdir out && tar -xzpf t.tgz -C out
            cd out/tree && stat -c '%a %n' run secret sticky""")
        self.assertEqual(out, "755 run\n600 secret\n1777 sticky\n")

    def test_a_set_id_bit_in_an_archive(self):
        """tar of an ordinary user's drops it by itself; what asks for it is refused and says so."""
        os.chmod(self.file("home/project/tree/run", "x"), 0o4755)
        self.outside("tar", "-cpf", "t.tar", "tree")
        self.output("mkdir out && tar --no-same-permissions -xf t.tar -C out && test ! -u out/tree/run")
        self.failed(self.inside("mkdir all && tar -xpf t.tar -C all"), "Operation not permitted")
        self.output("mkdir open && tar -xpf t.tar -C open && test -u open/tree/run", "--set", 'seccomp.allow=["setuid_files"]')

    def test_debian_packages(self):
        self.need("dpkg-deb", "fakeroot")
        self.file("home/project/p/DEBIAN/control", "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: d\n")
        self.file("home/project/p/usr/bin/p", "x", 0o755)
        out = self.output("""set -e
            fakeroot sh -c 'chmod 4755 p/usr/bin/p && install -d -m 2755 p/var/p && dpkg-deb --build p p.deb >/dev/null'
            dpkg-deb --contents p.deb""")
        self.assertRegex(out, r"-rwsr-xr-x root/root .* \./usr/bin/p")
        self.assertRegex(out, r"drwxr-sr-x root/root .* \./var/p/")
        self.assertFalse(os.lstat(f"{self.project}/p/usr/bin/p").st_mode & 0o4000)

    def test_what_set_group_id_directories_lose(self):
        """Named in the group's own words; a directory below one that has the bit gets it all the same."""
        os.chmod(self.directory("home/project/shared"), 0o2775)
        self.output("mkdir shared/below && test -g shared/below")
        self.failed(self.inside("install -d -m 2755 made"), "Operation not permitted")
        self.failed(self.inside("git init -q --shared=group repository"), "")
        self.output("install -d -m 2755 made2 && git init -q --shared=group repository2", "--set",
                    'seccomp.allow=["setgid_files"]')
