// What the groups of seccomp/*.toml refuse, call by call, as the default profile puts them together.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string>

#include "calls.h"
#include "fence/seccomp/seccomp.h"

namespace fence {
namespace {

using testing::native_call;
using testing::refusal;

constexpr int kPasses = 0;

/// A call by name, with its arguments in order.
struct Attempt {
  const char* syscall;
  std::vector<std::uint64_t> arguments;
  int expected;  ///< an errno, or kPasses
};

constexpr std::uint64_t kGarbage = 0xdeadbeef00000000;
constexpr std::uint64_t kUmask = 0777 | S_ISVTX;

const std::vector<Attempt>& attempts() {
  static const std::vector<Attempt> kAttempts = {
    // terminal, and a neighbour of the group machine
    {"ioctl", {0, TIOCSTI}, EPERM},
    {"ioctl", {0, kGarbage | TIOCSTI}, EPERM},
    {"ioctl", {0, TIOCLINUX}, EPERM},
    {"ioctl", {0, kGarbage | TIOCLINUX}, EPERM},
    {"ioctl", {0, TIOCSETD}, EPERM},
    {"ioctl", {0, TIOCGETD}, kPasses},
    {"ioctl", {0, TCGETS}, kPasses},
    {"ioctl", {0, TIOCGWINSZ}, kPasses},
    {"ioctl", {0, TIOCSCTTY}, kPasses},
    {"ioctl", {TIOCSTI, TCGETS, TIOCSTI}, kPasses},
    // windows, sockets
    {"socket", {AF_VSOCK, SOCK_STREAM}, EPERM},
    {"socket", {kGarbage | AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC}, EPERM},
    {"socketpair", {AF_VSOCK, SOCK_STREAM}, EPERM},
    {"socket", {AF_UNIX, SOCK_STREAM}, kPasses},
    {"socket", {AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK}, kPasses},
    {"socketpair", {AF_UNIX, SOCK_SEQPACKET}, kPasses},
    {"socket", {AF_INET, SOCK_STREAM}, kPasses},
    {"socket", {AF_INET, SOCK_STREAM, IPPROTO_TCP}, kPasses},
    {"socket", {AF_INET6, SOCK_STREAM, IPPROTO_TCP}, kPasses},
    {"socket", {AF_INET, SOCK_DGRAM, IPPROTO_UDP}, kPasses},
    {"socket", {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, kPasses},
    {"socket", {AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6}, kPasses},
    {"socket", {AF_INET, SOCK_STREAM, IPPROTO_MPTCP}, kPasses},
    {"socket", {AF_INET, SOCK_RAW, IPPROTO_RAW}, kPasses},
    {"socket", {AF_INET, SOCK_STREAM, IPPROTO_SCTP}, EPROTONOSUPPORT},
    {"socket", {AF_INET6, SOCK_STREAM, IPPROTO_SCTP}, EPROTONOSUPPORT},
    {"socket", {AF_INET, SOCK_DCCP, IPPROTO_DCCP}, EPROTONOSUPPORT},
    {"socket", {AF_INET, SOCK_DGRAM, 115 /* L2TP */}, EPROTONOSUPPORT},
    {"socket", {AF_INET, SOCK_STREAM, 256 /* SMC */}, EPROTONOSUPPORT},
    {"socket", {AF_INET, SOCK_STREAM, kGarbage | IPPROTO_SCTP}, EPROTONOSUPPORT},
    {"socket", {AF_INET, SOCK_STREAM, kGarbage | IPPROTO_TCP}, kPasses},
    {"socket", {AF_INET, SOCK_PACKET}, EAFNOSUPPORT},
    {"socket", {AF_INET, SOCK_PACKET | SOCK_CLOEXEC}, EAFNOSUPPORT},
    {"socket", {AF_INET, SOCK_PACKET | SOCK_NONBLOCK}, EAFNOSUPPORT},
    {"socket", {AF_INET, SOCK_PACKET | SOCK_CLOEXEC | SOCK_NONBLOCK}, EAFNOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, kPasses},
    {"socket", {AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG}, kPasses},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT}, kPasses},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK}, EPROTONOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, EPROTONOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_GENERIC}, EPROTONOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT}, EPROTONOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_XFRM}, EPROTONOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, NETLINK_CRYPTO}, EPROTONOSUPPORT},
    {"socket", {AF_NETLINK, SOCK_RAW, kGarbage | NETLINK_NETFILTER}, EPROTONOSUPPORT},
    {"socket", {AF_UNSPEC, SOCK_STREAM}, EAFNOSUPPORT},
    {"socket", {AF_PACKET, SOCK_RAW}, EAFNOSUPPORT},
    {"socket", {AF_ALG, SOCK_SEQPACKET}, EAFNOSUPPORT},
    {"socket", {AF_XDP, SOCK_RAW}, EAFNOSUPPORT},
    {"socket", {AF_TIPC, SOCK_RDM}, EAFNOSUPPORT},
    {"socket", {AF_RDS, SOCK_SEQPACKET}, EAFNOSUPPORT},
    {"socket", {AF_BLUETOOTH, SOCK_RAW}, EAFNOSUPPORT},
    {"socket", {AF_CAN, SOCK_RAW}, EAFNOSUPPORT},
    {"socket", {AF_KEY, SOCK_RAW}, EAFNOSUPPORT},
    {"socket", {AF_KCM, SOCK_DGRAM}, EAFNOSUPPORT},
    {"socket", {AF_SMC, SOCK_STREAM}, EAFNOSUPPORT},
    {"socket", {AF_NFC, SOCK_STREAM}, EAFNOSUPPORT},
    {"socket", {AF_QIPCRTR, SOCK_DGRAM}, EAFNOSUPPORT},
    {"socket", {AF_VSOCK + 1, SOCK_STREAM}, EAFNOSUPPORT},
    {"socket", {1000, SOCK_STREAM}, EAFNOSUPPORT},
    {"socket", {kGarbage | AF_ALG, SOCK_SEQPACKET}, EAFNOSUPPORT},
    {"socket", {kGarbage | AF_UNIX, SOCK_STREAM}, kPasses},
    {"socketpair", {AF_TIPC, SOCK_STREAM}, EAFNOSUPPORT},
    {"socketpair", {AF_ALG, SOCK_STREAM}, EAFNOSUPPORT},
    {"connect", {AF_VSOCK}, kPasses},
    {"accept4", {AF_ALG}, kPasses},
    // io_uring
    {"io_uring_setup", {8}, ENOSYS},
    {"io_uring_enter", {3, 1}, ENOSYS},
    {"io_uring_register", {3, 2}, ENOSYS},
    {"io_setup", {8}, kPasses},
    {"epoll_create1", {}, kPasses},
    // mounts
    {"mount", {}, EPERM},
    {"umount2", {}, EPERM},
    {"pivot_root", {}, EPERM},
    {"chroot", {}, EPERM},
    {"open_tree", {}, ENOSYS},
    {"move_mount", {}, ENOSYS},
    {"fsopen", {}, ENOSYS},
    {"fsconfig", {}, ENOSYS},
    {"fsmount", {}, ENOSYS},
    {"fspick", {}, ENOSYS},
    {"mount_setattr", {}, ENOSYS},
    {"open_tree_attr", {}, ENOSYS},
    {"chdir", {}, kPasses},
    {"fchdir", {}, kPasses},
    {"statfs", {}, kPasses},
    {"statx", {}, kPasses},
    // namespaces
    {"clone", {CLONE_NEWUSER | SIGCHLD}, EPERM},
    {"clone", {kGarbage | CLONE_NEWUSER | SIGCHLD}, EPERM},
    {"clone", {CLONE_NEWNS}, EPERM},
    {"clone", {CLONE_NEWCGROUP}, EPERM},
    {"clone", {CLONE_NEWUTS}, EPERM},
    {"clone", {CLONE_NEWIPC}, EPERM},
    {"clone", {CLONE_NEWPID | SIGCHLD}, EPERM},
    {"clone", {CLONE_NEWNET | CLONE_NEWUSER | SIGCHLD}, EPERM},
    {"clone", {SIGCHLD}, kPasses},
    {"clone", {kGarbage | SIGCHLD}, kPasses},
    {"clone", {CLONE_VM | CLONE_VFORK | SIGCHLD}, kPasses},
    {"clone", {CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD}, kPasses},
    {"clone",
     {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID},
     kPasses},
    {"clone", {SIGCHLD, CLONE_NEWUSER, CLONE_NEWUSER}, kPasses},
    {"unshare", {CLONE_NEWUSER}, EPERM},
    {"unshare", {CLONE_NEWNS}, EPERM},
    {"unshare", {CLONE_NEWCGROUP}, EPERM},
    {"unshare", {CLONE_NEWUTS}, EPERM},
    {"unshare", {CLONE_NEWIPC}, EPERM},
    {"unshare", {CLONE_NEWPID}, EPERM},
    {"unshare", {CLONE_NEWNET}, EPERM},
    {"unshare", {CLONE_NEWTIME}, EPERM},
    {"unshare", {CLONE_FILES | CLONE_NEWNS}, EPERM},
    {"unshare", {CLONE_FILES}, kPasses},
    {"unshare", {CLONE_FS | CLONE_SYSVSEM}, kPasses},
    {"setns", {3, 0}, EPERM},
    {"setns", {3, CLONE_NEWNET}, EPERM},
    {"clone3", {}, ENOSYS},
    {"vfork", {}, kPasses},
    {"pidfd_open", {1}, kPasses},
    // keyring
    {"add_key", {}, ENOSYS},
    {"request_key", {}, ENOSYS},
    {"keyctl", {}, ENOSYS},
    // tracing
    {"bpf", {}, EPERM},
    {"perf_event_open", {}, EPERM},
    {"lookup_dcookie", {}, EPERM},
    {"userfaultfd", {}, EPERM},
    {"userfaultfd", {1 /* UFFD_USER_MODE_ONLY */}, EPERM},
    {"syslog", {3}, EPERM},
    {"getrusage", {}, kPasses},
    // machine
    {"kexec_load", {}, EPERM},
    {"kexec_file_load", {}, EPERM},
    {"init_module", {}, EPERM},
    {"finit_module", {}, EPERM},
    {"delete_module", {}, EPERM},
    {"swapon", {}, EPERM},
    {"swapoff", {}, EPERM},
    {"reboot", {}, EPERM},
    {"acct", {}, EPERM},
    {"quotactl", {}, EPERM},
    {"quotactl_fd", {}, EPERM},
    {"settimeofday", {}, EPERM},
    {"clock_settime", {}, EPERM},
    {"clock_gettime", {}, kPasses},
    {"gettimeofday", {}, kPasses},
    {"adjtimex", {}, kPasses},
    {"sync", {}, kPasses},
    // legacy
    {"personality", {0xffffffff}, kPasses},
    {"personality", {PER_LINUX}, kPasses},
    {"personality", {PER_LINUX32}, kPasses},
    {"personality", {ADDR_NO_RANDOMIZE}, kPasses},
    {"personality", {0x0008 | 0x0040000 /* PER_LINUX32, ADDR_NO_RANDOMIZE */}, kPasses},
    {"personality", {UNAME26}, kPasses},
    {"personality", {kGarbage | ADDR_NO_RANDOMIZE}, kPasses},
    {"personality", {READ_IMPLIES_EXEC}, EPERM},
    {"personality", {0x0400000 | 0x0040000 /* READ_IMPLIES_EXEC besides */}, EPERM},
    {"personality", {kGarbage | READ_IMPLIES_EXEC}, EPERM},
    {"personality", {MMAP_PAGE_ZERO}, EPERM},
    {"personality", {PER_SVR4}, EPERM},
    {"personality", {0xfffffffe}, EPERM},
    // handles
    {"open_by_handle_at", {}, EPERM},
    {"name_to_handle_at", {}, kPasses},
    // setuid_files, setgid_files, openat2
    {"fchmod", {3, 04755}, EPERM},
    {"fchmod", {3, 02755}, EPERM},
    {"fchmod", {3, kUmask}, kPasses},
    {"fchmod", {3, kGarbage | 04755}, EPERM},
    {"fchmod", {04755, 0755, 04755}, kPasses},
    {"fchmodat", {0, 0, 04700}, EPERM},
    {"fchmodat", {0, 0, 02700}, EPERM},
    {"fchmodat", {0, 0, kUmask}, kPasses},
    {"fchmodat", {04700, 04700, 0700, 04700}, kPasses},
    {"fchmodat2", {0, 0, 04700}, EPERM},
    {"fchmodat2", {0, 0, 02700}, EPERM},
    {"fchmodat2", {0, 0, kUmask}, kPasses},
    {"openat", {0, 0, O_CREAT | O_WRONLY, 04755}, EPERM},
    {"openat", {0, 0, O_CREAT | O_WRONLY, 02755}, EPERM},
    {"openat", {0, 0, O_CREAT | O_EXCL | O_RDWR, 06755}, EPERM},
    {"openat", {0, 0, kGarbage | O_CREAT, kGarbage | 04755}, EPERM},
    {"openat", {0, 0, O_TMPFILE | O_RDWR, 04700}, EPERM},
    {"openat", {0, 0, O_TMPFILE | O_RDWR, 0600}, kPasses},
    {"openat", {0, 0, O_CREAT | O_WRONLY, 0666}, kPasses},
    {"openat", {0, 0, O_CREAT | O_WRONLY, kUmask}, kPasses},
    {"openat", {0, 0, O_RDONLY, 06777 /* not a mode without O_CREAT */}, kPasses},
    {"openat", {0, 0, O_RDONLY | O_DIRECTORY, 06777}, kPasses},
    {"mknodat", {0, 0, S_IFREG | 04755}, EPERM},
    {"mknodat", {0, 0, S_IFREG | 02755}, EPERM},
    {"mknodat", {0, 0, S_IFIFO | 0600}, kPasses},
    {"openat2", {0, 0, 0, 24}, ENOSYS},
    {"mkdirat", {0, 0, 06755 /* the kernel drops the bits */}, kPasses},
    {"umask", {06022}, kPasses},
    {"fchown", {}, kPasses},
#if defined(__x86_64__)
    {"chmod", {0, 04755}, EPERM},
    {"chmod", {0, 02755}, EPERM},
    {"chmod", {0, kGarbage | 06755}, EPERM},
    {"chmod", {0, kUmask}, kPasses},
    {"open", {0, O_CREAT | O_WRONLY, 04755}, EPERM},
    {"open", {0, O_CREAT | O_WRONLY, 02755}, EPERM},
    {"open", {0, O_TMPFILE | O_WRONLY, 04755}, EPERM},
    {"open", {0, O_CREAT | O_WRONLY, 0644}, kPasses},
    {"open", {0, O_RDONLY, 06777}, kPasses},
    {"creat", {0, 04755}, EPERM},
    {"creat", {0, 02755}, EPERM},
    {"creat", {0, 0755}, kPasses},
    {"mknod", {0, S_IFREG | 04755}, EPERM},
    {"mknod", {0, S_IFREG | 02755}, EPERM},
    {"mknod", {0, S_IFIFO | 0600}, kPasses},
    {"mkdir", {0, 06755}, kPasses},
    {"fork", {}, kPasses},
    {"iopl", {3}, EPERM},
    {"ioperm", {0, 8, 1}, EPERM},
    {"modify_ldt", {1}, ENOSYS},
    {"uselib", {}, ENOSYS},
    {"arch_prctl", {}, kPasses},
    {"uretprobe", {}, kPasses},
    {"uprobe", {}, kPasses},
#endif
    // debug: open by default
    {"ptrace", {}, kPasses},
    {"process_vm_readv", {}, kPasses},
    {"process_vm_writev", {}, kPasses},
    {"kcmp", {}, kPasses},
    {"pidfd_getfd", {}, kPasses},
    // what every program does
    {"read", {}, kPasses},
    {"write", {}, kPasses},
    {"close", {}, kPasses},
    {"mmap", {}, kPasses},
    {"mprotect", {}, kPasses},
    {"execve", {}, kPasses},
    {"execveat", {}, kPasses},
    {"exit_group", {}, kPasses},
    {"futex", {}, kPasses},
    {"rseq", {}, kPasses},
    {"prctl", {}, kPasses},
    {"seccomp", {}, kPasses},
    {"landlock_create_ruleset", {}, kPasses},
    {"landlock_restrict_self", {}, kPasses},
    {"memfd_create", {}, kPasses},
    {"close_range", {}, kPasses},
    {"faccessat2", {}, kPasses},
    {"getrandom", {}, kPasses},
    {"sendmsg", {}, kPasses},
    {"inotify_init1", {}, kPasses},
    {"copy_file_range", {}, kPasses},
    {"splice", {}, kPasses},
    {"mbind", {}, kPasses},
    {"sched_setaffinity", {}, kPasses},
    {"setrlimit", {}, kPasses},
    {"timerfd_create", {}, kPasses},
    {"shmget", {}, kPasses},
    {"mq_open", {}, kPasses},
    {"renameat2", {}, kPasses},
    {"linkat", {}, kPasses},
    {"setxattr", {}, kPasses},
  };
  return kAttempts;
}

SyscallData call_of(const Attempt& attempt) {
  const SystemCall* call = find_call(attempt.syscall);
  SyscallData data = native_call(call == nullptr ? -1 : call->number);
  std::ranges::copy(attempt.arguments, data.arguments);
  return data;
}

std::string text_of(const Attempt& attempt) {
  std::string text = std::string(attempt.syscall) + "(";
  for (const std::uint64_t argument : attempt.arguments) text += std::to_string(argument) + ", ";
  return text + ")";
}

std::uint32_t expected(const Attempt& attempt) {
  return attempt.expected == kPasses ? SECCOMP_RET_ALLOW : refusal(attempt.expected);
}

TEST(Groups, TheDefaultProfileDecidesEachCall) {
  const auto program = testing::filter_up_to(FilterLevel::Default);
  for (const Attempt& attempt : attempts()) {
    ASSERT_NE(find_call(attempt.syscall), nullptr) << attempt.syscall;
    EXPECT_EQ(evaluate_filter(program, call_of(attempt)), expected(attempt)) << text_of(attempt);
  }
}

/// The attempt meets the row: same call, and its tests hold.
bool meets(const Attempt& attempt, const FilterRow& row) {
  return row.syscall == attempt.syscall && testing::holds(row.tests, call_of(attempt));
}

TEST(Groups, EveryRowHasAnAttemptThatItRefusesAndANeighbourThatPasses) {
  for (const FilterGroup& group : filter_groups()) {
    if (group.level > FilterLevel::Default) continue;
    for (const FilterRow& row : group.rows) {
      if (row.number < 0) continue;
      EXPECT_TRUE(std::ranges::any_of(
          attempts(), [&](const Attempt& attempt) { return meets(attempt, row) && attempt.expected == row.error; }))
          << group.name << " " << row.syscall << " " << row.condition;
      if (row.tests.empty()) continue;
      EXPECT_TRUE(std::ranges::any_of(
          attempts(),
          [&](const Attempt& attempt) { return row.syscall == attempt.syscall && attempt.expected == kPasses; }))
          << group.name << " " << row.syscall;
    }
  }
}

TEST(Groups, WithoutAGroupItsRowsPass) {
  for (const FilterGroup& left_out : filter_groups()) {
    FilterRules rules{{}, false};
    for (const FilterGroup& group : filter_groups()) {
      if (group.name != left_out.name && group.level <= FilterLevel::Default) testing::add_group(rules, group);
    }
    const auto program = compile_filter(rules);
    for (const Attempt& attempt : attempts()) {
      const SyscallData call = call_of(attempt);
      const bool by_another = std::ranges::any_of(rules.refusals, [&](const Refusal& rule) {
        return rule.number == call.number && testing::holds(rule.tests, call);
      });
      if (attempt.expected != kPasses && !by_another) {
        EXPECT_EQ(evaluate_filter(program, call), SECCOMP_RET_ALLOW) << left_out.name << ": " << text_of(attempt);
      }
    }
  }
}

TEST(Groups, StrictRefusesDebuggersToo) {
  const auto program = testing::filter_up_to(FilterLevel::Strict);
  for (const FilterRow& row : find_filter_group("debug")->rows) {
    EXPECT_EQ(evaluate_filter(program, native_call(row.number)), refusal(EPERM)) << row.syscall;
  }
}

TEST(Groups, MinimalIsTheTerminalAndTheMachineAround) {
  const auto program = testing::filter_up_to(FilterLevel::Minimal);
  for (const Attempt& attempt : attempts()) {
    const bool kept = std::ranges::any_of(std::array{"terminal", "windows"}, [&](const char* name) {
      return std::ranges::any_of(find_filter_group(name)->rows,
                                 [&](const FilterRow& row) { return meets(attempt, row); });
    });
    EXPECT_EQ(evaluate_filter(program, call_of(attempt)), kept ? refusal(EPERM) : SECCOMP_RET_ALLOW)
        << text_of(attempt);
  }
}

TEST(Groups, TheDefaultProfileRefusesNumbersWithoutAName) {
  const auto program = testing::filter_up_to(FilterLevel::Default);
  for (const int number : {700, 1000, 0x3fffffff}) {
    EXPECT_EQ(evaluate_filter(program, native_call(number)), refusal(ENOSYS));
    EXPECT_EQ(evaluate_filter(testing::filter_up_to(FilterLevel::Minimal), native_call(number)), SECCOMP_RET_ALLOW);
  }
}

TEST(Groups, EachHasItsWordsAndEachRowItsReason) {
  for (const FilterGroup& group : filter_groups()) {
    EXPECT_FALSE(group.meaning.empty()) << group.name;
    EXPECT_FALSE(group.danger.empty()) << group.name;
    EXPECT_EQ(group.rows.empty(), group.unknown_calls) << group.name;
    const SystemCall* same = find_call(group.name);
    const bool only_that = group.rows.size() == 1 && group.rows[0].syscall == group.name && group.rows[0].tests.empty();
    EXPECT_TRUE(same == nullptr || only_that) << group.name << " would mean two things";
    for (const FilterRow& row : group.rows) {
      EXPECT_GT(row.error, 0) << row.syscall;
      EXPECT_EQ(row.condition.empty(), row.tests.empty()) << row.syscall;
      EXPECT_FALSE(row.reason.empty()) << row.syscall;
      EXPECT_FALSE(row.reference.empty()) << row.syscall;
    }
  }
}

TEST(Groups, KnownCallsAreInOrderAndAsTheHeadersHaveThem) {
  const auto calls = known_calls();
  EXPECT_TRUE(std::ranges::is_sorted(calls, {}, &SystemCall::number));
  EXPECT_EQ(find_call("read")->number, SYS_read);
  EXPECT_EQ(find_call("clone3")->number, SYS_clone3);
  EXPECT_EQ(find_call("openat2")->number, SYS_openat2);
  EXPECT_EQ(find_call("no_such_call"), nullptr);
  EXPECT_EQ(find_filter_group("no_such_group"), nullptr);
  EXPECT_EQ(native_architecture(), testing::kNative);
}

}  // namespace
}  // namespace fence
