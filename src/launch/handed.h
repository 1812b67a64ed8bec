#pragma once
#include "fence/plan/plan.h"
#include "fence/util/result.h"

namespace fence::launch {

/// What of descriptors 0 to 2 and of the kept ones the command cannot be given: a kept one that is not open, and one
/// that would let it write what the plan protects (plan/handed.h), and in a sandbox without namespaces a socket that
/// could reach the host. What the caller has opened for writing is the caller's wish.
Errors refused_descriptors(const SandboxPlan& plan);

}  // namespace fence::launch
