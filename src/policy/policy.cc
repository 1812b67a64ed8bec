#include "fence/policy/policy.h"

#include "choices.h"

namespace fence {
namespace {

/// What a layer that may only restrict says counts where it is stricter than what is there.
template <class T>
void replace(const SingleSetting<T>& setting, Policy& policy, const SettingsLayer& layer) {
  const std::optional<Sourced<T>>& said = layer.*setting.said;
  Sourced<T>& slot = policy.*setting.in_force;
  if (!said) return;
  const bool counts = layer.authority == Authority::Free ||
                      strictness(setting.choices, said->value) > strictness(setting.choices, slot.value);
  if (counts) slot = *said;
}

void replace_session(Policy& policy, const SettingsLayer& layer, int rank) {
  const auto& said = layer.force_new_session;
  if (!said) return;
  const auto& lower = policy.force_new_session;
  const int below = session_strictness(lower ? std::optional(lower->value) : std::nullopt);
  if (layer.authority != Authority::Free && session_strictness(said->value) <= below) return;
  if (lower) policy.force_new_session_overruled.push_back({lower->value, lower->origin});
  policy.force_new_session = {said->value, said->origin, rank, layer.authority == Authority::Enforced};
}

template <class T>
void append(std::vector<Ranked<T>>& all, const std::vector<Sourced<T>>& more, int rank, bool enforced) {
  for (const Sourced<T>& entry : more) all.push_back({entry.value, entry.origin, rank, enforced});
}

void replace_limits(Policy& policy, const SettingsLayer& layer) {
  for (const auto& [limit, said] : layer.limits) {
    const bool counts = layer.authority == Authority::Free || said.value < limit_in_force(policy, limit).value;
    if (counts) policy.limits[limit] = said;
  }
}

void put_layer(Policy& policy, const SettingsLayer& layer, int rank) {
  for_each_single([&](const auto& setting) { replace(setting, policy, layer); });
  replace_session(policy, layer, rank);
  replace_limits(policy, layer);
  const bool enforced = layer.authority == Authority::Enforced;
  // A pattern that passes everything would undo it.
  if (enforced && layer.environment && layer.environment->value == EnvironmentMode::Clear)
    policy.environment_pass.clear();
  if (enforced && layer.seccomp) policy.seccomp_allow.clear();
  append(policy.paths, layer.paths, rank, enforced);
  append(policy.scratch, layer.scratch, rank, enforced);
  append(policy.binds, layer.binds, rank, enforced);
  append(policy.device_nodes, layer.device_nodes, rank, enforced);
  append(policy.environment_pass, layer.environment_pass, rank, enforced);
  append(policy.environment_deny, layer.environment_deny, rank, enforced);
  append(policy.seccomp_allow, layer.seccomp_allow, rank, enforced);
  append(policy.seccomp_deny, layer.seccomp_deny, rank, enforced);
  append(policy.require, layer.require, rank, enforced);
  policy.allow_degraded.insert(policy.allow_degraded.end(), layer.allow_degraded.begin(), layer.allow_degraded.end());
  for (const auto& [name, said] : layer.environment_set) {
    policy.environment_set[name] = {said.value, said.origin, rank, enforced};
  }
}

}  // namespace

std::string_view list_name(PathList list) noexcept {
  switch (list) {
    case PathList::AllowRead:
      return "allowRead";
    case PathList::DenyRead:
      return "denyRead";
    case PathList::AllowWrite:
      return "allowWrite";
    case PathList::DenyWrite:
      return "denyWrite";
    case PathList::Protect:
      return "protect";
  }
  return "";
}

Policy merge(std::span<const SettingsLayer> low_to_high) {
  Policy policy;
  int rank = 0;
  for (const SettingsLayer& layer : low_to_high) put_layer(policy, layer, rank++);
  return policy;
}

}  // namespace fence
