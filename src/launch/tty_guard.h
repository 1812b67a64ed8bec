#pragma once
// A process that undoes what fence has done to the user's terminal when fence cannot (SIGKILL, a crash).
#include <sys/types.h>

#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "outer_terminal.h"

namespace fence::launch {

/// Ends with its owner, and then does nothing.
class TtyGuard {
 public:
  /// The guard holds `terminal`, reads its debt when fence has gone without a word, and undoes it where the terminal
  /// still has exactly the modes that fence has set. It has a session of its own, so no key reaches it, and nothing
  /// else of fence's stays open in it.
  static Result<TtyGuard> start(const OuterTerminal& terminal);
  TtyGuard(TtyGuard&& other) noexcept : pid_(std::exchange(other.pid_, -1)), lifeline_(std::move(other.lifeline_)) {}
  TtyGuard& operator=(TtyGuard&&) = delete;
  ~TtyGuard();

 private:
  TtyGuard(pid_t pid, UniqueFd lifeline) : pid_(pid), lifeline_(std::move(lifeline)) {}
  pid_t pid_;
  UniqueFd lifeline_;
};

}  // namespace fence::launch
