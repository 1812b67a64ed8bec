"""Whom a test runs fence as, and where: an ordinary user with a home, a workspace and a reachable copy of the binary."""

import os
import pwd
import shutil
import tempfile

BINARY = os.environ.get("FENCE_BINARY", "")
# Ids that no account has: nothing on the machine belongs to them.
FREE_ID = 61234


class User:
    def __init__(self, uid, gid, name, home):
        self.uid, self.gid, self.name, self.home = uid, gid, name, home

    def become(self):
        """In a child, before exec."""
        if os.geteuid() != 0 or self.uid == 0:
            return
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)


class Workplace:
    """A directory with bin/fence, home/ and home/project/; gone after close(). Lies outside /tmp, which is private inside."""

    def __init__(self, as_root=False, **variables):
        """`variables` are in every environment() of it."""
        self.variables = variables
        if not BINARY:
            raise RuntimeError("FENCE_BINARY does not name the binary under test")
        caller_is_root = os.geteuid() == 0
        if as_root and not caller_is_root:
            raise RuntimeError("not root")
        parent = "/home" if caller_is_root and os.path.isdir("/home") else os.path.expanduser("~")
        self.root = tempfile.mkdtemp(prefix="fence-test-", dir=parent)
        os.chmod(self.root, 0o755)
        self.home = os.path.join(self.root, "home")
        self.project = os.path.join(self.home, "project")
        self.fence = self.add_program(BINARY, "fence")
        if as_root:
            self.user = User(0, 0, "root", self.home)
        elif caller_is_root:
            self.user = User(FREE_ID, FREE_ID, "somebody", self.home)
        else:
            self.user = User(os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name, self.home)
        for path in (self.home, self.project):
            os.mkdir(path)
            os.chown(path, self.user.uid, self.user.gid)

    def add_program(self, path, name=None):
        """A copy that every user can reach, also from inside; returns its path."""
        directory = os.path.join(self.root, "bin")
        os.makedirs(directory, exist_ok=True)
        target = os.path.join(directory, name or os.path.basename(path))
        try:
            # A debug build is large; another name for it serves as well where the file system and its mode allow that.
            if os.stat(path).st_mode & 0o7777 != 0o755:
                raise PermissionError
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
            os.chmod(target, 0o755)
        return target

    def add_file(self, name, text, mode=0o644):
        """A file of the user's in the workspace; returns its path."""
        path = os.path.join(self.project, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        os.chown(path, self.user.uid, self.user.gid)
        return path

    def environment(self, **more):
        env = {
            "PATH": os.path.join(self.root, "bin") + ":/usr/local/bin:/usr/bin:/bin",
            "HOME": self.home,
            "USER": self.user.name,
            "LOGNAME": self.user.name,
            "SHELL": "/bin/bash",
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
            "PS1": "OUT$ ",
        }
        env.update(self.variables)
        env.update(more)
        return env

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
