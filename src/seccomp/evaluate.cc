// Classic BPF as seccomp runs it. The checks are those of bpf_check_classic() and check_load_and_stores()
// (net/core/filter.c) and of seccomp_check_filter() (kernel/seccomp.c), Linux 6.18.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

static_assert(sizeof(SyscallData) == sizeof(seccomp_data));

constexpr std::uint16_t kAllowedCodes[] = {
    BPF_LD | BPF_W | BPF_ABS,
    BPF_LD | BPF_W | BPF_LEN,
    BPF_LDX | BPF_W | BPF_LEN,
    BPF_LD | BPF_IMM,
    BPF_LDX | BPF_IMM,
    BPF_LD | BPF_MEM,
    BPF_LDX | BPF_MEM,
    BPF_ST,
    BPF_STX,
    BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,
    BPF_RET | BPF_K,
    BPF_RET | BPF_A,
    BPF_ALU | BPF_NEG,
    BPF_ALU | BPF_ADD | BPF_K,  // NOLINT(misc-redundant-expression): the names of zeros say which one it is
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_JMP | BPF_JA,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
};

bool loads_memory(std::uint16_t code) { return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM); }
bool stores_memory(std::uint16_t code) { return code == BPF_ST || code == BPF_STX; }

bool operand_ok(const BpfInstruction& instruction) {
  const std::uint16_t code = instruction.code;
  if (code == (BPF_LD | BPF_W | BPF_ABS)) return instruction.k < sizeof(SyscallData) && instruction.k % 4 == 0;
  if (code == (BPF_ALU | BPF_DIV | BPF_K)) return instruction.k != 0;
  if (code == (BPF_ALU | BPF_LSH | BPF_K) || code == (BPF_ALU | BPF_RSH | BPF_K)) return instruction.k < 32;
  if (loads_memory(code) || stores_memory(code)) return instruction.k < BPF_MEMWORDS;
  return true;
}

/// `left`: how many instructions follow this one.
bool jump_ok(const BpfInstruction& instruction, std::size_t left) {
  if (BPF_CLASS(instruction.code) != BPF_JMP) return true;
  if (BPF_OP(instruction.code) == BPF_JA) return instruction.k < left;
  return instruction.jt < left && instruction.jf < left;
}

/// No memory word is read on any path before it was written. Jumps lead forward only, so one pass suffices.
bool memory_ok(std::span<const BpfInstruction> program) {
  std::array<std::uint16_t, BPF_MAXINSNS> written_at{};
  written_at.fill(0xffff);
  std::uint16_t written = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& instruction = program[at];
    written &= written_at[at];
    if (stores_memory(instruction.code)) written = static_cast<std::uint16_t>(written | 1U << instruction.k);
    if (loads_memory(instruction.code) && (written & 1U << instruction.k) == 0) return false;
    if (BPF_CLASS(instruction.code) != BPF_JMP) continue;
    if (BPF_OP(instruction.code) == BPF_JA) {
      written_at[at + 1 + instruction.k] &= written;
    } else {
      written_at[at + 1 + instruction.jt] &= written;
      written_at[at + 1 + instruction.jf] &= written;
    }
    written = 0xffff;
  }
  return true;
}

bool loadable(std::span<const BpfInstruction> program) {
  if (program.empty() || program.size() > BPF_MAXINSNS) return false;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& instruction = program[at];
    if (std::ranges::find(kAllowedCodes, instruction.code) == std::end(kAllowedCodes)) return false;
    if (!operand_ok(instruction) || !jump_ok(instruction, program.size() - at - 1)) return false;
  }
  return BPF_CLASS(program.back().code) == BPF_RET && memory_ok(program);
}

struct Machine {
  std::uint32_t a = 0, x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};
};

std::uint32_t word_at(const SyscallData& call, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

std::uint32_t loaded(const BpfInstruction& instruction, const Machine& machine, const SyscallData& call) {
  const auto mode = BPF_MODE(instruction.code);
  if (mode == BPF_ABS) return word_at(call, instruction.k);
  if (mode == BPF_MEM) return machine.memory[instruction.k];
  return mode == BPF_LEN ? static_cast<std::uint32_t>(sizeof(SyscallData)) : instruction.k;
}

/// Precondition: a divisor is not 0. A shift by X counts modulo 32, as the kernel's 32-bit shifts do.
std::uint32_t calculated(std::uint16_t operation, std::uint32_t a, std::uint32_t operand) {
  switch (operation) {
    case BPF_ADD:
      return a + operand;
    case BPF_SUB:
      return a - operand;
    case BPF_MUL:
      return a * operand;
    case BPF_DIV:
      return a / operand;
    case BPF_AND:
      return a & operand;
    case BPF_OR:
      return a | operand;
    case BPF_XOR:
      return a ^ operand;
    case BPF_LSH:
      return a << (operand & 31U);
    case BPF_RSH:
      return a >> (operand & 31U);
    default:  // BPF_NEG: loadable() let nothing else through
      return 0U - a;
  }
}

bool jumps(std::uint16_t operation, std::uint32_t a, std::uint32_t operand) {
  if (operation == BPF_JEQ) return a == operand;
  if (operation == BPF_JGT) return a > operand;
  if (operation == BPF_JGE) return a >= operand;
  return (a & operand) != 0;  // BPF_JSET
}

}  // namespace

std::uint32_t evaluate_filter(std::span<const BpfInstruction> program, const SyscallData& call) noexcept {
  if (!loadable(program)) return SECCOMP_RET_KILL_PROCESS;
  Machine machine;
  for (std::size_t at = 0;; ++at) {
    const auto& instruction = program[at];
    const auto operation = static_cast<std::uint16_t>(BPF_OP(instruction.code));
    const std::uint32_t operand = BPF_SRC(instruction.code) == BPF_X ? machine.x : instruction.k;
    switch (BPF_CLASS(instruction.code)) {
      case BPF_LD:
        machine.a = loaded(instruction, machine, call);
        break;
      case BPF_LDX:
        machine.x = loaded(instruction, machine, call);
        break;
      case BPF_ST:
        machine.memory[instruction.k] = machine.a;
        break;
      case BPF_STX:
        machine.memory[instruction.k] = machine.x;
        break;
      case BPF_ALU:
        // The kernel's translation ends the program with 0 here, which is SECCOMP_RET_KILL_THREAD.
        if (operation == BPF_DIV && operand == 0) return SECCOMP_RET_KILL_THREAD;
        machine.a = calculated(operation, machine.a, operand);
        break;
      case BPF_JMP:
        if (operation == BPF_JA)
          at += instruction.k;
        else
          at += jumps(operation, machine.a, operand) ? instruction.jt : instruction.jf;
        break;
      case BPF_MISC:
        if (BPF_MISCOP(instruction.code) == BPF_TAX)
          machine.x = machine.a;
        else
          machine.a = machine.x;
        break;
      default:  // BPF_RET
        return BPF_RVAL(instruction.code) == BPF_A ? machine.a : instruction.k;
    }
  }
}

}  // namespace fence
