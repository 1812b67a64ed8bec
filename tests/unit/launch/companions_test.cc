#include "companions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "descriptors.h"

namespace fence::launch {
namespace {

TEST(Companions, ADescriptorAndTheSenderComeAlongWithAMessage) {
  const auto ends = make_control_pair();
  ASSERT_TRUE(ends.has_value());
  const auto& [near, far] = *ends;
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
  const auto ends = make_control_pair();
  ASSERT_TRUE(ends.has_value());
  const auto& [near, far] = *ends;
  ASSERT_TRUE(send_with(near.get(), 'x', -1));
  char value = 0;
  Companions along;
  ASSERT_EQ(receive_with(far.get(), 0, value, along), 1);
  EXPECT_EQ(value, 'x');
  EXPECT_FALSE(along.fd);
  EXPECT_FALSE(along.sender.has_value()) << "only the first end asks for it";
}

TEST(Companions, AnEndThatIsGoneIsToldByBothCalls) {
  auto ends = make_control_pair();
  ASSERT_TRUE(ends.has_value());
  ends->second.reset();
  EXPECT_FALSE(send_with(ends->first.get(), 'x', -1));
  EXPECT_EQ(errno, EPIPE);
  char value = 0;
  Companions along;
  EXPECT_EQ(receive_with(ends->first.get(), 0, value, along), 0);
}

}  // namespace
}  // namespace fence::launch
