#pragma once
// What an executor has started, as the launch sees it.
#include <sys/types.h>

#include <functional>
#include <string_view>

#include "fence/util/fd.h"
#include "fence/util/result.h"

namespace fence::launch {

/// The set-up of the sandbox is under way. The end of the process is the end of all that the executor has started.
struct SandboxProcess {
  pid_t pid = -1;
  UniqueFd pidfd;     ///< the native executor's
  UniqueFd control;   ///< the stage's other end
  UniqueFd messages;  ///< what the process says of its failure; does not block
  UniqueFd lifeline;  ///< closed when fence ends, by which a child that is not fence's any more knows
  /// What kept the stage from being ready, from all that was said in `messages` and how the process ended (wait(2)).
  std::function<Error(std::string_view said, int status)> explain;
  /// Ends what is left where the process was killed; null where the kernel does that.
  void (*end_rest)() = nullptr;
};

}  // namespace fence::launch
