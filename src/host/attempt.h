#pragma once
// Something that is tried in a child process.
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "fence/facts/facts.h"

namespace fence {

/// A version that was found (0 where the ability has none), or what was refused.
using AttemptResult = std::variant<std::uint32_t, AbilityLacking>;

/// What `work` gives in a forked child without descriptors. The child is killed after that time.
AttemptResult attempt(const std::function<AttemptResult()>& work, std::chrono::milliseconds time);

/// What the kernel said last of `step`.
AbilityLacking refused(std::string step);

}  // namespace fence
