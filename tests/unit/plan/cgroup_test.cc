// Where a group with limits can be made, over the hosts that there are.
#include "fence/plan/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/paths.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using testing::host;
using ::testing::IsEmpty;
using Names = std::set<std::string>;

const Origin kGroupAsker{LayerKind::User, "s.toml", 4, 0};
const Names kAllThree{"cpu", "memory", "pids"};
const LimitPlan kTenPids{Limit::Pids, 10, kGroupAsker};
const LimitPlan kOneGigabyte{Limit::Memory, 1U << 30U, kGroupAsker};
const LimitPlan kOneAndAHalf{Limit::Cpus, 1500, kGroupAsker};

CgroupDirectory group_at(std::string_view path, Names controllers, Names enabled, int error = 0) {
  return {.path = host(path),
          .type = "domain",
          .controllers = std::move(controllers),
          .enabled = std::move(enabled),
          .make_error = error,
          .move_error = error};
}

CgroupDirectory hierarchy_root(std::string_view path, const Names& enabled, int error) {
  CgroupDirectory root = group_at(path, enabled, enabled, error);
  root.type = "";
  return root;
}

/// A terminal of a desktop: below user@1000.service all is the user's own.
CgroupFacts desktop() {
  const std::string service = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service";
  return {.own = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-terminal.scope",
          .v1_controllers = {},
          .groups = {group_at(service + "/app.slice/app-terminal.scope", {"memory", "pids"}, {}),
                     group_at(service + "/app.slice", kAllThree, {"memory", "pids"}),
                     group_at(service, kAllThree, kAllThree),
                     group_at("/sys/fs/cgroup/user.slice/user-1000.slice", kAllThree, kAllThree, EACCES),
                     group_at("/sys/fs/cgroup/user.slice", kAllThree, kAllThree, EACCES),
                     hierarchy_root("/sys/fs/cgroup", kAllThree, EACCES)}};
}

/// A login by ssh: the session's scope is root's.
CgroupFacts ssh_session(int error = EACCES) {
  return {.own = "/user.slice/user-1000.slice/session-3.scope",
          .v1_controllers = {},
          .groups = {group_at("/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope", {"pids"}, {}, error),
                     group_at("/sys/fs/cgroup/user.slice/user-1000.slice", {"memory", "pids"}, {"pids"}, error),
                     hierarchy_root("/sys/fs/cgroup", kAllThree, error)}};
}

CgroupFacts container(int error) {
  return {.own = "/", .v1_controllers = {}, .groups = {group_at("/sys/fs/cgroup", kAllThree, {}, error)}};
}

CgroupFacts hybrid() {
  return {.own = "/",
          .v1_controllers = {"cpu", "memory", "pids"},
          .groups = {hierarchy_root("/sys/fs/cgroup/unified", {}, 0)}};
}

Result<CgroupDecision, Errors> decided(const CgroupFacts& cgroups, std::vector<LimitPlan> limits,
                                       const Policy& policy = {}, Executor executor = Executor::Native,
                                       std::uint32_t uid = 1000) {
  HostFacts facts;
  facts.caller.uid = uid;
  facts.cgroups = cgroups;
  FactLens lens(facts);
  auto decision = decide_cgroup(policy, std::move(limits), executor, lens);
  EXPECT_TRUE(lens.wanted().empty());
  return decision;
}

std::string parent_of(const CgroupFacts& cgroups, std::vector<LimitPlan> limits, std::uint32_t uid = 1000) {
  const auto decision = decided(cgroups, std::move(limits), {}, Executor::Native, uid);
  if (!decision) return to_string(decision.error().front());
  return decision->cgroup ? decision->cgroup->parent.text() : "none";
}

std::vector<std::string> files_of(const std::vector<LimitPlan>& limits, Executor executor = Executor::Native) {
  std::vector<std::string> out;
  const auto decision = decided(desktop(), limits, {}, executor);
  for (const CgroupSetting& setting : decision->cgroup->settings) out.push_back(setting.file + "=" + setting.value);
  return out;
}

TEST(DecideCgroup, NothingIsAskedOfTheHostWithoutSuchALimit) {
  const HostFacts facts;
  FactLens lens(facts);
  const auto decision = decide_cgroup({}, {{Limit::OpenFiles, 10, {}}}, Executor::Native, lens);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->cgroup, std::nullopt);
  EXPECT_EQ(decision->limits.size(), 1U);
  EXPECT_FALSE(lens.wanted().cgroups);
}

TEST(DecideCgroup, WithOneTheHostIsAsked) {
  const HostFacts facts;
  FactLens lens(facts);
  static_cast<void>(decide_cgroup({}, {kTenPids}, Executor::Native, lens));
  EXPECT_TRUE(lens.wanted().cgroups);
}

TEST(DecideCgroup, TheNearestGroupThatGivesItsChildrenAllOfTheControllers) {
  const std::string service = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service";
  EXPECT_EQ(parent_of(desktop(), {kTenPids}), service + "/app.slice");
  EXPECT_EQ(parent_of(desktop(), {kTenPids, kOneGigabyte}), service + "/app.slice");
  EXPECT_EQ(parent_of(desktop(), {kTenPids, kOneAndAHalf}), service);
}

TEST(DecideCgroup, WhatIsWritten) {
  EXPECT_THAT(files_of({kTenPids}), ElementsAre("pids.max=11"));
  EXPECT_THAT(files_of({kTenPids}, Executor::Bwrap), ElementsAre("pids.max=12"));
  EXPECT_THAT(files_of({{Limit::Pids, 5'000'000, {}}}), ElementsAre("pids.max=4194304"));
  EXPECT_THAT(files_of({kOneGigabyte}),
              ElementsAre("memory.max=1073741824", "memory.swap.max=0", "memory.oom.group=1"));
  EXPECT_THAT(files_of({kOneAndAHalf}), ElementsAre("cpu.max=150000 100000"));
}

TEST(DecideCgroup, OnlyWithoutSwapMayTheKernelNotCountIt) {
  CgroupFacts cgroups = desktop();
  EXPECT_TRUE(decided(cgroups, {kOneGigabyte})->cgroup->settings[1].may_lack);
  cgroups.swap = true;
  EXPECT_FALSE(decided(cgroups, {kOneGigabyte})->cgroup->settings[1].may_lack);
}

TEST(DecideCgroup, ALoginSessionsScopeIsRefusedWithWhatEachGroupLacks) {
  EXPECT_EQ(parent_of(ssh_session(), {kTenPids, kOneGigabyte}),
            "fence: cannot set limits.pids of 10 and limits.memory of 1024 MiB: in no control group around the caller "
            "can one be made that has memory and pids\n"
            "  asked for by s.toml:4\n"
            "  /sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope: no group can be made in it (permission "
            "denied), no process can be moved in it (permission denied), pids not enabled for its children "
            "(cgroup.subtree_control), no controller memory\n"
            "  /sys/fs/cgroup/user.slice/user-1000.slice: no group can be made in it (permission denied), no process "
            "can be moved in it (permission denied), memory not enabled for its children (cgroup.subtree_control)\n"
            "  /sys/fs/cgroup: no group can be made in it (permission denied), no process can be moved in it "
            "(permission denied)\n"
            "  allowDegraded = [\"delegation\"] goes on without what cannot be kept\n"
            "  hint: start it with systemd-run --user --scope -p Delegate=yes fence ...");
}

TEST(DecideCgroup, RootTakesTheSliceAroundItsSession) {
  EXPECT_EQ(parent_of(ssh_session(0), {kTenPids}, 0), "/sys/fs/cgroup/user.slice/user-1000.slice");
  EXPECT_EQ(parent_of(ssh_session(0), {kTenPids, kOneGigabyte}, 0), "/sys/fs/cgroup");
}

TEST(DecideCgroup, AContainerIsToldToLimitItself) {
  for (const int error : {EROFS, 0}) {
    const std::string refusal = parent_of(container(error), {kTenPids}, 0);
    EXPECT_THAT(refusal, ::testing::HasSubstr("docker run or podman run with --pids-limit")) << error;
    EXPECT_THAT(refusal, ::testing::HasSubstr("pids not enabled for its children")) << error;
  }
  EXPECT_THAT(parent_of(container(EROFS), {kTenPids}, 0), ::testing::HasSubstr("read-only file system"));
}

TEST(DecideCgroup, AHybridHostIsToldOfVersion1) {
  EXPECT_EQ(parent_of(hybrid(), {kTenPids}),
            "fence: cannot set limits.pids of 10: cgroup v1 has the controllers pids here, and v1 cannot be divided by "
            "its users\n"
            "  asked for by s.toml:4\n"
            "  allowDegraded = [\"delegation\"] goes on without what cannot be kept\n"
            "  hint: boot with cgroup v2 alone: systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=all with another "
            "init (WSL: kernelCommandLine in .wslconfig)");
}

TEST(DecideCgroup, WithoutVersion2OrAViewOfItItIsRefused) {
  EXPECT_THAT(parent_of({}, {kTenPids}), ::testing::HasSubstr("has no cgroup v2"));
  EXPECT_THAT(parent_of({.own = "/a/b", .v1_controllers = {}, .groups = {}}, {kTenPids}),
              ::testing::HasSubstr("no mount shows the caller's control group /a/b"));
}

TEST(DecideCgroup, AThreadedGroupIsPassedOver) {
  for (const char* type : {"threaded", "domain threaded", "domain invalid"}) {
    CgroupFacts cgroups = desktop();
    cgroups.groups[1].type = type;
    EXPECT_TRUE(parent_of(cgroups, {kTenPids}).ends_with("/user@1000.service")) << type;
  }
}

TEST(DecideCgroup, BothMakingAndMovingAreNeeded) {
  for (auto error : {&CgroupDirectory::make_error, &CgroupDirectory::move_error}) {
    CgroupFacts cgroups = desktop();
    cgroups.groups[1].*error = EACCES;
    EXPECT_TRUE(parent_of(cgroups, {kTenPids}).ends_with("/user@1000.service"));
  }
}

TEST(DecideCgroup, BoundsOnDepthAndNumberCountFromTheGroupThatHasThem) {
  CgroupFacts cgroups = desktop();
  cgroups.groups[2].max_depth = 3;
  EXPECT_TRUE(parent_of(cgroups, {kTenPids}).ends_with("/app.slice"));
  cgroups.groups[2].max_depth = 2;
  EXPECT_TRUE(parent_of(cgroups, {kTenPids}).ends_with("/user@1000.service"));
  cgroups.groups[2].max_depth = 1;
  EXPECT_THAT(parent_of(cgroups, {kTenPids}), ::testing::HasSubstr("cgroup.max.depth of /sys/fs/cgroup/user.slice/"));
  cgroups = desktop();
  cgroups.groups[1].max_descendants = 7;
  cgroups.groups[1].descendants = 5;
  EXPECT_TRUE(parent_of(cgroups, {kTenPids}).ends_with("/app.slice"));
  cgroups.groups[1].descendants = 6;
  EXPECT_TRUE(parent_of(cgroups, {kTenPids}).ends_with("/user@1000.service"));
}

Policy degrading() {
  Policy policy;
  policy.allow_degraded = {{Ability::Delegation, kGroupAsker}};
  return policy;
}

TEST(DecideCgroup, DegradedKeepsWhatCanBeKept) {
  CgroupFacts cgroups = desktop();
  for (CgroupDirectory& group : cgroups.groups) group.enabled.erase("cpu");
  const auto decision = decided(cgroups, {{Limit::OpenFiles, 9, {}}, kTenPids, kOneAndAHalf}, degrading());
  ASSERT_TRUE(decision);
  EXPECT_THAT(decision->limits, ElementsAre(LimitPlan{Limit::OpenFiles, 9, {}}, kTenPids));
  EXPECT_EQ(decision->cgroup->settings.size(), 1U);
  ASSERT_EQ(decision->rows.size(), 1U);
  EXPECT_EQ(decision->rows[0].degraded, "not kept: limits.cpus of 1.5");
  EXPECT_EQ(decision->rows[0].origin, kGroupAsker);
}

TEST(DecideCgroup, DegradedToNothingMakesNoGroup) {
  const auto decision = decided(hybrid(), {kTenPids}, degrading());
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->cgroup, std::nullopt);
  EXPECT_THAT(decision->limits, IsEmpty());
}

TEST(DecideCgroup, WhatIsRequiredIsNotDegraded) {
  Policy policy = degrading();
  policy.require = {{.value = {.ability = Ability::Delegation}}};
  EXPECT_FALSE(decided(hybrid(), {kTenPids}, policy));
  EXPECT_TRUE(decided(desktop(), {kTenPids}, policy));
}

TEST(DelegationFact, TakesAllControllersInOneGroup) {
  HostFacts facts;
  facts.cgroups = desktop();
  FactLens lens(facts);
  EXPECT_TRUE(std::holds_alternative<AbilityGiven>(delegation_fact(lens)));
  facts.cgroups->groups[2].enabled.erase("cpu");
  EXPECT_TRUE(std::holds_alternative<AbilityLacking>(delegation_fact(lens)));
}

}  // namespace
}  // namespace fence
