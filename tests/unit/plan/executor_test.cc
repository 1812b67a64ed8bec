#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "fence/plan/decide.h"
#include "fence/plan/show.h"
#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PolicyBuilder wanting(Backend backend) {
  PolicyBuilder policy;
  policy.allow_read("/");
  policy.policy().backend = {backend, {LayerKind::User, "settings.toml", 1, 0}};
  return policy;
}

FakeHost with_bwrap() {
  FakeHost fake;
  fake.facts().bwrap = BwrapFacts{.path = "/usr/bin/bwrap"};
  return fake;
}

FakeHost refusing(std::string step, int errno_value, FakeHost fake = with_bwrap()) {
  fake.facts().abilities[Ability::Native] = AbilityLacking{std::move(step), errno_value};
  return fake;
}

TEST(Auto, IsNativeAndAsksForNoBwrap) {
  const FakeHost fake;
  const auto plan = fake.plan(wanting(Backend::Auto));
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_EQ(plan->executor, Executor::Native);
  EXPECT_EQ(plan->backend_reason, "native, the default");
  HostFacts known;
  known.abilities[Ability::Native] = AbilityGiven{};
  FactLens lens(known);
  ASSERT_TRUE(decide_executor({Backend::Auto, {}}, lens));
  EXPECT_FALSE(lens.wanted().bwrap);
}

TEST(Auto, IsBwrapWhereNativeIsRefusedAndSaysWhichCallAndWhatKernelHasIt) {
  FakeHost old = refusing("mount_setattr(2)", ENOSYS);
  old.facts().kernel.release = "5.10.0-30-amd64";
  const auto plan = old.plan(wanting(Backend::Auto));
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_EQ(plan->executor, Executor::Bwrap);
  const std::string why =
      "bwrap, since native is refused here: mount_setattr(2): function not implemented (Linux 5.12 has it, this is "
      "5.10.0-30-amd64)";
  EXPECT_THAT(plan_text(*plan), HasSubstr(why));
  EXPECT_THAT(plan_json(*plan), HasSubstr(why));
}

TEST(Auto, WithNeitherIsRefusedWithWhatIsToBeChanged) {
  FakeHost fake = refusing("unshare(CLONE_NEWUSER)", EPERM, FakeHost());
  fake.facts().sysctls = {{"kernel.unprivileged_userns_clone", "0"}};
  const auto plan = fake.plan(wanting(Backend::Auto));
  ASSERT_FALSE(plan);
  const std::string text = all_texts(plan.error());
  EXPECT_THAT(text, HasSubstr("cannot make a sandbox: unshare(CLONE_NEWUSER): operation not permitted"));
  EXPECT_THAT(text, HasSubstr("no bwrap is installed"));
  EXPECT_THAT(text, HasSubstr("sysctl kernel.unprivileged_userns_clone=1; or install the package bubblewrap"));
}

class Shortage : public ::testing::TestWithParam<int> {};

TEST_P(Shortage, IsMetByTheLaunchAndNoReasonForBwrap) {
  for (const Backend backend : {Backend::Auto, Backend::Native}) {
    const auto plan = refusing("fsopen(2)", GetParam()).plan(wanting(backend));
    ASSERT_TRUE(plan) << all_texts(plan.error());
    EXPECT_EQ(plan->executor, Executor::Native);
  }
}

INSTANTIATE_TEST_SUITE_P(Executor, Shortage, ::testing::Values(ENOSPC, ENOMEM, EMFILE, EAGAIN, ETIMEDOUT, 0));

TEST(NativeAsAsked, IsRefusedWhereTheKernelRefusesIt) {
  FakeHost old = refusing("open_tree(2)", ENOSYS);
  old.facts().kernel.release = "4.19.0";
  const auto plan = old.plan(wanting(Backend::Native));
  ASSERT_FALSE(plan);
  const std::string text = all_texts(plan.error());
  EXPECT_THAT(text, HasSubstr("open_tree(2): function not implemented (Linux 5.2 has it, this is 4.19.0)\n"
                              "  asked for by settings.toml:1"));
  EXPECT_THAT(text, HasSubstr("or leave backend at \"auto\""));
  EXPECT_THAT(all_texts(refusing("open_tree(2)", ENOSYS, FakeHost()).plan(wanting(Backend::Native)).error()),
              Not(HasSubstr("auto")));
}

TEST(BwrapAsAsked, TriesNothingOfNative) {
  const HostFacts nothing;
  FactLens lens(nothing);
  const auto choice = decide_executor({Backend::Bwrap, {}}, lens);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->executor, Executor::Bwrap);
  EXPECT_EQ(choice->reason, "bwrap, as asked");
  EXPECT_TRUE(lens.wanted().bwrap);
  EXPECT_TRUE(lens.wanted().abilities.empty());
}

}  // namespace
}  // namespace fence::testing
