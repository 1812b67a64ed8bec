#pragma once
// What stands in the sandbox's mount namespace while the command runs, and mounts a lost protection again.
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "guard_orders.h"

namespace fence::launch {

/// Where the mounts of a sandbox are changed: its mount namespace, and the user namespace that this belongs to.
struct Namespaces {
  UniqueFd mount;
  UniqueFd user;
};
/// Those of the process. Errors: /proc does not show them, or the kernel does not (NS_GET_USERNS, Linux 4.9).
Result<Namespaces> open_namespaces(pid_t pid);

/// A guard order as the watcher asks the kernel about it.
struct GuardedPlace {
  std::string parent;  ///< the directory inside
  std::string name;    ///< in it
  Remedy remedy = Remedy::End;
};

/// What can fail before the watcher watches.
enum class WatchStep : std::uint32_t { Group, Descriptors, UserNamespace, MountNamespace, Hiding, ParentDeath };

/// What the watcher tells fence, in the order in which it came about.
struct WatchReport {
  enum class Kind : std::uint32_t {
    Ready,    ///< it watches
    Failed,   ///< WatchStep `which` gave `error`; it has ended
    PutBack,  ///< GuardOrder `which` was without a mount and has one again, on the file that comes along (SCM_RIGHTS)
    Lost,     ///< the same without a mount again, for `error` (0: what is there cannot be protected); it has ended
    Looked,   ///< since the last question it has looked at every place, once
  };
  Kind kind = Kind::Ready;
  std::uint32_t which = 0;
  std::int32_t error = 0;
};

/// All that the watcher needs; made before fork(2).
struct WatcherWorld {
  pid_t fence;
  int reports;    ///< its end of a SOCK_SEQPACKET pair: reports go out, each byte that comes is a question
  int mountinfo;  ///< of the sandbox: readable by exception when a mount has come or gone (proc_pid_mounts(5))
  const Namespaces& namespaces;
  std::span<const GuardedPlace> places;  ///< at least one
};

/// Runs in a child of fence, and ends with it. The kernel lets it in because fence has made the user namespace
/// (user_namespaces(7)). It is not in the sandbox's pid namespace, so nothing inside can name it, and in a process
/// group of its own, so no key reaches it. Not in a session of its own: that would be scheduled on its own too
/// (sched_autogroup_enabled, sched(7)), and come to run later on a busy machine. Uses system calls only; allocates and
/// throws nothing.
[[noreturn]] void watch_mounts(const WatcherWorld& world) noexcept;

}  // namespace fence::launch
