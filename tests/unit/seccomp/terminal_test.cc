// The terminal filter, loaded, on a real terminal.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

enum class Filter { None, Terminal };
enum class Caller { Same, Ordinary };

constexpr int kNoReport = -1;

// What a child with a terminal of its own found: its report, and how it ended.
struct Outcome {
  int report = kNoReport;  // errno of the attempt, 0 where it succeeded
  int signal = 0;
};

void become_ordinary() {
  constexpr unsigned ordinary_id = 54321;
  if (getuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setgid(ordinary_id) != 0 || setuid(ordinary_id) != 0) _exit(1);
}

void load_terminal_filter() {
  const auto program = testing::filter_of({"terminal"});
  auto bytes = filter_bytes(program);
  const sock_fprog kernel_program{static_cast<unsigned short>(program.size()),
                                  reinterpret_cast<sock_filter*>(bytes.data())};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &kernel_program) != 0) _exit(1);
}

Outcome on_a_terminal(Caller caller, Filter filter, const std::function<int()>& attempt) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return {};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no core file of a child that the filter kills
    if (caller == Caller::Ordinary) become_ordinary();
    if (filter == Filter::Terminal) load_terminal_filter();
    const int result = attempt();
    _exit(write(report[1], &result, sizeof result) == sizeof result ? 0 : 1);
  }
  close(report[1]);
  Outcome outcome;
  int result = 0;
  if (read(report[0], &result, sizeof result) == sizeof result) outcome.report = result;
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  close(report[0]);
  close(terminal);
  return outcome;
}

int ioctl_errno(std::uint64_t request) {
  char byte = 'x';
  return syscall(SYS_ioctl, STDIN_FILENO, request, &byte) == 0 ? 0 : errno;
}

std::function<int()> request(std::uint64_t value) {
  return [value] { return ioctl_errno(value); };
}

#if defined(__x86_64__)
// i386's ioctl is number 54 and takes a pointer of 32 bits.
int inject_by_i386_call() {
  void* low = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return ENOMEM;
  *static_cast<char*>(low) = 'x';
  long result = 54;
  asm volatile("int $0x80" : "+a"(result) : "b"(0L), "c"(long{TIOCSTI}), "d"(low) : "memory", "r8", "r9", "r10", "r11");
  return static_cast<int>(-result);
}
#endif

constexpr std::uint64_t kInjections[] = {TIOCSTI, TIOCSTI | 1ULL << 32, TIOCSTI | 0xdead00000000};

class OnATerminal : public ::testing::TestWithParam<Caller> {};

TEST_P(OnATerminal, NothingIsTypedUnderTheFilter) {
  for (const auto value : kInjections) {
    EXPECT_EQ(on_a_terminal(GetParam(), Filter::Terminal, request(value)).report, EPERM) << std::hex << value;
  }
}

TEST_P(OnATerminal, TheVirtualConsoleIsRefusedUnderTheFilter) {
  EXPECT_EQ(on_a_terminal(GetParam(), Filter::Terminal, request(TIOCLINUX)).report, EPERM);
  // The control: a pseudo-terminal knows no such request.
  EXPECT_EQ(on_a_terminal(GetParam(), Filter::None, request(TIOCLINUX)).report, ENOTTY);
}

TEST_P(OnATerminal, OtherRequestsWorkUnderTheFilter) {
  const auto window_size = [] {
    winsize size{};
    return ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ? 0 : errno;
  };
  EXPECT_EQ(on_a_terminal(GetParam(), Filter::Terminal, window_size).report, 0);
}

// The control of the test above it: without the filter the same requests type.
TEST_P(OnATerminal, WithoutTheFilterItTypes) {
  const int first = on_a_terminal(GetParam(), Filter::None, request(TIOCSTI)).report;
  if (first == EIO) GTEST_SKIP() << "dev.tty.legacy_tiocsti is 0: this kernel refuses TIOCSTI without any filter";
  for (const auto value : kInjections) {
    EXPECT_EQ(on_a_terminal(GetParam(), Filter::None, request(value)).report, 0) << std::hex << value;
  }
}

#if defined(__x86_64__)
TEST_P(OnATerminal, AnI386CallIsKilledUnderTheFilter) {
  const Outcome free = on_a_terminal(GetParam(), Filter::None, inject_by_i386_call);
  if (free.signal == SIGSEGV) GTEST_SKIP() << "this kernel has no i386 calls";
  // The control: it types, or is refused by the sysctl, but in any case the call is served.
  EXPECT_TRUE(free.report == 0 || free.report == EIO) << free.report;
  const Outcome filtered = on_a_terminal(GetParam(), Filter::Terminal, inject_by_i386_call);
  EXPECT_EQ(filtered.report, kNoReport);
  EXPECT_EQ(filtered.signal, SIGSYS);
}
#endif

std::string caller_name(const ::testing::TestParamInfo<Caller>& param) {
  return param.param == Caller::Same ? "TheCaller" : "AnOrdinaryUser";
}
INSTANTIATE_TEST_SUITE_P(As, OnATerminal, ::testing::Values(Caller::Same, Caller::Ordinary), caller_name);

}  // namespace
}  // namespace fence
