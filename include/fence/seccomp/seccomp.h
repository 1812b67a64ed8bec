#pragma once
// System call filters as classic BPF, made at build time, and an evaluator to test them in user space.
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

/// One row of a group: why a call is filtered.
struct FilterRow {
  std::string_view syscall;    ///< "ioctl"
  std::string_view condition;  ///< "arg1 & 0xffffffff == TIOCSTI"; "" for every call
  std::string_view action;     ///< "errno EPERM"
  std::string_view reason;
  std::string_view reference;  ///< CVE, man page
};

/// Rows of seccomp/*.toml, compiled to one program.
struct FilterGroup {
  std::string_view name;
  std::span<const BpfInstruction> program;
  std::span<const FilterRow> rows;
};

/// The group `terminal`: TIOCSTI and TIOCLINUX give EPERM whatever the high 32 bits of the request are. A call of a
/// foreign ABI kills the process with SIGSYS: of another architecture (i386 by int 0x80), and of x32 (bit 30 of the
/// number) too, since libseccomp has one action for both. Number -1, a call that a tracer has skipped, is let through.
const FilterGroup& terminal_filter() noexcept;

/// `terminal` and the rows of windows.toml: sockets of the family AF_VSOCK give EPERM whatever the high 32 bits are,
/// and so does io_uring, which would make them without a system call.
const FilterGroup& standard_filter() noexcept;

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
