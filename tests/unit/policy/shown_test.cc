// What `fence settings show` prints of each key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fence/policy/settings_table.h"
#include "support/paths.h"

namespace fence {
namespace {

using testing::host;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Origin kShownPlace{LayerKind::User, "s.toml", 3, 5};

std::vector<ShownValue> shown(std::string_view key, const std::vector<SettingsLayer>& layers,
                              const Sourced<std::vector<std::string>>& profiles = {}) {
  const Policy policy = merge(layers);
  for (const SettingRow& row : settings_table()) {
    if (row.key == key) return row.show({policy, layers, profiles});
  }
  ADD_FAILURE() << key;
  return {};
}

std::vector<std::string> tomls(std::string_view key, const SettingsLayer& layer) {
  std::vector<std::string> out;
  for (const ShownValue& value : shown(key, {layer})) {
    EXPECT_EQ(value.origin, kShownPlace);
    out.push_back(value.toml);
  }
  return out;
}

TEST(Shown, EveryRowWithADefaultShowsIt) {
  for (const SettingRow& row : settings_table()) {
    const auto values = shown(row.key, {}, {{"workspace"}, {}});
    if (row.default_value.empty() || row.merge == MergeRule::Append) {
      EXPECT_THAT(values, IsEmpty()) << row.key;
    } else {
      ASSERT_EQ(values.size(), 1U) << row.key;
      EXPECT_EQ(values[0].toml, row.default_value) << row.key;
      EXPECT_EQ(values[0].origin, Origin{}) << row.key;
    }
  }
}

TEST(Shown, SingleValuesWithTheirPlace) {
  SettingsLayer layer{.kind = LayerKind::User};
  layer.network = {NetworkMode::Host, kShownPlace};
  layer.nesting = {true, kShownPlace};
  layer.force_new_session = {false, kShownPlace};
  layer.look_milliseconds = {100, kShownPlace};
  EXPECT_THAT(tomls("network.mode", layer), ElementsAre("\"host\""));
  layer.seccomp = {SeccompProfile::Strict, kShownPlace};
  EXPECT_THAT(tomls("nesting", layer), ElementsAre("true"));
  EXPECT_THAT(tomls("seccomp.profile", layer), ElementsAre("\"strict\""));
  EXPECT_THAT(tomls("forceNewSession", layer), ElementsAre("false"));
  EXPECT_THAT(tomls("lookTimeout", layer), ElementsAre("100"));
}

TEST(Shown, WhatIsEnforcedIsMarked) {
  SettingsLayer user{.kind = LayerKind::User}, enforced{.kind = LayerKind::System, .authority = Authority::Enforced};
  user.network = {NetworkMode::None, kShownPlace};
  enforced.network = {NetworkMode::None, {}};
  enforced.paths = {{{.list = PathList::DenyRead, .path = host("/x")}, {}}};
  EXPECT_TRUE(shown("network.mode", {user, enforced})[0].enforced);
  EXPECT_FALSE(shown("network.mode", {user})[0].enforced);
  EXPECT_TRUE(shown("filesystem.denyRead", {user, enforced})[0].enforced);
}

TEST(Shown, PathsAsAFileWouldHaveThem) {
  SettingsLayer layer;
  const auto add = [&](PathRule rule) { layer.paths.push_back({std::move(rule), kShownPlace}); };
  add({.path = host("/a")});
  add({.path = host("/a"), .optional = true, .why = "say \"x\""});
  add({.path = host("/a*")});
  add({.path = host("/a[b]"), .pattern = "*.c"});
  add({.path = HostPath::root(), .pattern = "*"});
  add({.path = InWorkspace{"d"}});
  add({.path = InWorkspace{""}, .pattern = "**/x"});
  add({.list = PathList::DenyRead, .path = host("/n")});
  EXPECT_THAT(
      tomls("filesystem.allowRead", layer),
      ElementsAre("\"/a\"", R"({path = "/a", optional = true, why = "say \"x\""})", R"({path = "/a*", literal = true})",
                  R"("/a[[]b]/*.c")", "\"/*\"", "\"$FENCE_WORKSPACE/d\"", "\"$FENCE_WORKSPACE/**/x\""));
  layer.paths = {{{.list = PathList::Protect, .path = InEveryWritableTree{""}, .pattern = "**/.env"}, kShownPlace},
                 {{.list = PathList::Protect, .path = InEveryWritableTree{"~x"}}, kShownPlace}};
  EXPECT_THAT(tomls("filesystem.protect", layer), ElementsAre("\"**/.env\"", R"({path = "~x", literal = true})"));
}

TEST(Shown, OtherListsAsAFileWouldHaveThem) {
  SettingsLayer layer;
  layer.scratch = {{{.path = host("/t"), .size = 65536, .mode = 01777, .optional = true}, kShownPlace}};
  layer.binds = {{{.source = host("/a"), .target = same_inside(host("/b")), .mode = BindMode::ReadWrite}, kShownPlace}};
  layer.device_nodes = {{{.path = host("/dev"), .pattern = "video*"}, kShownPlace}};
  layer.environment_pass = {{{"A_*", "because"}, kShownPlace}};
  layer.environment_deny = {{{"B", ""}, kShownPlace}};
  layer.seccomp_allow = {{{"mounts", "because"}, kShownPlace}, {{"bpf", ""}, kShownPlace}};
  layer.seccomp_deny = {{{"debug", ""}, kShownPlace}};
  layer.environment_set = {{"C", {"\x1b[2J", kShownPlace}}};
  layer.require = {{{Ability::Landlock, {4, 0}}, kShownPlace}};
  layer.allow_degraded = {{Ability::Cgroup, kShownPlace}};
  layer.trusted_projects = {{host("/p"), kShownPlace}};
  EXPECT_THAT(tomls("filesystem.tmpfs", layer),
              ElementsAre(R"({path = "/t", size = 65536, mode = "1777", optional = true})"));
  EXPECT_THAT(tomls("filesystem.bind", layer), ElementsAre(R"({source = "/a", target = "/b", mode = "rw"})"));
  EXPECT_THAT(tomls("devices.allow", layer), ElementsAre("\"/dev/video*\""));
  EXPECT_THAT(tomls("environment.pass", layer), ElementsAre(R"({name = "A_*", why = "because"})"));
  EXPECT_THAT(tomls("environment.deny", layer), ElementsAre("\"B\""));
  EXPECT_THAT(tomls("seccomp.allow", layer), ElementsAre(R"({name = "mounts", why = "because"})", "\"bpf\""));
  EXPECT_THAT(tomls("seccomp.deny", layer), ElementsAre("\"debug\""));
  EXPECT_THAT(tomls("environment.set", layer), ElementsAre("\"\\x1b[2J\""));
  EXPECT_EQ(shown("environment.set", {layer})[0].name, "\"C\"");
  EXPECT_THAT(tomls("require", layer), ElementsAre("\"landlock>=4\""));
  EXPECT_THAT(tomls("allowDegraded", layer), ElementsAre("\"cgroup\""));
  EXPECT_THAT(tomls("trust.projects", layer), ElementsAre("\"/p\""));
}

TEST(Shown, ProfilesAreThoseThatWereChosen) {
  const auto values = shown("profile", {}, {{"a", "b"}, kShownPlace});
  ASSERT_EQ(values.size(), 1U);
  EXPECT_EQ(values[0].toml, R"(["a", "b"])");
  EXPECT_EQ(values[0].origin, kShownPlace);
}

}  // namespace
}  // namespace fence
