#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

#include "bwrap_process.h"
#include "fence/launch/launch.h"

namespace fence {
namespace {

TEST(ExitStatus, IsTheCommandsOwn) {
  EXPECT_EQ(exit_status({.end = Exited{0}}), 0);
  EXPECT_EQ(exit_status({.end = Exited{255}}), 255);
}

TEST(ExitStatus, OfASignalIs128More) {
  EXPECT_EQ(exit_status({.end = Killed{SIGTERM}}), 143);
  EXPECT_EQ(exit_status({.end = Killed{SIGINT}, .die_of = SIGINT}), 130);
}

TEST(ExitStatus, TellsNotFoundFromNotExecutable) {
  EXPECT_EQ(exit_status({.end = NotExecuted{ENOENT, false}}), 127);
  EXPECT_EQ(exit_status({.end = NotExecuted{EACCES, true}}), 126);
  EXPECT_EQ(exit_status({.end = NotExecuted{ENOENT, true}}), 126);
}

TEST(ExitStatus, OfTheEndOfTimeIsThatOfTimeout) {
  EXPECT_EQ(exit_status({.end = Killed{SIGTERM}, .time_is_up = true}), 124);
  EXPECT_EQ(exit_status({.end = Exited{0}, .time_is_up = true}), 124);
}

TEST(NotExecutedError, MissingInterpreterIsNotAMissingCommand) {
  EXPECT_EQ(not_executed_error("x", {ENOENT, false}).why, "command not found");
  EXPECT_EQ(not_executed_error("x", {ENOENT, true}).why, "its interpreter or loader was not found");
}

TEST(NotExecutedError, NameIsPrintable) {
  EXPECT_EQ(not_executed_error("a\x1b[2J", {ENOENT, false}).what, "cannot run a\\x1b[2J");
}

BwrapInvocation invocation(std::vector<BwrapWord> options) {
  BwrapInvocation made;
  made.program = "/usr/bin/bwrap";
  made.options = std::move(options);
  return made;
}

TEST(FinalOptions, PayloadsBecomeDescriptorNumbers) {
  const auto words = launch::final_options(
      invocation({std::string("--userns"), PayloadWord{1}, std::string("--file"), PayloadWord{0}}), {11, 12}, false);
  EXPECT_EQ(words, (std::vector<std::string>{"--userns", "12", "--file", "11", "--as-pid-1"}));
}

TEST(FinalOptions, TheFilterIsTheCommandsAndNotTheStages) {
  const auto words =
      launch::final_options(invocation({std::string("--seccomp"), PayloadWord{0}, std::string("--setenv"),
                                        std::string("A"), std::string("--seccomp")}),
                            {-1}, false);
  EXPECT_EQ(words, (std::vector<std::string>{"--setenv", "A", "--seccomp", "--as-pid-1"}));
}

TEST(FinalOptions, StageOutlivesNothingWithoutBwrapsOwnParentDeath) {
  const auto words = launch::final_options(invocation({std::string("--die-with-parent")}), {}, false);
  EXPECT_EQ(words, std::vector<std::string>{"--as-pid-1"});
}

TEST(FinalOptions, RootsStageMayEmptyTheBoundingSetAndSearch) {
  const auto words = launch::final_options(invocation({std::string("--cap-drop"), std::string("ALL")}), {}, true);
  EXPECT_EQ(words, (std::vector<std::string>{"--cap-drop", "ALL", "--as-pid-1", "--cap-add", "CAP_SETPCAP", "--cap-add",
                                             "CAP_DAC_READ_SEARCH"}));
}

}  // namespace
}  // namespace fence
