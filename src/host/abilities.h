#pragma once
// What this host lets fence do: tried, in a child process that changes nothing of fence's own state.
#include <functional>
#include <optional>

#include "attempt.h"
#include "fence/facts/facts.h"

namespace fence {

/// The installed bubblewrap, looked for when it is asked for first.
using FindBwrap = std::function<const std::optional<BwrapFacts>&()>;

/// The answer where the kernel gives it without a try; nothing where it does not.
std::optional<AbilityFact> ask_ability(Ability ability);

/// Tries `ability`, which is one that ask_ability() leaves open and not Kernel: that one is read from the facts. It is
/// begun at once, beside what fence does until it wants the result. Whoever has one has a KeepZombies for as long.
class AbilityTry {
 public:
  explicit AbilityTry(Ability ability);
  /// To be called once. Where a namespace is refused to fence itself, the installed bubblewrap is asked for one. Takes
  /// a few milliseconds; what takes longer than 2 s (bubblewrap: 5 s) counts as refused with ETIMEDOUT.
  AbilityFact result(const FindBwrap& find_bwrap);

 private:
  Ability ability_;
  std::optional<Attempt> own_;
};

/// Where an ability lacks, reads the kernel settings that may be why into facts.sysctls; those that there are.
void add_sysctls_of_lacking(HostFacts& facts);

}  // namespace fence
