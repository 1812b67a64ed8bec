#pragma once
// What ops show of the host.
#include <cstddef>

#include "fence/util/fd.h"
#include "world.h"

namespace fence::bwraprun {

/// Fills World::sources; fails where one is missing that must not be, before any op was done.
Failure find_sources(World& world) noexcept;

/// The path of what `fd` is open on, as /proc has it; false: errno says why.
bool path_of(int fd, char* path, std::size_t size) noexcept;

}  // namespace fence::bwraprun
