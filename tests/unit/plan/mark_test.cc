#include <gtest/gtest.h>

#include <algorithm>

#include "fence/plan/decide.h"
#include "small_plan.h"

namespace fence {
namespace {

using test::small_plan;

std::string value_of(const SandboxPlan& plan, std::string_view name) {
  for (const VariablePlan& variable : plan.environment.variables) {
    if (variable.name != name) continue;
    const auto* set = std::get_if<Replaced>(&variable.fate);
    return set == nullptr ? "not set" : set->value;
  }
  return "absent";
}

SandboxPlan marked(SandboxPlan plan) {
  mark_plan(plan);
  return plan;
}

TEST(MarkPlan, TellsTheCommandWhereItIs) {
  const SandboxPlan plan = marked(small_plan());
  EXPECT_EQ(value_of(plan, "FENCE_SANDBOX"), "1");
  EXPECT_EQ(value_of(plan, "FENCE_PLAN"), plan.hash);
  EXPECT_EQ(plan.hash.size(), 16U);
  EXPECT_TRUE(std::ranges::is_sorted(plan.environment.variables, {}, &VariablePlan::name));
}

TEST(MarkPlan, IsTheSameForTheSamePlanAndAnotherForAnother) {
  EXPECT_EQ(marked(small_plan()).hash, marked(small_plan()).hash);
  EXPECT_EQ(marked(marked(small_plan())).hash, marked(small_plan()).hash);
  SandboxPlan other = small_plan();
  other.command.push_back("x");
  EXPECT_NE(marked(other).hash, marked(small_plan()).hash);
  SandboxPlan limited = small_plan();
  limited.limits.push_back({Limit::OpenFiles, 100, {}});
  EXPECT_NE(marked(limited).hash, marked(small_plan()).hash);
}

TEST(MarkPlan, IsOfWhatAPlanDoesAndNotOfReasonsOrValues) {
  const std::string hash = marked(small_plan()).hash;
  SandboxPlan plan = small_plan();
  plan.remarks.push_back({RemarkKind::Note, "a word", {}});
  plan.backend_reason = "another";
  plan.environment.variables.front().reason = "another";
  EXPECT_EQ(marked(plan).hash, hash);
  plan.environment.variables.push_back({"ZZ", Replaced{"one value"}, "", {}});
  const std::string with_variable = marked(plan).hash;
  EXPECT_NE(with_variable, hash);
  plan.environment.variables.back().fate = Replaced{"another value"};
  EXPECT_EQ(marked(plan).hash, with_variable);
  plan.environment.variables.back().fate = Dropped{};
  EXPECT_NE(marked(plan).hash, with_variable);
}

TEST(MarkPlan, LandlockIsPartOfIt) {
  const std::string hash = marked(small_plan()).hash;
  SandboxPlan plan = small_plan();
  plan.landlock.abi = 7;
  plan.landlock.without.clear();
  plan.landlock.rules[0].why = "another";
  EXPECT_EQ(marked(plan).hash, hash) << "a fact and reasons";
  plan.landlock.rules[0].rights = landlock::kWriteFile;
  EXPECT_NE(marked(plan).hash, hash);
  plan = small_plan();
  plan.landlock.scoped = 0;
  EXPECT_NE(marked(plan).hash, hash);
}

TEST(MarkPlan, NobodyElseSaysWhatItIs) {
  SandboxPlan plan = small_plan();
  plan.environment.variables = {{"FENCE_PLAN", Passed{}, "", {}}, {"FENCE_SANDBOX", Replaced{"0"}, "", {}}};
  plan = marked(plan);
  EXPECT_EQ(plan.environment.variables.size(), 2U);
  EXPECT_EQ(value_of(plan, "FENCE_SANDBOX"), "1");
  EXPECT_EQ(value_of(plan, "FENCE_PLAN"), plan.hash);
}

}  // namespace
}  // namespace fence
