#pragma once
// Starts the stage without any namespace.
#include "cgroup.h"
#include "fence/plan/plan.h"
#include "orders.h"
#include "sandbox_process.h"
#include "signal_inbox.h"

namespace fence::launch {

/// A child of fence that becomes the stage in the directory where the command starts, with no_new_privs, in a session
/// of its own where planned, after it has gone into `group`, where that is not null. All else the stage does. Errors:
/// what the kernel refused before there was a child; later ones come by SandboxProcess::explain.
Result<SandboxProcess> start_landlock(const SandboxPlan& plan, StageOrders orders, const bool (&open_streams)[3],
                                      const SignalInbox& inbox, const SandboxGroup* group);

}  // namespace fence::launch
