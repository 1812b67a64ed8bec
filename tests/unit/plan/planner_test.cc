// Whole plans for whole situations: what is mounted, in which order.
#include <gmock/gmock.h>

#include <algorithm>

#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

#define ASSERT_PLAN(result) ASSERT_TRUE(result) << all_texts((result).error())

TEST(Planner, ShowsTheHostReadOnlyAndTheProjectWritable) {
  FakeHost fake;
  fake.dir("/home/ann/src").dir("/home/ann/src/p").stand_in("/home/ann/src/p");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace().scratch("/tmp"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "rw /home/ann/src/p", "tmpfs /tmp"));
  EXPECT_EQ(plan->directory.text(), "/home/ann/src/p");
}

TEST(Planner, NamesWhatItHidesWhereThatIsThere) {
  FakeHost fake;
  fake.dir("/srv/vault", 0).file("/srv/vault/key").file("/srv/open");
  PolicyBuilder policy;
  policy.allow_read("/").deny_read("/srv/vault", 3).deny_read("/srv/vault/key", 3).deny_read("/srv/nothing", 3, true);
  const auto plan = fake.plan(policy);
  ASSERT_PLAN(plan);
  ASSERT_EQ(plan->hidden.size(), 1U);
  EXPECT_EQ(plan->hidden[0].path, inside("/srv/vault"));
  EXPECT_EQ(to_string(plan->hidden[0].why.winner), "denyRead:2");
}

TEST(Planner, EveryPlanHasAPrivateDevAndProc) {
  FakeHost fake;
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(plan);
  std::vector<std::string> lines;
  for (const MountOp& op : plan->mounts.ops()) lines.push_back(op_line(op));
  EXPECT_THAT(lines, Contains("dev /dev"));
  EXPECT_THAT(lines, Contains("tmpfs /dev/shm"));
  EXPECT_THAT(lines, Contains("proc /proc"));
  EXPECT_THAT(std::vector(plan->mounts.seals().begin(), plan->mounts.seals().end()), Contains(inside("/dev")));
}

TEST(Planner, TheProjectIsWritableAlsoBelowAPrivateDirectory) {
  FakeHost fake;
  fake.dir("/tmp/a").dir("/tmp/a/p").stand_in("/tmp/a/p");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace().scratch("/tmp"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /tmp", "mkdir /tmp/a", "rw /tmp/a/p"));
}

TEST(Planner, WhatIsShownBelowAPrivateDirectoryIsReadOnlyUnlessGranted) {
  FakeHost fake;
  fake.dir("/tmp/r").dir("/tmp/w").dir("/scratch");
  const auto plan = fake.plan(PolicyBuilder()
                                  .allow_read("/")
                                  .scratch("/tmp")
                                  .scratch("/scratch")
                                  .allow_read("/tmp/r", 6)
                                  .allow_write("/tmp/w", 6)
                                  .allow_read("/scratch", 6));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /tmp", "ro /tmp/r", "rw /tmp/w"));
}

TEST(Planner, ADeeperPathBeatsAShallowerOne) {
  FakeHost fake;
  fake.dir("/srv/a").dir("/srv/a/b");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").allow_write("/srv/a").deny_write("/srv/a/b", 6));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "rw /srv/a", "ro /srv/a/b"));
  EXPECT_EQ(plan->mounts.find(inside("/srv/a/b"))->why.because, Because::Protected);
}

TEST(Planner, AHigherLayerBeatsALowerOneOnOnePath) {
  FakeHost fake;
  fake.dir("/srv/a");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_write("/srv/a", 1).allow_write("/srv/a", 6));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "rw /srv/a"));
  const Decision& why = plan->mounts.find(inside("/srv/a"))->why;
  EXPECT_EQ(why.because, Because::HigherLayer);
  EXPECT_THAT(why.overruled, ElementsAre(Origin{LayerKind::Profile, "denyWrite", 2, 0}));
}

TEST(Planner, InOneLayerTheStricterWishWins) {
  FakeHost fake;
  fake.dir("/srv/a");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").allow_write("/srv/a").deny_write("/srv/a"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /"));
}

TEST(Planner, AHiddenNameIsLeftOutOfADirectoryOfOurs) {
  FakeHost fake;
  fake.dir("/home/ann/.ssh").dir("/home/ann/src").file("/home/ann/.profile").link("/home/ann/l", "src");
  fake.special("/home/ann/sock", PathKind::Socket).special("/home/ann/pipe", PathKind::Fifo);
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_read("/home/ann/.ssh"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /home/ann", "ro /home/ann/.profile", "link /home/ann/l -> src",
                                          "ro /home/ann/src"));
  EXPECT_THAT(std::vector(plan->mounts.seals().begin(), plan->mounts.seals().end()), Contains(inside("/home/ann")));
}

TEST(Planner, AHiddenNameThatIsNotThereYetIsLeftOutAllTheSame) {
  FakeHost fake;
  fake.dir("/home/ann/src");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_read("/home/ann/.netrc", 1, true));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /home/ann", "ro /home/ann/src"));
}

TEST(Planner, DirectoriesThatTheUserCouldSwapAreOursUpToOneThatOnlyRootCan) {
  FakeHost fake;
  fake.dir("/home/ann/project")
      .dir("/home/ann/project/secret")
      .file("/home/ann/project/secret/key")
      .file("/home/ann/project/other");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_read("/home/ann/project/secret/key"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /home/ann", "mkdir /home/ann/project",
                                          "ro /home/ann/project/other", "mkdir /home/ann/project/secret"));
}

TEST(Planner, ATopLevelDirectoryIsCoveredWithoutTakingTheRootApart) {
  FakeHost fake;
  fake.dir("/boot", 0, 0700).file("/vmlinuz", "", 0);
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_read("/boot"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /boot"));
  const auto file = fake.plan(PolicyBuilder().allow_read("/").deny_read("/vmlinuz"));
  ASSERT_PLAN(file);
  EXPECT_THAT(own_ops(*file), Not(Contains("ro /")));
}

TEST(Planner, ADirectoryPutTogetherAnewIsNoPrivateOne) {
  FakeHost fake;
  fake.file("/etc/shadow", "", 0).stand_in("/etc");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace().deny_read("/etc/shadow"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Notice),
              ElementsAre(HasSubstr("/etc is read-only here (the system's configuration)")));
}

TEST(Planner, AHiddenLinkHidesItsNameAndItsTarget) {
  FakeHost fake;
  fake.dir("/srv/keys", 0).file("/srv/keys/id").link("/home/ann/.key", "/srv/keys/id");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_read("/home/ann/.key"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /home/ann", "tmpfs /srv/keys"));
}

TEST(Planner, InAWritableTreeAHiddenFileIsMaskedAndItsAncestorsPinned) {
  FakeHost fake;
  fake.dir("/srv/p").dir("/srv/p/d").file("/srv/p/d/.env").dir("/srv/p/d/keys");
  const auto plan = fake.plan(
      PolicyBuilder().allow_read("/").allow_write("/srv/p").deny_read("/srv/p/d/.env").deny_read("/srv/p/d/keys"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan),
              ElementsAre("ro /", "rw /srv/p", "rw /srv/p/d", "mask /srv/p/d/.env", "tmpfs /srv/p/d/keys"));
  EXPECT_EQ(plan->mounts.find(inside("/srv/p/d"))->why.because, Because::Pinned);
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Danger), Contains(HasSubstr("/srv/p/d/.env is hidden by a mount on it")));
}

TEST(Planner, WhatIsProtectedIsReadOnlyAndCannotBeRenamedAway) {
  FakeHost fake;
  fake.dir("/srv/p").dir("/srv/p/.git").file("/srv/p/.git/HEAD").file("/srv/p/.git/config").stand_in("/srv/p");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace().protect(".git/config").protect(".git/hooks"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "rw /srv/p", "rw /srv/p/.git", "ro /srv/p/.git/config"));
  EXPECT_EQ(plan->mounts.find(inside("/srv/p/.git"))->why.because, Because::Pinned);
  std::vector<std::string> absent;
  for (const AbsentPath& entry : plan->absent) absent.push_back(entry.path.text());
  EXPECT_THAT(absent, ElementsAre("/srv/p/.git/commondir", "/srv/p/.git/config.worktree", "/srv/p/.git/hooks"));
}

TEST(Planner, AnExactAllowWriteLiftsAProtection) {
  FakeHost fake;
  fake.dir("/srv/p").dir("/srv/p/.git").file("/srv/p/.git/config");
  const auto plan = fake.plan(PolicyBuilder()
                                  .allow_read("/")
                                  .allow_write("/srv/p")
                                  .protect(".git/config")
                                  .allow_write("/srv/p/.git/config", 6));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "rw /srv/p"));
}

TEST(Planner, AnAncestorAllowWriteDoesNotLiftAProtection) {
  FakeHost fake;
  fake.dir("/srv/p").dir("/srv/p/.git").file("/srv/p/.git/config");
  const auto plan = fake.plan(
      PolicyBuilder().allow_read("/").allow_write("/srv/p").protect(".git/config").allow_write("/srv/p/.git", 6));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/p/.git/config"));
}

TEST(Planner, WithoutTheHostsRootLinksAndParentsAreMade) {
  FakeHost fake;
  fake.link("/bin", "usr/bin");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/bin").allow_write("/home/ann"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan),
              ElementsAre("link /bin -> usr/bin", "mkdir /home", "rw /home/ann", "mkdir /usr", "ro /usr/bin"));
  EXPECT_THAT(std::vector(plan->mounts.seals().begin(), plan->mounts.seals().end()), Contains(SandboxPath::root()));
}

TEST(Planner, ABindShowsAFileUnderAnotherName) {
  FakeHost fake;
  fake.dir("/srv/data");
  const auto plan =
      fake.plan(PolicyBuilder().allow_read("/").scratch("/tmp").bind("/srv/data", "/tmp/data", BindMode::ReadWrite));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /tmp", "rw /tmp/data from /srv/data"));
}

TEST(Planner, NoMountPointIsEverMadeOnTheHost) {
  FakeHost fake;
  fake.dir("/srv/data");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").bind("/srv/data", "/srv/elsewhere"));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot mount at /srv/elsewhere: there is nothing to mount on"));
}

TEST(Planner, TwoSourcesOnOneTargetInOneLayerAreAnErrorThatNamesBoth) {
  FakeHost fake;
  fake.dir("/srv/a").dir("/srv/b");
  const auto plan = fake.plan(PolicyBuilder().scratch("/tmp").bind("/srv/a", "/tmp/x").bind("/srv/b", "/tmp/x"));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("two different things are wanted at /tmp/x"));
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("asked for by bind:2"));
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("and by bind:3"));
}

TEST(Planner, DevicesAndPtysNamedInAListBecomeThePrivateOnes) {
  FakeHost fake;
  fake.special("/dev/null", PathKind::CharDevice).special("/dev/ptmx", PathKind::CharDevice);
  const auto plan = fake.plan(PolicyBuilder()
                                  .allow_read("/")
                                  .allow_write("/dev/ptmx")
                                  .allow_write("/dev/pts")
                                  .allow_read("/dev/pts", 6)
                                  .allow_write("/dev/null")
                                  .allow_read("/proc"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /"));
  EXPECT_EQ(remark_texts(*plan, RemarkKind::Unneeded).size(), 5U);
}

TEST(Planner, AnotherDeviceIsRefusedInAListAndShownByDevicesAllow) {
  FakeHost fake;
  fake.special("/dev/fuse", PathKind::CharDevice);
  const auto refused = fake.plan(PolicyBuilder().allow_read("/").allow_write("/dev/fuse"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(all_texts(refused.error()), HasSubstr("cannot allow writing to /dev/fuse: a device node is not a file"));
  PolicyBuilder with_device;
  with_device.allow_read("/").policy().device_nodes.push_back({{host("/dev/fuse")}, {}, 6});
  const auto plan = fake.plan(with_device);
  ASSERT_PLAN(plan);
  EXPECT_EQ(op_line(*plan->mounts.find(inside("/dev/fuse"))), "dev /dev/fuse");
}

TEST(Planner, EveryUnusablePathIsReportedAtOnce) {
  FakeHost fake;
  fake.link("/srv/dangling", "/nowhere").link("/srv/loop", "loop").unreadable("/srv/locked");
  fake.special("/srv/pipe", PathKind::Fifo).special("/srv/sock", PathKind::Socket);
  const auto plan = fake.plan(PolicyBuilder()
                                  .allow_read("/")
                                  .allow_read("/srv/missing")
                                  .allow_read("/srv/dangling")
                                  .allow_write("/srv/loop")
                                  .allow_read("/srv/locked/x")
                                  .allow_read("/srv/pipe")
                                  .allow_write("/srv/sock"));
  ASSERT_FALSE(plan);
  ASSERT_EQ(plan.error().size(), 6U);
  const std::string text = all_texts(plan.error());
  EXPECT_THAT(text, HasSubstr("cannot allow reading of /srv/missing: no such file or directory"));
  EXPECT_THAT(text,
              HasSubstr("cannot allow reading of /srv/dangling: no such file or directory (/srv/dangling -> /nowhere"));
  EXPECT_THAT(text, HasSubstr("cannot allow writing to /srv/loop: too many levels of symbolic links"));
  EXPECT_THAT(text, HasSubstr("cannot allow reading of /srv/locked/x: permission denied at /srv/locked"));
  EXPECT_THAT(text, HasSubstr("cannot allow reading of /srv/pipe: a fifo is a way to talk to another process"));
  EXPECT_THAT(text, HasSubstr("cannot allow writing to /srv/sock: a socket is a way to talk to another process"));
}

TEST(Planner, ASocketOnWhichTheHostListensIsLeftOut) {
  FakeHost fake;
  fake.dir("/var/lib", 0).dir("/var/lib/d", 0).special("/var/lib/d/sock", PathKind::Socket).file("/var/lib/d/data");
  const auto before = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(before);
  EXPECT_THAT(own_ops(*before), ElementsAre("ro /"));
  fake.facts().listening_sockets = {host("/var/lib/d/sock")};
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /var/lib/d", "ro /var/lib/d/data"));
}

TEST(Planner, FileSystemsOfTheKernelBelowWhatIsGrantedAreKeptAway) {
  FakeHost fake;
  fake.dir("/srv/root").dir("/srv/root/proc").dir("/srv/root/sys").dir("/srv/root/gone").dir("/home/ann/p");
  fake.facts().kernel.process_mounts = {host("/dev/pts"), host("/proc"), host("/srv/root/proc")};
  fake.facts().kernel.machine_mounts = {host("/srv/root/not-there"), host("/srv/root/sys"), host("/sys")};
  const auto looked_at = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(looked_at);
  EXPECT_THAT(own_ops(*looked_at), ElementsAre("ro /", "tmpfs /srv/root", "ro /srv/root/gone", "ro /srv/root/sys"));
  const auto written = fake.plan(PolicyBuilder().allow_read("/").allow_write("/srv", 6));
  ASSERT_PLAN(written);
  EXPECT_THAT(own_ops(*written),
              ElementsAre("ro /", "rw /srv", "rw /srv/root", "tmpfs /srv/root/proc", "ro /srv/root/sys"));
  // Under whatever name.
  const auto elsewhere = fake.plan(PolicyBuilder().allow_read("/home").bind("/srv/root", "/x", BindMode::ReadWrite));
  ASSERT_PLAN(elsewhere);
  EXPECT_THAT(own_ops(*elsewhere),
              ElementsAre("ro /home", "rw /x from /srv/root", "tmpfs /x/proc", "ro /x/sys from /srv/root/sys"));
}

TEST(Planner, AWishThatChangesNothingIsDroppedAndRemembered) {
  FakeHost fake;
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").allow_read("/srv", 6));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /"));
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Unneeded), ElementsAre("/srv is already shown like this by /"));
}

TEST(Planner, AnOptionalScratchDirectoryNeedsAMountPointOrADirectoryOfOurs) {
  FakeHost fake;
  fake.dir("/home/ann/.ssh");
  const auto plan = fake.plan(PolicyBuilder()
                                  .allow_read("/")
                                  .deny_read("/home/ann/.ssh")
                                  .scratch("/home/ann/.cache", 1, true)
                                  .scratch("/home/ann/.cargo/registry", 1, true)
                                  .scratch("/srv/none", 1, true));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "tmpfs /home/ann", "tmpfs /home/ann/.cache"));
}

TEST(Planner, RootHasProcLockedAndAllIdsMapped) {
  FakeHost fake;
  fake.as_root().dir("/proc/sys", 0, 0555).stand_in("/srv");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(plan);
  ASSERT_NE(plan->mounts.find(inside("/proc/sys")), nullptr);
  EXPECT_EQ(op_line(*plan->mounts.find(inside("/proc/sys"))), "lock /proc/sys");
  EXPECT_TRUE(std::holds_alternative<MapAllIds>(plan->identity.map));
  FakeHost ann;
  ann.dir("/proc/sys", 0, 0555);
  const auto user = ann.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(user);
  EXPECT_EQ(user->mounts.find(inside("/proc/sys")), nullptr);
  EXPECT_TRUE(std::holds_alternative<MapOwnIds>(user->identity.map));
}

TEST(Planner, RootIsSentToTheOwnerOfAProjectItCouldNotWrite) {
  FakeHost fake;
  fake.as_root().dir("/srv/p", 1000, 0755).stand_in("/srv/p");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace());
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot work in /srv/p as root: it belongs to uid 1000"));
  fake.dir("/srv/p", 0, 0755);
  ASSERT_PLAN(fake.plan(PolicyBuilder().allow_read("/").workspace()));
}

TEST(Planner, RootMayNotNest) {
  FakeHost fake;
  PolicyBuilder policy;
  policy.allow_read("/").policy().nesting.value = true;
  ASSERT_PLAN(fake.plan(policy));
  fake.as_root().stand_in("/srv");
  ASSERT_FALSE(fake.plan(policy));
}

TEST(Planner, ADeletedWorkingDirectoryIsRefused) {
  FakeHost fake;
  fake.facts().working_directory = Unreadable{ENOENT};
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()),
              HasSubstr("cannot start here: the working directory cannot be named: no such file or directory"));
}

TEST(Planner, AHiddenWorkingDirectoryIsRefused) {
  FakeHost fake;
  fake.dir("/home/ann/.ssh").stand_in("/home/ann/.ssh");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").deny_read("/home/ann/.ssh"));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot start in /home/ann/.ssh: the sandbox does not show it"));
}

TEST(Planner, StandingInAHiddenDirectoryDoesNotShowIt) {
  FakeHost fake;
  fake.dir("/home/ann/.ssh").stand_in("/home/ann/.ssh");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace(3).deny_read("/home/ann/.ssh"));
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot start in /home/ann/.ssh"));
  ASSERT_PLAN(fake.plan(
      PolicyBuilder().allow_read("/").workspace(3).deny_read("/home/ann/.ssh").allow_read("/home/ann/.ssh", 6)));
}

TEST(Planner, WhereThereIsNoGitItsComingIsWatchedFor) {
  FakeHost fake;
  fake.dir("/srv/p").stand_in("/srv/p");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace().protect(".git/config"));
  ASSERT_PLAN(plan);
  ASSERT_EQ(plan->absent.size(), 1U);
  EXPECT_EQ(plan->absent[0].path, host("/srv/p/.git"));
}

TEST(Planner, AProtectedNameThatIsALinkIsComparedAfterwards) {
  FakeHost fake;
  fake.dir("/srv/p")
      .dir("/srv/p/real")
      .link("/srv/p/.vscode", "real")
      .link("/srv/p/.claude", "nowhere/x")
      .stand_in("/srv/p");
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace().protect(".vscode").protect(".claude"));
  ASSERT_PLAN(plan);
  std::map<std::string, std::optional<std::string>> absent;
  for (const AbsentPath& entry : plan->absent) absent[entry.path.text()] = entry.link_target;
  EXPECT_EQ(absent["/srv/p/.vscode"], "real");
  EXPECT_EQ(absent["/srv/p/.claude"], "nowhere/x");
  EXPECT_THAT(own_ops(*plan), Contains("ro /srv/p/real"));
}

TEST(Planner, AtHomeNothingIsWritableAndTheUserIsTold) {
  FakeHost fake;
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").workspace());
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /"));
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Notice),
              ElementsAre(HasSubstr("the working directory /home/ann is read-only here (your home directory)")));
  const auto allowed = fake.plan(PolicyBuilder().allow_read("/").workspace().allow_write("/home/ann", 6));
  ASSERT_PLAN(allowed);
  EXPECT_THAT(remark_texts(*allowed, RemarkKind::Notice), IsEmpty());
}

TEST(Planner, ThePrivateRuntimeDirectoryStandsAtTheUsualPlaceWhereRunIsPrivate) {
  FakeHost fake;
  fake.variable("XDG_RUNTIME_DIR", "/run/user/1000/").dir("/run/user", 0).dir("/run/user/1000", 1000, 0700);
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").scratch("/run"));
  ASSERT_PLAN(plan);
  EXPECT_TRUE(std::holds_alternative<PrivateRuntimeDir>(plan->runtime_dir.decision));
  EXPECT_EQ(plan->runtime_dir.value, "/run/user/1000/");
  const MountOp* op = plan->mounts.find(inside("/run/user/1000"));
  ASSERT_NE(op, nullptr);
  EXPECT_EQ(op->why.because, Because::RuntimeDir);
  EXPECT_EQ(std::get<Tmpfs>(op->action).mode, 0700U);
}

TEST(Planner, AnotherUsersRuntimeDirectoryIsNotStoodInFor) {
  FakeHost fake;
  fake.variable("XDG_RUNTIME_DIR", "/run/user/7").dir("/run/user", 0).dir("/run/user/7", 7, 0700);
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").scratch("/run"));
  ASSERT_PLAN(plan);
  EXPECT_EQ(plan->runtime_dir.value, "/run/user/1000");
}

TEST(Planner, WithNoOtherPlaceTheRuntimeDirectoryLiesInSharedMemory) {
  FakeHost fake;
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(plan);
  EXPECT_EQ(plan->runtime_dir.value, "/dev/shm/fence-runtime-1000");
  const auto with_tmp = fake.plan(PolicyBuilder().allow_read("/").scratch("/tmp"));
  ASSERT_PLAN(with_tmp);
  EXPECT_EQ(with_tmp->runtime_dir.value, "/tmp/fence-runtime-1000");
}

TEST(Planner, AnExactGrantOfTheRealRuntimeDirectoryKeepsIt) {
  FakeHost fake;
  fake.variable("XDG_RUNTIME_DIR", "/run/user/1000").dir("/run/user", 0).dir("/run/user/1000", 1000, 0700);
  const auto plan = fake.plan(PolicyBuilder().allow_read("/").scratch("/run").allow_write("/run/user/1000", 6));
  ASSERT_PLAN(plan);
  EXPECT_TRUE(std::holds_alternative<KeepInherited>(plan->runtime_dir.decision));
}

TEST(Planner, AFileThatSshWouldRefuseIsShownAsACopy) {
  FakeHost fake;
  fake.dir("/etc/ssh", 0)
      .dir("/etc/ssh/ssh_config.d", 0)
      .file("/etc/ssh/ssh_config.d/a.conf", "Host x\n", 0)
      .file("/etc/ssh/ssh_config.d/own.conf", "", 1000);
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(plan);
  EXPECT_THAT(own_ops(*plan), ElementsAre("ro /", "file /etc/ssh/ssh_config.d/a.conf"));
}

TEST(Planner, AUserOfNssOnlyGetsAPasswdLine) {
  FakeHost fake;
  fake.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n", 0);
  fake.facts().caller.in_etc_passwd = false;
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"));
  ASSERT_PLAN(plan);
  const MountOp* op = plan->mounts.find(inside("/etc/passwd"));
  ASSERT_NE(op, nullptr);
  EXPECT_EQ(std::get<WriteFile>(op->action).content, "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
}

SandboxPlan plan_for(Backend backend) {
  FakeHost fake;
  PolicyBuilder policy;
  policy.allow_read("/").policy().backend.value = backend;
  auto plan = fake.plan(policy);
  if (!plan) throw std::logic_error(all_texts(plan.error()));
  return *std::move(plan);
}

bool tells_of_late_mounts(const SandboxPlan& plan) {
  return std::ranges::any_of(plan.remarks, [](const Remark& remark) {
    return remark.text.find("keeps mounts as slaves") != std::string::npos;
  });
}

TEST(Planner, TheExecutorIsTheOneThatWasAskedFor) {
  EXPECT_EQ(plan_for(Backend::Native).executor, Executor::Native);
  EXPECT_EQ(plan_for(Backend::Native).backend_reason, "native, as asked");
  EXPECT_EQ(plan_for(Backend::Bwrap).executor, Executor::Bwrap);
}

TEST(Planner, OnlyBwrapLetsLateMountsIn) {
  EXPECT_TRUE(tells_of_late_mounts(plan_for(Backend::Bwrap)));
  EXPECT_FALSE(tells_of_late_mounts(plan_for(Backend::Native)));
}

TEST(Planner, ADescriptorToKeepMustBeOpen) {
  FakeHost fake;
  fake.facts().open_descriptors = {5};
  Request request;
  request.keep_descriptors = {{5, {}}, {9, {LayerKind::CommandLine, "--keep-fd", 0, 0}}};
  const auto plan = fake.plan(PolicyBuilder().allow_read("/"), request);
  ASSERT_FALSE(plan);
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("cannot keep descriptor 9: it is not open"));
  EXPECT_THAT(all_texts(plan.error()), Not(HasSubstr("descriptor 5")));
}

TEST(Planner, HostDevicesComeOneByOneIntoThePrivateDev) {
  FakeHost fake;
  fake.special("/dev/fuse", PathKind::CharDevice)
      .special("/dev/null", PathKind::CharDevice)
      .dir("/dev/dri", 0)
      .special("/dev/log", PathKind::Socket);
  PolicyBuilder policy;
  policy.allow_read("/").policy().devices.value = DevicesMode::Host;
  const auto plan = fake.plan(policy);
  ASSERT_PLAN(plan);
  EXPECT_NE(plan->mounts.find(inside("/dev/fuse")), nullptr);
  EXPECT_NE(plan->mounts.find(inside("/dev/dri")), nullptr);
  EXPECT_EQ(plan->mounts.find(inside("/dev/log")), nullptr);
  EXPECT_EQ(plan->mounts.find(inside("/dev/pts")), nullptr);
  EXPECT_THAT(remark_texts(*plan, RemarkKind::Danger), Contains("all devices of the host are shown"));
}

}  // namespace
}  // namespace fence::testing
