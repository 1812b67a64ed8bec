#pragma once
// Settings that stand in the environment.
#include <set>
#include <string>

#include "fence/config/config.h"

namespace fence {

struct VariableSettings {
  ValueTable table;
  std::set<std::string> names;  ///< of the variables, escaped
};

/// What the FENCE_SET_<KEY> variables amount to as settings; an unknown name adds an error.
VariableSettings settings_of(const Environment& environment, Errors& errors);

}  // namespace fence
