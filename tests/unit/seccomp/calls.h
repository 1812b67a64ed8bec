#pragma once
// Calls as a filter sees them, on the machine that runs the tests.
#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

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

inline SyscallData native_call(long number, std::uint64_t arg0 = 0, std::uint64_t arg1 = 0, std::uint64_t arg2 = 0) {
  SyscallData call;
  call.number = static_cast<std::int32_t>(number);
  call.architecture = kNative;
  call.arguments[0] = arg0;
  call.arguments[1] = arg1;
  call.arguments[2] = arg2;
  return call;
}

inline constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | 1;  // EPERM

}  // namespace fence::testing
