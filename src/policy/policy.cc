#include "fence/policy/policy.h"

namespace fence {
namespace {

template <class T>
void replace(Sourced<T>& slot, const std::optional<Sourced<T>>& said) {
  if (said) slot = *said;
}

template <class T>
void append(std::vector<Ranked<T>>& all, const std::vector<Sourced<T>>& more, int rank) {
  for (const Sourced<T>& entry : more) all.push_back({entry.value, entry.origin, rank});
}

void put_layer(Policy& policy, const SettingsLayer& layer, int rank) {
  replace(policy.backend, layer.backend);
  if (layer.force_new_session) {
    if (const auto& lower = policy.force_new_session) {
      policy.force_new_session_overruled.push_back({lower->value, lower->origin});
    }
    policy.force_new_session = {layer.force_new_session->value, layer.force_new_session->origin, rank};
  }
  replace(policy.terminal, layer.terminal);
  append(policy.paths, layer.paths, rank);
  append(policy.scratch, layer.scratch, rank);
  append(policy.binds, layer.binds, rank);
  replace(policy.absent_protected, layer.absent_protected);
  replace(policy.devices, layer.devices);
  append(policy.device_nodes, layer.device_nodes, rank);
  replace(policy.runtime_dir, layer.runtime_dir);
  replace(policy.network, layer.network);
  replace(policy.environment, layer.environment);
  append(policy.environment_pass, layer.environment_pass, rank);
  append(policy.environment_deny, layer.environment_deny, rank);
  for (const auto& [name, said] : layer.environment_set) policy.environment_set[name] = {said.value, said.origin, rank};
  replace(policy.nesting, layer.nesting);
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
