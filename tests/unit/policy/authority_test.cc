#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "choices.h"
#include "fence/policy/policy.h"
#include "support/paths.h"

namespace fence {
namespace {

using testing::host;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Origin user_place(std::uint32_t line) { return {LayerKind::User, "~/s.toml", line, 1}; }
Origin project_place(std::uint32_t line) { return {LayerKind::Project, "~/p/.fence.toml", line, 1}; }
Origin system_place(std::uint32_t line) { return {LayerKind::System, "/etc/fence/settings.toml", line, 1}; }

SettingsLayer user_layer() { return {.kind = LayerKind::User, .name = "~/s.toml"}; }
SettingsLayer project_layer(Authority authority = Authority::TightenOnly) {
  return {.kind = LayerKind::Project, .name = "~/p/.fence.toml", .authority = authority};
}
SettingsLayer enforced_layer() {
  return {.kind = LayerKind::System, .name = "/etc/fence/settings.toml", .authority = Authority::Enforced};
}

std::vector<std::string> errors_of(const std::vector<SettingsLayer>& layers) {
  std::vector<std::string> texts;
  for (const Error& error : check_authority(layers)) texts.push_back(to_string(error));
  return texts;
}

const std::string kProjectHint =
    "\n  hint: --trust-project trusts the project for this run, and [trust] projects = [\"~/p\"] in "
    "~/.config/fence/settings.toml for good";

/// A layer that says one thing of each kind, on lines of their own.
SettingsLayer with_everything(SettingsLayer layer, Origin (*place)(std::uint32_t)) {
  layer.profile = place(1);
  layer.backend = {Backend::Bwrap, place(2)};
  layer.paths = {{{.list = PathList::AllowRead, .path = host("/a")}, place(3)},
                 {{.list = PathList::AllowWrite, .path = host("/b")}, place(4)}};
  layer.scratch = {{{.path = host("/t")}, place(5)}};
  layer.binds = {{{.source = host("/a"), .target = same_inside(host("/b"))}, place(6)}};
  layer.device_nodes = {{{.path = host("/dev/kvm")}, place(7)}};
  layer.environment_pass = {{{"A", ""}, place(8)}};
  layer.environment_set = {{"B", {"b", place(9)}}};
  layer.allow_degraded = {{Ability::Cgroup, place(10)}};
  layer.walk_entries = {5, place(11)};
  layer.walk_seconds = {5, place(12)};
  layer.look_milliseconds = {5, place(13)};
  layer.trusted_projects = {{host("/p"), place(14)}};
  return layer;
}

std::vector<std::string> refused_keys(const std::vector<SettingsLayer>& layers) {
  std::vector<std::string> keys;
  for (const Error& error : check_authority(layers)) {
    keys.push_back(std::to_string(error.origin->line) + " " + error.what.substr(std::string("cannot take ").size()));
  }
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
  return keys;
}

TEST(CheckAuthority, AFreeLayerMaySayAnything) {
  EXPECT_THAT(errors_of({with_everything(user_layer(), user_place)}), IsEmpty());
  EXPECT_THAT(errors_of({with_everything(project_layer(Authority::Free), project_place)}), IsEmpty());
}

TEST(CheckAuthority, ARestrictingLayerGrantsNothingAndSetsNothingWithoutAnOrder) {
  const auto all = ElementsAre("1 profile", "2 backend", "3 filesystem.allowRead", "4 filesystem.allowWrite",
                               "5 filesystem.tmpfs", "6 filesystem.bind", "7 devices.allow", "8 environment.pass",
                               "9 environment.set.B", "10 allowDegraded", "11 globs.maxEntries", "12 globs.maxSeconds",
                               "13 lookTimeout", "14 trust.projects");
  EXPECT_THAT(refused_keys({with_everything(project_layer(), project_place)}), all);
  EXPECT_THAT(refused_keys({with_everything(enforced_layer(), system_place)}), all);
}

TEST(CheckAuthority, NamesThePlaceAndTheWayOut) {
  SettingsLayer project = project_layer();
  project.paths = {{{.list = PathList::AllowWrite, .path = host("/b")}, project_place(4)}};
  EXPECT_THAT(errors_of({project}),
              ElementsAre("fence: cannot take filesystem.allowWrite: a project that nobody trusts can only restrict\n"
                          "  asked for by ~/p/.fence.toml:4:1" +
                          kProjectHint));
  SettingsLayer enforced = enforced_layer();
  enforced.device_nodes = {{{.path = host("/dev/kvm")}, system_place(7)}};
  EXPECT_THAT(errors_of({enforced}), ElementsAre("fence: cannot take devices.allow: [enforce] can only restrict\n"
                                                 "  asked for by /etc/fence/settings.toml:7:1\n"
                                                 "  hint: put it outside of [enforce]"));
}

TEST(CheckAuthority, ToMoveFilesAsideIsNoRestriction) {
  SettingsLayer project = project_layer();
  project.absent_protected = {AbsentProtected::Quarantine, project_place(3)};
  EXPECT_THAT(errors_of({project}),
              ElementsAre(::testing::StartsWith("fence: cannot take filesystem.absentProtected")));
}

TEST(CheckAuthority, NothingIsPassedWhereAClearEnvironmentIsEnforced) {
  SettingsLayer enforced = enforced_layer(), user = user_layer(), profile = user_layer();
  enforced.environment = {EnvironmentMode::Clear, system_place(9)};
  user.environment_pass = {{{"*", ""}, user_place(2)}};
  EXPECT_THAT(errors_of({user, enforced}),
              ElementsAre(::testing::HasSubstr("environment.mode = \"clear\" is enforced")));
  // Not the user's words, so no error; it loses all the same.
  profile.kind = LayerKind::Profile;
  profile.environment_pass = user.environment_pass;
  const std::vector<SettingsLayer> layers{profile, enforced};
  EXPECT_THAT(errors_of(layers), IsEmpty());
  EXPECT_THAT(merge(layers).environment_pass, IsEmpty());
  EXPECT_EQ(merge(std::vector{profile}).environment_pass.size(), 1U) << "the control";
}

TEST(CheckAuthority, ARestrictingLayerMayRestrict) {
  for (SettingsLayer layer : {project_layer(), enforced_layer()}) {
    layer.paths = {{{.list = PathList::DenyRead, .path = host("/a")}, {}},
                   {{.list = PathList::DenyWrite, .path = host("/b")}, {}},
                   {{.list = PathList::Protect, .path = InEveryWritableTree{"Makefile"}}, {}}};
    layer.environment_deny = {{{"A*", ""}, {}}};
    layer.require = {{{Ability::Landlock, {3, 0}}, {}}};
    layer.force_new_session = {true, {}};
    layer.terminal = {TerminalMode::Private, {}};
    layer.devices = {DevicesMode::Minimal, {}};
    layer.runtime_dir = {RuntimeDirMode::Unset, {}};
    layer.network = {NetworkMode::None, {}};
    layer.environment = {EnvironmentMode::Clear, {}};
    layer.nesting = {false, {}};
    layer.seccomp = {SeccompProfile::Strict, {}};
    layer.seccomp_deny = {{{"debug", ""}, {}}};
    EXPECT_THAT(errors_of({layer}), IsEmpty());
  }
}

/// Two values of one setting, the stricter first; a layer that says the looser one of a project is refused where the
/// stricter is in force, and may say it where nothing is stricter.
template <class T>
struct Pair {
  std::optional<Sourced<T>> SettingsLayer::*member;
  T strict, loose;
  std::string loose_text;
};

template <class T>
void check_pair(const Pair<T>& pair) {
  SCOPED_TRACE(pair.loose_text);
  SettingsLayer user = user_layer(), project = project_layer(), enforced = enforced_layer();
  user.*pair.member = {pair.strict, user_place(2)};
  project.*pair.member = {pair.loose, project_place(3)};
  EXPECT_THAT(errors_of({user, project}), ElementsAre("fence: cannot take " + pair.loose_text +
                                                      ": a project that nobody trusts can only restrict\n"
                                                      "  asked for by ~/p/.fence.toml:3:1\n"
                                                      "  which is less strict than what is in force by ~/s.toml:2:1" +
                                                      kProjectHint));
  (user.*pair.member)->value = pair.loose;
  EXPECT_THAT(errors_of({user, project}), IsEmpty()) << "the same again";
  (project.*pair.member)->value = pair.strict;
  EXPECT_THAT(errors_of({user, project}), IsEmpty()) << "stricter";

  enforced.*pair.member = {pair.strict, system_place(9)};
  for (const LayerKind kind : {LayerKind::User, LayerKind::Project, LayerKind::Environment, LayerKind::CommandLine}) {
    user.kind = kind;
    const auto errors = errors_of({user, enforced});
    ASSERT_EQ(errors.size(), 1U) << layer_name(kind);
    EXPECT_THAT(errors[0], ::testing::StartsWith("fence: cannot take " + pair.loose_text + ": "));
    EXPECT_THAT(errors[0], ::testing::HasSubstr(" is enforced\n  asked for by ~/s.toml:2:1\n"
                                                "  enforced by /etc/fence/settings.toml:9:1\n"));
  }
  for (const LayerKind kind : {LayerKind::BuiltIn, LayerKind::Profile, LayerKind::System}) {
    user.kind = kind;
    EXPECT_THAT(errors_of({user, enforced}), IsEmpty()) << "simply overridden";
  }
}

TEST(CheckAuthority, ComparesEverySingleValue) {
  check_pair<NetworkMode>({&SettingsLayer::network, NetworkMode::None, NetworkMode::Host, "network.mode = \"host\""});
  check_pair<DevicesMode>(
      {&SettingsLayer::devices, DevicesMode::Minimal, DevicesMode::Host, "devices.mode = \"host\""});
  check_pair<LandlockMode>(
      {&SettingsLayer::landlock, LandlockMode::Full, LandlockMode::Auto, "landlock.mode = \"auto\""});
  check_pair<LandlockMode>(
      {&SettingsLayer::landlock, LandlockMode::Auto, LandlockMode::Off, "landlock.mode = \"off\""});
  check_pair<bool>({&SettingsLayer::nesting, false, true, "nesting = true"});
  check_pair<SeccompProfile>(
      {&SettingsLayer::seccomp, SeccompProfile::Strict, SeccompProfile::Default, "seccomp.profile = \"default\""});
  check_pair<SeccompProfile>(
      {&SettingsLayer::seccomp, SeccompProfile::Default, SeccompProfile::Minimal, "seccomp.profile = \"minimal\""});
  check_pair<bool>({&SettingsLayer::windows_interop, false, true, "wsl.interop = true"});
  check_pair<bool>({&SettingsLayer::force_new_session, true, false, "forceNewSession = false"});
  check_pair<EnvironmentMode>({&SettingsLayer::environment, EnvironmentMode::Clear, EnvironmentMode::Inherit,
                               "environment.mode = \"inherit\""});
  check_pair<TerminalMode>(
      {&SettingsLayer::terminal, TerminalMode::Private, TerminalMode::Auto, "terminal.mode = \"auto\""});
  check_pair<TerminalMode>(
      {&SettingsLayer::terminal, TerminalMode::Auto, TerminalMode::Shared, "terminal.mode = \"shared\""});
  check_pair<RuntimeDirMode>(
      {&SettingsLayer::runtime_dir, RuntimeDirMode::Unset, RuntimeDirMode::Auto, "runtimeDir.mode = \"auto\""});
  check_pair<RuntimeDirMode>(
      {&SettingsLayer::runtime_dir, RuntimeDirMode::Auto, RuntimeDirMode::Inherit, "runtimeDir.mode = \"inherit\""});
}

TEST(CheckAuthority, APrivateRuntimeDirectoryAndNoneAreEquallyStrict) {
  SettingsLayer user = user_layer(), project = project_layer();
  user.runtime_dir = {RuntimeDirMode::Private, user_place(1)};
  project.runtime_dir = {RuntimeDirMode::Unset, project_place(1)};
  EXPECT_THAT(errors_of({user, project}), IsEmpty());
  std::swap(user.runtime_dir->value, project.runtime_dir->value);
  EXPECT_THAT(errors_of({user, project}), IsEmpty());
}

TEST(CheckAuthority, NoNewSessionIsLooserThanWhatFenceDecides) {
  SettingsLayer project = project_layer();
  project.force_new_session = {false, project_place(3)};
  EXPECT_THAT(errors_of({project}),
              ElementsAre("fence: cannot take forceNewSession = false: a project that nobody trusts can only restrict\n"
                          "  asked for by ~/p/.fence.toml:3:1\n"
                          "  which is less strict than the default" +
                          kProjectHint));
}

TEST(CheckAuthority, WhatIsEnforcedRestrictsSomething) {
  SettingsLayer enforced = enforced_layer();
  enforced.network = {NetworkMode::Host, system_place(1)};
  enforced.terminal = {TerminalMode::Shared, system_place(2)};
  enforced.force_new_session = {false, system_place(3)};
  enforced.runtime_dir = {RuntimeDirMode::Auto, system_place(4)};
  EXPECT_THAT(refused_keys({enforced}),
              ::testing::UnorderedElementsAre("1 network.mode = \"host\"", "2 terminal.mode = \"shared\"",
                                              "3 forceNewSession = false"));
  EXPECT_THAT(errors_of({enforced})[0], ::testing::HasSubstr("[enforce] can only restrict"));
}

TEST(CheckAuthority, AVariableThatIsEnforcedAwayCannotBeNamed) {
  SettingsLayer user = user_layer(), enforced = enforced_layer();
  enforced.environment_deny = {{{"*_TOKEN", ""}, system_place(9)}};
  user.environment_pass = {
      {{"NPM_TOKEN", ""}, user_place(1)}, {{"*", ""}, user_place(2)}, {{"TERM", ""}, user_place(3)}};
  user.environment_set = {{"GH_TOKEN", {"x", user_place(4)}}, {"LANG", {"C", user_place(5)}}};
  const std::string rest =
      "environment.deny of \"*_TOKEN\" is enforced\n  asked for by ~/s.toml:%:1\n"
      "  enforced by /etc/fence/settings.toml:9:1\n"
      "  hint: take it out: only who may change what is enforced can allow it";
  const auto at = [&](char line) {
    std::string text = rest;
    text[text.find('%')] = line;
    return text;
  };
  EXPECT_THAT(errors_of({user, enforced}), ElementsAre("fence: cannot take NPM_TOKEN in environment.pass: " + at('1'),
                                                       "fence: cannot take GH_TOKEN in environment.set: " + at('4')));
  user.kind = LayerKind::Profile;
  EXPECT_THAT(errors_of({user, enforced}), IsEmpty());
}

TEST(CheckAuthority, AProjectLetsNoSystemCallThrough) {
  SettingsLayer project = project_layer();
  project.seccomp_allow = {{{"mounts", ""}, project_place(3)}};
  EXPECT_THAT(errors_of({project}),
              ElementsAre("fence: cannot take seccomp.allow: a project that nobody trusts can only restrict\n"
                          "  asked for by ~/p/.fence.toml:3:1" +
                          kProjectHint));
}

TEST(CheckAuthority, CallsThatAreEnforcedAwayAreNotLetThrough) {
  SettingsLayer user = user_layer(), enforced = enforced_layer();
  user.seccomp_allow = {{{"mounts", ""}, user_place(1)}, {{"bpf", ""}, user_place(2)}};
  enforced.seccomp_deny = {{{"bpf", ""}, system_place(9)}};
  const std::string rest =
      "  enforced by /etc/fence/settings.toml:9:1\n"
      "  hint: take it out: only who may change what is enforced can allow it";
  EXPECT_THAT(errors_of({user, enforced}),
              ElementsAre("fence: cannot take bpf in seccomp.allow: seccomp.deny of it is enforced\n"
                          "  asked for by ~/s.toml:2:1\n" +
                          rest));
  enforced.seccomp = {SeccompProfile::Default, system_place(9)};
  EXPECT_THAT(errors_of({user, enforced}),
              ElementsAre("fence: cannot take mounts in seccomp.allow: seccomp.profile = \"default\" is enforced\n"
                          "  asked for by ~/s.toml:1:1\n" +
                              rest,
                          ::testing::StartsWith("fence: cannot take bpf in seccomp.allow: seccomp.profile = ")));
  user.kind = LayerKind::Profile;
  EXPECT_THAT(errors_of({user, enforced}), IsEmpty());
  EXPECT_THAT(merge(std::vector<SettingsLayer>{user, enforced}).seccomp_allow, IsEmpty()) << "simply overridden";
}

TEST(CheckAuthority, AnAbilityThatIsRequiredCannotBeDegraded) {
  SettingsLayer user = user_layer(), enforced = enforced_layer();
  enforced.require = {{{Ability::Cgroup, {}}, system_place(9)}};
  user.allow_degraded = {{Ability::Cgroup, user_place(1)}, {Ability::Proc, user_place(2)}};
  EXPECT_THAT(errors_of({user, enforced}),
              ElementsAre("fence: cannot take cgroup in allowDegraded: require of cgroup is enforced\n"
                          "  asked for by ~/s.toml:1:1\n  enforced by /etc/fence/settings.toml:9:1\n"
                          "  hint: take it out: only who may change what is enforced can allow it"));
}

TEST(Merge, ARestrictingLayerCountsOnlyWhereItIsStricter) {
  SettingsLayer user = user_layer(), project = project_layer();
  user.network = {NetworkMode::Host, user_place(1)};
  user.devices = {DevicesMode::Minimal, user_place(2)};
  user.nesting = {false, user_place(3)};
  project.network = {NetworkMode::None, project_place(1)};
  project.devices = {DevicesMode::Host, project_place(2)};
  project.nesting = {false, project_place(3)};
  project.backend = {Backend::Bwrap, project_place(4)};
  const Policy policy = merge(std::vector<SettingsLayer>{user, project});
  EXPECT_EQ(policy.network, *project.network);
  EXPECT_EQ(policy.devices, *user.devices);
  EXPECT_EQ(policy.nesting, *user.nesting) << "as strict: who said it first stays";
  EXPECT_EQ(policy.backend.value, Backend::Auto);
}

TEST(Merge, EnforcedEntriesAreMarked) {
  SettingsLayer user = user_layer(), enforced = enforced_layer();
  user.paths = {{{.list = PathList::DenyRead, .path = host("/a")}, user_place(1)}};
  enforced.paths = {{{.list = PathList::DenyRead, .path = host("/b")}, system_place(1)}};
  enforced.environment_deny = {{{"A", ""}, system_place(2)}};
  enforced.require = {{{Ability::Cgroup, {}}, system_place(3)}};
  enforced.force_new_session = {true, system_place(4)};
  const Policy policy = merge(std::vector<SettingsLayer>{user, enforced});
  EXPECT_FALSE(policy.paths[0].enforced);
  EXPECT_TRUE(policy.paths[1].enforced);
  EXPECT_TRUE(policy.environment_deny[0].enforced);
  EXPECT_TRUE(policy.require[0].enforced);
  EXPECT_EQ(policy.force_new_session, (Ranked<bool>{true, system_place(4), 1, true}));
}

TEST(Choices, EveryValueOfASettingStandsOnceAndAllHaveAnOrderOrNone) {
  for_each_single([](const auto& setting) {
    for (const auto& choice : setting.choices) {
      EXPECT_EQ(find_choice(setting.choices, choice.value), &choice) << setting.key;
      EXPECT_EQ(choice.strict.has_value(), setting.choices.front().strict.has_value()) << setting.key;
    }
  });
}

}  // namespace
}  // namespace fence
