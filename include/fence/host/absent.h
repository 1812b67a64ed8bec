#pragma once
// Protected paths that did not exist when the command started: looked for when it has ended.
#include <optional>
#include <string>

#include "fence/facts/facts.h"
#include "fence/util/result.h"

namespace fence {

/// What now stands at `path`, or in its way, by facts that were asked for it when the command had ended: `path` itself,
/// or the first component above it that is a symbolic link or no directory (the command made it: the plan's paths have
/// only directories above them) or that cannot be looked at. Nothing where nothing does. With `link_target`, `path` was
/// a link with that target: such a link is nothing new.
std::optional<HostPath> appeared(const HostPath& path, const std::optional<std::string>& link_target,
                                 const HostFacts& now);

/// Renames `path` to a free name beside it, NAME.fence-quarantine or NAME.fence-quarantine-N, and gives that name.
/// Nothing is overwritten (RENAME_NOREPLACE) and no link is followed. Errors: what the kernel said.
Result<HostPath> quarantine(const HostPath& path);

}  // namespace fence
