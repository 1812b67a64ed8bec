#pragma once
// Protected paths that did not exist when the command started: looked for when it has ended.
#include "fence/util/path.h"
#include "fence/util/result.h"

namespace fence {

/// What now stands at `path`, or on the way to it: `path` itself, or the first component that is a symbolic link (the
/// command made it: the plan's paths have no link in them) or that cannot be looked at. Nothing where nothing does. No
/// link is followed (openat2(2) with RESOLVE_NO_SYMLINKS, Linux 5.6).
std::optional<HostPath> appeared(const HostPath& path);

/// Renames `path` to a free name beside it, NAME.fence-quarantine or NAME.fence-quarantine-N, and gives that name.
/// Nothing is overwritten (RENAME_NOREPLACE) and no link is followed. Errors: what the kernel said.
Result<HostPath> quarantine(const HostPath& path);

}  // namespace fence
