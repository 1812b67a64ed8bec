#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fence/plan/decide.h"

namespace fence {
namespace {

using ::testing::ElementsAre;

const Origin kAsker{LayerKind::User, "s.toml", 4, 0};
const LimitPlan kNoCore{Limit::CoreSize, 1, {}};

Policy asking(Limit limit, std::uint64_t value) {
  Policy policy;
  policy.limits[limit] = {value, kAsker};
  return policy;
}

CallerFacts limited_user() { return {.uid = 1000, .gid = 1000, .uid_map = {{0, 0, 4294967295U}}}; }

CallerFacts limited_root(std::vector<IdExtent> map = {{0, 0, 4294967295U}}) {
  return {.uid = 0, .uid_map = std::move(map)};
}

std::string limit_fault(const Policy& policy, const CallerFacts& caller) {
  const auto limits = decide_limits(policy, caller);
  return limits || limits.error().size() != 1 ? "planned" : to_string(limits.error()[0]);
}

TEST(DecideLimits, NobodyAskedLeavesNoCoreFiles) {
  const auto limits = decide_limits({}, limited_user());
  ASSERT_TRUE(limits);
  EXPECT_THAT(*limits, ElementsAre(kNoCore));
}

TEST(DecideLimits, ACallerThatMayHaveNoneKeepsNone) {
  CallerFacts caller = limited_user();
  caller.hard_limits[Limit::CoreSize] = 0;
  EXPECT_THAT(*decide_limits({}, caller), ElementsAre(LimitPlan{Limit::CoreSize, 0, kNoCore.origin}));
  caller.hard_limits[Limit::CoreSize] = 1;
  EXPECT_THAT(*decide_limits({}, caller), ElementsAre(kNoCore));
}

TEST(DecideLimits, WhatIsAskedForIsPlannedWithItsPlaceAndInTheOrderOfTheTable) {
  Policy policy = asking(Limit::WallTime, 60);
  policy.limits[Limit::OpenFiles] = {100, kAsker};
  policy.limits[Limit::CpuTime] = {kNoLimit, kAsker};
  const auto limits = decide_limits(policy, limited_user());
  ASSERT_TRUE(limits);
  EXPECT_THAT(*limits,
              ElementsAre(LimitPlan{Limit::OpenFiles, 100, kAsker}, kNoCore, LimitPlan{Limit::WallTime, 60, kAsker}));
}

TEST(DecideLimits, OneAboveTheCallersHardLimitIsRefusedAndNamesBoth) {
  CallerFacts caller = limited_user();
  caller.hard_limits[Limit::OpenFiles] = 1024;
  EXPECT_EQ(limit_fault(asking(Limit::OpenFiles, 1024), caller), "planned");
  EXPECT_EQ(limit_fault(asking(Limit::OpenFiles, 1025), caller),
            "fence: cannot set limits.nofile of 1025: the caller's own hard limit is 1024\n"
            "  asked for by s.toml:4\n"
            "  hint: ask for no more than that, or raise the caller's first (ulimit -H, limits.conf(5), LimitNOFILE= "
            "and the like in systemd.exec(5))");
  EXPECT_EQ(limit_fault(asking(Limit::OpenFiles, kNoLimit), caller), "planned");
  EXPECT_EQ(limit_fault(asking(Limit::Processes, 1025), caller), "planned");
}

TEST(DecideLimits, TheHostsRootIsNotHeldToALimitOnProcesses) {
  EXPECT_EQ(limit_fault(asking(Limit::Processes, 10), limited_root()),
            "fence: cannot set limits.nproc of 10: the kernel does not hold root to it\n"
            "  asked for by s.toml:4\n"
            "  hint: start fence as an ordinary user, or take it back for root with --set limits.nproc=none");
  EXPECT_EQ(limit_fault(asking(Limit::Processes, kNoLimit), limited_root()), "planned");
  EXPECT_EQ(limit_fault(asking(Limit::OpenFiles, 10), limited_root()), "planned");
}

TEST(DecideLimits, ARootThatIsSomebodyElseOutsideIsHeldToIt) {
  EXPECT_EQ(limit_fault(asking(Limit::Processes, 10), limited_root({{0, 100000, 65536}})), "planned");
  EXPECT_NE(limit_fault(asking(Limit::Processes, 10), limited_root({{0, 0, 1}})), "planned");
}

}  // namespace
}  // namespace fence
