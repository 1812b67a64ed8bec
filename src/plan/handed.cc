#include "fence/plan/handed.h"

#include <algorithm>

namespace fence {
namespace {

/// Null for anything but a writable bind.
const Bind* writable(const MountOp& op) {
  const auto* bind = std::get_if<Bind>(&op.action);
  return bind != nullptr && bind->mode != BindMode::ReadOnly ? bind : nullptr;
}

/// A deeper op makes it writable again.
bool granted_below(const MountPlan& mounts, const MountOp& closed, const HostPath& handed) {
  return std::ranges::any_of(mounts.ops(), [&](const MountOp& op) {
    const Bind* bind = writable(op);
    return bind != nullptr && closed.target.contains(op.target) && bind->source.contains(handed);
  });
}

}  // namespace

std::optional<HostPath> opened_past_its_mount(const MountPlan& mounts, const HostPath& handed, bool directory) {
  for (const MountOp& open : mounts.ops()) {
    const Bind* tree = writable(open);
    if (tree == nullptr) continue;
    const bool leads_into = tree->source.contains(handed) || (directory && handed.contains(tree->source));
    if (!leads_into) continue;
    for (const MountOp& closed : mounts.ops()) {
      if (!open.target.contains(closed.target) || closed.target == open.target || writable(closed) != nullptr) continue;
      const HostPath place = tree->source.below(open.target.relative(closed.target));
      if (directory && handed.contains(place)) return place;
      if (place.contains(handed) && !granted_below(mounts, closed, handed)) return place;
    }
  }
  return std::nullopt;
}

}  // namespace fence
