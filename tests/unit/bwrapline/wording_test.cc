#include <gtest/gtest.h>

#include <cerrno>

#include "fence/bwrapline/failure.h"
#include "words.h"

namespace fence::bwrapline {
namespace {

std::string text(Failed what, int error, const std::vector<std::string>& words, std::uint32_t detail = 0) {
  return failure_text({what, error, 0, detail}, invocation(words), "there");
}

TEST(Wording, IsWhatCallersLookFor) {
  EXPECT_EQ(text(Failed::Source, ENOENT, {"--bind", "/s", "/d", "x"}),
            "Can't find source path /s: No such file or directory");
  EXPECT_EQ(text(Failed::Proc, EPERM, {"--proc", "/proc", "x"}),
            "Can't mount proc on /newroot/proc: Operation not permitted");
  EXPECT_EQ(text(Failed::Namespaces, EPERM, {"x"}).substr(0, 42), "No permissions to create new namespace, li");
  EXPECT_EQ(text(Failed::Namespaces, ENOMEM, {"x"}), "Creating new namespace failed: Cannot allocate memory");
  EXPECT_EQ(text(Failed::JoinUser, EPERM, {"x"}), "Joining specified user namespace failed: Operation not permitted");
  EXPECT_EQ(text(Failed::JoinUser, EINVAL, {"x"}).substr(0, 43), "Joining the specified user namespace failed");
  EXPECT_EQ(text(Failed::UidMap, EACCES, {"x"}), "setting up uid map: Permission denied");
  EXPECT_EQ(text(Failed::Execute, ENOENT, {"cmd"}), "execvp cmd: No such file or directory");
}

TEST(Wording, NamesThePlaceAsItIsThere) {
  EXPECT_EQ(text(Failed::Bind, EINVAL, {"--bind", "//s", "d", "x"}),
            "Can't bind mount /oldroot/s on /newroot/d: Unable to mount source on destination: Invalid argument");
  EXPECT_EQ(text(Failed::NoMountPoint, 0, {"--remount-ro", "/d", "x"}),
            "Can't remount readonly on /newroot/d: Unable to find \"/newroot/d\" in mount table");
  EXPECT_EQ(text(Failed::DevBind, EPERM, {"--dev", "/dev", "x"}, 1),
            "Can't bind mount /oldroot/dev/zero on /newroot/dev/zero: Unable to mount source on destination: Operation "
            "not permitted");
}

TEST(Wording, NamesWhatDiffers) {
  EXPECT_EQ(text(Failed::LinkDiffers, 0, {"--symlink", "a", "/l", "x"}),
            "Can't make symlink at /l: existing destination is there");
  EXPECT_EQ(text(Failed::ChangeMode, ENOENT, {"--chmod", "1777", "/l", "x"}),
            "Can't chmod 01777 /l: No such file or directory");
  EXPECT_EQ(text(Failed::Source, ENOENT, {"--overlay-src", "a", "--overlay", "u", "w", "/d", "x"}, 2),
            "Can't find source path w: No such file or directory");
  EXPECT_EQ(text(Failed::LockOpen, ENOENT, {"--lock-file", "/a", "--lock-file", "/b", "x"}, 1),
            "Unable to open lock file /b: No such file or directory");
}

}  // namespace
}  // namespace fence::bwrapline
