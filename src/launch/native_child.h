#pragma once
// The child of the native executor, from clone to the stage.
#include <span>

#include "fence/native/native.h"
#include "native_calls.h"
#include "signal_inbox.h"

namespace fence::launch {

/// All that the child needs besides the program; made before clone.
struct ChildWorld {
  int lifeline;         ///< a pipe's end to read from: one byte is fence's word to go on, its end is fence's end
  int lifeline_writer;  ///< fence's end of it, to be closed here
  int report;           ///< a pipe that closes on exec, for one CallFailure
  int stage;            ///< the program to execute
  char* const* arguments;
  bool new_cgroup;                 ///< a cgroup namespace is made here, in the group that fence has moved the child to
  std::span<const int> inherited;  ///< what the stage finds open besides 0 to 2
  const SignalInbox& inbox;
};

/// Never returns: becomes the stage, or reports and ends. Uses system calls only; allocates and throws nothing.
[[noreturn]] void run_child(const ChildProgram& program, const ChildWorld& world) noexcept;

}  // namespace fence::launch
