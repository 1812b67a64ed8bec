#include "late_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>

namespace fence::launch {
namespace {

struct Pipe {
  UniqueFd reader;
  LateFd writer;
};

Pipe pipe_with_late_writer() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  Pipe made{UniqueFd(ends[0]), {}};
  made.writer.set(UniqueFd(ends[1]));
  return made;
}

bool hung_up(const UniqueFd& reader, int milliseconds) {
  pollfd ended{.fd = reader.get(), .events = 0, .revents = 0};
  return poll(&ended, 1, milliseconds) == 1 && (ended.revents & POLLHUP) != 0;
}

TEST(LateFd, IsClosedInTheEnd) {
  Pipe made = pipe_with_late_writer();
  const int number = made.writer.get();
  EXPECT_FALSE(hung_up(made.reader, 0));
  { const LateFd ending = std::move(made.writer); }
  EXPECT_EQ(fcntl(number, F_GETFD), -1) << "its number is free at once";
  EXPECT_TRUE(hung_up(made.reader, 10'000));
}

TEST(LateFd, OutlivesItsProcessByLittle) {
  Pipe made = pipe_with_late_writer();
  const pid_t child = fork();
  if (child == 0) {
    { const LateFd ending = std::move(made.writer); }
    _exit(0);
  }
  ASSERT_GT(child, 0);
  { const LateFd own = std::move(made.writer); }
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(hung_up(made.reader, 10'000));
}

TEST(LateFd, IsClosedAtOnceWhereNoDescriptorIsLeftForARing) {
  Pipe made = pipe_with_late_writer();
  const pid_t child = fork();
  if (child == 0) {
    while (dup(0) >= 0) {
    }
    if (errno != EMFILE) _exit(2);
    { const LateFd ending = std::move(made.writer); }
    _exit(dup(0) >= 0 ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  { const LateFd own = std::move(made.writer); }
  EXPECT_TRUE(hung_up(made.reader, 10'000));
}

}  // namespace
}  // namespace fence::launch
