#pragma once
// Starts bwrap with the stage as its command.
#include <string>
#include <vector>

#include "cgroup.h"
#include "fence/bwrap/bwrap.h"
#include "orders.h"
#include "sandbox_process.h"
#include "signal_inbox.h"

namespace fence::launch {

/// bwrap's words as they are run: the plan's options with what only a launch knows.
///
/// Added are --as-pid-1 (the stage is the init) and, for root, CAP_SETPCAP, with which the stage empties the bounding
/// set that bwrap leaves full, and CAP_DAC_READ_SEARCH, with which it looks at mounts in directories that root may not
/// search without; it drops both before the command starts. Left out is --die-with-parent: killing bwrap's monitor
/// while it sets up leaves its child waiting for the monitor's word for ever; the stage notices by its control socket
/// that fence has died. Precondition: `payload_descriptors` has one descriptor for each payload.
std::vector<std::string> final_options(const BwrapInvocation& invocation, const std::vector<int>& payload_descriptors,
                                       bool as_root);

/// `orders` lacks only the descriptors that are made here. `open_streams` says which of 0 to 2 the command gets. bwrap
/// goes into `group`, where that is not null, before it does anything.
Result<SandboxProcess> start_bwrap(const BwrapInvocation& invocation, StageOrders orders, const bool (&open_streams)[3],
                                   const SignalInbox& inbox, const SandboxGroup* group);

}  // namespace fence::launch
