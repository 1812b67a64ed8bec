#pragma once
// What the host must be able to do, and what is done without.
#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

/// Why an executor without namespaces lacks what they give.
inline constexpr std::string_view kNoNamespaces = "backend = \"landlock\" makes no namespaces";

/// The outcome for every ability that is required or that this host's state puts in doubt.
struct AbilityDecisions {
  std::vector<AbilityPlan> rows;
  bool own_proc = true;          ///< false: the host's /proc is shown read-only
  bool cgroup_namespace = true;  ///< false: the host's control groups are shown
};

/// Errors: what `require` names and this host lacks; what the plan needs, this host lacks and `allowDegraded` does not
/// name. Each says which kernel, setting or package would change it. An ability that is required is never degraded.
Result<AbilityDecisions, Errors> decide_abilities(const Policy& policy, FactLens& lens);

/// What was refused: "unshare(CLONE_NEWUSER): operation not permitted".
std::string refusal_text(const AbilityLacking& lacking);
/// Adds the kernel settings that take `ability` away, and what to do about it.
void explain_lacking(Error& error, Ability ability, const HostFacts& facts);

}  // namespace fence
