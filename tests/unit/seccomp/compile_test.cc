// Programs made from rules, against the rules themselves.
#include <errno.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

using testing::kNative;
using testing::kRefused;
using testing::native_call;
using testing::refusal;

constexpr std::uint32_t kOne[] = {0x0c00};
constexpr std::uint32_t kThree[] = {1, 2, 0xffffffff};
constexpr ArgumentTest kBit[] = {{ArgumentTest::Kind::AnyBit, 1, kOne}};
constexpr ArgumentTest kMember[] = {{ArgumentTest::Kind::Is, 0, kThree}};
constexpr ArgumentTest kStranger[] = {{ArgumentTest::Kind::IsNot, 0, kThree}};
constexpr ArgumentTest kBoth[] = {{ArgumentTest::Kind::Is, 5, kThree}, {ArgumentTest::Kind::AnyBit, 5, kOne}};
constexpr ArgumentTest kPointer[] = {{ArgumentTest::Kind::NotNull, 1, {}}};

std::uint32_t run(const FilterRules& rules, const SyscallData& call) {
  return evaluate_filter(compile_filter(rules), call);
}

TEST(CompileFilter, WithoutRulesEveryCallThatHasANamePasses) {
  const auto program = compile_filter({{}, true});
  for (const SystemCall& call : known_calls()) {
    EXPECT_EQ(evaluate_filter(program, native_call(call.number)), SECCOMP_RET_ALLOW) << call.name;
  }
}

TEST(CompileFilter, NumbersWithoutANameDoNotExist) {
  const auto closed = compile_filter({{}, true}), open = compile_filter({{}, false});
  const auto calls = known_calls();
  int gaps = 0;
  for (std::int32_t number = 0; number < 2000; ++number) {
    if (std::ranges::find(calls, number, &SystemCall::number) != calls.end()) continue;
    ++gaps;
    EXPECT_EQ(evaluate_filter(closed, native_call(number)), refusal(ENOSYS)) << number;
    EXPECT_EQ(evaluate_filter(open, native_call(number)), SECCOMP_RET_ALLOW) << number;
  }
  EXPECT_GT(gaps, 1000);
  for (const std::int32_t number : {0x3fffffff, calls.back().number + 1}) {
    EXPECT_EQ(evaluate_filter(closed, native_call(number)), refusal(ENOSYS)) << number;
  }
}

TEST(CompileFilter, ACallThatATracerSkippedPasses) { EXPECT_EQ(run({{}, true}, native_call(-1)), SECCOMP_RET_ALLOW); }

TEST(CompileFilter, ForeignAbisAreKilled) {
  for (const bool unknown : {false, true}) {
    SyscallData call = native_call(SYS_getpid);
    call.architecture = kNative == AUDIT_ARCH_AARCH64 ? AUDIT_ARCH_ARM : AUDIT_ARCH_I386;
    EXPECT_EQ(run({{}, unknown}, call), SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
    for (const std::int32_t number : {0x40000000, 0x40000000 | 39, 0x40000000 | 547, 0x7fffffff, -2}) {
      EXPECT_EQ(run({{}, unknown}, native_call(number)), SECCOMP_RET_KILL_PROCESS) << number;
    }
#endif
  }
}

TEST(CompileFilter, EachKindOfTestLooksAtTheLowHalfOnly) {
  for (const std::uint64_t high : {0ULL, 1ULL << 32, 0xdeadbeef00000000ULL}) {
    const FilterRules bit{{{SYS_read, kBit, EPERM}}, false};
    EXPECT_EQ(run(bit, native_call(SYS_read, 0, high | 0x800)), kRefused);
    EXPECT_EQ(run(bit, native_call(SYS_read, 0, high | 0x400 | 1)), kRefused);
    EXPECT_EQ(run(bit, native_call(SYS_read, 0xc00, high | ~0xc00U)), SECCOMP_RET_ALLOW);
    const FilterRules member{{{SYS_read, kMember, EPERM}}, false};
    const FilterRules stranger{{{SYS_read, kStranger, EPERM}}, false};
    for (const std::uint32_t value : kThree) {
      EXPECT_EQ(run(member, native_call(SYS_read, high | value)), kRefused) << value;
      EXPECT_EQ(run(stranger, native_call(SYS_read, high | value)), SECCOMP_RET_ALLOW) << value;
    }
    for (const std::uint32_t value : {0U, 3U, 0xfffffffeU}) {
      EXPECT_EQ(run(member, native_call(SYS_read, high | value)), SECCOMP_RET_ALLOW) << value;
      EXPECT_EQ(run(stranger, native_call(SYS_read, high | value)), kRefused) << value;
    }
  }
}

TEST(CompileFilter, APointerIsNullWhereAllOfItsBitsAre) {
  constexpr ArgumentTest kFirstToo[] = {{ArgumentTest::Kind::NotNull, 0, {}}, {ArgumentTest::Kind::NotNull, 1, {}}};
  const FilterRules rules{{{SYS_read, kPointer, EPERM}, {SYS_write, kFirstToo, EPERM}}, false};
  for (const std::uint64_t pointer : {1ULL, 1ULL << 31, 1ULL << 32, 1ULL << 63, ~0ULL}) {
    EXPECT_EQ(run(rules, native_call(SYS_read, 0, pointer)), kRefused) << pointer;
    EXPECT_EQ(run(rules, native_call(SYS_write, pointer, pointer)), kRefused) << pointer;
    EXPECT_EQ(run(rules, native_call(SYS_write, pointer, 0)), SECCOMP_RET_ALLOW) << pointer;
    EXPECT_EQ(run(rules, native_call(SYS_write, 0, pointer)), SECCOMP_RET_ALLOW) << pointer;
  }
  EXPECT_EQ(run(rules, native_call(SYS_read, ~0ULL, 0, ~0ULL)), SECCOMP_RET_ALLOW);
}

TEST(CompileFilter, ARuleMayGiveSuccess) {
  EXPECT_EQ(run({{{SYS_read, {}, 0}}, false}, native_call(SYS_read)), SECCOMP_RET_ERRNO);
}

TEST(CompileFilter, OfSeveralRulesTheFirstThatHoldsCounts) {
  const FilterRules rules{{{SYS_read, kMember, ENOSYS}, {SYS_read, kBit, EPERM}, {SYS_read, {}, EIO}}, false};
  EXPECT_EQ(run(rules, native_call(SYS_read, 2, 0xc00)), refusal(ENOSYS));
  EXPECT_EQ(run(rules, native_call(SYS_read, 3, 0xc00)), kRefused);
  EXPECT_EQ(run(rules, native_call(SYS_read, 3, 0)), refusal(EIO));
  EXPECT_EQ(run(rules, native_call(SYS_write, 2, 0xc00)), SECCOMP_RET_ALLOW);
}

Refusal any_refusal() {
  constexpr std::span<const ArgumentTest> kTests[] = {{}, kBit, kMember, kStranger, kBoth, kPointer};
  const auto calls = known_calls();
  const auto number = *rc::gen::oneOf(
      rc::gen::inRange<std::int32_t>(0, 12),
      rc::gen::map(rc::gen::inRange<std::size_t>(0, calls.size()), [calls](std::size_t i) { return calls[i].number; }));
  return {number, kTests[*rc::gen::inRange<std::size_t>(0, std::size(kTests))], *rc::gen::inRange(1, 100)};
}

std::uint32_t by_the_rules(const FilterRules& rules, const SyscallData& call) {
  const auto calls = known_calls();
  if (call.architecture != kNative) return SECCOMP_RET_KILL_PROCESS;
  if (call.number == -1) return SECCOMP_RET_ALLOW;
#if defined(__x86_64__)
  if (static_cast<std::uint32_t>(call.number) >= 0x40000000) return SECCOMP_RET_KILL_PROCESS;
#endif
  if (std::ranges::find(calls, call.number, &SystemCall::number) == calls.end())
    return rules.refuse_unknown ? refusal(ENOSYS) : SECCOMP_RET_ALLOW;
  for (const Refusal& rule : rules.refusals) {
    if (rule.number == call.number && testing::holds(rule.tests, call)) return refusal(rule.error);
  }
  return SECCOMP_RET_ALLOW;
}

// With hundreds of rules there are blocks that a conditional jump cannot skip.
RC_GTEST_PROP(CompileFilter, ProgramsDoWhatTheRulesSay, ()) {
  FilterRules rules;
  rules.refuse_unknown = *rc::gen::arbitrary<bool>();
  for (int left = *rc::gen::elementOf(std::vector<int>{0, 1, 5, 40, 400}); left > 0; --left)
    rules.refusals.push_back(any_refusal());
  const auto program = compile_filter(rules);
  RC_ASSERT(program.size() <= std::size_t{BPF_MAXINSNS});
  for (int calls = 0; calls < 200; ++calls) {
    SyscallData call = native_call(0);
    const bool planned = !rules.refusals.empty() && *rc::gen::inRange(0, 3) != 0;
    call.number = planned ? (*rc::gen::elementOf(rules.refusals)).number
                          : *rc::gen::oneOf(rc::gen::inRange(-3, 600), rc::gen::arbitrary<std::int32_t>());
    for (auto& argument : call.arguments) {
      argument =
          *rc::gen::oneOf(rc::gen::elementOf(std::vector<std::uint64_t>{0, 1, 2, 3, 0x400, 0xfffff3ff, 0xffffffff}),
                          rc::gen::arbitrary<std::uint64_t>());
    }
    RC_ASSERT(evaluate_filter(program, call) == by_the_rules(rules, call));
  }
}

}  // namespace
}  // namespace fence
