#pragma once
// What the stage has to find in the finished sandbox, from the plan's mounts. Pure.
#include <string>
#include <vector>

#include "fence/plan/plan.h"
#include "stage_protocol.h"

namespace fence::launch {

struct MountOrder {
  std::string target;
  stage::MountRecord record{};
  std::string points_to{};  ///< where stage::kLinkTarget is demanded
};

/// One for each op, in their order, and before them one for the root where no op is there.
std::vector<MountOrder> mount_orders(const MountPlan& mounts);

/// What the stage is told of them: also what Landlock grants there. Where nobody wants the mounts to be looked at, only
/// those with such rights, and nothing is demanded of them.
std::vector<MountOrder> stage_mount_orders(const SandboxPlan& plan);

/// The bytes that follow the runtime directory in the payload.
std::string mount_order_bytes(const std::vector<MountOrder>& orders);

}  // namespace fence::launch
