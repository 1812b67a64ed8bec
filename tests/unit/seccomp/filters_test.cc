#include <errno.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

using testing::kNative;
using testing::kRefused;
using testing::native_call;

std::uint32_t terminal(const SyscallData& call) {
  static const auto kProgram = testing::filter_of({"terminal"});
  return evaluate_filter(kProgram, call);
}

struct Situation {
  const char* name;
  SyscallData call;
  std::uint32_t expected;
};

SyscallData foreign(std::uint32_t architecture, std::int32_t number, std::uint64_t request) {
  SyscallData call = native_call(number, 0, request);
  call.architecture = architecture;
  return call;
}

TEST(TerminalFilter, DecidesEachCall) {
  const Situation situations[] = {
    {"TIOCSTI", native_call(SYS_ioctl, 0, TIOCSTI), kRefused},
    {"TIOCSTI on another descriptor", native_call(SYS_ioctl, 7, TIOCSTI), kRefused},
    {"TIOCLINUX", native_call(SYS_ioctl, 0, TIOCLINUX), kRefused},
    {"TCGETS", native_call(SYS_ioctl, 0, TCGETS), SECCOMP_RET_ALLOW},
    {"TIOCSTI as another argument", native_call(SYS_ioctl, TIOCSTI, TCGETS, TIOCSTI), SECCOMP_RET_ALLOW},
    {"a neighbour of TIOCSTI", native_call(SYS_ioctl, 0, TIOCSTI ^ 1), SECCOMP_RET_ALLOW},
    {"TIOCSTI in the high half alone", native_call(SYS_ioctl, 0, std::uint64_t{TIOCSTI} << 32), SECCOMP_RET_ALLOW},
    {"read with TIOCSTI as its buffer", native_call(SYS_read, 0, TIOCSTI), SECCOMP_RET_ALLOW},
    {"execve", native_call(SYS_execve), SECCOMP_RET_ALLOW},
    {"a call skipped by a tracer", native_call(-1, 0, TIOCSTI), SECCOMP_RET_ALLOW},
    {"an architecture that does not exist", foreign(0, SYS_ioctl, TCGETS), SECCOMP_RET_KILL_PROCESS},
    {"another architecture", foreign(AUDIT_ARCH_S390X, 54, TIOCSTI), SECCOMP_RET_KILL_PROCESS},
#if defined(__x86_64__)
    {"i386 ioctl TIOCSTI by int 0x80", foreign(AUDIT_ARCH_I386, 54, TIOCSTI), SECCOMP_RET_KILL_PROCESS},
    {"i386 getpid", foreign(AUDIT_ARCH_I386, 20, 0), SECCOMP_RET_KILL_PROCESS},
    {"x32 ioctl TIOCSTI", native_call(0x40000000 | 514, 0, TIOCSTI), SECCOMP_RET_KILL_PROCESS},
    {"x32 getpid", native_call(0x40000000 | 39), SECCOMP_RET_KILL_PROCESS},
#endif
  };
  for (const auto& situation : situations) EXPECT_EQ(terminal(situation.call), situation.expected) << situation.name;
}

TEST(TerminalFilter, LooksAtTheLowHalfOfTheRequestOnly) {
  const std::uint64_t patterns[] = {1ULL << 32, 1ULL << 63, 0xdead00000000, 0xffffffff00000000, 0x7fffffff00000000};
  for (const std::uint64_t high : patterns) {
    EXPECT_EQ(terminal(native_call(SYS_ioctl, 0, TIOCSTI | high)), kRefused) << std::hex << high;
    EXPECT_EQ(terminal(native_call(SYS_ioctl, 0, TIOCLINUX | high)), kRefused) << std::hex << high;
    EXPECT_EQ(terminal(native_call(SYS_ioctl, 0, TCGETS | high)), SECCOMP_RET_ALLOW) << std::hex << high;
  }
}

// The negative control of the test above: the filter that compares all 64 bits, as libseccomp's plain SCMP_CMP_EQ does.
TEST(TerminalFilter, AFullComparisonWouldLetTheHighBitsThrough) {
  constexpr std::uint32_t number = 0, low = 24, high = 28;  // offsets in struct seccomp_data, little endian
  const BpfInstruction full_compare[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, number},   {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_ioctl},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, high},     {BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, low},      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, TIOCSTI},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}, {BPF_RET | BPF_K, 0, 0, kRefused},
  };
  EXPECT_EQ(evaluate_filter(full_compare, native_call(SYS_ioctl, 0, TIOCSTI)), kRefused);
  EXPECT_EQ(evaluate_filter(full_compare, native_call(SYS_ioctl, 0, TIOCSTI | 1ULL << 32)), SECCOMP_RET_ALLOW);
  EXPECT_EQ(evaluate_filter(full_compare, native_call(SYS_ioctl, 0, TIOCSTI | 0xdead00000000)), SECCOMP_RET_ALLOW);
}

std::uint32_t as_wanted(const SyscallData& call) {
  if (call.architecture != kNative) return SECCOMP_RET_KILL_PROCESS;
#if defined(__x86_64__)
  const auto number = static_cast<std::uint32_t>(call.number);
  if (number >= 0x40000000 && number != 0xffffffff) return SECCOMP_RET_KILL_PROCESS;
#endif
  const auto request = static_cast<std::uint32_t>(call.arguments[1]);
  return call.number == SYS_ioctl && (request == TIOCSTI || request == TIOCLINUX) ? kRefused : SECCOMP_RET_ALLOW;
}

RC_GTEST_PROP(TerminalFilter, AgreesWithWhatIsWanted, ()) {
  SyscallData call;
  call.architecture = *rc::gen::weightedOneOf<std::uint32_t>(
      {{4, rc::gen::just(kNative)},
       {1, rc::gen::elementOf(std::vector<std::uint32_t>{AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_PPC64LE})},
       {1, rc::gen::arbitrary<std::uint32_t>()}});
  call.number = *rc::gen::weightedOneOf<std::int32_t>(
      {{4, rc::gen::just(static_cast<std::int32_t>(SYS_ioctl))},
       {2, rc::gen::inRange<std::int32_t>(0, 500)},
       {1, rc::gen::map(rc::gen::inRange<std::int32_t>(0, 600), [](std::int32_t n) { return n | 0x40000000; })},
       {1, rc::gen::arbitrary<std::int32_t>()}});
  const auto request = *rc::gen::elementOf(std::vector<std::uint32_t>{TIOCSTI, TIOCLINUX, TCGETS, TIOCGPGRP, 0});
  const auto high = *rc::gen::arbitrary<std::uint32_t>();
  for (auto& argument : call.arguments) argument = *rc::gen::arbitrary<std::uint64_t>();
  if (*rc::gen::inRange(0, 4) != 0) call.arguments[1] = std::uint64_t{high} << 32 | request;
  RC_ASSERT(terminal(call) == as_wanted(call));
}

TEST(FilterBytes, AreTheKernelsStructs) {
  const auto program = testing::filter_of({"terminal"});
  const auto bytes = filter_bytes(program);
  ASSERT_EQ(bytes.size(), program.size() * sizeof(sock_filter));
  for (std::size_t i = 0; i < program.size(); ++i) {
    sock_filter instruction;
    std::memcpy(&instruction, bytes.data() + i * sizeof instruction, sizeof instruction);
    EXPECT_EQ(instruction.code, program[i].code);
    EXPECT_EQ(instruction.jt, program[i].jt);
    EXPECT_EQ(instruction.jf, program[i].jf);
    EXPECT_EQ(instruction.k, program[i].k);
  }
  EXPECT_TRUE(filter_bytes({}).empty());
}

}  // namespace
}  // namespace fence
