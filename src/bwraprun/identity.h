#pragma once
// Who the sandbox's processes are: ids, capabilities, user namespaces. All of it allocates nothing.
#include "world.h"

namespace fence::bwraprun {

/// In the user namespace that was made or joined: the bounding set, the ids of a joined one.
Failure enter_user_namespace(const World& world) noexcept;
/// Writes the maps of the process's own new user namespace. `proc`: the host's.
Failure map_ids(int proc, const std::string& uid_map, const std::string& gid_map) noexcept;
/// --userns2, --disable-userns, --assert-userns-disabled: when the mounts are made.
Failure leave_for_last_namespace(const World& world, int proc) noexcept;
/// The command's capabilities but for the ambient ones.
Failure limit_capabilities(const World& world) noexcept;
/// None at all.
Failure drop_all_capabilities() noexcept;
Failure raise_ambient(const World& world) noexcept;

}  // namespace fence::bwraprun
