#pragma once
// Which ops of a plan are worth showing.
#include <span>
#include <vector>

#include "fence/plan/plan.h"

namespace fence {

/// Where nothing is mounted, only what is granted: directories and links on the way are the host's own.
inline std::vector<const MountOp*> shown_ops(const SandboxPlan& plan) {
  std::vector<const MountOp*> ops;
  for (const MountOp& op : plan.mounts.ops()) {
    if (plan.executor != Executor::Landlock || std::holds_alternative<Bind>(op.action)) ops.push_back(&op);
  }
  return ops;
}

inline std::span<const SandboxPath> shown_seals(const SandboxPlan& plan) {
  return plan.executor == Executor::Landlock ? std::span<const SandboxPath>() : plan.mounts.seals();
}

}  // namespace fence
