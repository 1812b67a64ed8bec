#include "mount_orders.h"

#include <sys/stat.h>

#include <algorithm>
#include <unordered_map>

#include "bytes.h"

namespace fence::launch {
namespace {

using stage::MountRecord;

constexpr std::uint32_t kConfined = stage::kMountRoot | stage::kNoSetId | stage::kNoDevices;

std::uint32_t file_type(PathKind kind) {
  switch (kind) {
    case PathKind::Regular:
      return S_IFREG;
    case PathKind::Directory:
      return S_IFDIR;
    case PathKind::CharDevice:
      return S_IFCHR;
    case PathKind::BlockDevice:
      return S_IFBLK;
    case PathKind::Fifo:
      return S_IFIFO;
    case PathKind::Socket:
      return S_IFSOCK;
  }
  return 0;
}

std::uint32_t bind_demands(const Bind& bind) {
  const std::uint32_t always = stage::kIdentity | stage::kHoldsSubmounts | (bind.may_vanish ? stage::kMayBeAbsent : 0U);
  switch (bind.mode) {
    case BindMode::ReadOnly:
      return always | kConfined | stage::kReadOnly;
    case BindMode::ReadWrite:
      return always | kConfined;
    case BindMode::Device:
      return always | stage::kMountRoot | stage::kNoSetId;
  }
  return always;
}

// A directory of ours has the plan's names in it and no other, so what is hidden there is not there. One that its owner
// may not read, as a user can have a tmpfs, cannot be listed.
std::uint32_t list_demand(std::uint32_t mode) { return (mode & S_IRUSR) != 0 ? stage::kOnlyPlanned : 0U; }

MountRecord record_of(const MountAction& action) {
  const auto record = [](std::uint32_t type, std::uint32_t demands) {
    return MountRecord{.device = 0, .inode = 0, .type = type, .demands = demands, .names = 0, .rights = 0};
  };
  return std::visit(
      Overloaded{
          [](const Bind& bind) {
            return MountRecord{bind.expect.device, bind.expect.inode, file_type(bind.kind), bind_demands(bind), 0, 0};
          },
          [&](const Tmpfs& tmpfs) { return record(S_IFDIR, kConfined | stage::kTmpfs | list_demand(tmpfs.mode)); },
          [&](const Proc&) { return record(S_IFDIR, kConfined | stage::kProcfs); },
          [&](const Dev&) { return record(S_IFDIR, kConfined | stage::kTmpfs | stage::kHoldsNodes); },
          [&](const LockReadOnly&) { return record(stage::kAnyType, kConfined | stage::kReadOnly); },
          [&](const MaskFile&) { return record(S_IFCHR, kConfined | stage::kReadOnly | stage::kUnopenable); },
          [&](const MakeDir& directory) { return record(S_IFDIR, list_demand(directory.mode)); },
          [&](const WriteFile&) { return record(S_IFREG, kConfined | stage::kReadOnly); },
          [&](const Symlink&) { return record(S_IFLNK, stage::kLinkTarget); },
      },
      action);
}

void count_names(std::vector<MountOrder>& orders) {
  std::unordered_map<std::string_view, MountOrder*> by_path;
  for (MountOrder& order : orders) by_path.emplace(order.target, &order);
  for (const MountOrder& order : orders) {
    if (order.target == "/") continue;
    const std::size_t slash = order.target.rfind('/');
    const auto parent = by_path.find(std::string_view(order.target).substr(0, slash == 0 ? 1 : slash));
    if (parent != by_path.end()) ++parent->second->record.names;
  }
}

}  // namespace

std::vector<MountOrder> mount_orders(const MountPlan& mounts) {
  std::vector<MountOrder> orders;
  orders.reserve(mounts.ops().size() + 1);
  const auto add = [&](const SandboxPath& target, const MountAction& action) {
    MountOrder order{.target = target.text(), .record = record_of(action)};
    // Deepest first: sorted in reverse.
    if (std::ranges::binary_search(mounts.seals(), target, std::ranges::greater())) {
      order.record.demands |= stage::kReadOnly;
    }
    if (const auto* link = std::get_if<Symlink>(&action)) order.points_to = link->points_to;
    orders.push_back(std::move(order));
  };
  // Without an op the root is the executor's own tmpfs.
  if (mounts.find(SandboxPath::root()) == nullptr) add(SandboxPath::root(), Tmpfs{});
  for (const MountOp& op : mounts.ops()) add(op.target, op.action);
  count_names(orders);
  return orders;
}

namespace {

// Nothing is mounted: each place that is granted is the planned file, and no more can be said of it.
std::vector<MountOrder> grant_orders(const MountPlan& mounts) {
  std::vector<MountOrder> orders;
  for (const MountOp& op : mounts.ops()) {
    if (!std::holds_alternative<Bind>(op.action)) continue;
    orders.push_back({.target = op.target.text(), .record = record_of(op.action)});
    orders.back().record.demands &= stage::kIdentity | stage::kMayBeAbsent;
  }
  return orders;
}

}  // namespace

std::vector<MountOrder> stage_mount_orders(const SandboxPlan& plan) {
  std::vector<MountOrder> orders =
      plan.executor == Executor::Landlock ? grant_orders(plan.mounts) : mount_orders(plan.mounts);
  // Both are in the order of the ops, and each rule is at an op or at the root.
  auto rule = plan.landlock.rules.begin();
  for (MountOrder& order : orders) {
    if (rule == plan.landlock.rules.end()) break;
    if (order.target == rule->path.text()) order.record.rights = (rule++)->rights;
  }
  if (plan.verify_mounts) return orders;
  std::erase_if(orders, [](const MountOrder& order) { return order.record.rights == 0; });
  for (MountOrder& order : orders) {
    order.record.type = stage::kAnyType;
    order.record.demands &= stage::kMayBeAbsent;
  }
  return orders;
}

std::string mount_order_bytes(const std::vector<MountOrder>& orders) {
  std::string bytes;
  for (const MountOrder& order : orders) {
    append_bytes(bytes, order.record);
    bytes.append(order.target.c_str(), order.target.size() + 1);
    if ((order.record.demands & stage::kLinkTarget) != 0) {
      bytes.append(order.points_to.c_str(), order.points_to.size() + 1);
    }
  }
  return bytes;
}

}  // namespace fence::launch
