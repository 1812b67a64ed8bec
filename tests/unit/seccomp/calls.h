#pragma once
// Calls as a filter sees them, on the machine that runs the tests, and filters of some groups.
#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "fence/seccomp/seccomp.h"

namespace fence::testing {

#if defined(__x86_64__)
inline constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
inline constexpr std::uint32_t kNative = AUDIT_ARCH_RISCV64;
#else
#error "add the architecture's AUDIT_ARCH constant"
#endif

inline SyscallData native_call(long number, std::uint64_t arg0 = 0, std::uint64_t arg1 = 0, std::uint64_t arg2 = 0,
                               std::uint64_t arg3 = 0) {
  SyscallData call;
  call.number = static_cast<std::int32_t>(number);
  call.architecture = kNative;
  call.arguments[0] = arg0;
  call.arguments[1] = arg1;
  call.arguments[2] = arg2;
  call.arguments[3] = arg3;
  return call;
}

inline constexpr std::uint32_t refusal(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }
inline constexpr std::uint32_t kRefused = refusal(1);  // EPERM

inline void add_group(FilterRules& rules, const FilterGroup& group) {
  if (group.unknown_calls) rules.refuse_unknown = true;
  for (const FilterRow& row : group.rows) {
    if (row.number >= 0) rules.refusals.push_back({row.number, row.tests, row.error});
  }
}

inline std::vector<BpfInstruction> filter_of(std::initializer_list<std::string_view> groups) {
  FilterRules rules{{}, false};
  for (const std::string_view name : groups) add_group(rules, *find_filter_group(name));
  return compile_filter(rules);
}

/// All groups up to a level.
inline std::vector<BpfInstruction> filter_up_to(FilterLevel level) {
  FilterRules rules{{}, false};
  for (const FilterGroup& group : filter_groups()) {
    if (group.level <= level) add_group(rules, group);
  }
  return compile_filter(rules);
}

/// What a row says, without any program.
inline bool holds(const ArgumentTest& test, const SyscallData& call) {
  const auto low = static_cast<std::uint32_t>(call.arguments[test.argument]);
  bool found = false;
  for (const std::uint32_t value : test.values) found = found || low == value;
  switch (test.kind) {
    case ArgumentTest::Kind::AnyBit:
      return (low & test.values[0]) != 0;
    case ArgumentTest::Kind::Is:
      return found;
    case ArgumentTest::Kind::IsNot:
      return !found;
    case ArgumentTest::Kind::NotNull:
      return call.arguments[test.argument] != 0;
  }
  return false;
}
inline bool holds(std::span<const ArgumentTest> tests, const SyscallData& call) {
  for (const ArgumentTest& test : tests) {
    if (!holds(test, call)) return false;
  }
  return true;
}

}  // namespace fence::testing
