#pragma once
// What processes of a sandbox do to themselves between clone and exec. Nothing here allocates or throws; errors are in
// errno.
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <span>

#include "fence/util/fd.h"

namespace fence {

/// What clone_process made. In the child `pid` is 0 and `pidfd` -1.
struct Clone {
  pid_t pid;      ///< -1: errno says why
  int pidfd;      ///< of the child, closed on exec
  bool old_call;  ///< by clone(2), not clone3(2)
};

/// Like fork(2), with `flags` (CLONE_NEW*, CLONE_PARENT). Container runtimes answer ENOSYS to clone3, whose flags their
/// filters cannot read; then it is clone(2).
inline Clone clone_process(std::uint64_t flags) noexcept {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  // clone3(2): a sibling's signal is that of its maker.
  arguments.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  auto pid = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
  const bool old_call = pid < 0 && errno == ENOSYS;
  // With CLONE_PIDFD the descriptor comes back where the parent's thread id otherwise does (clone(2), Linux 5.2).
  if (old_call) {
    pid = static_cast<pid_t>(
        syscall(SYS_clone, arguments.flags | arguments.exit_signal, nullptr, &pidfd, nullptr, nullptr));
  }
  return {pid, pidfd, old_call};
}

/// Closes all descriptors from `first` on but `kept`, in any order, where -1 means none (close_range(2): Linux 5.9).
inline bool close_all_but(unsigned first, std::span<const int> kept) noexcept {
  for (;;) {
    unsigned next = ~0U;
    for (const int fd : kept) {
      if (fd >= 0 && static_cast<unsigned>(fd) >= first && static_cast<unsigned>(fd) < next) {
        next = static_cast<unsigned>(fd);
      }
    }
    if (next > first && close_range(first, next == ~0U ? next : next - 1, 0) != 0) return false;
    if (next == ~0U) return true;
    first = next + 1;
  }
}

/// Goes to a new, empty session keyring (keyctl(2)): keys belong to no namespace, so what the caller's session holds
/// (the passphrase of a file system, a Kerberos ticket) would be the command's too. Not sure to succeed: an ordinary
/// user has 200 keys at most (/proc/sys/kernel/keys/maxkeys), and container runtimes forbid the call.
inline void leave_session_keyring() noexcept { syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }

/// Brings up the loopback interface of the network namespace that the caller is in; the kernel gives it its addresses.
/// The call that was refused; nullptr: it is up.
inline const char* raise_loopback() noexcept {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return "socket(AF_INET)";
  ifreq loopback{};
  std::memcpy(loopback.ifr_name, "lo", sizeof "lo");
  if (ioctl(socket.get(), SIOCGIFFLAGS, &loopback) != 0) return "ioctl(SIOCGIFFLAGS)";
  loopback.ifr_flags = static_cast<short>(loopback.ifr_flags | IFF_UP);
  return ioctl(socket.get(), SIOCSIFFLAGS, &loopback) == 0 ? nullptr : "ioctl(SIOCSIFFLAGS)";
}

}  // namespace fence
