#pragma once
// Known first-minute failures, and what to do about them.
#include <span>
#include <string>
#include <vector>

#include "fence/plan/plan.h"

namespace fence {

/// What to tell somebody whose command ended with `status`: advice where the command and the plan together explain a
/// failure, nothing for status 0 or for an unknown failure.
std::vector<std::string> failure_hints(const SandboxPlan& plan, int status);

}  // namespace fence
