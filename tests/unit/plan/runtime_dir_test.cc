#include <functional>
#include <optional>
#include <ostream>

#include "fence/plan/decide.h"
#include "world.h"

namespace fence {
namespace {

using test::bind_of;
using test::created;
using test::host;
using test::op;
using test::plan_of;
using test::read_only;
using test::tmpfs;
using test::World;
using test::writable;

/// One situation: what the caller inherited, what the plan mounts, what the host has, and what comes of it.
struct Row {
  std::string name;
  std::optional<std::string> value;
  std::vector<MountOp> ops;
  std::string refusal;  ///< empty: kept
  std::string note{};
  std::function<void(World&)> change{};
  std::vector<std::string_view> seals{};
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

World small_host() {
  World world;
  world.dir("/r/u1000", 0700, 1000);
  world.dir("/r/deep", 0755, 1000);
  world.dir("/r/deep/sub", 0700, 1000);
  world.dir("/r/hid/x", 0700, 1000);
  world.dir("/r/base", 0755, 1000);
  world.dir("/r/rootlink", 0755, 1000);
  world.dir("/r/otheruser", 0700, 0);
  world.dir("/r/otheruser/x", 0700, 1000);
  world.dir("/r/loose", 0755, 1000);
  world.dir("/r/ww", 01777, 0);
  world.dir("/r/noacc", 0000, 1000);
  world.file("/r/file");
  world.link("/r/link", "/r/u1000");
  world.link("/r/link2", "/r/hid/x");
  world.link("/r/dangling", "/r/nothing");
  world.link("/r/rootlink/rel", "../u1000");
  world.dir("/proc");
  world.dir("/dev");
  return world;
}

std::vector<Row> rows() {
  const MountOp ro = read_only("/");
  const MountOp rw = writable("/");
  const MountOp rw_r = writable("/r");
  const std::string hidden = "not in the sandbox's view: ";
  const auto change = [](std::string_view path, auto what) {
    return
        [path = std::string(path), what](World& world) { what(std::get<Present>(world.facts.paths.at(host(path)))); };
  };
  return {
      // The numbers are those of the decision table. Two of it cannot occur in a plan: 17, a link as a mount's target
      // (targets
      // are resolved), and 32, an overlay with a 0755 root (as 13).
      {"1_unset", std::nullopt, {rw}, "not set"},
      {"2_empty", "", {rw}, "empty, which counts as not set"},
      {"3_relative", "r/u1000", {rw}, "not an absolute path: r/u1000"},
      {"4_read_only_root", "/r/u1000", {ro}, "read-only in the sandbox"},
      {"5_exact_grant", "/r/u1000", {ro, writable("/r/u1000")}, ""},
      {"6_writable_ancestor", "/r/u1000", {ro, rw_r}, ""},
      {"7_read_only_child", "/r/u1000", {ro, rw_r, read_only("/r/u1000")}, "read-only in the sandbox"},
      // A plan has one op a target and the deeper wins, so what a later ancestor bind covers is not in it.
      {"8_ancestor_covers_child", "/r/u1000", {ro, rw_r}, ""},
      {"9_writable_child_only", "/r/deep", {ro, writable("/r/deep/sub")}, "read-only in the sandbox"},
      {"10_the_writable_child", "/r/deep/sub", {ro, writable("/r/deep/sub")}, ""},
      {"11_hidden", "/r/u1000", {ro, tmpfs("/r")}, hidden + "/r/u1000 is hidden"},
      {"12_exposed_again", "/r/u1000", {ro, tmpfs("/r"), created(writable("/r/u1000"))}, ""},
      {"13_private_but_0755", "/r/u1000", {ro, tmpfs("/r/u1000")}, "mode is 0755, not 0700"},
      {"14_private_0700", "/r/u1000", {ro, tmpfs("/r/u1000", 0700)}, ""},
      {"P_private_0700_sealed",
       "/r/u1000",
       {ro, tmpfs("/r/u1000", 0700)},
       "read-only in the sandbox",
       "",
       {},
       {"/r/u1000"}},
      {"P_directory_of_ours",
       "/r/x",
       {ro, tmpfs("/r"), test::make_dir("/r/x", 0700)},
       "not a mount of its own in the sandbox"},
      {"15_link_to_writable", "/r/link", {ro, writable("/r/u1000")}, ""},
      {"16_link_to_read_only", "/r/link", {ro}, "read-only in the sandbox"},
      {"18_dangling",
       "/r/dangling",
       {ro, rw_r},
       hidden + "/r/nothing does not exist (through the link /r/dangling -> /r/nothing)"},
      {"19_link_into_hidden",
       "/r/link2",
       {ro, rw_r, tmpfs("/r/hid")},
       hidden + "/r/hid/x is hidden (through the link /r/link2 -> /r/hid/x)"},
      {"19_control_not_hidden", "/r/link2", {ro, rw_r}, ""},
      {"20_relative_link", "/r/rootlink/rel", {ro, writable("/r/u1000")}, ""},
      {"21_dotdot", "/r/base/../u1000", {ro, writable("/r/u1000")}, ""},
      {"22_trailing_slash", "/r/u1000/", {ro, writable("/r/u1000")}, ""},
      {"22_dots_and_slashes", "//r//./u1000/./", {ro, writable("/r/u1000")}, ""},
      {"23_missing", "/r/gone", {ro, rw_r}, hidden + "/r/gone does not exist"},
      {"24_file", "/r/file", {ro, rw_r}, "not a directory"},
      {"24_below_file", "/r/file/x", {ro, rw_r}, hidden + "/r/file is not a directory"},
      {"25_other_owner", "/r/otheruser", {ro, rw_r}, "owned by uid 0, not 1000"},
      {"25_control_own", "/r/otheruser", {ro, rw_r}, "", "", change("/r/otheruser", [](Present& p) { p.uid = 1000; })},
      {"26_below_other_owner", "/r/otheruser/x", {ro, rw_r}, hidden + "/r/otheruser may not be searched"},
      {"27_loose_mode", "/r/loose", {ro, rw_r}, "mode is 0755, not 0700"},
      {"27_set_gid",
       "/r/u1000",
       {ro, rw_r},
       "mode is 2700, not 0700",
       "",
       change("/r/u1000", [](Present& p) { p.mode = 02700; })},
      {"28_world_writable", "/r/ww", {ro, rw_r}, "owned by uid 0, not 1000"},
      {"28_sticky_but_mine",
       "/r/ww",
       {ro, rw_r},
       "mode is 1777, not 0700",
       "",
       change("/r/ww", [](Present& p) { p.uid = 1000; })},
      {"29_no_access", "/r/noacc", {ro, rw_r}, "mode is 0000, not 0700"},
      {"30_remounted_read_only", "/r/u1000", {ro, read_only("/r/u1000")}, "read-only in the sandbox"},
      {"30_read_only_outside",
       "/r/u1000",
       {ro, rw_r},
       "on a file system that is mounted read-only",
       "",
       change("/r/u1000", [](Present& p) { p.mount.read_only = true; })},
      {"31_other_directory_there",
       "/r/u1000",
       {ro, op("/r/u1000", bind_of("/r/loose", BindMode::ReadWrite))},
       "mode is 0755, not 0700"},
      {"31_control_good_directory_there",
       "/r/loose",
       {ro, op("/r/loose", bind_of("/r/u1000", BindMode::ReadWrite))},
       ""},
      {"33_one_socket_masked",
       "/r/u1000",
       {ro, writable("/r/u1000"), op("/r/u1000/bus", MaskFile{})},
       "",
       "",
       [](World& world) { world.file("/r/u1000/bus", PathKind::Socket); }},
      {"34_mapped_uid",
       "/r/u1000",
       {ro, rw_r},
       "owned by uid 1000, not 12345",
       "",
       [](World& world) { world.facts.caller.uid = 12345; }},
      {"35_proc", "/proc/self/fd", {ro, op("/proc", Proc{})}, "a part of the private /proc or /dev"},
      {"35_dev_shm", "/dev/shm", {ro, op("/dev", Dev{}), op("/dev/shm", Tmpfs{01777, {}})}, "mode is 1777, not 0700"},
      {"35_host_procfs",
       "/r/u1000",
       {ro, rw_r},
       "on a special file system of the kernel",
       "",
       change("/r/u1000", [](Present& p) { p.fs = FsKind::ProcFs; })},
      {"36_noexec",
       "/r/u1000",
       {ro, writable("/r/u1000")},
       "",
       "noexec: just(1) cannot run recipes there",
       change("/r/u1000", [](Present& p) { p.mount.noexec = true; })},
      {"37_network_fs",
       "/r/u1000",
       {ro, rw_r},
       "not on a local file system",
       "",
       change("/r/u1000", [](Present& p) { p.fs = FsKind::Network; })},
      {"38_60_bytes", "/r/u1000" + std::string(52, '/'), {ro, rw_r}, ""},
      {"38_61_bytes",
       "/r/u1000" + std::string(53, '/'),
       {ro, rw_r},
       "longer than 60 bytes, too long for sockets below it"},
      {"39_socket_below_a_wide_grant",
       "/r/u1000",
       {ro, rw_r},
       "a service of the host could be reached through /r/u1000/bus",
       "",
       [](World& world) {
         world.file("/r/u1000/bus", PathKind::Socket);
         world.facts.listening_sockets = {host("/r/u1000/bus")};
       }},
      {"39_exact_grant_beats_it",
       "/r/u1000",
       {ro, rw_r, writable("/r/u1000")},
       "",
       "",
       [](World& world) {
         world.file("/r/u1000/bus", PathKind::Socket);
         world.facts.listening_sockets = {host("/r/u1000/bus")};
       }},
      {"39_an_entry_of_a_composed_directory_is_no_grant",
       "/r/u1000",
       {ro, tmpfs("/r"),
        op("/r/u1000", bind_of("/r/u1000", BindMode::ReadWrite), MountPoint::Create, Because::ComposedEntry)},
       "a service of the host could be reached through /r/u1000/bus",
       "",
       [](World& world) {
         world.file("/r/u1000/bus", PathKind::Socket);
         world.facts.listening_sockets = {host("/r/u1000/bus")};
       }},
      {"39_masked_socket_is_closed",
       "/r/u1000",
       {ro, rw_r, op("/r/u1000/bus", MaskFile{})},
       "",
       "",
       [](World& world) {
         world.file("/r/u1000/bus", PathKind::Socket);
         world.facts.listening_sockets = {host("/r/u1000/bus")};
       }},
      {"39_socket_elsewhere",
       "/r/u1000",
       {ro, rw_r},
       "",
       "",
       [](World& world) {
         world.file("/r/bus", PathKind::Socket);
         world.facts.listening_sockets = {host("/r/bus")};
       }},
  };
}

class RuntimeDirTable : public ::testing::TestWithParam<Row> {};

TEST_P(RuntimeDirTable, Decides) {
  const Row& row = GetParam();
  World world = small_host();
  if (row.value) world.variable("XDG_RUNTIME_DIR", *row.value);
  if (row.change) row.change(world);
  FactLens lens(world.facts);
  Policy policy;
  const auto plan = decide_runtime_dir(policy, plan_of(row.ops, row.seals), lens);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->note, row.note);
  if (row.refusal.empty()) {
    EXPECT_TRUE(std::holds_alternative<KeepInherited>(plan->decision)) << plan->reason;
    EXPECT_EQ(plan->value, row.value);
    EXPECT_EQ(plan->reason, "writable in the sandbox, your own, mode 0700");
  } else {
    EXPECT_TRUE(std::holds_alternative<PrivateRuntimeDir>(plan->decision));
    EXPECT_EQ(plan->value, "");
    EXPECT_EQ(plan->reason, "the inherited one cannot be kept: " + row.refusal);
  }
}

INSTANTIATE_TEST_SUITE_P(AllRows, RuntimeDirTable, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return row.param.name; });

class RuntimeDirModes : public ::testing::Test {
 protected:
  Result<RuntimeDirPlan, Errors> decide(RuntimeDirMode mode, const MountPlan& mounts) {
    Policy policy;
    policy.runtime_dir = {mode, {LayerKind::User, "settings.toml", 5, 0}};
    FactLens lens(world.facts);
    return decide_runtime_dir(policy, mounts, lens);
  }

  World world = small_host();
  MountPlan granted = plan_of({read_only("/"), writable("/r/u1000")});
  MountPlan closed = plan_of({read_only("/")});
};

TEST_F(RuntimeDirModes, PrivateDoesNotLookAtTheInheritedOne) {
  world.variable("XDG_RUNTIME_DIR", "/r/u1000");
  const auto plan = decide(RuntimeDirMode::Private, granted);
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(std::holds_alternative<PrivateRuntimeDir>(plan->decision));
  EXPECT_EQ(plan->reason, "runtimeDir.mode = \"private\"");
  EXPECT_EQ(plan->origin.line, 5U);
}

TEST_F(RuntimeDirModes, UnsetGivesNone) {
  world.variable("XDG_RUNTIME_DIR", "/r/u1000");
  const auto plan = decide(RuntimeDirMode::Unset, granted);
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(std::holds_alternative<NoRuntimeDir>(plan->decision));
  EXPECT_EQ(plan->value, "");
}

TEST_F(RuntimeDirModes, InheritKeepsWhatCanBeKept) {
  world.variable("XDG_RUNTIME_DIR", "/r/u1000");
  const auto plan = decide(RuntimeDirMode::Inherit, granted);
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(std::holds_alternative<KeepInherited>(plan->decision));
}

TEST_F(RuntimeDirModes, InheritIsAnErrorWhereItCannot) {
  world.variable("XDG_RUNTIME_DIR", "/r/u1000\n");
  world.dir("/r/u1000\n", 0700, 1000);
  const auto refused = decide(RuntimeDirMode::Inherit, closed);
  ASSERT_FALSE(refused.has_value());
  ASSERT_EQ(refused.error().size(), 1U);
  EXPECT_EQ(
      to_string(refused.error()[0]),
      "fence: cannot keep XDG_RUNTIME_DIR=/r/u1000\\x0a: read-only in the sandbox\n"
      "  asked for by settings.toml:5\n"
      "  hint: set runtimeDir.mode to \"auto\" for a private directory, or grant the real one by its exact path in "
      "filesystem.allowWrite");
}

TEST_F(RuntimeDirModes, InheritOfNothingIsAnError) {
  const auto refused = decide(RuntimeDirMode::Inherit, granted);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error()[0].what, "cannot keep XDG_RUNTIME_DIR");
  EXPECT_EQ(refused.error()[0].why, "not set");
}

TEST_F(RuntimeDirModes, TheFirstOfTwoVariablesCounts) {
  world.variable("XDG_RUNTIME_DIR", "/r/u1000");
  world.variable("XDG_RUNTIME_DIR", "/r/loose");
  const auto plan = decide(RuntimeDirMode::Auto, granted);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->value, "/r/u1000");
}

TEST_F(RuntimeDirModes, RootIsComparedAsItself) {
  world.facts.caller.uid = 0;
  world.facts.caller.gid = 0;
  world.dir("/r/u0", 0700, 0);
  world.variable("XDG_RUNTIME_DIR", "/r/u1000");
  const auto plan = decide(RuntimeDirMode::Auto, granted);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->reason, "the inherited one cannot be kept: owned by uid 1000, not 0");
}

}  // namespace
}  // namespace fence
