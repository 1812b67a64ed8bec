#pragma once
// Something that is tried in a child process.
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "children.h"
#include "fence/facts/facts.h"
#include "fence/util/fd.h"

namespace fence {

/// A version that was found (0 where the ability has none), or what was refused.
using AttemptResult = std::variant<std::uint32_t, AbilityLacking>;

/// Work in a forked child without descriptors. It is begun at once; the child is gone when this goes.
/// Whoever starts one has a KeepZombies for as long.
class Attempt {
 public:
  explicit Attempt(const std::function<AttemptResult()>& work);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// To be called once. Waits that long at most: then the kernel has refused it with ETIMEDOUT.
  AttemptResult result(std::chrono::milliseconds time);

 private:
  std::optional<AbilityLacking> not_started_;
  UniqueFd reader_;
  pid_t child_ = -1;
};

/// Begins, and waits for the result.
AttemptResult attempt(const std::function<AttemptResult()>& work, std::chrono::milliseconds time);

/// What the kernel said last of `step`.
AbilityLacking refused(std::string step);

}  // namespace fence
