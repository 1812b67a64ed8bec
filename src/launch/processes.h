#pragma once
// What /proc says about single processes, and the clock.
#include <sys/types.h>

#include <cstdint>

#include "fence/util/fd.h"

namespace fence::launch {

/// True where the child `pid` has ended; it stays to be reaped.
bool has_ended(pid_t pid);

/// SIGKILL, by the descriptor where there is one (Linux 5.1): a number may be another process's by then.
void kill_child(pid_t pid, const UniqueFd& pidfd);

/// Kills and reaps every process that is a child of fence and the first of a pid namespace: what bwrap's monitor leaves
/// to its subreaper when it is killed while the sandbox is being set up (it then waits for ever for the monitor's
/// word).
void kill_orphaned_inits();

/// Kills and reaps every child of fence, until it has none: what is left of a sandbox without namespaces whose stage
/// was killed. Precondition: fence is the subreaper, and has no other children.
void kill_orphans();

/// Milliseconds of CLOCK_MONOTONIC.
std::int64_t now_ms();

}  // namespace fence::launch
