#include "guard.h"

#include <gtest/gtest.h>

namespace fence::launch {
namespace {

MountOp guarded_op(const char* target, MountPoint at, MountAction action) {
  return {.target = *SandboxPath::parse(target), .at = at, .action = std::move(action), .why = {}};
}

Bind same_path(const char* path, BindMode mode, PathKind kind = PathKind::Regular) {
  return {.source = *HostPath::parse(path), .kind = kind, .expect = {1, 2}, .mode = mode, .may_vanish = false};
}

/// The remedy for an op on /w/x, in a bind of /w.
std::vector<GuardOrder> orders_for(MountAction action, BindMode outer = BindMode::ReadWrite) {
  return guard_orders(*check_plan({guarded_op("/w", MountPoint::Create, same_path("/w", outer, PathKind::Directory)),
                                   guarded_op("/w/x", MountPoint::Exists, std::move(action))},
                                  {SandboxPath::root()}));
}

std::vector<GuardOrder> with(Remedy remedy) { return {{"/w/x", "/w", "x", remedy}}; }

TEST(GuardOrders, AProtectedFileAndAMaskCanBePutBack) {
  EXPECT_EQ(orders_for(same_path("/w/x", BindMode::ReadOnly)), with(Remedy::Protect));
  EXPECT_EQ(orders_for(MaskFile{}), with(Remedy::Mask));
}

TEST(GuardOrders, ADirectoryAPinOrAnotherFileCannot) {
  EXPECT_EQ(orders_for(same_path("/w/x", BindMode::ReadOnly, PathKind::Directory)), with(Remedy::End));
  EXPECT_EQ(orders_for(same_path("/w/x", BindMode::ReadWrite, PathKind::Directory)), with(Remedy::End));
  EXPECT_EQ(orders_for(same_path("/other", BindMode::ReadOnly)), with(Remedy::End));
  EXPECT_EQ(orders_for(Tmpfs{}), with(Remedy::End));
}

TEST(GuardOrders, AGrantInAReadOnlyTreeMayBeLost) {
  EXPECT_TRUE(orders_for(same_path("/w/x", BindMode::ReadWrite), BindMode::ReadOnly).empty());
  EXPECT_TRUE(orders_for(WriteFile{"x"}, BindMode::ReadOnly).empty());
}

TEST(GuardOrders, ANameOfOursIsNobodyElses) {
  EXPECT_TRUE(guard_orders(*check_plan({guarded_op("/w", MountPoint::Create, same_path("/w", BindMode::ReadOnly))},
                                       {SandboxPath::root()}))
                  .empty());
}

TEST(NameHistory, OneRenameForEachLossIsTrusted) {
  NameHistory history;
  history.moved_in();
  history.put_back();
  EXPECT_EQ(history.objection(history.mark()), "");
  EXPECT_FALSE(history.owes_a_look());
}

TEST(NameHistory, TwoRenamesThatEachCameWithALossAreTrusted) {
  NameHistory history;
  for (int i = 0; i < 2; ++i) history.moved_in();
  for (int i = 0; i < 2; ++i) history.put_back();
  EXPECT_EQ(history.objection(history.mark()), "");
  EXPECT_FALSE(history.owes_a_look());
}

TEST(NameHistory, TwoRenamesBeforeALookAreNot) {
  NameHistory history;
  history.moved_in();
  history.moved_in();
  history.put_back();
  EXPECT_NE(history.objection(history.mark()), "");
}

TEST(NameHistory, ARenameAfterTheLookAsksForAnotherLook) {
  NameHistory history;
  history.moved_in();
  const NameHistory::Mark asked = history.mark();
  history.put_back();
  history.moved_in();
  EXPECT_EQ(history.objection(asked), "");
  EXPECT_TRUE(history.owes_a_look());
}

TEST(NameHistory, ALossMayBeSeenBeforeItsRename) {
  NameHistory history;
  history.put_back();
  EXPECT_EQ(history.objection(history.mark()), "");
  EXPECT_FALSE(history.owes_a_look());
}

TEST(NameHistory, ANameThatWasGoneIsNotTrusted) {
  NameHistory history;
  history.gone();
  EXPECT_NE(history.objection({}), "");
}

TEST(NameHistory, AWriteAroundTheLossIsSuspected) {
  NameHistory history;
  EXPECT_EQ(history.objection_to_put_back(), "");
  history.written();
  EXPECT_TRUE(history.owes_a_look());
  EXPECT_NE(history.objection_to_put_back(), "");
}

TEST(NameHistory, AWriteBeforeALookThatFoundNothingIsNot) {
  NameHistory history;
  history.written();
  history.looked(history.mark());
  EXPECT_FALSE(history.owes_a_look());
  EXPECT_EQ(history.objection_to_put_back(), "");
}

TEST(NameHistory, AWriteAfterTheLookWasAskedForStaysSuspected) {
  NameHistory history;
  const NameHistory::Mark asked = history.mark();
  history.written();
  history.looked(asked);
  EXPECT_TRUE(history.owes_a_look());
  EXPECT_NE(history.objection_to_put_back(), "");
}

}  // namespace
}  // namespace fence::launch
