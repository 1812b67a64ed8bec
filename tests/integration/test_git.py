"""Repositories: git works, and what the host would run later cannot be changed."""

import os

from cases import Case, as_both

EXCHANGE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
RENAME_EXCHANGE = 2  # linux/fs.h
if libc.renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), RENAME_EXCHANGE) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
"""


class GitCase(Case):
    def setUp(self):
        super().setUp()
        self.environment.update(
            GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="A",
            GIT_COMMITTER_EMAIL="a@example.org", GIT_CONFIG_NOSYSTEM="1")
        self.repository("home/project")

    def host(self, script, **options):
        return self.succeeded(self.outside("sh", "-ec", script, **options)).out

    def repository(self, name):
        path = os.path.join(self.top, name)
        if not os.path.isdir(path):
            self.directory(name)
        self.host("git init -q -b main; echo one >file; mkdir -p sub; echo two >sub/file; git add .; git commit -qm one",
                  cwd=path)
        return path


@as_both
class ProtectedRepository(GitCase):
    def test_git_directory_cannot_be_moved_away(self):
        self.only_without_fence("mv .git x && cp -r x .git", "Device or resource busy", undo="rm -rf x")
        self.assertFalse(os.path.exists(f"{self.project}/x"))

    def test_git_directory_cannot_be_removed(self):
        self.failed(self.inside("rm -rf .git"), "Device or resource busy")
        self.assertTrue(os.path.isfile(f"{self.project}/.git/config"))

    def test_config_cannot_be_written(self):
        config = f"{self.project}/.git/config"
        before = self.read(config)
        self.only_without_fence("echo '[core] pager = x' >>.git/config", "Read-only file system")
        for script in ["git config core.pager x", "rm -f .git/config", "mv .git/config x", "truncate -s 0 .git/config",
                       "ln -f sub/file .git/config", "chmod 777 .git/config", "touch .git/config",
                       "cp file .git/config.lock && mv .git/config.lock .git/config"]:
            with self.subTest(script):
                self.failed(self.inside(script))
        self.assertEqual(self.read(config), before + "[core] pager = x\n")

    def test_no_hook_can_be_made(self):
        self.only_without_fence("echo x >.git/hooks/pre-commit", "Read-only file system", undo="rm .git/hooks/pre-commit")
        for script in ["mkdir .git/hooks/x", "mv .git/hooks h", "rm -r .git/hooks", "ln -s ../../sub .git/hooks/x"]:
            with self.subTest(script):
                self.failed(self.inside(script))

    def test_nothing_is_exchanged_with_a_protected_path(self):
        for protected, other in [(".git", "sub"), (".git/config", ".git/HEAD"), (".git/hooks", ".git/info")]:
            with self.subTest(protected):
                exchange = ["/usr/bin/python3", "-I", "-c", EXCHANGE, protected, other]
                for _ in range(2):  # there and back
                    self.succeeded(self.outside(*exchange))
                self.failed(self.fence("--", *exchange), "Device or resource busy")

    def test_protection_holds_for_a_start_below_the_top_level(self):
        self.failed(self.inside("echo x >>../.git/config", cwd=f"{self.project}/sub"), "Read-only file system")
        self.output("echo x >../made", cwd=f"{self.project}/sub")
        self.assertTrue(os.path.exists(f"{self.project}/made"))

    def test_an_exact_grant_opens_one_protected_path(self):
        self.output("echo '# x' >>.git/config", "-w", ".git/config")
        self.failed(self.inside("echo x >.git/hooks/x", "-w", ".git/config"), "Read-only file system")

    def test_other_protected_files(self):
        for name in [".envrc", ".vscode/tasks.json", ".claude/settings.json", ".mcp.json", ".bashrc"]:
            self.file(f"home/project/{name}", "x")
        for name in [".envrc", ".vscode/tasks.json", ".claude/settings.json", ".mcp.json", ".bashrc"]:
            with self.subTest(name):
                self.only_without_fence(f"echo x >{name}", "Read-only file system")
                self.failed(self.inside(f"rm -f {name}"))
        self.failed(self.inside("mv .vscode x"), "Device or resource busy")


@as_both
class GitWorks(GitCase):
    def test_status_commit_and_log_below_the_top_level(self):
        out = self.output("git status --short; echo three >>file; git add file; git commit -qm two; git log --format=%s",
                          cwd=f"{self.project}/sub")
        self.assertEqual(out, "two\none\n")

    def test_everyday_commands(self):
        self.output("""set -e
            git checkout -qb topic; echo x >new; git add new; git commit -qm new; git stash list
            git checkout -q main; git merge -q topic; git rebase -q topic; git tag t; git diff HEAD~1 --stat
            git mv new newer; git commit -qm moved; git reset -q --hard HEAD~1; git gc -q; git fsck""")
        self.assertEqual(self.host("git log --format=%s"), "new\none\n")

    def test_commit_in_a_linked_worktree(self):
        self.host("git worktree add -q ../tree -b tree")
        tree = f"{self.home}/tree"
        self.assertEqual(self.output("echo x >x; git add x; git commit -qm tree; git log --format=%s", cwd=tree),
                         "tree\none\n")
        self.assertEqual(self.host("git log --format=%s tree"), "tree\none\n")

    def test_the_repository_of_a_linked_worktree_stays_protected(self):
        self.host("git worktree add -q ../tree -b tree")
        tree = f"{self.home}/tree"
        for script in [f"echo x >>{self.project}/.git/config", f"echo x >{self.project}/.git/hooks/pre-commit",
                       f"mv {self.project}/.git/hooks {self.project}/.git/h", f"echo x >{self.project}/file",
                       f"mv {self.project}/.git {self.project}/x"]:
            with self.subTest(script):
                self.only_without_fence(script, undo=f"cd {self.project}; rm -f .git/hooks/pre-commit; "
                                        "[ ! -d .git/h ] || mv .git/h .git/hooks; [ ! -d x ] || mv x .git", cwd=tree)

    def test_commit_in_a_submodule(self):
        self.repository("home/library")
        self.host("git -c protocol.file.allow=always submodule --quiet add ../library lib; git commit -qm lib")
        self.output("echo x >x; git add x; git commit -qm inner", cwd=f"{self.project}/lib")
        self.failed(self.inside("echo x >>.git/modules/lib/config"), "Read-only file system")


@as_both
class ForeignRepositories(GitCase):
    def test_a_git_file_grants_nothing_that_does_not_name_it_back(self):
        foreign = self.repository("home/foreign")
        self.directory("home/planted")
        self.file("home/planted/.git", f"gitdir: {foreign}/.git\n")
        script = f"echo x >{foreign}/.git/made"
        self.only_without_fence(script, "Read-only file system", undo=f"rm {foreign}/.git/made",
                                cwd=f"{self.home}/planted")
        self.output("echo x >made", cwd=f"{self.home}/planted")

    def test_a_git_file_that_leads_to_the_credentials_opens_nothing(self):
        self.file("home/.ssh/id", "secret")
        self.directory("home/planted")
        self.file("home/planted/.git", f"gitdir: {self.home}/.ssh\n")
        done = self.inside("cat ../.ssh/id", cwd=f"{self.home}/planted")
        self.assertNotIn("secret", done.out + done.err)


@as_both
class AppearingProtectedPaths(GitCase):
    def test_what_the_command_made_is_reported(self):
        done = self.succeeded(self.inside("echo x >.envrc; mkdir .vscode; echo x >other"))
        self.assertIn(f"the command made {self.project}/.envrc", done.err)
        self.assertIn(f"the command made {self.project}/.vscode", done.err)
        self.assertNotIn("other", done.err)
        self.assertTrue(os.path.exists(f"{self.project}/.envrc"))

    def test_nothing_is_reported_where_nothing_was_made(self):
        self.assertEqual(self.succeeded(self.inside("echo x >.env; rm .env")).err, "")

    def test_quarantine_moves_it_aside(self):
        done = self.inside("echo x >.envrc; ln -s / .vscode; exit 5", "--set", "filesystem.absentProtected=quarantine")
        self.assertEqual(done.status, 5)
        left = sorted(os.listdir(self.project))
        self.assertEqual(left, [".envrc.fence-quarantine", ".git", ".vscode.fence-quarantine", "file", "sub"])
        self.assertIn(".envrc.fence-quarantine", done.err)

    def test_quarantine_overwrites_nothing(self):
        self.file("home/project/.envrc.fence-quarantine", "mine")
        self.succeeded(self.inside("echo x >.envrc", "--set", "filesystem.absentProtected=quarantine"))
        self.assertEqual(self.read(f"{self.project}/.envrc.fence-quarantine"), "mine")
        self.assertFalse(os.path.exists(f"{self.project}/.envrc"))
