#pragma once
// Expands patterns: one walk for all of them.
#include <map>
#include <set>

#include "fence/facts/facts.h"
#include "looks.h"

namespace fence {

/// What HostProber::answer() says of patterns. Enters only directories in which something can match: names without
/// pattern characters are opened without listing what is around them. Not entered from outside are procfs, sysfs,
/// cgroupfs and devpts: what is in them is no file of anybody's. Limits.seconds is not looked at, `milliseconds` is.
std::map<GlobQuery, GlobFact> walk_patterns(const std::set<GlobQuery>& queries, std::uint64_t most_entries,
                                            std::uint64_t milliseconds, Looks& looks);

}  // namespace fence
