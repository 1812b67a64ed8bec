#include "mount_orders.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "orders.h"
#include "support/paths.h"

namespace fence::launch {
namespace {

using testing::inside;

MountOp op(const char* target, MountPoint at, MountAction action) {
  return {.target = inside(target), .at = at, .action = std::move(action), .why = {}};
}

Bind bind(BindMode mode, PathKind kind = PathKind::Directory) {
  return {.source = HostPath::root(), .kind = kind, .expect = {7, 9}, .mode = mode, .may_vanish = false};
}

std::uint32_t demands_at(const std::vector<MountOrder>& orders, const std::string& target) {
  for (const MountOrder& order : orders) {
    if (order.target == target) return order.record.demands;
  }
  ADD_FAILURE() << "no order for " << target;
  return 0;
}

TEST(MountOrders, RootWithoutAnOpIsTheExecutorsTmpfsAndComesFirst) {
  const auto orders = mount_orders(*check_plan({op("/a", MountPoint::Create, MakeDir{})}, {SandboxPath::root()}));
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].target, "/");
  EXPECT_EQ(orders[0].record.demands, stage::kMountRoot | stage::kNoSetId | stage::kNoDevices | stage::kTmpfs |
                                          stage::kReadOnly | stage::kOnlyPlanned);
  EXPECT_EQ(orders[0].record.names, 1U);
}

SandboxPlan plan_with(MountPlan mounts) {
  SandboxPlan plan{.mounts = std::move(mounts),
                   .session = *SessionPlan::make({}),
                   .runtime_dir = {},
                   .environment = {},
                   .identity = {},
                   .network = {}};
  plan.landlock.rules = {{SandboxPath::root(), landlock::kReadDir, ""}, {inside("/w"), landlock::kWriteFile, ""}};
  return plan;
}

MountPlan three_mounts() {
  return *check_plan(
      {op("/a", MountPoint::Create, bind(BindMode::ReadOnly)), op("/w", MountPoint::Create, bind(BindMode::ReadWrite)),
       op("/x", MountPoint::Create, bind(BindMode::ReadWrite))},
      {SandboxPath::root()});
}

TEST(StageMountOrders, HaveTheRightsOfTheirPlaces) {
  std::vector<std::pair<std::string, std::uint64_t>> rights;
  for (const MountOrder& order : stage_mount_orders(plan_with(three_mounts()))) {
    rights.emplace_back(order.target, order.record.rights);
  }
  EXPECT_EQ(rights, (std::vector<std::pair<std::string, std::uint64_t>>{
                        {"/", landlock::kReadDir}, {"/a", 0}, {"/w", landlock::kWriteFile}, {"/x", 0}}));
}

TEST(StageMountOrders, DemandNothingWhereNobodyWantsALook) {
  SandboxPlan plan = plan_with(three_mounts());
  plan.verify_mounts = false;
  const auto orders = stage_mount_orders(plan);
  ASSERT_EQ(orders.size(), 2U);
  for (const MountOrder& order : orders) {
    EXPECT_EQ(order.record.demands, 0U) << order.target;
    EXPECT_EQ(order.record.type, stage::kAnyType) << order.target;
  }
  EXPECT_EQ(orders[1].target, "/w");
}

TEST(MountOrders, RootIsLookedAtOnceWhereAnOpIsThere) {
  const auto orders = mount_orders(*check_plan({op("/", MountPoint::Exists, bind(BindMode::ReadOnly))}, {}));
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].record.demands, stage::kIdentity | stage::kMountRoot | stage::kNoSetId | stage::kNoDevices |
                                          stage::kReadOnly | stage::kHoldsSubmounts);
}

TEST(MountOrders, ABindIsTheFileThatTheFactsSaw) {
  const auto orders =
      mount_orders(*check_plan({op("/s", MountPoint::Create, bind(BindMode::ReadWrite, PathKind::Socket))}, {}));
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[1].record.device, 7U);
  EXPECT_EQ(orders[1].record.inode, 9U);
  EXPECT_EQ(orders[1].record.type, std::uint32_t{S_IFSOCK});
}

TEST(MountOrders, OnlyAReadOnlyBindHasToBeReadOnlyAndOnlyADeviceMayBeOne) {
  const auto orders = mount_orders(*check_plan(
      {op("/r", MountPoint::Create, bind(BindMode::ReadOnly)), op("/w", MountPoint::Create, bind(BindMode::ReadWrite)),
       op("/x", MountPoint::Create, bind(BindMode::Device, PathKind::CharDevice))},
      {}));
  const std::uint32_t relevant = stage::kReadOnly | stage::kNoDevices;
  EXPECT_EQ(demands_at(orders, "/r") & relevant, stage::kReadOnly | stage::kNoDevices);
  EXPECT_EQ(demands_at(orders, "/w") & relevant, stage::kNoDevices);
  EXPECT_EQ(demands_at(orders, "/x") & relevant, 0U);
}

TEST(MountOrders, OnlyWhatMayVanishMayBeAbsent) {
  Bind vanishing = bind(BindMode::ReadOnly);
  vanishing.may_vanish = true;
  const auto orders = mount_orders(*check_plan(
      {op("/a", MountPoint::Create, vanishing), op("/b", MountPoint::Create, bind(BindMode::ReadOnly))}, {}));
  EXPECT_NE(demands_at(orders, "/a") & stage::kMayBeAbsent, 0U);
  EXPECT_EQ(demands_at(orders, "/b") & stage::kMayBeAbsent, 0U);
}

TEST(MountOrders, ASealedTmpfsIsReadOnlyAndAnotherNeedNotBe) {
  const auto orders =
      mount_orders(*check_plan({op("/a", MountPoint::Create, Tmpfs{}), op("/b", MountPoint::Create, Tmpfs{}),
                                op("/c", MountPoint::Create, Dev{})},
                               {inside("/b"), inside("/c"), SandboxPath::root()}));
  EXPECT_EQ(demands_at(orders, "/a") & stage::kReadOnly, 0U);
  EXPECT_NE(demands_at(orders, "/b") & stage::kReadOnly, 0U);
  EXPECT_NE(demands_at(orders, "/c") & stage::kReadOnly, 0U);
}

TEST(MountOrders, AMaskIsADeviceThatCannotBeOpened) {
  const auto orders = mount_orders(*check_plan(
      {op("/d", MountPoint::Create, bind(BindMode::ReadWrite)), op("/d/key", MountPoint::Exists, MaskFile{})}, {}));
  EXPECT_EQ(orders[2].record.type, std::uint32_t{S_IFCHR});
  EXPECT_NE(orders[2].record.demands & stage::kUnopenable, 0U);
  EXPECT_NE(orders[2].record.demands & stage::kNoDevices, 0U);
}

TEST(MountOrderBytes, PathsHoldAnyByteAndALinkHasASecondString) {
  const auto orders = mount_orders(*check_plan(
      {op("/\x1b\xff\n", MountPoint::Create, MakeDir{}), op("/z", MountPoint::Create, Symlink{"usr/z"})}, {}));
  const std::string bytes = mount_order_bytes(orders);
  const std::size_t record = sizeof(stage::MountRecord);
  ASSERT_EQ(bytes.size(), 3 * record + sizeof "/" + sizeof "/\x1b\xff\n" + sizeof "/z" + sizeof "usr/z");
  EXPECT_EQ(bytes.substr(record, 2), std::string("/\0", 2));
  EXPECT_EQ(bytes.substr(2 * record + 2, 5), std::string("/\x1b\xff\n\0", 5));
  EXPECT_EQ(bytes.substr(3 * record + 7), std::string("/z\0usr/z\0", 9));
  stage::MountRecord link{};
  std::memcpy(&link, bytes.data() + 2 * record + 7, record);
  EXPECT_EQ(link.type, std::uint32_t{S_IFLNK});
}

TEST(MountOrderBytes, ThousandsOfLongPathsFitTheHeader) {
  StageOrders orders;
  orders.mounts.assign(8000, {.target = std::string(kMaxPathBytes, 'x')});
  stage::PayloadHeader header{};
  const std::string bytes = payload_bytes(orders);
  std::memcpy(&header, bytes.data(), sizeof header);
  EXPECT_EQ(header.size, bytes.size());
  EXPECT_EQ(header.mounts, 8000U);
}

}  // namespace
}  // namespace fence::launch
