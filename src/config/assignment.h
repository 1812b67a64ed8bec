#pragma once
// Values that have one origin as a whole.
#include "fence/policy/value.h"

namespace fence {

/// Gives every key and value the same origin.
void stamp(ValueTable& table, const Origin& origin);

}  // namespace fence
