#include "fence/util/companions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace fence {
namespace {

/// Only the first end asks who writes.
std::pair<UniqueFd, UniqueFd> socket_ends() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const int yes = 1;
  EXPECT_EQ(::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST(Companions, ADescriptorAndTheSenderComeAlongWithAMessage) {
  const auto [near, far] = socket_ends();
  const UniqueFd null(::open("/dev/null", O_RDONLY));
  ASSERT_TRUE(send_with(far.get(), 7, null.get()));
  int value = 0;
  Companions along;
  ASSERT_EQ(receive_with(near.get(), 0, value, along), static_cast<ssize_t>(sizeof value));
  EXPECT_EQ(value, 7);
  EXPECT_EQ(along.sender, ::getpid());
  struct stat sent {
  }, came{};
  ASSERT_EQ(::fstat(null.get(), &sent), 0);
  ASSERT_EQ(::fstat(along.fd.get(), &came), 0);
  EXPECT_EQ(came.st_rdev, sent.st_rdev);
  EXPECT_EQ(::fcntl(along.fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST(Companions, NoneComeWhereNoneAreSentOrAskedFor) {
  const auto [near, far] = socket_ends();
  ASSERT_TRUE(send_with(near.get(), 'x', -1));
  char value = 0;
  Companions along;
  ASSERT_EQ(receive_with(far.get(), 0, value, along), 1);
  EXPECT_EQ(value, 'x');
  EXPECT_FALSE(along.fd);
  EXPECT_FALSE(along.sender.has_value());
}

TEST(Companions, AnEndThatIsGoneIsToldByBothCalls) {
  auto ends = socket_ends();
  ends.second.reset();
  EXPECT_FALSE(send_with(ends.first.get(), 'x', -1));
  EXPECT_EQ(errno, EPIPE);
  char value = 0;
  Companions along;
  EXPECT_EQ(receive_with(ends.first.get(), 0, value, along), 0);
}

}  // namespace
}  // namespace fence
