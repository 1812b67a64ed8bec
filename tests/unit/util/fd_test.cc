#include "fence/util/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace fence {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesWhenItGoes) {
  const int raw = open_null();
  {
    const UniqueFd fd(raw);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, MovedFromHasNone) {
  UniqueFd first(open_null());
  const int raw = first.get();
  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), raw);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(is_open(raw));
}

TEST(UniqueFd, AssignmentClosesTheOldOne) {
  UniqueFd first(open_null());
  UniqueFd second(open_null());
  const int old = first.get();
  const int kept = second.get();
  first = std::move(second);
  EXPECT_FALSE(is_open(old));
  EXPECT_TRUE(is_open(kept));
  EXPECT_EQ(first.get(), kept);
}

TEST(UniqueFd, ReleasedIsNotClosed) {
  UniqueFd fd(open_null());
  const int raw = fd.release();
  EXPECT_FALSE(fd);
  ASSERT_TRUE(is_open(raw));
  EXPECT_EQ(::close(raw), 0);
}

}  // namespace
}  // namespace fence
