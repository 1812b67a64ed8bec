// Enforced restrictions against every way to show the same file.
#include "fence/plan/enforce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kSystem = 2;
constexpr int kUser = 3;
constexpr int kEnforced = 9;

FakeHost host_with_secrets() {
  FakeHost fake;
  fake.dir("/srv/vault", 0).dir("/srv/vault/open", 0).file("/srv/vault/open/f").file("/srv/vault/key").dir("/srv/data");
  return fake;
}

PolicyBuilder whole_host() { return PolicyBuilder().allow_read("/"); }

TEST(Enforced, ADeeperGrantOfTheUserIsAnErrorThatNamesBothPlaces) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/vault", kEnforced).enforced().allow_read("/srv/vault/open", kUser);
  const auto plan = host_with_secrets().plan(policy);
  ASSERT_FALSE(plan);
  ASSERT_EQ(plan.error().size(), 1U);
  const std::string text = to_string(plan.error().front());
  EXPECT_THAT(text, HasSubstr("cannot show /srv/vault/open: denyRead:2 forbids it for everybody"));
  EXPECT_THAT(text, HasSubstr("asked for by allowRead:3"));
}

TEST(Enforced, WithoutItTheDeeperGrantWins) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/vault", kSystem).allow_read("/srv/vault/open", kUser);
  const auto plan = host_with_secrets().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/vault/open"));
}

TEST(Enforced, AGrantOfAProfileLosesWithARemark) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/vault", kEnforced).enforced().allow_read("/srv/vault/open", 1);
  const auto plan = host_with_secrets().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Not(Contains(HasSubstr("/srv/vault/open"))));
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Note),
              Contains("does not show /srv/vault/open: denyRead:2 forbids it for everybody"));
}

TEST(Enforced, ABindUnderAnotherNameHidesTheSameFiles) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/vault", kEnforced)
      .enforced()
      .scratch("/mnt", 1)
      .bind("/srv", "/mnt/srv", BindMode::ReadWrite, kUser);
  FakeHost fake = host_with_secrets();
  fake.dir("/mnt", 0);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("tmpfs /mnt/srv/vault"));
}

TEST(Enforced, ABindOfWhatLiesInAHiddenDirectoryIsAnError) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/vault", kEnforced).enforced().bind("/srv/vault/open", "/srv/data", BindMode::ReadOnly, kUser);
  const auto plan = host_with_secrets().plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot show /srv/vault/open"));
}

TEST(Enforced, AReadOnlyDirectoryIsWrittenNowhereBelowAndUnderNoOtherName) {
  PolicyBuilder policy = whole_host();
  policy.deny_write("/srv/vault", kEnforced).enforced().rule(PathList::AllowWrite, host("/srv/vault/open"), 1);
  policy.scratch("/mnt", 1).bind("/srv", "/mnt/srv", BindMode::ReadWrite, 1);
  FakeHost fake = host_with_secrets();
  fake.dir("/mnt", 0);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Not(Contains(HasSubstr("rw /srv"))));
  EXPECT_THAT(own_ops(*plan), Contains("ro /mnt/srv/vault from /srv/vault"));
}

TEST(Enforced, AReadGrantInsideOfAWritableBindDoesNotInheritIt) {
  PolicyBuilder policy = whole_host();
  policy.deny_write("/srv", kEnforced).enforced();
  policy.bind("/data", "/srv/vault", BindMode::ReadWrite, kUser);
  policy.rule(PathList::AllowRead, host("/srv/vault/key"), kUser, true);
  FakeHost fake = host_with_secrets();
  fake.dir("/data").file("/data/key");
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("rw /srv/vault from /data"));
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/vault/key"));
}

TEST(Enforced, AnOptionalGrantOfTheUserLosesWithoutAnError) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/vault", kEnforced).enforced();
  policy.rule(PathList::AllowRead, host("/srv/vault/open"), kUser, true);
  EXPECT_TRUE(host_with_secrets().plan(policy));
}

TEST(Enforced, WhatDoesNotExistIsNoErrorAndItsNameIsHidden) {
  PolicyBuilder policy = whole_host();
  policy.deny_read("/srv/later", kEnforced);
  EXPECT_FALSE(host_with_secrets().plan(policy)) << "the control: not enforced it is an error";
  policy.enforced();
  const auto plan = host_with_secrets().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("tmpfs /srv"));
}

TEST(Workspace, ARestrictionInItHoldsAlsoWhereARuleHidesTheWorkspaceAndAnotherShowsIt) {
  FakeHost fake;
  fake.dir("/home/ann/src").dir("/home/ann/src/p").file("/home/ann/src/p/.env").stand_in("/home/ann/src/p");
  PolicyBuilder policy = whole_host();
  policy.workspace().rule(PathList::DenyRead, InWorkspace{".env"}, kUser).allow_write("/home/ann/src/p", kUser);
  const auto hides_env = [&] {
    const auto plan = fake.plan(policy);
    EXPECT_TRUE(plan) << all_texts(plan.error());
    return plan && std::ranges::count(own_ops(*plan), "mask /home/ann/src/p/.env") == 1;
  };
  EXPECT_TRUE(hides_env());
  policy.deny_read("/home/ann/src", 4);
  EXPECT_TRUE(hides_env());
}

TEST(Workspace, WhatGitRunsStaysProtectedWhereARuleHidesTheWorkspaceAndAnotherShowsIt) {
  FakeHost fake;
  fake.dir("/home/ann/p").dir("/home/ann/p/.git").dir("/home/ann/p/.git/objects").dir("/home/ann/p/.git/refs");
  fake.file("/home/ann/p/.git/HEAD", "ref: refs/heads/main\n").dir("/home/ann/p/tools");
  fake.file("/home/ann/p/.git/config", "[core]\n\thooksPath = tools\n").stand_in("/home/ann/p");
  PolicyBuilder policy = whole_host();
  policy.workspace().allow_write("/home/ann/p", 6);
  const auto protects_hooks = [&] {
    const auto plan = fake.plan(policy);
    EXPECT_TRUE(plan) << all_texts(plan.error());
    return plan && std::ranges::count(own_ops(*plan), "ro /home/ann/p/tools") == 1;
  };
  EXPECT_TRUE(protects_hooks());
  policy.deny_read("/home/ann/p", 4);
  EXPECT_TRUE(protects_hooks());
}

}  // namespace
}  // namespace fence::testing
