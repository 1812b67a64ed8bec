#include "guard_orders.h"

#include <optional>

namespace fence::launch {
namespace {

/// The op that `target` lies in.
const MountOp* around(const MountPlan& mounts, const SandboxPath& target) {
  for (SandboxPath path = target; !path.is_root();) {
    path = path.parent();
    if (const MountOp* op = mounts.find(path)) return op;
  }
  return nullptr;
}

bool looser(BindMode mode, BindMode than) { return static_cast<int>(mode) > static_cast<int>(than); }

std::optional<Remedy> remedy_for(const Bind& bind, const HostPath& shown, BindMode outer) {
  if (bind.source != shown) return Remedy::End;
  if (looser(bind.mode, outer)) return std::nullopt;
  const bool file = bind.kind == PathKind::Regular && bind.mode == BindMode::ReadOnly;
  return file ? Remedy::Protect : Remedy::End;
}

std::optional<Remedy> remedy_for(const MountAction& action, const HostPath& shown, BindMode outer) {
  return std::visit(Overloaded{
                        [&](const Bind& bind) { return remedy_for(bind, shown, outer); },
                        [](const MaskFile&) { return std::optional(Remedy::Mask); },
                        [](const Tmpfs&) { return std::optional(Remedy::End); },
                        [](const Proc&) { return std::optional(Remedy::End); },
                        [](const Dev&) { return std::optional(Remedy::End); },
                        [](const LockReadOnly&) { return std::optional<Remedy>(); },
                        [](const WriteFile&) { return std::optional<Remedy>(); },
                        [](const MakeDir&) { return std::optional<Remedy>(); },
                        [](const Symlink&) { return std::optional<Remedy>(); },
                    },
                    action);
}

}  // namespace

std::vector<GuardOrder> guard_orders(const MountPlan& mounts) {
  std::vector<GuardOrder> orders;
  for (const MountOp& op : mounts.ops()) {
    if (op.at != MountPoint::Exists || op.target.is_root()) continue;
    const MountOp* outer = around(mounts, op.target);
    const auto* tree = outer != nullptr ? std::get_if<Bind>(&outer->action) : nullptr;
    if (tree == nullptr) continue;
    const HostPath shown = tree->source.below(outer->target.relative(op.target));
    if (const auto remedy = remedy_for(op.action, shown, tree->mode)) {
      orders.push_back({op.target.text(), shown.parent().text(), std::string(shown.name()), *remedy});
    }
  }
  return orders;
}

}  // namespace fence::launch
