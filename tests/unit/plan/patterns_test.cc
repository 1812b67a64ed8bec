// Rules with patterns: what they match becomes a wish each, and what cannot be known is an error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

FakeHost project() {
  FakeHost fake;
  fake.dir("/home/ann/p")
      .dir("/home/ann/p/a")
      .dir("/home/ann/p/a/b")
      .file("/home/ann/p/.env")
      .file("/home/ann/p/a/b/.env");
  fake.file("/home/ann/p/a/key.pem").file("/home/ann/p/a/main.c").stand_in("/home/ann/p");
  return fake;
}

std::vector<std::string> texts(const std::vector<HostPath>& paths) {
  std::vector<std::string> out;
  for (const HostPath& path : paths) out.push_back(path.text());
  return out;
}

TEST(Patterns, EachMatchOfAHidingPatternIsHiddenAndStandsInThePlan) {
  PolicyBuilder policy;
  policy.allow_read("/").workspace().pattern(PathList::DenyRead, InWorkspace{}, "**/.env");
  const auto plan = project().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("mask /home/ann/p/.env"));
  EXPECT_THAT(own_ops(*plan), Contains("mask /home/ann/p/a/b/.env"));
  ASSERT_EQ(plan->patterns.size(), 1U);
  EXPECT_EQ(plan->patterns[0].list, "filesystem.denyRead");
  EXPECT_EQ(plan->patterns[0].pattern, "/home/ann/p/**/.env");
  EXPECT_THAT(texts(plan->patterns[0].matches), ElementsAre("/home/ann/p/.env", "/home/ann/p/a/b/.env"));
}

TEST(Patterns, ARelativeProtectionWithAPatternHoldsBelowEveryWritableTree) {
  FakeHost fake = project();
  fake.dir("/srv/w").file("/srv/w/x.pem");
  PolicyBuilder policy;
  policy.allow_read("/").workspace().allow_write("/srv/w", 3);
  policy.pattern(PathList::Protect, InEveryWritableTree{}, "**/*.pem");
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("ro /home/ann/p/a/key.pem"));
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/w/x.pem"));
  EXPECT_THAT(own_ops(*plan), Not(Contains(HasSubstr("main.c"))));
}

TEST(Patterns, AGrantThatMatchesNothingIsAnErrorUnlessItIsOptional) {
  PolicyBuilder policy;
  policy.allow_read("/home/ann/p").pattern(PathList::AllowRead, host("/srv"), "*.txt", 3);
  const auto refused = project().plan(policy);
  ASSERT_FALSE(refused);
  EXPECT_THAT(all_texts(refused.error()), HasSubstr("cannot expand the pattern /srv/*.txt: nothing matches"));
  policy.policy().paths.back().value.optional = true;
  EXPECT_TRUE(project().plan(policy));
}

TEST(Patterns, ARestrictionThatMatchesNothingIsSaid) {
  PolicyBuilder policy;
  policy.allow_read("/").pattern(PathList::DenyRead, host("/srv"), "*.txt", 3);
  const auto plan = project().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Unneeded), Contains("nothing matches /srv/*.txt"));
}

TEST(Patterns, PastABoundNothingIsRunAndTheSettingIsNamed) {
  FakeHost fake = project();
  fake.facts().globs[{host("/home/ann"), "**/.env"}] = WalkBound{WalkBound::Which::Entries, 10, host("/home/ann/p")};
  PolicyBuilder policy;
  policy.allow_read("/").pattern(PathList::DenyRead, host("/home/ann"), "**/.env", 3);
  const auto plan = fake.plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()),
              HasSubstr("too many names: 10 were looked at, and the end was not reached (in /home/ann/p)"));
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("globs.maxEntries"));
}

TEST(Patterns, ADirectoryThatCannotBeListedIsAnErrorAndNeverSkipped) {
  FakeHost fake = project();
  fake.facts().globs[{host("/home/ann"), "*/.env"}] = Globbed{{host("/home/ann/p/.env")}, {host("/home/ann/closed")}};
  PolicyBuilder policy;
  policy.allow_read("/").pattern(PathList::DenyRead, host("/home/ann"), "*/.env", 3);
  const auto plan = fake.plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("the names in /home/ann/closed cannot be looked through"));
}

TEST(Patterns, ASocketAmongTheMatchesOfAGrantIsNotShownAndNoError) {
  FakeHost fake = project();
  fake.dir("/srv/x").file("/srv/x/f").special("/srv/x/s", PathKind::Socket);
  PolicyBuilder policy;
  policy.allow_read("/home/ann/p").pattern(PathList::AllowRead, host("/srv/x"), "*", 3);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/x/f"));
  EXPECT_THAT(own_ops(*plan), Not(Contains(HasSubstr("/srv/x/s"))));
}

TEST(Patterns, NoPatternAsksForNoWalk) {
  PolicyBuilder policy;
  policy.allow_read("/").workspace().deny_read("/srv");
  EXPECT_TRUE(required_facts(policy, {{"true"}, {}, {}}, project().facts()).globs.empty());
}

TEST(Patterns, ADevicePatternShowsTheNodesThatItMatches) {
  FakeHost fake = project();
  fake.special("/dev/video0", PathKind::CharDevice).special("/dev/video1", PathKind::CharDevice);
  fake.special("/dev/kvm", PathKind::CharDevice);
  PolicyBuilder policy;
  policy.allow_read("/").policy().device_nodes.push_back({{host("/dev"), "video*"}, {}, 3});
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_NE(plan->mounts.find(inside("/dev/video1")), nullptr);
  EXPECT_EQ(plan->mounts.find(inside("/dev/kvm")), nullptr);
}

// ---- links that somebody else may have made ----------------------------------------------------------------------

TEST(LinkedGrant, AMatchThatLeadsOutOfThePatternsDirectoryIsNotGranted) {
  FakeHost fake = project();
  fake.dir("/home/ann/.ssh")
      .dir("/srv/x")
      .file("/srv/x/f")
      .link("/srv/x/evil", "/home/ann/.ssh")
      .link("/srv/x/good", "f");
  PolicyBuilder policy;
  policy.allow_read("/home/ann/p").pattern(PathList::AllowRead, host("/srv/x"), "*", 3);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Not(Contains(HasSubstr(".ssh"))));
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/x/f"));
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Note),
              Contains(HasSubstr("/srv/x/evil: it leads out of where the pattern looks")));
}

TEST(LinkedGrant, ALinkInTheWorkspaceThatLeadsOutOfItIsRefused) {
  FakeHost fake = project();
  fake.dir("/home/ann/.ssh").link("/home/ann/p/data", "../.ssh");
  PolicyBuilder policy;
  policy.allow_read("/").workspace().deny_read("/home/ann/.ssh").allow_read("/home/ann/p/data", 3);
  const auto plan = fake.plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()),
              HasSubstr("/home/ann/p/data is a link in a writable directory and leads out of it"));
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("name /home/ann/.ssh itself"));
}

TEST(LinkedGrant, ALinkThatStaysInTheWorkspaceOrLiesElsewhereIsFollowed) {
  FakeHost fake = project();
  fake.dir("/srv/big").link("/home/ann/p/inner", "a").link("/home/ann/big", "/srv/big");
  PolicyBuilder policy;
  policy.allow_read("/").workspace().allow_read("/home/ann/p/inner", 3).allow_write("/home/ann/big", 3);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("rw /srv/big"));
}

// ---- permissions that a command may have taken away ----------------------------------------------------------------

TEST(ClosedPlace, AnOwnDirectoryInAWritableTreeThatCannotBeSearchedIsRefused) {
  FakeHost fake = project();
  fake.dir("/home/ann/p/.git", 1000, 0000).unreadable("/home/ann/p/.git/config");
  PolicyBuilder policy;
  policy.allow_read("/").workspace().protect(".git/config");
  const auto plan = fake.plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot protect /home/ann/p/.git/config: permission denied"));
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("chmod u+rx /home/ann/p/.git"));
}

TEST(ClosedPlace, AnOptionalHidingRuleIsRefusedThereTooAndNotOutsideOfWritableTreesOrInAnothersDirectory) {
  FakeHost fake = project();
  fake.dir("/home/ann/p/s", 1000, 0000).unreadable("/home/ann/p/s/.env");
  fake.dir("/srv/s", 1000, 0000).unreadable("/srv/s/.env");
  fake.dir("/home/ann/p/foreign", 0, 0700).unreadable("/home/ann/p/foreign/.env");
  const auto starts = [&](const char* path) {
    PolicyBuilder policy;
    policy.allow_read("/").workspace().deny_read(path, 3, true);
    return fake.plan(policy).has_value();
  };
  EXPECT_FALSE(starts("/home/ann/p/s/.env"));
  EXPECT_TRUE(starts("/srv/s/.env"));
  EXPECT_TRUE(starts("/home/ann/p/foreign/.env"));
}

TEST(DeviceBind, IsReadOnlyWhereWritingIsDenied) {
  FakeHost fake = project();
  fake.dir("/srv/d").dir("/srv/d/ro").dir("/mnt", 0);
  PolicyBuilder policy;
  policy.allow_read("/").bind("/srv/d", "/mnt", BindMode::Device, 3).deny_write("/mnt/ro", 4);
  fake.dir("/mnt/ro", 0);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("dev /mnt from /srv/d"));
  EXPECT_THAT(own_ops(*plan), Contains("ro /mnt/ro from /srv/d/ro"));
}

TEST(Patterns, APathThatIsSpelledLikeThePatternIsMeantToo) {
  FakeHost fake = project();
  fake.dir("/home/ann/p/[id]").file("/home/ann/p/[id]/secret").dir("/home/ann/p/i").file("/home/ann/p/i/secret");
  PolicyBuilder policy;
  policy.allow_read("/").workspace().pattern(PathList::DenyRead, host("/home/ann/p"), "[id]/secret", 3);
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("mask /home/ann/p/[id]/secret"));
  EXPECT_THAT(own_ops(*plan), Contains("mask /home/ann/p/i/secret"));
}

TEST(Patterns, ThatThereIsNoDirectoryToLookInIsAnError) {
  PolicyBuilder policy;
  policy.allow_read("/").pattern(PathList::DenyRead, host("/nodir"), "**/x", 3);
  const auto plan = project().plan(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot expand the pattern /nodir/**/x: no such file or directory"));
}

TEST(Workspace, IsShownWhereTheUserHidesTheHomeAndNamesTheWorkspaceInOneFile) {
  PolicyBuilder policy;
  policy.allow_read("/").workspace().deny_read("/home/ann", 3);
  EXPECT_FALSE(project().plan(policy)) << "the control: nothing names the workspace";
  policy.workspace(3);
  const auto plan = project().plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Contains("rw /home/ann/p"));
}

// ---- file systems that do not answer ---------------------------------------------------------------------------

FakeHost with_dead_mount(std::string_view at) {
  FakeHost fake = project();
  fake.unreadable(at, ETIMEDOUT);
  fake.facts().stalled[host(at)] = {"fuse.sshfs", "far:/home"};
  return fake;
}

TEST(StalledMount, AGrantNamesThePathTheMountAndTheRule) {
  FakeHost fake = with_dead_mount("/srv/far");
  PolicyBuilder policy;
  policy.allow_read("/").allow_read("/srv/far", 3);
  const auto plan = fake.plan(policy);
  ASSERT_FALSE(plan);
  ASSERT_EQ(plan.error().size(), 1U);
  EXPECT_EQ(plan.error()[0].errno_value, ETIMEDOUT);
  EXPECT_THAT(
      to_string(plan.error()[0]),
      HasSubstr("cannot allow reading of /srv/far: no answer at /srv/far from the fuse.sshfs file system (far:/home)"));
  EXPECT_THAT(to_string(plan.error()[0]), HasSubstr("asked for by allowRead:2"));
}

TEST(StalledMount, AnOptionalRestrictionIsAnErrorTooSinceItCouldAnswerLater) {
  FakeHost fake = with_dead_mount("/srv/far");
  PolicyBuilder policy;
  policy.allow_read("/").deny_read("/srv/far", 3, true);
  EXPECT_FALSE(fake.plan(policy));
  // The control: what the kernel refuses, it refuses the command as well.
  FakeHost closed = project();
  closed.unreadable("/srv/far", EACCES);
  EXPECT_TRUE(closed.plan(policy));
}

TEST(StalledMount, AnEntryOfADirectoryThatIsPutTogetherAnewIsLeftOut) {
  FakeHost fake = with_dead_mount("/home/ann/far");
  fake.file("/home/ann/.netrc");
  PolicyBuilder policy;
  policy.allow_read("/").workspace().deny_read("/home/ann/.netrc");
  const auto plan = fake.plan(policy);
  ASSERT_TRUE(plan) << all_texts(plan.error());
  EXPECT_THAT(own_ops(*plan), Not(Contains(HasSubstr("/home/ann/far"))));
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Notice), Contains(HasSubstr("leaves out /home/ann/far: no answer")));
}

}  // namespace
}  // namespace fence::testing
