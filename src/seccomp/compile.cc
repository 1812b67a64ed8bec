// Rules to classic BPF. Jumps reach 255 instructions forward and no further: what lies behind a longer block is reached
// by BPF_JA. The kernel finds out by itself which numbers are always allowed (seccomp_is_const_allow in
// kernel/seccomp.c, Linux 5.11) as long as nothing but loads of the number and the architecture, jumps, AND and
// returns lie on their way.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

using Code = std::vector<BpfInstruction>;

constexpr std::uint32_t kSkippedByTracer = 0xffffffff;
/// __X32_SYSCALL_BIT (asm/unistd.h of x86).
constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::size_t kFarthestJump = std::numeric_limits<std::uint8_t>::max();

BpfInstruction give(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
BpfInstruction load(std::size_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)}; }

Code refused(int error) { return {give(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error))}; }
Code allowed() { return {give(SECCOMP_RET_ALLOW)}; }
Code killed() { return {give(SECCOMP_RET_KILL_PROCESS)}; }

void append(Code& code, const Code& more) { code.insert(code.end(), more.begin(), more.end()); }

constexpr std::size_t kLow = std::endian::native == std::endian::little ? 0 : sizeof(std::uint32_t);
constexpr std::size_t kHigh = sizeof(std::uint32_t) - kLow;

std::size_t half_of(std::uint8_t argument, std::size_t half) {
  return offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t) + half;
}

/// Falls through where the argument has a bit, and skips the next `past` instructions where it is NULL.
Code not_null(std::uint8_t argument, std::uint8_t past) {
  return {load(half_of(argument, kLow)),
          {BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0},
          load(half_of(argument, kHigh)),
          {BPF_JMP | BPF_JEQ | BPF_K, past, 0, 0}};
}

/// `then` is run where all tests hold, else what follows it.
Code guarded(std::span<const ArgumentTest> tests, Code then) {
  for (auto test = tests.rbegin(); test != tests.rend(); ++test) {
    const auto past = static_cast<std::uint8_t>(then.size());
    const auto values = test->values;
    Code code = test->kind == ArgumentTest::Kind::NotNull ? not_null(test->argument, past)
                                                          : Code{load(half_of(test->argument, kLow))};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto left = static_cast<std::uint8_t>(values.size() - 1 - i);
      const auto out = static_cast<std::uint8_t>(left + past);
      const bool last = left == 0;
      switch (test->kind) {
        case ArgumentTest::Kind::AnyBit:
          code.push_back({BPF_JMP | BPF_JSET | BPF_K, 0, out, values[i]});
          break;
        case ArgumentTest::Kind::Is:
          code.push_back({BPF_JMP | BPF_JEQ | BPF_K, left, last ? out : std::uint8_t{0}, values[i]});
          break;
        case ArgumentTest::Kind::IsNot:
          code.push_back({BPF_JMP | BPF_JEQ | BPF_K, out, 0, values[i]});
          break;
        case ArgumentTest::Kind::NotNull:
          break;
      }
    }
    append(code, then);
    then = std::move(code);
  }
  return then;
}

/// What happens to calls from `first` on, up to the next block.
struct Block {
  std::uint32_t first = 0;
  Code code;
};

Code block_of(std::int32_t number, const FilterRules& rules) {
  Code code;
  for (const Refusal& refusal : rules.refusals) {
    if (refusal.number != number) continue;
    append(code, guarded(refusal.tests, refused(refusal.error)));
    if (refusal.tests.empty()) return code;
  }
  append(code, allowed());
  return code;
}

class Blocks {
 public:
  void add(std::uint32_t first, Code code) {
    if (blocks_.empty() || blocks_.back().code != code) blocks_.push_back({first, std::move(code)});
  }
  [[nodiscard]] const std::vector<Block>& all() const { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

std::vector<Block> make_blocks(const FilterRules& rules) {
  Blocks blocks;
  const Code unknown = rules.refuse_unknown ? refused(ENOSYS) : allowed();
  std::uint32_t next = 0;
  for (const SystemCall& call : known_calls()) {
    const auto number = static_cast<std::uint32_t>(call.number);
    if (number > next) blocks.add(next, unknown);
    blocks.add(number, block_of(call.number, rules));
    next = number + 1;
  }
  blocks.add(next, unknown);
  if (native_architecture() == AUDIT_ARCH_X86_64) blocks.add(kX32Bit, killed());
  blocks.add(kSkippedByTracer, allowed());
  return blocks.all();
}

/// Finds the block of the number in the accumulator.
Code search(std::span<const Block> blocks) {
  if (blocks.size() == 1) return blocks.front().code;
  const std::size_t middle = blocks.size() / 2;
  const Code below = search(blocks.first(middle));
  const std::uint32_t first = blocks[middle].first;
  Code code;
  if (below.size() <= kFarthestJump) {
    code.push_back({BPF_JMP | BPF_JGE | BPF_K, static_cast<std::uint8_t>(below.size()), 0, first});
  } else {
    code.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, first});
    code.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(below.size())});
  }
  append(code, below);
  append(code, search(blocks.subspan(middle)));
  return code;
}

}  // namespace

std::vector<BpfInstruction> compile_filter(const FilterRules& rules) {
  Code program = {load(offsetof(seccomp_data, arch)),
                  {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, native_architecture()},
                  give(SECCOMP_RET_KILL_PROCESS),
                  load(offsetof(seccomp_data, nr))};
  append(program, search(make_blocks(rules)));
  return program;
}

}  // namespace fence
