#pragma once
// Which system calls the command may make.
#include <vector>

#include "fence/plan/plan.h"
#include "fence/seccomp/seccomp.h"

namespace fence {

/// By seccomp.profile, nesting and wsl.interop, and then by name: of the entries of seccomp.allow and .deny that name a
/// call or its group the highest layer's decides, in one layer the denial, and an enforced denial before all.
/// Errors: names of no group and no call, each with its place and what may have been meant.
Result<FilterPlan, Errors> decide_filter(const Policy& policy);

/// What is open that the default profile refuses, in the words of the groups.
std::vector<Remark> filter_dangers(const FilterPlan& plan);

/// The program that both executors load.
std::vector<BpfInstruction> command_filter(const FilterPlan& plan);

}  // namespace fence
