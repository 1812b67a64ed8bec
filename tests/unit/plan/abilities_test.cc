#include "fence/plan/abilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "fence/plan/show.h"
#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Origin line(std::uint32_t number) { return {LayerKind::User, "settings.toml", number, 0}; }

PolicyBuilder requiring(std::initializer_list<Requirement> requirements) {
  PolicyBuilder policy;
  policy.allow_read("/");
  std::uint32_t number = 0;
  for (const Requirement& requirement : requirements)
    policy.policy().require.push_back({requirement, line(++number), 3});
  return policy;
}

FakeHost in_a_container() {
  FakeHost fake;
  fake.facts().kernel.covered_proc = {host("/proc/acpi"), host("/proc/kcore")};
  fake.facts().abilities[Ability::Proc] = AbilityLacking{"mount(\"proc\")", EPERM};
  return fake;
}

TEST(Abilities, WhatIsRequiredAndThereStandsInThePlan) {
  FakeHost fake;
  fake.facts().abilities[Ability::Landlock] = AbilityGiven{.version = {7, 0}};
  fake.facts().abilities[Ability::UserNamespace] = AbilityGiven{.by_bwrap = true};
  const auto plan =
      fake.plan(requiring({{Ability::Landlock, {4, 0}}, {Ability::UserNamespace}, {Ability::Kernel, {6, 1}}}));
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(plan->abilities, ElementsAre(AbilityPlan{"landlock>=4", "there: 7", "", line(1)},
                                           AbilityPlan{"userns", "there, for the installed bwrap only", "", line(2)},
                                           AbilityPlan{"kernel>=6.1", "there: 6.1", "", line(3)}));
  EXPECT_THAT(plan_text(*plan), HasSubstr("landlock>=4  there: 7 (settings.toml:1)"));
}

TEST(Abilities, TheKernelsVersionIsReadFromItsRelease) {
  for (const auto& [release, version] :
       {std::pair{"6.1.0-13-amd64", "6.1"}, {"5.15.167.4-microsoft-standard-WSL2", "5.15"}, {"6.10-rc1", "6.10"}}) {
    FakeHost fake;
    fake.facts().kernel.release = release;
    const auto plan = fake.plan(requiring({{Ability::Kernel, {5, 0}}}));
    ASSERT_TRUE(plan) << all_texts(plan.error());
    EXPECT_EQ(plan->abilities.front().state, std::string("there: ") + version);
  }
  FakeHost unknown;
  unknown.facts().kernel.release = "next";
  EXPECT_FALSE(unknown.plan(requiring({{Ability::Kernel, {5, 0}}})));
}

TEST(Abilities, NothingIsTriedThatNothingRequires) {
  HostFacts facts = FakeHost().facts();
  facts.abilities.clear();
  const auto wanted = required_facts(requiring({}), {{"true"}, {}, {}}, facts);
  EXPECT_THAT(wanted.abilities, ElementsAre(Ability::Landlock, Ability::Native));
  const auto with = required_facts(requiring({{Ability::Network}}), {{"true"}, {}, {}}, facts);
  EXPECT_THAT(with.abilities, ElementsAre(Ability::Network, Ability::Landlock, Ability::Native));
}

TEST(Abilities, AVersionTooOldIsRefusedWithWhatThereIsAndWhatBringsIt) {
  FakeHost fake;
  fake.facts().abilities[Ability::Landlock] = AbilityGiven{.version = {2, 0}};
  const auto plan = fake.plan(requiring({{Ability::Landlock, {4, 0}}, {Ability::Kernel, {6, 7}}}));
  ASSERT_FALSE(plan);
  const std::string text = all_texts(plan.error());
  EXPECT_THAT(
      text,
      HasSubstr(
          "this host does not have landlock>=4, which is required: it has landlock 2\n  asked for by settings.toml:1"));
  EXPECT_THAT(text, HasSubstr("4 with 6.7"));
  EXPECT_THAT(text, HasSubstr("this host does not have kernel>=6.7, which is required: it has kernel 6.1\n"));
}

struct GateCase {
  const char* sysctl;
  const char* value;
  const char* advice;
};
class ClosedGate : public ::testing::TestWithParam<GateCase> {};

TEST_P(ClosedGate, IsNamedWithTheSettingThatOpensIt) {
  FakeHost fake;
  fake.facts().abilities[Ability::UserNamespace] = AbilityLacking{"unshare(CLONE_NEWUSER)", EPERM};
  fake.facts().sysctls = {{"user.max_user_namespaces", "63000"}, {"user.max_pid_namespaces", "63000"}};
  fake.facts().sysctls[GetParam().sysctl] = GetParam().value;
  const auto plan = fake.plan(requiring({{Ability::UserNamespace}}));
  ASSERT_FALSE(plan);
  const std::string text = all_texts(plan.error());
  EXPECT_THAT(text, HasSubstr("unshare(CLONE_NEWUSER): operation not permitted"));
  EXPECT_THAT(text, HasSubstr(std::string(GetParam().sysctl) + " is " + GetParam().value));
  EXPECT_THAT(text, HasSubstr(std::string("hint: ") + GetParam().advice));
}

INSTANTIATE_TEST_SUITE_P(
    Abilities, ClosedGate,
    ::testing::Values(GateCase{"kernel.apparmor_restrict_unprivileged_userns", "1",
                               "sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
                      GateCase{"kernel.unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"},
                      GateCase{"user.max_user_namespaces", "0", "sysctl user.max_user_namespaces="}));

TEST(Abilities, WithoutAClosedGateTheRemedyIsSaid) {
  FakeHost fake;
  fake.facts().abilities[Ability::Seccomp] = AbilityLacking{"seccomp(SECCOMP_SET_MODE_FILTER)", EINVAL};
  const auto plan = fake.plan(requiring({{Ability::Seccomp}}));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("hint: it takes a kernel with CONFIG_SECCOMP_FILTER"));
}

TEST(CoveredProc, WhereAFreshOneIsRefusedTheLaunchIsRefusedWithTheWayOut) {
  const auto plan = in_a_container().plan(requiring({}));
  ASSERT_FALSE(plan);
  const std::string text = all_texts(plan.error());
  EXPECT_THAT(text, HasSubstr("cannot give the command a /proc of the sandbox's own"));
  EXPECT_THAT(text, HasSubstr("systempaths=unconfined"));
  EXPECT_THAT(text, HasSubstr("allowDegraded = [\"proc\"]"));
}

TEST(CoveredProc, WhereAFreshOneIsPossibleAllTheSameNothingIsDegraded) {
  FakeHost fake = in_a_container();
  fake.facts().abilities[Ability::Proc] = AbilityGiven{};
  const auto plan = fake.plan(requiring({}));
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_TRUE(std::holds_alternative<Proc>(plan->mounts.find(inside("/proc"))->action));
}

TEST(CoveredProc, NamedAsDegradedItIsTheHostsReadOnlyAndSaid) {
  PolicyBuilder policy = requiring({});
  policy.policy().allow_degraded.push_back({Ability::Proc, line(5)});
  const auto plan = in_a_container().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  const auto* bind = std::get_if<Bind>(&plan->mounts.find(inside("/proc"))->action);
  ASSERT_NE(bind, nullptr);
  EXPECT_EQ(bind->mode, BindMode::ReadOnly);
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Notice), Contains(HasSubstr("degraded (proc): the host's /proc")));
}

TEST(CoveredProc, DegradedAsRootNothingIsLockedInIt) {
  FakeHost fake = in_a_container();
  fake.as_root().dir("/proc/sys", 0);
  PolicyBuilder policy = requiring({});
  policy.policy().allow_degraded.push_back({Ability::Proc, line(5)});
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_EQ(plan->mounts.find(inside("/proc/sys")), nullptr);
}

TEST(CoveredProc, WhatIsRequiredIsNeverDegraded) {
  PolicyBuilder policy = requiring({{Ability::Proc}});
  policy.policy().allow_degraded.push_back({Ability::Proc, line(5)});
  EXPECT_FALSE(in_a_container().plan(policy));
}

TEST(CoveredProc, DegradedAndNestingExcludeEachOther) {
  PolicyBuilder policy = requiring({});
  policy.policy().allow_degraded.push_back({Ability::Proc, line(5)});
  policy.policy().nesting = {true, line(6)};
  const auto plan = in_a_container().plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot allow nested sandboxes with the host's /proc"));
}

TEST(OldKernel, WithoutCgroupNamespaceItTakesTheUsersWord) {
  FakeHost fake;
  fake.facts().kernel.cgroup_namespace = false;
  EXPECT_FALSE(fake.plan(requiring({})));
  PolicyBuilder policy = requiring({});
  policy.policy().allow_degraded.push_back({Ability::Cgroup, line(5)});
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_FALSE(plan->cgroup_namespace);
}

TEST(Wsl1, IsRefusedWithTheCommandThatConvertsIt) {
  FakeHost fake;
  fake.facts().kernel.release = "4.4.0-22621-Microsoft";
  const auto plan = fake.plan(requiring({}));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("wsl --set-version"));
  fake.facts().kernel.release = "5.15.90.1-microsoft-standard-WSL2";
  EXPECT_TRUE(fake.plan(requiring({})));
}

}  // namespace
}  // namespace fence::testing
