#include "fence/facts/facts.h"

#include <algorithm>

namespace fence {

const std::string* find_variable(const Environment& environment, std::string_view name) noexcept {
  const auto found = std::find_if(environment.begin(), environment.end(),
                                  [name](const auto& variable) { return variable.first == name; });
  return found == environment.end() ? nullptr : &found->second;
}

}  // namespace fence
