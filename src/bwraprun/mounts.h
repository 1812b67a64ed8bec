#pragma once
// The ops of a command line, carried out in the order given by a process in its new mount namespace.
#include "world.h"

namespace fence::bwraprun {

/// Makes the new root, carries out all ops, and makes it the root. Allocates nothing. Preconditions: CAP_SYS_ADMIN in
/// the user namespace that owns the mount namespace, a umask of 0, /proc of the host in its place.
Failure make_mounts(World& world) noexcept;

}  // namespace fence::bwraprun
