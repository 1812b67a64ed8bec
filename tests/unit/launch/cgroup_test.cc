// Real groups, where this machine lets its caller make any: with files that every group has, since which controllers
// there are is the machine's.
#include "cgroup.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "fence/util/mountinfo.h"
#include "fence/util/text.h"

namespace fence::launch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Where cgroup2 is mounted as a whole, and writable; "" where it is not.
std::string hierarchy() {
  for (const std::string& line : split(content_of("/proc/self/mountinfo"), '\n')) {
    const auto mount = parse_mountinfo_line(line);
    if (mount && mount->type == "cgroup2" && access(mount->point.c_str(), W_OK) == 0) return mount->point;
  }
  return "";
}

class Groups : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string top = hierarchy();
    if (top.empty()) GTEST_SKIP() << "no cgroup2 in which groups can be made";
    parent_ = top + "/fence-test-" + std::to_string(getpid());
    std::error_code error;
    if (!std::filesystem::create_directory(parent_, error)) GTEST_SKIP() << "mkdir: " << error.message();
  }
  void TearDown() override {
    if (parent_.empty()) return;
    EXPECT_EQ(rmdir(parent_.c_str()), 0) << errno_text(errno);
  }

  [[nodiscard]] std::vector<std::string> children() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(parent_)) {
      if (entry.is_directory()) names.push_back(entry.path().filename());
    }
    return names;
  }
  [[nodiscard]] CgroupPlan plan(std::vector<CgroupSetting> settings = {}) const {
    return {*HostPath::parse(parent_), std::move(settings)};
  }
  [[nodiscard]] bool gone_in_time() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!children().empty() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return children().empty();
  }

  std::string parent_;
};

/// A child that does nothing.
pid_t idle_child() {
  const pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  return pid;
}

TEST_F(Groups, IsMadeWithItsSettingsAndGoneAtTheEnd) {
  {
    const auto group = SandboxGroup::make(plan({{"cgroup.max.depth", "7", ""}, {"no.such", "1", "", true}}));
    ASSERT_TRUE(group) << to_string(group.error());
    ASSERT_THAT(children(), SizeIs(1));
    EXPECT_EQ(content_of(parent_ + "/" + children()[0] + "/cgroup.max.depth"), "7\n");
    EXPECT_THAT(group->reached(), IsEmpty());
  }
  EXPECT_THAT(children(), IsEmpty());
}

TEST_F(Groups, TwoAtATimeHaveTheirOwn) {
  const auto one = SandboxGroup::make(plan()), other = SandboxGroup::make(plan());
  ASSERT_TRUE(one && other);
  EXPECT_THAT(children(), SizeIs(2));
}

TEST_F(Groups, AFileThatIsMissingOrRefusedLeavesNothing) {
  const auto missing = SandboxGroup::make(plan({{"pids.max", "7", ""}}));
  ASSERT_FALSE(missing);
  EXPECT_THAT(to_string(missing.error()), HasSubstr("opening pids.max: no such file or directory"));
  const auto refused = SandboxGroup::make(plan({{"cgroup.max.depth", "many", ""}}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(to_string(refused.error()), HasSubstr("writing many to cgroup.max.depth: invalid argument"));
  EXPECT_THAT(children(), IsEmpty());
}

TEST_F(Groups, AValueThatReadsBackAsAnotherIsRefused) {
  // The kernel takes blanks, and gives the number.
  const auto group = SandboxGroup::make(plan({{"cgroup.max.depth", "007", ""}}));
  ASSERT_FALSE(group);
  EXPECT_THAT(to_string(group.error()), HasSubstr("cgroup.max.depth is 7 after 007 was written"));
}

TEST_F(Groups, APlaceThatIsNoGroupIsRefused) {
  const auto group = SandboxGroup::make({*HostPath::parse("/tmp"), {}});
  ASSERT_FALSE(group);
  EXPECT_THAT(to_string(group.error()), HasSubstr("/tmp is no control group"));
}

TEST_F(Groups, AProcessIsMovedAndConfirmedAndKilledAtTheEnd) {
  const pid_t pid = idle_child();
  {
    const auto group = SandboxGroup::make(plan());
    ASSERT_TRUE(group) << to_string(group.error());
    EXPECT_FALSE(group->confirm(pid));
    ASSERT_TRUE(group->take_in(pid));
    EXPECT_TRUE(group->confirm(pid));
    EXPECT_FALSE(group->confirm(getpid()));
    EXPECT_THAT(content_of("/proc/" + std::to_string(pid) + "/cgroup"), HasSubstr(children()[0] + "/inside\n"));
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_THAT(children(), IsEmpty());
}

TEST_F(Groups, GroupsMadeInsideGoAsWell) {
  {
    const auto group = SandboxGroup::make(plan());
    ASSERT_TRUE(group) << to_string(group.error());
    const std::string inside = parent_ + "/" + children()[0] + "/inside";
    std::filesystem::create_directories(inside + "/a/b/c");
    std::filesystem::create_directories(inside + "/d");
  }
  EXPECT_THAT(children(), IsEmpty());
}

TEST_F(Groups, IsRemovedWhereItsOwnerIsKilled) {
  const pid_t idle = idle_child();
  int ready[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    const auto group = SandboxGroup::make(plan());
    if (!group || !group->take_in(idle)) _exit(1);
    const auto told [[maybe_unused]] = write(ready[1], "", 1);
    for (;;) pause();
  }
  close(ready[1]);
  char word = 0;
  ASSERT_EQ(read(ready[0], &word, 1), 1);
  EXPECT_THAT(children(), SizeIs(1));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  EXPECT_TRUE(gone_in_time());
  int status = 0;
  EXPECT_EQ(waitpid(idle, &status, 0), idle);
  EXPECT_TRUE(WIFSIGNALED(status));
  // The janitor held nothing of its owner's: the pipe is at its end.
  EXPECT_EQ(read(ready[0], &word, 1), 0);
  close(ready[0]);
}

}  // namespace
}  // namespace fence::launch
