#include <gmock/gmock.h>

#include "fence/plan/decide.h"
#include "fence/plan/show.h"
#include "support/fake_host.h"
#include "world.h"

namespace fence {
namespace {

using test::bind_of;
using test::created;
using test::inside;
using test::op;
using test::plan_of;
using test::read_only;
using test::tmpfs;
using test::writable;
using ::testing::ElementsAre;
using testing::FakeHost;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kWrites = landlock::kWriteFile | landlock::kRefer | landlock::kTruncate;
constexpr std::uint64_t kReads = landlock::kExecute | landlock::kReadFile | landlock::kReadDir;
const Origin kAsked{LayerKind::User, "settings.toml", 3, 1};

Policy with_mode(LandlockMode mode, bool nesting = false) {
  testing::PolicyBuilder builder;
  Policy policy = builder.allow_read("/").policy();
  policy.landlock = {mode, mode == LandlockMode::Auto ? Origin{} : kAsked};
  policy.nesting = {nesting, {}};
  return policy;
}

HostFacts with_abi(std::uint32_t abi) {
  HostFacts facts;
  facts.abilities[Ability::Landlock] = AbilityGiven{.version = {abi, 0}};
  return facts;
}

LandlockPlan decided(const Policy& policy, std::uint32_t abi, const MountPlan& mounts,
                     Executor executor = Executor::Native) {
  const HostFacts facts = with_abi(abi);
  FactLens lens(facts);
  return decide_landlock(policy, mounts, executor, lens);
}

std::vector<std::pair<std::string, std::uint64_t>> rules_of(const LandlockPlan& plan) {
  std::vector<std::pair<std::string, std::uint64_t>> rules;
  for (const LandlockRule& rule : plan.rules) rules.emplace_back(rule.path.text(), rule.rights);
  return rules;
}

/// One of everything.
MountPlan many_mounts() {
  return plan_of({read_only("/"), op("/dev", Dev{}), writable("/home/ann/app"),
                  op("/home/ann/app/.git/config", bind_of("/x", BindMode::ReadOnly, PathKind::Regular)),
                  writable("/home/ann/app/deep"),
                  op("/home/ann/list", bind_of("/home/ann/list", BindMode::ReadWrite, PathKind::Regular)),
                  op("/opt/gpu", bind_of("/opt/gpu", BindMode::Device, PathKind::CharDevice)), op("/proc", Proc{}),
                  op("/proc/sys", LockReadOnly{}), tmpfs("/run"), created(op("/run/a", Tmpfs{0700, {}})),
                  created(op("/run/b", WriteFile{"x", 0444})), created(op("/run/c", Symlink{"a"})),
                  created(op("/run/d", MakeDir{0755})), op("/secret", MaskFile{}), tmpfs("/tmp")},
                 {"/run"});
}

TEST(Landlock, AutoHoldsWritingAndNothingThatCostsReaders) {
  const LandlockPlan plan = decided(with_mode(LandlockMode::Auto), 7, many_mounts());
  EXPECT_EQ(plan.handled, landlock::kWriteFile | landlock::kRefer);
  EXPECT_EQ(plan.handled_for_input, landlock::kTruncate) << "the kernel looks at it for each open(2)";
  EXPECT_EQ(plan.scoped, landlock::kScopeSignal | landlock::kScopeAbstractUnixSocket);
  EXPECT_EQ(rules_of(plan), (std::vector<std::pair<std::string, std::uint64_t>>{
                                {"/dev", kWrites},
                                {"/home/ann/app", kWrites},
                                {"/home/ann/list", landlock::kWriteFile | landlock::kTruncate},
                                {"/opt/gpu", landlock::kWriteFile | landlock::kTruncate},
                                {"/proc", kWrites},
                                {"/run/a", kWrites},
                                {"/tmp", kWrites}}));
  EXPECT_EQ(plan.handed_readable, 0U);
  EXPECT_EQ(plan.handed_writable, landlock::kWriteFile | landlock::kTruncate);
  EXPECT_THAT(plan.without, IsEmpty());
}

TEST(Landlock, WhereTheHostsMountsArriveLaterTruncatingIsHeldInAnyCase) {
  const LandlockPlan plan = decided(with_mode(LandlockMode::Auto), 7, many_mounts(), Executor::Bwrap);
  EXPECT_EQ(plan.handled, kWrites);
  EXPECT_EQ(plan.handled_for_input, 0U);
}

TEST(Landlock, FullHoldsReadingToo) {
  const LandlockPlan plan = decided(with_mode(LandlockMode::Full), 7, many_mounts());
  std::uint64_t all = 0;
  for (const landlock::Bit& right : landlock::kRights) all |= right.bit;
  EXPECT_EQ(plan.handled, all);
  EXPECT_EQ(plan.handled_for_input, 0U);
  const auto rules = rules_of(plan);
  EXPECT_EQ(rules[0], (std::pair<std::string, std::uint64_t>{"/", kReads}));
  EXPECT_EQ(rules[1], (std::pair<std::string, std::uint64_t>{"/dev", all}));
  EXPECT_EQ(rules[2], (std::pair<std::string, std::uint64_t>{"/home/ann/app", kReads | kWrites | landlock::kMaking}));
  EXPECT_EQ(plan.handed_readable, kReads | landlock::kIoctlDev);
  EXPECT_EQ(plan.handed_writable, landlock::kWriteFile | landlock::kTruncate | landlock::kIoctlDev);
}

TEST(Landlock, OfARootOfOurOwnOnlyTheNamesAreShown) {
  const MountPlan mounts =
      plan_of({created(op("/etc", MakeDir{0755})),
               created(op("/etc/hosts", bind_of("/etc/hosts", BindMode::ReadOnly, PathKind::Regular))),
               created(op("/etc/motd", WriteFile{"x", 0444})), created(read_only("/usr"))},
              {"/"});
  EXPECT_EQ(
      rules_of(decided(with_mode(LandlockMode::Full), 7, mounts)),
      (std::vector<std::pair<std::string, std::uint64_t>>{{"/", landlock::kReadDir},
                                                          {"/etc/hosts", landlock::kExecute | landlock::kReadFile},
                                                          {"/etc/motd", landlock::kExecute | landlock::kReadFile},
                                                          {"/usr", kReads}}));
  EXPECT_THAT(decided(with_mode(LandlockMode::Auto), 7, mounts).rules, IsEmpty());
}

TEST(Landlock, ARootOfOurOwnThatStaysWritableIsOne) {
  EXPECT_EQ(rules_of(decided(with_mode(LandlockMode::Auto), 7, plan_of({created(tmpfs("/tmp"))}))),
            (std::vector<std::pair<std::string, std::uint64_t>>{{"/", kWrites}}));
}

/// Which ABI brings what (landlock(7), "Version").
TEST(Landlock, EachAbiHoldsWhatItHas) {
  struct Row {
    std::uint32_t abi;
    std::uint64_t automatic, full, scoped;
  };
  constexpr std::uint64_t kFirst = kReads | landlock::kWriteFile | landlock::kMaking;
  constexpr std::uint64_t kScopes = landlock::kScopeSignal | landlock::kScopeAbstractUnixSocket;
  const Row rows[] = {
      {1, 0, kFirst, 0},
      {2, landlock::kWriteFile | landlock::kRefer, kFirst | landlock::kRefer, 0},
      {3, kWrites, kFirst | kWrites, 0},
      {4, kWrites, kFirst | kWrites, 0},
      {5, kWrites, kFirst | kWrites | landlock::kIoctlDev, 0},
      {6, kWrites, kFirst | kWrites | landlock::kIoctlDev, kScopes},
      {7, kWrites, kFirst | kWrites | landlock::kIoctlDev, kScopes},
      {99, kWrites, kFirst | kWrites | landlock::kIoctlDev, kScopes},
  };
  for (const Row& row : rows) {
    const LandlockPlan automatic = decided(with_mode(LandlockMode::Auto), row.abi, many_mounts());
    const LandlockPlan full = decided(with_mode(LandlockMode::Full), row.abi, many_mounts());
    EXPECT_EQ(automatic.all_handled(), row.automatic) << row.abi;
    EXPECT_EQ(full.handled, row.full) << row.abi;
    EXPECT_EQ(automatic.scoped, row.scoped) << row.abi;
    EXPECT_EQ(full.scoped, row.scoped) << row.abi;
  }
}

/// The kernel adds up what the rules on the way to the root grant.
std::uint64_t effective(const LandlockPlan& plan, const SandboxPath& path) {
  std::uint64_t rights = 0;
  for (const LandlockRule& rule : plan.rules) rights |= rule.path.contains(path) ? rule.rights : 0;
  return rights;
}

TEST(Landlock, NothingIsNarrowerThanItsMount) {
  const MountPlan mounts = many_mounts();
  for (const LandlockMode mode : {LandlockMode::Auto, LandlockMode::Full}) {
    for (std::uint32_t abi = 1; abi <= 7; ++abi) {
      const LandlockPlan plan = decided(with_mode(mode), abi, mounts);
      for (const MountOp& mount : mounts.ops()) {
        const auto* bind = std::get_if<Bind>(&mount.action);
        const auto* scratch = std::get_if<Tmpfs>(&mount.action);
        const bool sealed = std::ranges::count(mounts.seals(), mount.target) != 0;
        const bool writes = (bind != nullptr && bind->mode != BindMode::ReadOnly) || (scratch != nullptr && !sealed) ||
                            std::holds_alternative<Dev>(mount.action) || std::holds_alternative<Proc>(mount.action);
        const bool is_file = bind != nullptr && bind->kind != PathKind::Directory;
        std::uint64_t needed = writes ? kWrites : 0;
        if (bind != nullptr) needed |= kReads | (writes ? landlock::kMaking : 0);
        if (is_file) needed &= landlock::kFileRights;
        needed &= plan.all_handled();
        EXPECT_EQ(effective(plan, mount.target) & needed, needed) << mount.target.text() << " ABI " << abi;
      }
      EXPECT_EQ(effective(plan, inside("/usr/bin")) & (kWrites | landlock::kMaking), 0U) << abi;
      EXPECT_EQ(effective(plan, inside("/run/d")) & (kWrites | landlock::kMaking), 0U) << abi;
    }
  }
}

TEST(Landlock, NoRuleForAFileNamesARightOfDirectories) {
  for (std::uint32_t abi = 1; abi <= 7; ++abi) {
    for (const LandlockRule& rule : decided(with_mode(LandlockMode::Full), abi, many_mounts()).rules) {
      const std::string& path = rule.path.text();
      if (path != "/home/ann/list" && path != "/opt/gpu" && path != "/run/b") continue;
      EXPECT_EQ(rule.rights & ~landlock::kFileRights, 0U) << path << " ABI " << abi;
    }
  }
}

TEST(Landlock, WhatAnOlderKernelCannotHoldIsSaid) {
  EXPECT_THAT(decided(with_mode(LandlockMode::Auto), 2, many_mounts()).without,
              ElementsAre("truncate(2) of a file that is the command's input (takes ABI 3, this kernel has 2)",
                          HasSubstr("signals"), HasSubstr("abstract sockets")));
  EXPECT_THAT(decided(with_mode(LandlockMode::Auto), 5, many_mounts()).without,
              ElementsAre(HasSubstr("signals"), HasSubstr("abstract sockets")));
  EXPECT_THAT(decided(with_mode(LandlockMode::Full), 4, many_mounts()).without,
              ElementsAre(HasSubstr("ioctl(2)"), HasSubstr("signals"), HasSubstr("abstract sockets")));
  EXPECT_THAT(decided(with_mode(LandlockMode::Auto), 1, many_mounts()).without.front(),
              HasSubstr("nothing could be renamed between directories (takes ABI 2"));
  EXPECT_THAT(decided(with_mode(LandlockMode::Full), 1, many_mounts()).without.front(),
              HasSubstr("renaming between directories, which fails"));
}

TEST(Landlock, WithNestingMountsStayPossible) {
  const LandlockPlan plan = decided(with_mode(LandlockMode::Auto, true), 7, many_mounts());
  EXPECT_EQ(plan.handled, 0U);
  EXPECT_THAT(plan.rules, IsEmpty());
  EXPECT_EQ(plan.handed_writable, 0U);
  EXPECT_NE(plan.scoped, 0U);
  EXPECT_THAT(plan.without, ElementsAre(HasSubstr("nesting")));
}

TEST(Landlock, FullWithNestingIsRefused) {
  FakeHost fake;
  const auto plan = fake.plan(with_mode(LandlockMode::Full, true));
  ASSERT_FALSE(plan);
  ASSERT_THAT(plan.error(), SizeIs(1));
  EXPECT_EQ(plan.error()[0].what, "cannot have landlock.mode = \"full\" with nested sandboxes");
  EXPECT_EQ(plan.error()[0].origin, kAsked);
}

TEST(Landlock, OffIsADanger) {
  const auto plan = FakeHost().plan(with_mode(LandlockMode::Off));
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->landlock.enforces());
  EXPECT_THAT(plan->landlock.without, IsEmpty());
  EXPECT_THAT(plan_text(*plan), HasSubstr("DANGER  Landlock is off"));
}

FakeHost without_landlock() {
  FakeHost fake;
  fake.facts().abilities[Ability::Landlock] = AbilityLacking{"landlock_create_ruleset", ENOSYS};
  return fake;
}

TEST(Landlock, AKernelWithoutItIsGoodEnoughForWhoHasNotAsked) {
  const auto plan = without_landlock().plan(with_mode(LandlockMode::Auto));
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->landlock.enforces());
  EXPECT_THAT(plan->landlock.without, ElementsAre("everything: landlock_create_ruleset: function not implemented"));
  EXPECT_THAT(plan->abilities, IsEmpty());
}

TEST(Landlock, WhoHasAskedIsRefusedOrDegraded) {
  for (const LandlockMode mode : {LandlockMode::Auto, LandlockMode::Full}) {
    Policy policy = with_mode(mode);
    policy.landlock.origin = kAsked;
    const auto refused = without_landlock().plan(policy);
    ASSERT_FALSE(refused);
    ASSERT_THAT(refused.error(), SizeIs(1));
    EXPECT_EQ(refused.error()[0].what, "cannot use Landlock");
    EXPECT_EQ(refused.error()[0].origin, kAsked);
    EXPECT_THAT(refused.error()[0].context, ElementsAre(HasSubstr("allowDegraded = [\"landlock\"]")));
    EXPECT_THAT(refused.error()[0].hint, HasSubstr("Linux 5.13"));

    policy.allow_degraded = {{Ability::Landlock, kAsked}};
    const auto degraded = without_landlock().plan(policy);
    ASSERT_TRUE(degraded);
    EXPECT_THAT(degraded->abilities, SizeIs(1));
    EXPECT_FALSE(degraded->landlock.enforces());
  }
}

TEST(Landlock, TheHostsAbstractSocketsAreADangerOnlyWhereTheyAreOpen) {
  FakeHost fake;
  Policy policy = with_mode(LandlockMode::Auto);
  policy.network = {NetworkMode::Host, kAsked};
  EXPECT_THAT(plan_text(*fake.plan(policy)), ::testing::Not(HasSubstr("abstract sockets and")));
  fake.facts().abilities[Ability::Landlock] = AbilityGiven{.version = {5, 0}};
  EXPECT_THAT(plan_text(*fake.plan(policy)), HasSubstr("its abstract sockets and services on localhost included"));
}

}  // namespace
}  // namespace fence
