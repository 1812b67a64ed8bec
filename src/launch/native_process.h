#pragma once
// Starts the native executor's child.
#include "cgroup.h"
#include "fence/native/native.h"
#include "orders.h"
#include "sandbox_process.h"
#include "signal_inbox.h"

namespace fence::launch {

/// `orders` lacks only the descriptors that are made here. `open_streams` says which of 0 to 2 the command gets. The
/// child is moved into `group`, where that is not null, before it does anything.
/// Errors: no process, no namespaces, no ids in the user namespace; nothing is left then.
Result<SandboxProcess> start_native(const SandboxPlan& plan, ChildProgram program, StageOrders orders,
                                    const bool (&open_streams)[3], const SignalInbox& inbox, const SandboxGroup* group);

}  // namespace fence::launch
