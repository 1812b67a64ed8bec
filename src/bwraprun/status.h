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

}  // namespace fence::bwraprun
