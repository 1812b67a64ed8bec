#pragma once
// What failed while a sandbox was set up, in the words of fence. Pure.
#include <string_view>

#include "fence/plan/plan.h"
#include "fence/util/result.h"
#include "stage_protocol.h"

namespace fence::launch {

/// bwrap ended before the stage was ready. `said` is what it wrote to its standard error, `status` how it ended
/// (wait(2)).
Error bwrap_failure(std::string_view said, int status);

/// The stage found the sandbox not to be what the plan says. `mount` is the index in stage_mount_orders(); only the
/// Mount... steps and LandlockRule look at it.
Error stage_failure(stage::Step step, int errno_value, const SandboxPlan& plan, std::size_t mount = 0);

}  // namespace fence::launch
