"""The home directory: credentials are hidden whatever happens outside, the rest can be read, nothing can be written."""

import os
import threading

from cases import PYTHON, Case, as_both

# Reads a file as often as it can, and says what it ever saw.
WATCH = """
import os, sys, time
end = time.monotonic() + float(sys.argv[2])
print("ready", flush=True)
seen = set()
while time.monotonic() < end:
    try:
        with open(sys.argv[1]) as file:
            seen.add(file.read())
    except OSError as error:
        seen.add(type(error).__name__)
print(sorted(seen))
"""


@as_both
class Credentials(Case):
    def test_private_keys_are_not_there(self):
        self.file("home/.ssh/id_ed25519", "secret", 0o600)
        self.file("home/.ssh/config", "Host x")
        for script in ["cat ~/.ssh/id_ed25519", "cat ~/.ssh/config", "ls ~/.ssh", "cat ~/project/../.ssh/config"]:
            with self.subTest(script):
                done = self.only_without_fence(script)
                self.assertNotIn("secret", done.out)

    def test_known_names_are_hidden(self):
        names = [".gnupg/x", ".aws/credentials", ".config/gh/hosts.yml", ".netrc", ".npmrc", ".pypirc", ".kube/config",
                 ".docker/config.json", ".git-credentials", ".mozilla/x", ".bash_history"]
        for name in names:
            self.file("home/" + name, "secret")
        for name in names:
            with self.subTest(name):
                self.only_without_fence(f"cat ~/{name}")

    def test_a_hard_link_in_the_workspace_is_the_users_own_doing(self):
        """The negative control of the whole class: what is hidden is the name, and another name shows the file."""
        self.file("home/.netrc", "secret")
        os.link(f"{self.home}/.netrc", f"{self.project}/linked")
        self.assertEqual(self.output("cat linked; cat ~/.netrc 2>/dev/null || :"), "secret")

    def test_a_symbolic_link_shows_nothing_more(self):
        self.file("home/.netrc", "secret")
        self.link("home/project/linked", "../.netrc")
        self.link("home/away", self.home)
        for script in ["cat linked", "cat ~/away/.netrc"]:
            self.only_without_fence(script)

    def watch(self, seconds, path):
        process = self.start([self.place.fence, "--", *PYTHON, WATCH, path, str(seconds)])
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_stays_hidden_while_it_is_replaced_by_rename(self):
        netrc = self.file("home/.netrc", "secret")
        process = self.watch(1.0, netrc)
        replaced = 0
        while process.poll() is None:
            os.rename(self.file("home/new", "secret"), netrc)
            replaced += 1
        out, err = process.communicate()
        self.assertGreater(replaced, 100)
        self.assertEqual(out, b"['FileNotFoundError']\n", err)

    def test_stays_hidden_when_it_is_made_later(self):
        process = self.watch(0.6, f"{self.home}/.netrc")
        self.file("home/.netrc", "secret")
        out, err = process.communicate()
        self.assertEqual(out, b"['FileNotFoundError']\n", err)

    def test_a_key_directory_made_later_stays_hidden(self):
        process = self.watch(0.6, f"{self.home}/.ssh/id")
        self.file("home/.ssh/id", "secret")
        out, err = process.communicate()
        self.assertEqual(out, b"['FileNotFoundError']\n", err)

    def test_the_watcher_sees_what_is_not_hidden(self):
        """The negative control of the three tests above."""
        shown = self.file("home/project/shown", "first")
        process = self.watch(0.6, shown)
        os.rename(self.file("home/new", "second"), shown)
        out, err = process.communicate()
        self.assertIn(b"second", out, err)

    def test_hidden_below_a_directory_that_is_shown(self):
        self.file("home/.config/gh/hosts.yml", "secret")
        self.file("home/.config/app/rc", "shown")
        self.assertEqual(self.output("cat ~/.config/app/rc; ls ~/.config"), "shown" + "app\n")

    def test_a_credential_is_shown_on_request(self):
        self.file("home/.netrc", "secret")
        self.assertEqual(self.output("cat ~/.netrc", "-r", "~/.netrc"), "secret")


@as_both
class Home(Case):
    def test_other_files_can_be_read(self):
        self.file("home/notes", "notes")
        self.file("home/.config/app/rc", "rc")
        self.file("home/private/x", "mine", 0o600)
        self.assertEqual(self.output("cat ~/notes ~/.config/app/rc ~/private/x"), "notes" + "rc" + "mine")

    def test_nothing_can_be_written(self):
        self.file("home/notes", "notes")
        self.directory("home/d")
        for script, undo in [("echo x >~/made", "rm ~/made"), ("echo x >>~/notes", None), ("echo x >~/d/made", "rm ~/d/made"),
                             ("mv ~/notes ~/n", "mv ~/n ~/notes"), ("mkdir ~/new", "rmdir ~/new"),
                             ("ln -s x ~/new", "rm ~/new"), ("chmod 600 ~/notes", None), ("touch ~/notes", None)]:
            with self.subTest(script):
                self.only_without_fence(script, "Read-only file system", undo=undo)
        self.assertEqual(self.read(f"{self.home}/notes"), "notes" + "x\n")

    def test_the_workspace_can_be_written(self):
        self.output("echo x >made; mkdir d; mv made d/x; ln -s x d/l; chmod 700 d; rm d/l")
        self.assertEqual(self.read(f"{self.project}/d/x"), "x\n")
        at = os.stat(f"{self.project}/d/x")
        self.assertEqual((at.st_uid, at.st_gid), (self.user.uid, self.user.gid))

    def test_caches_are_private_writable_and_empty(self):
        self.file("home/.cache/pip/x", "of the host")
        self.must_stay_the_same(self.home)
        out = self.output("ls -A ~/.cache ~/.npm | wc -w; echo x >~/.cache/made; echo y >~/.npm/made; cat ~/.cache/made",
                          cwd=self.top)
        self.assertEqual(out.split(), ["2", "x"])  # the two headings of ls

    def test_caches_are_private_where_the_host_has_none(self):
        self.must_stay_the_same(self.home)
        self.output("echo x >~/.cache/made; cat ~/.cache/made")

    def test_names_of_any_bytes_are_listed_and_read(self):
        names = [b"new\nline", b"blank s", b"quote'\"`$x", b"\xff\xfe", b"-r", b"\x1b[31m", "ü".encode(), b"*", b"back\\slash",
                 b"x" * 255]
        for name in names:
            path = os.path.join(os.fsencode(self.home), name)
            with open(path, "wb") as file:
                file.write(name)
        code = "import os, sys\nfor n in os.listdir(b'.'):\n  assert os.path.isdir(n) or open(n, 'rb').read() == n\n  print(n)"
        done = self.succeeded(self.python(code, cwd=self.home))
        listed = set(done.out.splitlines())
        self.assertLessEqual({repr(name) for name in names}, listed)

    def test_an_unreadable_entry_does_not_stop_the_launch(self):
        self.file("home/locked/x", "x")
        os.chmod(f"{self.home}/locked", 0)
        self.file("home/no", "x", 0)
        self.file("home/yes", "yes")
        self.assertEqual(self.output("cat ~/yes"), "yes")

    def test_odd_entries_of_the_home_do_not_stop_the_launch(self):
        self.link("home/dangling", "nowhere")
        self.link("home/loop", "loop")
        self.link("home/shown", "target")
        self.file("home/target", "target")
        os.mkfifo(self.own(self.file("home/x")) + "fifo")
        self.assertEqual(self.output("cat ~/shown; readlink ~/dangling ~/loop"), "target" + "nowhere\nloop\n")

    def test_files_of_a_busy_home_may_come_and_go_while_it_is_planned(self):
        """The plan names each entry of the home: one that goes between plan and launch must not stop the launch."""
        stop = threading.Event()

        def come_and_go():
            while not stop.is_set():
                for number in range(20):
                    path = f"{self.home}/.tmp{number}"
                    with open(path, "w", encoding="utf-8"):
                        pass
                    os.unlink(path)

        thread = threading.Thread(target=come_and_go)
        thread.start()
        try:
            for _ in range(15):
                self.assertEqual(self.output("echo ran"), "ran\n")
        finally:
            stop.set()
            thread.join()
