#pragma once
// Files and directories that the caller hands to the command as open descriptors.
#include <optional>

#include "fence/plan/plan.h"

namespace fence {

/// What of the host the plan keeps from being written although it lies in a writable tree, and `handed` opens: `handed`
/// itself or what is above it, or, where it is a directory, what is in it. A descriptor that is open for reading can be
/// opened again for writing (/proc/self/fd/N, openat(2)) on the caller's own mount, past the plan's; Landlock's rules
/// are on files of the host, and grant all of a writable tree (landlock(7)). Null where there is no such thing.
/// `handed` is as /proc/PID/fd shows it, without links.
std::optional<HostPath> opened_past_its_mount(const MountPlan& mounts, const HostPath& handed, bool directory);

}  // namespace fence
