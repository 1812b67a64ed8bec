#pragma once
// What every launch needs to know of the host, but for bubblewrap.
#include "fence/facts/facts.h"

namespace fence {

/// The facts of HostProber::basics() that need no look at a path that the caller chose; no bwrap.
HostFacts probe_basics();

}  // namespace fence
