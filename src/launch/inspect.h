#pragma once
// fence's own look at a sandbox that reports to be ready, from outside.
#include <sys/types.h>

#include <optional>

#include "fence/plan/plan.h"
#include "fence/util/result.h"
#include "guard.h"

namespace fence::launch {

/// Compares every mount of the sandbox with the plan, and starts to guard those that can be lost, as far as the plan
/// wants either. What is lost while this runs is noticed: the guard's eyes are open before the comparison. Errors: a
/// difference, or /proc does not show the sandbox.
Result<std::optional<Guard>> inspect_sandbox(pid_t stage, const SandboxPlan& plan);

}  // namespace fence::launch
