#include <gtest/gtest.h>
#include <linux/filter.h>

#include <vector>

#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

using Program = std::vector<BpfInstruction>;

constexpr std::uint32_t kKill = SECCOMP_RET_KILL_PROCESS;

BpfInstruction load(std::uint32_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
BpfInstruction immediate(std::uint32_t value) { return {BPF_LD | BPF_IMM, 0, 0, value}; }
BpfInstruction immediate_x(std::uint32_t value) { return {BPF_LDX | BPF_IMM, 0, 0, value}; }
BpfInstruction alu(int operation, std::uint32_t value) {
  return {static_cast<std::uint16_t>(BPF_ALU | operation | BPF_K), 0, 0, value};
}
BpfInstruction alu_x(int operation) { return {static_cast<std::uint16_t>(BPF_ALU | operation | BPF_X), 0, 0, 0}; }
BpfInstruction jump(int operation, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<std::uint16_t>(BPF_JMP | operation | BPF_K), yes, no, value};
}
BpfInstruction always(std::uint32_t distance) { return {BPF_JMP | BPF_JA, 0, 0, distance}; }
BpfInstruction store(std::uint32_t slot) { return {BPF_ST, 0, 0, slot}; }
BpfInstruction store_x(std::uint32_t slot) { return {BPF_STX, 0, 0, slot}; }
BpfInstruction fetch(std::uint32_t slot) { return {BPF_LD | BPF_MEM, 0, 0, slot}; }
BpfInstruction fetch_x(std::uint32_t slot) { return {BPF_LDX | BPF_MEM, 0, 0, slot}; }
BpfInstruction give(std::uint32_t value) { return {BPF_RET | BPF_K, 0, 0, value}; }
BpfInstruction give_a() { return {BPF_RET | BPF_A, 0, 0, 0}; }
BpfInstruction a_to_x() { return {BPF_MISC | BPF_TAX, 0, 0, 0}; }
BpfInstruction x_to_a() { return {BPF_MISC | BPF_TXA, 0, 0, 0}; }

std::uint32_t run(const Program& program, const SyscallData& call = {}) { return evaluate_filter(program, call); }

TEST(Evaluate, LoadsTheWordsOfTheCall) {
  SyscallData call;
  call.number = 1;
  call.architecture = 2;
  call.instruction_pointer = 3ULL << 32 | 4;
  call.arguments[5] = 5ULL << 32 | 6;
  EXPECT_EQ(run({load(0), give_a()}, call), 1U);
  EXPECT_EQ(run({load(4), give_a()}, call), 2U);
  EXPECT_EQ(run({load(8), load(12), give_a()}, call), 3U);  // little endian: the high half comes second
  EXPECT_EQ(run({load(56), give_a()}, call), 6U);
  EXPECT_EQ(run({load(60), give_a()}, call), 5U);
  EXPECT_EQ(run({{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0}, give_a()}, call), 64U);
  EXPECT_EQ(run({{BPF_LDX | BPF_W | BPF_LEN, 0, 0, 0}, x_to_a(), give_a()}, call), 64U);
}

TEST(Evaluate, Calculates) {
  const auto calculate = [](int operation, std::uint32_t a, std::uint32_t b) {
    const std::uint32_t by_constant = run({immediate(a), alu(operation, b), give_a()});
    EXPECT_EQ(by_constant, run({immediate(a), immediate_x(b), alu_x(operation), give_a()})) << operation;
    return by_constant;
  };
  EXPECT_EQ(calculate(BPF_ADD, 0xffffffff, 2), 1U);
  EXPECT_EQ(calculate(BPF_SUB, 1, 2), 0xffffffffU);
  EXPECT_EQ(calculate(BPF_MUL, 0x10000, 0x10001), 0x10000U);
  EXPECT_EQ(calculate(BPF_DIV, 0xfffffffe, 2), 0x7fffffffU);
  EXPECT_EQ(calculate(BPF_AND, 0xff00, 0x0ff0), 0x0f00U);
  EXPECT_EQ(calculate(BPF_OR, 0xff00, 0x0ff0), 0xfff0U);
  EXPECT_EQ(calculate(BPF_XOR, 0xff00, 0x0ff0), 0xf0f0U);
  EXPECT_EQ(calculate(BPF_LSH, 1, 31), 0x80000000U);
  EXPECT_EQ(calculate(BPF_RSH, 0x80000000, 31), 1U);
  EXPECT_EQ(run({immediate(1), {BPF_ALU | BPF_NEG, 0, 0, 0}, give_a()}), 0xffffffffU);
}

TEST(Evaluate, DividingByAZeroXKillsTheThread) {
  EXPECT_EQ(run({immediate(7), immediate_x(0), alu_x(BPF_DIV), give(SECCOMP_RET_ALLOW)}), SECCOMP_RET_KILL_THREAD);
}

TEST(Evaluate, Jumps) {
  const auto taken = [](int operation, std::uint32_t a, std::uint32_t k) {
    const std::uint32_t by_constant = run({immediate(a), jump(operation, k, 1, 0), give(0), give(1)});
    BpfInstruction by_x = jump(operation, 0, 1, 0);
    by_x.code |= BPF_X;
    EXPECT_EQ(by_constant, run({immediate(a), immediate_x(k), by_x, give(0), give(1)})) << operation;
    return by_constant == 1;
  };
  EXPECT_TRUE(taken(BPF_JEQ, 5, 5));
  EXPECT_FALSE(taken(BPF_JEQ, 5, 6));
  EXPECT_TRUE(taken(BPF_JGT, 0x80000000, 1));  // unsigned
  EXPECT_FALSE(taken(BPF_JGT, 5, 5));
  EXPECT_TRUE(taken(BPF_JGE, 5, 5));
  EXPECT_FALSE(taken(BPF_JGE, 4, 5));
  EXPECT_TRUE(taken(BPF_JSET, 6, 4));
  EXPECT_FALSE(taken(BPF_JSET, 6, 1));
  EXPECT_EQ(run({always(1), give(0), give(1)}), 1U);
}

TEST(Evaluate, RemembersInItsMemory) {
  EXPECT_EQ(run({immediate(7), store(15), immediate(0), fetch(15), give_a()}), 7U);
  EXPECT_EQ(run({immediate_x(8), store_x(0), immediate(0), fetch(0), give_a()}), 8U);
  EXPECT_EQ(run({immediate(9), store(3), fetch_x(3), x_to_a(), give_a()}), 9U);
  EXPECT_EQ(run({immediate(4), a_to_x(), immediate(1), alu_x(BPF_ADD), give_a()}), 5U);
}

TEST(Evaluate, WhatTheKernelWouldNotLoadKills) {
  const BpfInstruction allow = give(SECCOMP_RET_ALLOW);
  const struct {
    const char* name;
    Program program;
  } situations[] = {
      {"nothing", {}},
      {"no return", {immediate(1)}},
      {"too long", Program(BPF_MAXINSNS + 1, allow)},
      {"jump past the end", {jump(BPF_JEQ, 0, 1, 0), allow}},
      {"other branch past the end", {jump(BPF_JEQ, 0, 0, 1), allow}},
      {"long jump past the end", {always(1), allow}},
      {"long jump that would wrap around", {always(0xffffffff), allow}},
      {"load past the end of the call", {load(64), allow}},
      {"load across two words", {load(2), allow}},
      {"load of a byte", {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 0}, allow}},
      {"indirect load", {{BPF_LD | BPF_W | BPF_IND, 0, 0, 0}, allow}},
      {"remainder, which seccomp lacks", {alu(BPF_MOD, 3), allow}},
      {"division by the constant 0", {alu(BPF_DIV, 0), allow}},
      {"shift by 32", {alu(BPF_LSH, 32), allow}},
      {"memory word 16", {immediate(0), store(16), allow}},
      {"memory read before it is written", {fetch(0), allow}},
      {"memory written on one way only", {load(0), jump(BPF_JEQ, 0, 0, 1), store(0), fetch(0), allow}},
      {"unknown instruction", {{0xffff, 0, 0, 0}, allow}},
      {"return of X", {{BPF_RET | BPF_X, 0, 0, 0}}},
  };
  for (const auto& situation : situations) EXPECT_EQ(run(situation.program), kKill) << situation.name;
  // The control: what is next to these is fine.
  EXPECT_EQ(run(Program(BPF_MAXINSNS, allow)), SECCOMP_RET_ALLOW);
  EXPECT_EQ(run({jump(BPF_JEQ, 0, 0, 0), allow}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(run({load(0), jump(BPF_JEQ, 0, 0, 1), store(0), allow}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(run({load(0), jump(BPF_JEQ, 0, 0, 2), store(0), always(1), store(0), fetch(0), allow}), SECCOMP_RET_ALLOW);
}

}  // namespace
}  // namespace fence
