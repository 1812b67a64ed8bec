#pragma once
// The sandbox's first process, from clone to the command.
#include "world.h"

namespace fence::bwraprun {

/// Never returns: becomes the command, or pid 1 beside it, or reports what failed and ends. Uses system calls only;
/// allocates and throws nothing.
[[noreturn]] void run_child(World& world) noexcept;

/// Tells World::report of it.
void report(const World& world, const Failure& bad) noexcept;

}  // namespace fence::bwraprun
