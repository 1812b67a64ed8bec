#include "fence/util/process_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <functional>

namespace fence {
namespace {

/// Whether `holds` does in a process of its own.
bool holds_in_a_child(const std::function<bool()>& holds) {
  const Clone child = clone_process(0);
  if (child.pid == 0) _exit(holds() ? 0 : 1);
  const UniqueFd pidfd(child.pidfd);
  int status = -1;
  return child.pid > 0 && waitpid(child.pid, &status, 0) == child.pid && status == 0;
}

bool stays_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(ProcessCalls, AChildComesWithADescriptorThatTellsItsEnd) {
  const Clone child = clone_process(0);
  if (child.pid == 0) _exit(child.pidfd == -1 ? 0 : 1);
  ASSERT_GT(child.pid, 0);
  const UniqueFd pidfd(child.pidfd);
  EXPECT_EQ(fcntl(pidfd.get(), F_GETFD), FD_CLOEXEC);
  pollfd ended{pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 60'000), 1);
  int status = -1;
  EXPECT_EQ(waitpid(child.pid, &status, 0), child.pid);
  EXPECT_EQ(status, 0);
}

TEST(ProcessCalls, WhatAChildDoesNotHoldIsFoundOut) {
  EXPECT_FALSE(holds_in_a_child([] { return false; }));
}

TEST(ProcessCalls, AllDescriptorsCloseButTheKeptOnes) {
  EXPECT_TRUE(holds_in_a_child([] {
    for (int fd = 3; fd < 20; ++fd) dup2(0, fd);
    const int kept[] = {12, -1, 5, 6, 5};
    if (!close_all_but(3, kept)) return false;
    for (int fd = 0; fd < 20; ++fd) {
      if (stays_open(fd) != (fd < 3 || fd == 5 || fd == 6 || fd == 12)) return false;
    }
    return true;
  }));
}

TEST(ProcessCalls, OneBelowTheFirstIsLeftAlone) {
  EXPECT_TRUE(holds_in_a_child([] {
    for (int fd = 3; fd < 10; ++fd) dup2(0, fd);
    const int kept[] = {4, 7};
    return close_all_but(6, kept) && stays_open(3) && stays_open(5) && !stays_open(6) && stays_open(7) &&
           !stays_open(8);
  }));
}

TEST(ProcessCalls, WithoutAnyToKeepAllClose) {
  EXPECT_TRUE(holds_in_a_child([] {
    dup2(0, 9);
    return close_all_but(0, {}) && !stays_open(0) && !stays_open(9);
  }));
}

}  // namespace
}  // namespace fence
