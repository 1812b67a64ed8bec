#pragma once
// Small things that every process of a sandbox does.
#include <sys/wait.h>
#include <unistd.h>

#include <span>

namespace fence::bwraprun {

/// What bwrap exits with for a wait(2) status: the command's own, or 128 and the signal.
inline int exit_code(int status) noexcept {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 255;
}

/// Closes all descriptors from `first` on but `kept`, where -1 means none (close_range(2): Linux 5.9).
inline void close_all_but(unsigned first, std::span<const int> kept) noexcept {
  for (;;) {
    unsigned next = ~0U;
    for (const int fd : kept) {
      if (fd >= 0 && static_cast<unsigned>(fd) >= first && static_cast<unsigned>(fd) < next) {
        next = static_cast<unsigned>(fd);
      }
    }
    if (next == ~0U) {
      close_range(first, ~0U, 0);
      return;
    }
    if (next > first) close_range(first, next - 1, 0);
    first = next + 1;
  }
}

}  // namespace fence::bwraprun
