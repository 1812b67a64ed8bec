#pragma once
// What the sandbox's processes need, made before they are.
#include "fence/bwrapline/parse.h"
#include "world.h"

namespace fence::bwraprun {

/// All of a World but the descriptors. Afterwards `environ` is the command's, but for PWD.
void prepare(World& world, const bwrapline::Caller& caller);

}  // namespace fence::bwraprun
