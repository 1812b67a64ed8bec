#pragma once
// The process beside the command: pid 1 of a pid namespace, or who holds locks and --sync-fd.
#include <sys/types.h>

#include "world.h"

namespace fence::bwraprun {

/// Takes the locks, lets `command` go by writing to `gate`, closes all it does not need, and waits until no process is
/// left. Never returns; allocates nothing.
[[noreturn]] void run_init(World& world, pid_t command, int gate) noexcept;

}  // namespace fence::bwraprun
