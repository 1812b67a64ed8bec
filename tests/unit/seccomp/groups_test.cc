// What the groups of seccomp/*.toml refuse, call by call, as the default profile puts them together.
#include <errno.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "attempts.h"
#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

using testing::Attempt;
using testing::attempts;
using testing::kPasses;
using testing::native_call;
using testing::refusal;

SyscallData call_of(const Attempt& attempt) {
  const SystemCall* call = find_call(attempt.syscall);
  SyscallData data = native_call(call == nullptr ? -1 : call->number);
  std::ranges::copy(attempt.arguments, data.arguments);
  return data;
}

std::string text_of(const Attempt& attempt) {
  std::string text = std::string(attempt.syscall) + "(";
  for (const std::uint64_t argument : attempt.arguments) text += std::to_string(argument) + ", ";
  return text + ")";
}

std::uint32_t expected(const Attempt& attempt) {
  return attempt.expected == kPasses ? SECCOMP_RET_ALLOW : refusal(attempt.expected);
}

TEST(Groups, TheDefaultProfileDecidesEachCall) {
  const auto program = testing::filter_up_to(FilterLevel::Default);
  for (const Attempt& attempt : attempts()) {
    ASSERT_NE(find_call(attempt.syscall), nullptr) << attempt.syscall;
    EXPECT_EQ(evaluate_filter(program, call_of(attempt)), expected(attempt)) << text_of(attempt);
  }
}

/// The attempt meets the row: same call, and its tests hold.
bool meets(const Attempt& attempt, const FilterRow& row) {
  return row.syscall == attempt.syscall && testing::holds(row.tests, call_of(attempt));
}

TEST(Groups, EveryRowHasAnAttemptThatItRefusesAndANeighbourThatPasses) {
  for (const FilterGroup& group : filter_groups()) {
    if (group.level > FilterLevel::Default) continue;
    for (const FilterRow& row : group.rows) {
      if (row.number < 0) continue;
      EXPECT_TRUE(std::ranges::any_of(
          attempts(), [&](const Attempt& attempt) { return meets(attempt, row) && attempt.expected == row.error; }))
          << group.name << " " << row.syscall << " " << row.condition;
      if (row.tests.empty()) continue;
      EXPECT_TRUE(std::ranges::any_of(
          attempts(),
          [&](const Attempt& attempt) { return row.syscall == attempt.syscall && attempt.expected == kPasses; }))
          << group.name << " " << row.syscall;
    }
  }
}

TEST(Groups, WithoutAGroupItsRowsPass) {
  for (const FilterGroup& left_out : filter_groups()) {
    FilterRules rules{{}, false};
    for (const FilterGroup& group : filter_groups()) {
      if (group.name != left_out.name && group.level <= FilterLevel::Default) testing::add_group(rules, group);
    }
    const auto program = compile_filter(rules);
    for (const Attempt& attempt : attempts()) {
      const SyscallData call = call_of(attempt);
      const bool by_another = std::ranges::any_of(rules.refusals, [&](const Refusal& rule) {
        return rule.number == call.number && testing::holds(rule.tests, call);
      });
      if (attempt.expected != kPasses && !by_another) {
        EXPECT_EQ(evaluate_filter(program, call), SECCOMP_RET_ALLOW) << left_out.name << ": " << text_of(attempt);
      }
    }
  }
}

TEST(Groups, StrictRefusesDebuggersToo) {
  const auto program = testing::filter_up_to(FilterLevel::Strict);
  for (const FilterRow& row : find_filter_group("debug")->rows) {
    EXPECT_EQ(evaluate_filter(program, native_call(row.number)), refusal(EPERM)) << row.syscall;
  }
}

TEST(Groups, MinimalIsTheTerminalAndTheMachineAround) {
  const auto program = testing::filter_up_to(FilterLevel::Minimal);
  for (const Attempt& attempt : attempts()) {
    const bool kept = std::ranges::any_of(std::array{"terminal", "windows"}, [&](const char* name) {
      return std::ranges::any_of(find_filter_group(name)->rows,
                                 [&](const FilterRow& row) { return meets(attempt, row); });
    });
    EXPECT_EQ(evaluate_filter(program, call_of(attempt)), kept ? refusal(EPERM) : SECCOMP_RET_ALLOW)
        << text_of(attempt);
  }
}

TEST(Groups, TheDefaultProfileRefusesNumbersWithoutAName) {
  const auto program = testing::filter_up_to(FilterLevel::Default);
  for (const int number : {700, 1000, 0x3fffffff}) {
    EXPECT_EQ(evaluate_filter(program, native_call(number)), refusal(ENOSYS));
    EXPECT_EQ(evaluate_filter(testing::filter_up_to(FilterLevel::Minimal), native_call(number)), SECCOMP_RET_ALLOW);
  }
}

TEST(Groups, EachHasItsWordsAndEachRowItsReason) {
  for (const FilterGroup& group : filter_groups()) {
    EXPECT_FALSE(group.meaning.empty()) << group.name;
    EXPECT_FALSE(group.danger.empty()) << group.name;
    EXPECT_EQ(group.rows.empty(), group.unknown_calls) << group.name;
    const SystemCall* same = find_call(group.name);
    const bool only_that = group.rows.size() == 1 && group.rows[0].syscall == group.name && group.rows[0].tests.empty();
    EXPECT_TRUE(same == nullptr || only_that) << group.name << " would mean two things";
    for (const FilterRow& row : group.rows) {
      EXPECT_EQ(row.error == 0, row.error_name == "success") << row.syscall;
      EXPECT_EQ(row.condition.empty(), row.tests.empty()) << row.syscall;
      EXPECT_FALSE(row.reason.empty()) << row.syscall;
      EXPECT_FALSE(row.reference.empty()) << row.syscall;
    }
  }
}

TEST(Groups, KnownCallsAreInOrderAndAsTheHeadersHaveThem) {
  const auto calls = known_calls();
  EXPECT_TRUE(std::ranges::is_sorted(calls, {}, &SystemCall::number));
  EXPECT_EQ(find_call("read")->number, SYS_read);
  EXPECT_EQ(find_call("clone3")->number, SYS_clone3);
  EXPECT_EQ(find_call("openat2")->number, SYS_openat2);
  EXPECT_EQ(find_call("no_such_call"), nullptr);
  EXPECT_EQ(find_filter_group("no_such_group"), nullptr);
  EXPECT_EQ(native_architecture(), testing::kNative);
}

}  // namespace
}  // namespace fence
