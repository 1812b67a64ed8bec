// The evaluator against the kernel: which programs load, and what they return.
#include <errno.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <rapidcheck/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <ostream>
#include <vector>

#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {

static void showValue(const BpfInstruction& i, std::ostream& out) {
  out << "{" << i.code << "," << int{i.jt} << "," << int{i.jf} << "," << i.k << "}";
}

namespace {

struct Observed {
  bool loaded;
  int errno_value;  // of the probing call, under the filter
};

// A child loads the program and makes one call. It reports through shared memory and ends by a trap, since under a
// random filter neither write(2) nor exit(2) can be relied on.
Observed observe(const std::vector<BpfInstruction>& program, const SyscallData& probe) {
  void* memory = mmap(nullptr, sizeof(Observed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* observed = static_cast<volatile Observed*>(memory);
  const pid_t child = fork();
  if (child == 0) {
    const auto* first = reinterpret_cast<const sock_filter*>(program.data());
    const sock_fprog kernel_program{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(first)};
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no core file of the trap
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &kernel_program) != 0) _exit(0);
    observed->loaded = true;
    const auto& a = probe.arguments;
    const long result = syscall(probe.number, a[0], a[1], a[2], a[3], a[4], a[5]);
    observed->errno_value = result == -1 ? errno : 0;
    __builtin_trap();
  }
  int status = 0;
  waitpid(child, &status, 0);
  const Observed result{observed->loaded, observed->errno_value};
  munmap(memory, sizeof(Observed));
  return result;
}

rc::Gen<BpfInstruction> instruction() {
  // Everything seccomp knows, some things it does not, and operands on both sides of each limit.
  static const std::vector<std::uint16_t> codes = {
      BPF_LD | BPF_W | BPF_ABS,
      BPF_LD | BPF_W | BPF_LEN,
      BPF_LD | BPF_IMM,
      BPF_LDX | BPF_IMM,
      BPF_LD | BPF_MEM,
      BPF_LDX | BPF_MEM,
      BPF_ST,
      BPF_STX,
      BPF_MISC | BPF_TAX,
      BPF_MISC | BPF_TXA,
      BPF_ALU | BPF_NEG,
      BPF_ALU | BPF_ADD | BPF_K,
      BPF_ALU | BPF_SUB | BPF_X,
      BPF_ALU | BPF_MUL | BPF_X,
      BPF_ALU | BPF_DIV | BPF_K,
      BPF_ALU | BPF_AND | BPF_X,
      BPF_ALU | BPF_OR | BPF_K,
      BPF_ALU | BPF_XOR | BPF_X,
      BPF_ALU | BPF_LSH | BPF_K,
      BPF_ALU | BPF_LSH | BPF_X,
      BPF_ALU | BPF_RSH | BPF_X,
      BPF_JMP | BPF_JA,
      BPF_JMP | BPF_JEQ | BPF_K,
      BPF_JMP | BPF_JGT | BPF_X,
      BPF_JMP | BPF_JGE | BPF_K,
      BPF_JMP | BPF_JSET | BPF_X,
      BPF_ALU | BPF_MOD | BPF_K,
      BPF_LD | BPF_H | BPF_ABS,
  };
  return rc::gen::apply(
      [](std::uint16_t code, std::uint8_t jt, std::uint8_t jf, std::uint32_t k) {
        // Where the call is made from is not for the test to know: an argument instead.
        const bool instruction_pointer = code == (BPF_LD | BPF_W | BPF_ABS) && (k == 8 || k == 12);
        return BpfInstruction{code, jt, jf, instruction_pointer ? k + 16 : k};
      },
      rc::gen::elementOf(codes), rc::gen::inRange<std::uint8_t>(0, 4), rc::gen::inRange<std::uint8_t>(0, 4),
      rc::gen::weightedOneOf<std::uint32_t>(
          {{20, rc::gen::elementOf(std::vector<std::uint32_t>{0, 4, 8})},
           {1, rc::gen::elementOf(std::vector<std::uint32_t>{2, 15, 16, 31, 32, 60, 64})},
           {1, rc::gen::arbitrary<std::uint32_t>()}}));
}

constexpr std::uint32_t kLargestErrno = 4095;  // the kernel caps the data of SECCOMP_RET_ERRNO

RC_GTEST_PROP(Evaluate, AgreesWithTheKernel, ()) {
  // Three words of memory are written, so that most of what reads one may load.
  std::vector<BpfInstruction> program = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 16},
                                         {BPF_ST, 0, 0, 0},
                                         {BPF_ST, 0, 0, 4},
                                         {BPF_LD | BPF_W | BPF_ABS, 0, 0, 24},
                                         {BPF_ST, 0, 0, 8}};
  const auto length = *rc::gen::inRange(0, 10);
  for (int i = 0; i < length; ++i) program.push_back(*instruction());
  // Whatever A became comes out as an errno.
  program.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x7ff});
  program.push_back({BPF_ALU | BPF_OR | BPF_K, 0, 0, SECCOMP_RET_ERRNO});
  program.push_back({BPF_RET | BPF_A, 0, 0, 0});
  SyscallData probe = testing::native_call(SYS_fcntl);
  for (auto& argument : probe.arguments) argument = *rc::gen::arbitrary<std::uint64_t>();

  const std::uint32_t expected = evaluate_filter(program, probe);
  const Observed observed = observe(program, probe);
  RC_CLASSIFY(observed.loaded, "loaded");
  RC_ASSERT(observed.loaded == (expected != SECCOMP_RET_KILL_PROCESS));
  if (observed.loaded && (expected & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
    RC_ASSERT(static_cast<std::uint32_t>(observed.errno_value) == std::min(expected & SECCOMP_RET_DATA, kLargestErrno));
}

}  // namespace
}  // namespace fence
