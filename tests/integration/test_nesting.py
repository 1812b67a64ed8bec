"""User namespaces inside: denied by default, allowed on request, never for root."""

from cases import PYTHON, Case, as_both

CLONE = """
import ctypes, os, sys
CLONE_NEWUSER = 0x10000000
if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
"""


@as_both
class DeniedByDefault(Case):
    def test_unshare(self):
        self.succeeded(self.outside(*PYTHON, CLONE))
        self.failed(self.fence("--", *PYTHON, CLONE), "Operation not permitted")

    def test_without_the_filter_the_limit_refuses_it(self):
        """Each of the two walls holds alone; `nesting` takes both away."""
        self.failed(self.fence("--set", 'seccomp.allow=["namespaces"]', "--", *PYTHON, CLONE), "No space left on device")

    def test_the_limit_cannot_be_raised(self):
        self.failed(self.inside("echo 100 >/proc/sys/user/max_user_namespaces"))

    def test_no_sandbox_in_the_sandbox(self):
        self.failed(self.inside(f"{self.place.fence} true && exit 0; exit 5"))


class Allowed(Case):
    def test_unshare(self):
        self.succeeded(self.fence("--nesting", "--", *PYTHON, CLONE))
        self.settings("nesting = true\n")
        self.succeeded(self.fence("--", *PYTHON, CLONE))

    def test_fence_in_fence(self):
        out = self.output(f"{self.place.fence} sh -c 'echo inner; echo x >made; grep NoNewPrivs /proc/self/status'", "--nesting")
        self.assertEqual(out.split(), ["inner", "NoNewPrivs:", "1"])

    def test_the_inner_sandbox_hides_more_and_never_less(self):
        self.file("home/.netrc", "secret")
        self.file("home/project/file", "x")
        self.refused(self.inside(f"{self.place.fence} -r ~/.netrc -- cat ~/.netrc", "--nesting"), ".netrc")
        self.failed(self.inside(f"{self.place.fence} --deny-read file -- cat file", "--nesting"))

    def test_bwrap_in_fence(self):
        self.output("bwrap --ro-bind / / --unshare-all --proc /proc --dev /dev true", "--nesting")


class RefusedForRoot(Case):
    AS_ROOT = True

    def test_refused(self):
        self.refused(self.fence("--nesting", "--", "true"), "root")
