#pragma once
// What is open by choice, or by the limits of the host and of the executor.
#include <vector>

#include "fence/plan/plan.h"

namespace fence {

/// For people: dangers, and what is done without.
std::vector<Remark> plan_dangers(const SandboxPlan& plan, const Policy& policy, const HostFacts& facts);

}  // namespace fence
