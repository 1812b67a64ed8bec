#include "mount_orders.h"

#include <sys/stat.h>

#include <algorithm>

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
  const std::uint32_t always = stage::kIdentity | (bind.may_vanish ? stage::kMayBeAbsent : 0U);
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

MountRecord record_of(const MountAction& action) {
  const auto record = [](std::uint32_t type, std::uint32_t demands) {
    return MountRecord{.device = 0, .inode = 0, .type = type, .demands = demands};
  };
  return std::visit(
      Overloaded{
          [](const Bind& bind) {
            return MountRecord{bind.expect.device, bind.expect.inode, file_type(bind.kind), bind_demands(bind)};
          },
          [&](const Tmpfs&) { return record(S_IFDIR, kConfined | stage::kTmpfs); },
          [&](const Proc&) { return record(S_IFDIR, kConfined | stage::kProcfs); },
          [&](const Dev&) { return record(S_IFDIR, kConfined | stage::kTmpfs); },
          [&](const LockReadOnly&) { return record(stage::kAnyType, kConfined | stage::kReadOnly); },
          [&](const MaskFile&) { return record(S_IFCHR, kConfined | stage::kReadOnly | stage::kUnopenable); },
          [&](const MakeDir&) { return record(S_IFDIR, 0); },
          [&](const WriteFile&) { return record(S_IFREG, kConfined | stage::kReadOnly); },
          [&](const Symlink&) { return record(S_IFLNK, stage::kLinkTarget); },
      },
      action);
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
