#include "fence/plan/view.h"

#include <cerrno>

#include "fence/util/text.h"
#include "world.h"

namespace fence {
namespace {

using test::bind_of;
using test::created;
using test::inside;
using test::make_dir;
using test::op;
using test::plan_of;
using test::read_only;
using test::tmpfs;
using test::World;
using test::writable;

class Look : public ::testing::Test {
 protected:
  Look() {
    world.dir("/r/u", 0700, 1000);
    world.file("/r/u/f");
    world.dir("/hid/x");
    world.link("/r/abs", "/r/u");
    world.link("/r/to_hid", "/hid/x");
    world.link("/r/dangling", "/r/none");
    world.link("/r/loop", "loop");
    world.dir("/r/sub/deep");
    world.link("/r/sub/rel", "../u");
  }

  SeenAt at(std::string_view text, const MountPlan& mounts, bool follow_last = true) {
    FactLens lens(world.facts);
    return look(text, mounts, lens, follow_last);
  }
  /// "host /x ro", "own 0755 mount rw", "special", "file", or the reason for nothing.
  std::string seen(std::string_view text, const MountPlan& mounts, bool follow_last = true) {
    return std::visit(
        Overloaded{
            [](const SeenHost& s) { return "host " + s.host.text() + (s.mode == BindMode::ReadOnly ? " ro" : " rw"); },
            [](const SeenOwn& s) {
              return "own " + octal_mode(s.mode) + (s.mount_point ? " mount" : "") + (s.writable ? " rw" : " ro");
            },
            [](const SeenSpecial&) { return std::string("special"); },
            [](const SeenFile&) { return std::string("file"); },
            [](const SeenNothing& s) { return s.because; },
        },
        at(text, mounts, follow_last).seen);
  }
  int error(std::string_view text, const MountPlan& mounts) {
    const SeenAt found = at(text, mounts);
    const auto* none = std::get_if<SeenNothing>(&found.seen);
    return none != nullptr ? none->errno_value : 0;
  }

  World world;
  MountPlan whole = plan_of({read_only("/")});
};

TEST_F(Look, ShowsTheHostThroughABind) {
  EXPECT_EQ(seen("/r/u/f", whole), "host /r/u/f ro");
  EXPECT_EQ(at("/r/u/f", whole).path, inside("/r/u/f"));
  EXPECT_EQ(seen("/r/u/f", plan_of({writable("/")})), "host /r/u/f rw");
}

TEST_F(Look, GoesOnAtTheSourceOfABind) {
  const MountPlan plan = plan_of({read_only("/"), op("/hid", bind_of("/r", BindMode::ReadWrite))});
  EXPECT_EQ(seen("/hid/u/f", plan), "host /r/u/f rw");
  EXPECT_EQ(seen("/hid/x", plan), "/hid/x does not exist");
}

TEST_F(Look, TheDeepestMountDecides) {
  EXPECT_EQ(seen("/r/u", plan_of({read_only("/"), writable("/r/u")})), "host /r/u rw");
  EXPECT_EQ(seen("/r/u", plan_of({writable("/"), read_only("/r/u")})), "host /r/u ro");
  EXPECT_EQ(seen("/r/u", plan_of({writable("/"), read_only("/r/sub")})), "host /r/u rw");
}

TEST_F(Look, OnATmpfsOnlyWhatIsPlannedExists) {
  const MountPlan plan =
      plan_of({read_only("/"), tmpfs("/r"), make_dir("/r/sub", 0711), created(writable("/r/sub/deep"))});
  EXPECT_EQ(seen("/r", plan), "own 0755 mount rw");
  EXPECT_EQ(seen("/r/sub", plan), "own 0711 rw");
  EXPECT_EQ(seen("/r/sub/deep", plan), "host /r/sub/deep rw");
  EXPECT_EQ(seen("/r/u", plan), "/r/u is hidden");
  EXPECT_EQ(error("/r/u/f", plan), ENOENT);
}

TEST_F(Look, ASealMakesATmpfsAndItsDirectoriesReadOnly) {
  const std::vector<MountOp> ops = {read_only("/"), tmpfs("/r"), make_dir("/r/sub"), created(tmpfs("/r/sub/own"))};
  EXPECT_EQ(seen("/r/sub", plan_of(ops, {"/r"})), "own 0755 ro");
  EXPECT_EQ(seen("/r", plan_of(ops, {"/r"})), "own 0755 mount ro");
  EXPECT_EQ(seen("/r/sub/own", plan_of(ops, {"/r"})), "own 0755 mount rw");
  EXPECT_EQ(seen("/r/sub/own", plan_of(ops, {"/r/sub/own"})), "own 0755 mount ro");
}

TEST_F(Look, WithoutARootOpTheRootIsATmpfs) {
  const MountPlan plan = plan_of({created(read_only("/r"))});
  EXPECT_EQ(seen("/", plan), "own 0755 mount rw");
  EXPECT_EQ(seen("/", plan_of({}, {"/"})), "own 0755 mount ro");
  EXPECT_EQ(seen("/r/u", plan), "host /r/u ro");
  EXPECT_EQ(seen("/hid", plan), "/hid is hidden");
}

TEST_F(Look, ThePrivateProcAndDevAreSpecialAllTheWayDown) {
  world.dir("/proc");
  world.dir("/dev");
  const MountPlan plan = plan_of({read_only("/"), op("/proc", Proc{}), op("/proc/sys", LockReadOnly{}),
                                  op("/dev", Dev{}), op("/dev/shm", Tmpfs{01777, {}})});
  EXPECT_EQ(seen("/proc/self/fd", plan), "special");
  EXPECT_EQ(seen("/proc/sys", plan), "special");
  EXPECT_EQ(seen("/dev/pts/ptmx", plan), "special");
  EXPECT_EQ(seen("/dev/shm", plan), "own 1777 mount rw");
}

TEST_F(Look, MasksAndWrittenFilesAreFiles) {
  const MountPlan plan = plan_of(
      {read_only("/"), op("/r/u/f", MaskFile{}), tmpfs("/hid"), created(op("/hid/x", WriteFile{"text", 0444}))});
  EXPECT_EQ(seen("/r/u/f", plan), "file");
  EXPECT_EQ(seen("/hid/x", plan), "file");
  EXPECT_EQ(error("/hid/x/y", plan), ENOTDIR);
}

TEST_F(Look, FollowsLinksInsideTheSandbox) {
  EXPECT_EQ(seen("/r/abs/f", whole), "host /r/u/f ro");
  EXPECT_EQ(at("/r/abs/f", whole).path, inside("/r/u/f"));
  EXPECT_EQ(seen("/r/sub/rel/f", whole), "host /r/u/f ro");
  // The host's /hid/x exists; the sandbox's does not.
  EXPECT_EQ(seen("/r/to_hid", whole), "host /hid/x ro");
  EXPECT_EQ(seen("/r/to_hid", plan_of({read_only("/"), tmpfs("/hid")})),
            "/hid/x is hidden (through the link /r/to_hid -> /hid/x)");
}

TEST_F(Look, AnAbsoluteLinkStartsAtTheSandboxRoot) {
  world.dir("/other/u");
  const MountPlan plan = plan_of(
      {read_only("/"), op("/hid", bind_of("/r", BindMode::ReadOnly)), op("/r", bind_of("/other", BindMode::ReadOnly))});
  EXPECT_EQ(seen("/hid/abs", plan), "host /other/u ro");
  EXPECT_EQ(seen("/hid/sub/rel", plan), "host /r/u ro");
}

TEST_F(Look, FollowsAPlannedLink) {
  const MountPlan plan = plan_of({read_only("/"), tmpfs("/hid"), created(op("/hid/l", Symlink{"../r/u"}))});
  EXPECT_EQ(seen("/hid/l/f", plan), "host /r/u/f ro");
  EXPECT_EQ(seen("/hid/l", plan, false), "file");
}

TEST_F(Look, LeavesAFinalLinkAloneIfAsked) {
  EXPECT_EQ(seen("/r/abs", whole, false), "file");
  EXPECT_EQ(seen("/r/abs/f", whole, false), "host /r/u/f ro");
  EXPECT_EQ(seen("/r/abs/", whole, false), "host /r/u ro");
  EXPECT_EQ(seen("/r/abs/.", whole, false), "host /r/u ro");
}

TEST_F(Look, TakesDotsAndSlashesAsTheKernelDoes) {
  EXPECT_EQ(seen("//r//./u///f", whole), "host /r/u/f ro");
  EXPECT_EQ(seen("/r/sub/../u/", whole), "host /r/u ro");
  EXPECT_EQ(seen("/../../r/u", whole), "host /r/u ro");
  EXPECT_EQ(seen("/", whole), "host / ro");
  // ".." leaves the directory that the link led to, not the one that holds the link.
  EXPECT_EQ(seen("/r/to_hid/..", whole), "host /hid ro");
}

TEST_F(Look, ATrailingSlashNeedsADirectory) {
  EXPECT_EQ(error("/r/u/f/", whole), ENOTDIR);
  EXPECT_EQ(error("/r/u/f/.", whole), ENOTDIR);
  EXPECT_EQ(error("/r/u/f/..", whole), ENOTDIR);
  EXPECT_EQ(error("/r/u/f", whole), 0);
}

TEST_F(Look, TellsWhyThereIsNothing) {
  EXPECT_EQ(error("/r/none", whole), ENOENT);
  EXPECT_EQ(seen("/r/dangling", whole), "/r/none does not exist (through the link /r/dangling -> /r/none)");
  EXPECT_EQ(error("/r/loop", whole), ELOOP);
  world.unreadable("/r/locked", EACCES);
  EXPECT_EQ(error("/r/locked", whole), EACCES);
  EXPECT_EQ(error("/" + std::string(256, 'n'), whole), ENAMETOOLONG);
  EXPECT_EQ(error("/" + std::string(255, 'n'), whole), ENOENT);
  EXPECT_EQ(error(std::string(4096, '/'), whole), ENAMETOOLONG);
  EXPECT_EQ(error("r/u", whole), ENOENT);
}

TEST_F(Look, AllowsFortyLinksAndNoMore) {
  world.dir("/chain/end");
  world.link("/chain/0", "end");
  for (int i = 1; i <= 40; ++i) world.link("/chain/" + std::to_string(i), std::to_string(i - 1));
  EXPECT_EQ(seen("/chain/39", whole), "host /chain/end ro");
  EXPECT_EQ(error("/chain/40", whole), ELOOP);
}

TEST_F(Look, NeedsSearchPermissionOnTheWay) {
  world.dir("/r/other", 0700, 0);
  world.file("/r/other/f");
  EXPECT_EQ(error("/r/other/f", whole), EACCES);
  EXPECT_EQ(error("/r/other/none", whole), EACCES);
  EXPECT_EQ(error("/r/other", whole), 0);
  // A mount below does not open the way to it.
  EXPECT_EQ(
      error("/r/other/f",
            plan_of({read_only("/"), op("/r/other/f", bind_of("/r/other/f", BindMode::ReadWrite, PathKind::Regular))})),
      EACCES);
  world.dir("/r/other", 0711, 0);
  EXPECT_EQ(error("/r/other/f", whole), 0);
}

TEST_F(Look, ATmpfsCanRefuseSearchToo) {
  EXPECT_EQ(error("/r/u", plan_of({read_only("/"), tmpfs("/r", 0000)})), EACCES);
  EXPECT_EQ(error("/r/u", plan_of({read_only("/"), tmpfs("/r", 0100)})), ENOENT);
}

TEST_F(Look, AsksForTheFactsItNeeds) {
  FactLens lens(world.facts);
  look("/r/never/asked", whole, lens);
  EXPECT_TRUE(lens.wanted().paths.contains(test::host("/r/never")));
  FactLens known(world.facts);
  look("/r/abs/f", whole, known);
  EXPECT_TRUE(known.wanted().empty());
}

TEST(PermissionBits, TheMostSpecificClassDecides) {
  CallerFacts caller;
  caller.uid = 1000;
  caller.gid = 1000;
  caller.groups = {27};
  Present fact{.kind = PathKind::Directory, .uid = 1000, .gid = 27, .mode = 0072};
  Permission owner = permission(fact, caller);
  EXPECT_FALSE(owner.read || owner.write || owner.search);
  fact.uid = 0;
  Permission group = permission(fact, caller);
  EXPECT_TRUE(group.read && group.write && group.search);
  fact.gid = 0;
  Permission other = permission(fact, caller);
  EXPECT_TRUE(other.write);
  EXPECT_FALSE(other.read || other.search);
}

TEST(PermissionBits, RootHasNoMoreThanItsBits) {
  const CallerFacts root;
  EXPECT_FALSE(permission(Present{.uid = 1000, .gid = 1000, .mode = 0700}, root).read);
  EXPECT_TRUE(permission(Present{.uid = 0, .gid = 0, .mode = 0700}, root).read);
}

}  // namespace
}  // namespace fence
