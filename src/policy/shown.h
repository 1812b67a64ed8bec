#pragma once
// Values in force, spelled as a settings file would have them; each row of the settings table uses one of these.
#include <string>
#include <vector>

#include "choices.h"
#include "fence/policy/settings_table.h"

namespace fence {

using ShownValues = std::vector<ShownValue>;

template <class T>
std::string spelled(std::span<const Choice<T>> choices, const T& value) {
  const Choice<T>* choice = find_choice(choices, value);
  if (choice == nullptr) return {};
  if constexpr (std::is_same_v<T, bool>) return std::string(choice->word);
  return "\"" + std::string(choice->word) + "\"";
}
inline std::string spelled(std::span<const Choice<std::uint64_t>> /*none*/, std::uint64_t value) {
  return std::to_string(value);
}

/// True where a layer that enforces says the same as what is in force.
template <class T>
bool is_enforced(const InForce& in_force, std::optional<Sourced<T>> SettingsLayer::*said, const T& value) {
  for (const SettingsLayer& layer : in_force.layers) {
    if (layer.authority == Authority::Enforced && layer.*said && (layer.*said)->value == value) return true;
  }
  return false;
}

template <class T>
ShownValues shown_single(const InForce& in_force, std::optional<Sourced<T>> SettingsLayer::*said,
                         Sourced<T> Policy::*slot, std::span<const Choice<T>> choices = {}) {
  const Sourced<T>& value = in_force.policy.*slot;
  return {{.toml = spelled(choices, value.value),
           .origin = value.origin,
           .enforced = is_enforced(in_force, said, value.value)}};
}

ShownValues shown_profiles(const InForce& in_force);
ShownValues shown_session(const InForce& in_force);
ShownValues shown_paths(const InForce& in_force, PathList list);
ShownValues shown_scratch(const InForce& in_force);
ShownValues shown_binds(const InForce& in_force);
ShownValues shown_devices(const InForce& in_force);
ShownValues shown_patterns(const std::vector<Ranked<VariablePattern>>& patterns);
ShownValues shown_calls(const std::vector<Ranked<CallRule>>& calls);
ShownValues shown_variables(const InForce& in_force);
ShownValues shown_limit(const InForce& in_force, Limit limit);
ShownValues shown_requirements(const InForce& in_force);
ShownValues shown_degraded(const InForce& in_force);
ShownValues shown_trusted(const InForce& in_force);

}  // namespace fence
