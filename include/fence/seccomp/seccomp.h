#pragma once
// System call filters as classic BPF: the tables of seccomp/*.toml, what turns a choice of their rows into a program,
// and an evaluator to test programs in user space. Pure.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fence {

/// One instruction; the layout of struct sock_filter (linux/filter.h).
struct BpfInstruction {
  std::uint16_t code = 0;
  std::uint8_t jt = 0, jf = 0;
  std::uint32_t k = 0;
  friend bool operator==(const BpfInstruction&, const BpfInstruction&) = default;
};

/// What has to hold of one argument. Only its low 32 bits count, but for pointers: of all else that is tested (flags,
/// modes, families, ioctl requests) the kernel takes no more, so a test of all 64 would let TIOCSTI | 1 << 32 through
/// (CVE-2019-10063).
struct ArgumentTest {
  enum class Kind : std::uint8_t {
    AnyBit,   ///< has a bit of values[0]
    Is,       ///< is one of `values`
    IsNot,    ///< is none of `values`
    NotNull,  ///< has a bit of its 64; no values
  };
  Kind kind = Kind::Is;
  std::uint8_t argument = 0;  ///< 0 to 5
  std::span<const std::uint32_t> values;
};

/// One row of a group: which calls are not carried out, what they give instead, and why.
struct FilterRow {
  std::string_view syscall;             ///< "ioctl"
  std::int32_t number = -1;             ///< on this architecture; -1: it has no such call
  std::string_view condition;           ///< "arg1 is TIOCSTI"; "" for every call
  std::span<const ArgumentTest> tests;  ///< the same; all have to hold
  int error = 0;                        ///< an errno; 0: the call gives 0, as if it were done
  std::string_view error_name;          ///< "EPERM"; "success" for 0
  std::string_view reason;
  std::string_view reference;  ///< CVE, man page
};

/// The profiles of `seccomp.profile` in which a group is refused: this one, and all after it. Always: nothing opens it.
/// Shared: in no profile, but where the command is in the host's namespaces (backend = "landlock").
enum class FilterLevel : std::uint8_t { Always, Minimal, Default, Strict, Shared };

/// One file of seccomp/.
struct FilterGroup {
  std::string_view name;
  std::string_view meaning;  ///< "mounts, with the old calls and the new ones"
  std::string_view danger;   ///< what is open where the group is not refused
  FilterLevel level = FilterLevel::Default;
  bool needed_to_nest = false;  ///< a sandbox inside needs the calls: `nesting` opens the group
  bool unknown_calls = false;   ///< stands for every number that this build knows no name for; has no rows
  std::span<const FilterRow> rows;
};

/// All groups, by name.
std::span<const FilterGroup> filter_groups() noexcept;
/// Null: there is no such group.
const FilterGroup* find_filter_group(std::string_view name) noexcept;

/// A system call of this architecture.
struct SystemCall {
  std::string_view name;
  std::int32_t number = 0;
};
/// Those that have a name: in the libseccomp that fence was built with, and in seccomp/known.toml. By number.
std::span<const SystemCall> known_calls() noexcept;
/// Null: there is no such call on this architecture, or it is newer than this build.
const SystemCall* find_call(std::string_view name) noexcept;
/// The AUDIT_ARCH_* value of this architecture (linux/audit.h).
std::uint32_t native_architecture() noexcept;

/// Calls of one number that are refused.
struct Refusal {
  std::int32_t number = 0;
  std::span<const ArgumentTest> tests;  ///< all have to hold; none: every such call
  int error = 0;                        ///< as in FilterRow
};
struct FilterRules {
  std::vector<Refusal> refusals;  ///< of one number the first whose tests hold counts
  bool refuse_unknown = true;     ///< numbers without a name give ENOSYS
};

/// The program for these rules. Whatever they are, a call of a foreign ABI kills the process with SIGSYS: one of
/// another architecture (i386 by int 0x80), and of x32 (bit 30 of the number). Number -1, a call that a tracer has
/// skipped, is let through. What is not refused is allowed. Numbers are told apart by a binary tree, so a call without
/// a rule costs some ten instructions where the kernel does not remember the answer (it does since Linux 5.11).
std::vector<BpfInstruction> compile_filter(const FilterRules& rules);

/// The program as the bytes that bwrap --seccomp and seccomp(2) take.
std::vector<std::uint8_t> filter_bytes(std::span<const BpfInstruction> program);

/// struct seccomp_data (linux/seccomp.h).
struct SyscallData {
  std::int32_t number = 0;
  std::uint32_t architecture = 0;  ///< AUDIT_ARCH_*
  std::uint64_t instruction_pointer = 0;
  std::uint64_t arguments[6] = {};
};

/// The SECCOMP_RET_* value the program gives for a call, by the kernel's own rules (Linux 6.18). A program that the
/// kernel would not load (jump out of range, unknown instruction, no return, a memory word read before it is written)
/// gives SECCOMP_RET_KILL_PROCESS.
std::uint32_t evaluate_filter(std::span<const BpfInstruction> program, const SyscallData& call) noexcept;

}  // namespace fence
