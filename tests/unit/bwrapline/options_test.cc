#include <gmock/gmock.h>

#include "words.h"

namespace fence::bwrapline {
namespace {

// The options of bubblewrap 0.11.1: whoever looks for one in --help must find it.
constexpr const char* kAll =
    "--help --version --args --argv0 --level-prefix --unshare-all --share-net --unshare-user --unshare-user-try "
    "--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup --unshare-cgroup-try --userns --userns2 "
    "--disable-userns --assert-userns-disabled --pidns --uid --gid --hostname --chdir --clearenv --setenv --unsetenv "
    "--lock-file --sync-fd --bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --bind-fd --ro-bind-fd "
    "--remount-ro --overlay-src --overlay --tmp-overlay --ro-overlay --exec-label --file-label --proc --dev --tmpfs "
    "--mqueue --dir --file --bind-data --ro-bind-data --symlink --seccomp --add-seccomp-fd --block-fd "
    "--userns-block-fd --info-fd --json-status-fd --new-session --die-with-parent --as-pid-1 --cap-add --cap-drop "
    "--perms --size --chmod";

TEST(Help, NamesEveryOption) {
  const std::string text = help("prog");
  EXPECT_TRUE(text.starts_with("usage: prog [OPTIONS...] [--] COMMAND [ARGS...]\n\n"));
  std::string options = std::string(kAll) + " ";
  for (std::size_t at = 0; at < options.size();) {
    const std::size_t end = options.find(' ', at);
    EXPECT_THAT(text, testing::HasSubstr("\n    " + options.substr(at, end - at) + " "));
    at = end + 1;
  }
}

TEST(Help, IsGivenWhereItIsReached) {
  EXPECT_TRUE(std::holds_alternative<HelpWanted>(parse_words({"--dir", "/a", "--help", "--bogus"}).outcome));
  EXPECT_TRUE(std::holds_alternative<VersionWanted>(parse_words({"--version", "--help"}).outcome));
  EXPECT_EQ(refusal({"--bogus", "--help"}), "Unknown option --bogus");
}

TEST(Missing, IsSaidInBwrapsWords) {
  EXPECT_EQ(refusal({"--bind", "a"}), "--bind takes two arguments");
  EXPECT_EQ(refusal({"--ro-bind-fd", "1"}), "--bind-fd takes two arguments");
  EXPECT_EQ(refusal({"--chdir"}), "--chdir takes one argument");
  EXPECT_EQ(refusal({"--args"}), "--args takes an argument");
  EXPECT_EQ(refusal({"--overlay", "a", "b"}), "--overlay takes three arguments");
  EXPECT_EQ(refusal({"--overlay-src"}), "--overlay-src takes an argument");
}

TEST(Unknown, IsRefused) {
  EXPECT_EQ(refusal({"-h"}), "Unknown option -h");
  EXPECT_EQ(refusal({"-"}), "Unknown option -");
  EXPECT_EQ(refusal({"--chdir=/x", "x"}), "Unknown option --chdir=/x");
  EXPECT_EQ(refusal({"--exec-label", "x", "x"}), "labeling not supported on this system");
}

}  // namespace
}  // namespace fence::bwrapline
