#pragma once
// A sandbox without namespaces (backend = "landlock"): what of a policy Landlock, the system call filter and the stage
// can hold, and what not.
#include "fence/plan/mounts.h"
#include "fence/plan/wishes.h"

namespace fence {

/// What the command may open, each place under its own name: nothing is mounted.
struct Grants {
  Specs specs;
  std::vector<AbilityPlan> done_without;  ///< what allowDegraded names
};

/// Settings that no sandbox without namespaces can follow, each with its place and the way out. `filter` has to refuse
/// whatever would lead past the others.
Errors refuse_settings_without_namespaces(const Policy& policy, const FilterPlan& filter);

/// Landlock only adds up: what is narrower than something above it cannot be held. Errors: all of that at once, and
/// what else takes a mount (a private directory, another name), and what allowDegraded would have to name.
Result<Grants, Errors> make_grants(const Policy& policy, const WishList& wishes, const AccessTree& tree,
                                   FactLens& lens);

}  // namespace fence
