// What holding a MountPlan proves: each test breaks one rule.
#include <gmock/gmock.h>

#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Bind bind_dir(std::string_view source) { return {host(source), PathKind::Directory, {1, 1}, BindMode::ReadOnly}; }
Bind bind_file(std::string_view source) { return {host(source), PathKind::Regular, {1, 2}, BindMode::ReadOnly}; }
MountOp exists(std::string_view target, MountAction action) {
  return {inside(target), MountPoint::Exists, std::move(action), {}};
}
MountOp create(std::string_view target, MountAction action) {
  return {inside(target), MountPoint::Create, std::move(action), {}};
}

void expect_refused(std::vector<MountOp> ops, const std::string& why, std::vector<SandboxPath> seals = {}) {
  const auto plan = check_plan(std::move(ops), std::move(seals));
  ASSERT_FALSE(plan) << "expected: " << why;
  EXPECT_EQ(plan.error().kind, ErrorKind::Internal);
  EXPECT_THAT(to_string(plan.error()), HasSubstr(why));
}

TEST(CheckPlan, SortsParentsFirstByComponent) {
  const auto plan = check_plan({exists("/b-1", bind_dir("/b-1")), exists("/b/c", bind_dir("/b/c")),
                                exists("/", bind_dir("/")), exists("/b", bind_dir("/b"))},
                               {});
  ASSERT_TRUE(plan);
  std::vector<std::string> targets;
  for (const MountOp& op : plan->ops()) targets.push_back(op.target.text());
  EXPECT_THAT(targets, ElementsAre("/", "/b", "/b/c", "/b-1"));
}

TEST(CheckPlan, FindsAnOpByItsExactTarget) {
  const auto plan = check_plan({exists("/", bind_dir("/")), exists("/a", Tmpfs{})}, {});
  ASSERT_TRUE(plan);
  EXPECT_NE(plan->find(inside("/a")), nullptr);
  EXPECT_EQ(plan->find(inside("/a/b")), nullptr);
}

TEST(CheckPlan, NoTargetStandsTwice) {
  expect_refused({exists("/", bind_dir("/")), exists("/a", Tmpfs{}), exists("/a", bind_dir("/x"))},
                 "two ops have this target");
}

TEST(CheckPlan, NothingLiesBelowAFile) {
  expect_refused({exists("/", bind_dir("/")), exists("/f", bind_file("/f")), exists("/f/x", Tmpfs{})},
                 "nothing can lie below /f");
  expect_refused({exists("/", bind_dir("/")), exists("/f", MaskFile{}), exists("/f/x", Tmpfs{})},
                 "nothing can lie below /f");
}

TEST(CheckPlan, NothingIsCreatedOnTheHost) {
  expect_refused({exists("/", bind_dir("/")), create("/x", Tmpfs{})}, "a mount point is never created on the host");
  expect_refused({exists("/", bind_dir("/")), create("/x", MakeDir{})}, "a mount point is never created on the host");
}

TEST(CheckPlan, NothingExistsOnATmpfsOfOurs) {
  expect_refused({exists("/", bind_dir("/")), exists("/tmp", Tmpfs{}), exists("/tmp/x", bind_dir("/x"))},
                 "nothing exists on a new tmpfs");
  expect_refused({exists("/x", bind_dir("/x"))}, "nothing exists on a new tmpfs");
}

TEST(CheckPlan, EveryParentOnATmpfsOfOursIsPlanned) {
  expect_refused({exists("/", bind_dir("/")), exists("/tmp", Tmpfs{}), create("/tmp/a/b", bind_dir("/x"))},
                 "its parent directory is not planned");
  EXPECT_TRUE(check_plan({exists("/", bind_dir("/")), exists("/tmp", Tmpfs{}), create("/tmp/a", MakeDir{}),
                          create("/tmp/a/b", bind_dir("/x"))},
                         {}));
}

TEST(CheckPlan, OnlyThePrivateProcIsLockedAndOnlyLocked) {
  expect_refused({exists("/", bind_dir("/")), exists("/sys", LockReadOnly{})},
                 "only a part of the private /proc is locked");
  expect_refused({exists("/", bind_dir("/")), exists("/proc", Proc{}), exists("/proc/sys", Tmpfs{})},
                 "the private /proc is only ever locked");
  EXPECT_TRUE(
      check_plan({exists("/", bind_dir("/")), exists("/proc", Proc{}), exists("/proc/sys", LockReadOnly{})}, {}));
}

TEST(CheckPlan, TheRootIsADirectoryOrATmpfs) {
  expect_refused({exists("/", bind_file("/f"))}, "the root is a directory of the host or a tmpfs");
  expect_refused({exists("/", Proc{})}, "the root is a directory of the host or a tmpfs");
}

TEST(CheckPlan, LinksAndDirectoriesMakeTheirOwnName) {
  expect_refused({exists("/", bind_dir("/")), exists("/l", Symlink{"x"})}, "it makes its own name");
}

TEST(CheckPlan, NothingOfTheHostShowsWhereASourceMayVanish) {
  Bind bind = bind_dir("/a/b");
  bind.may_vanish = true;
  expect_refused({exists("/", bind_dir("/")), exists("/a/b", bind)},
                 "what it covers would show if its source vanished");
  EXPECT_TRUE(check_plan({create("/a", Tmpfs{}), create("/a/b", bind)}, {}));
}

TEST(CheckPlan, OnlyATmpfsOfOursIsSealedDeepestFirst) {
  expect_refused({exists("/", bind_dir("/"))}, "only a tmpfs of ours is sealed", {inside("/")});
  expect_refused({exists("/", bind_dir("/")), exists("/a", bind_dir("/a"))}, "only a tmpfs of ours is sealed",
                 {inside("/a")});
  const auto plan = check_plan({create("/a", Tmpfs{}), create("/a/b", Tmpfs{})},
                               {inside("/"), inside("/a"), inside("/a/b"), inside("/a")});
  ASSERT_TRUE(plan);
  EXPECT_THAT(std::vector(plan->seals().begin(), plan->seals().end()),
              ElementsAre(inside("/a/b"), inside("/a"), inside("/")));
}

}  // namespace
}  // namespace fence::testing
