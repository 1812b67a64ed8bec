#pragma once
// The control groups around this process.
#include "fence/facts/cgroups.h"

namespace fence {

/// Nothing is made or moved to find it out: whether it may be is what access(2) says for the effective user, read-only
/// mounts and capabilities included.
CgroupFacts probe_cgroups();

}  // namespace fence
