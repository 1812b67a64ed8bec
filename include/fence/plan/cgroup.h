#pragma once
// The control group of a sandbox: limits of all that runs in it together.
#include <optional>
#include <vector>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

struct CgroupDecision {
  std::vector<LimitPlan> limits;     ///< those of the input, but for what is degraded
  std::optional<CgroupPlan> cgroup;  ///< where one of `limits` has a controller
  std::vector<AbilityPlan> rows;     ///< what is degraded
};

/// Where the group is made: in the nearest group at or above the caller's own that already gives its children the
/// controllers, in which the caller may make a directory, and into which he may move a process, which takes a writable
/// cgroup.procs of the common ancestor, so of that very group (cgroup-v2.rst, "Delegation Containment"). A group that
/// gives its children controllers has no processes of its own ("No Internal Process Constraint"), so nothing is moved
/// out of the way, and nothing of it is changed. The facts are asked for only where a limit takes them.
///
/// Errors: no such group, with what each one lacks; with allowDegraded naming `delegation`, and no `require` of it,
/// those limits fall away that no group has the controllers for.
Result<CgroupDecision, Errors> decide_cgroup(const Policy& policy, std::vector<LimitPlan> limits, Executor executor,
                                             FactLens& lens);

/// Ability::Delegation: whether there is such a group for all the controllers that limits take.
AbilityFact delegation_fact(FactLens& lens);

}  // namespace fence
