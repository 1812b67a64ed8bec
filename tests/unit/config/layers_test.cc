// The layers that other people write: system, project, environment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <ctime>
#include <limits>
#include <set>

#include "config_case.h"

namespace fence {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kProjectFile = "/home/u/p/.fence.toml";

/// Starts in /home/u/p/src.
class LoadLayers : public LoadConfig {
 protected:
  LoadLayers() { request_.working_directory = *HostPath::parse("/home/u/p/src"); }

  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const SettingsLayer& layer : loaded().layers) {
      if (layer.kind != LayerKind::Profile) out.push_back(layer.name);
    }
    return out;
  }
  Policy policy() { return merge(loaded().layers); }
  SettingsPlace place_of(LayerKind kind) {
    for (const SettingsPlace& place : examine().places) {
      if (place.kind == kind) return place;
    }
    ADD_FAILURE() << layer_name(kind);
    return {};
  }
  void set(std::string name, std::string value) {
    request_.environment.emplace_back(std::move(name), std::move(value));
  }
};

TEST_F(LoadLayers, StandInTheOrderOfPrecedence) {
  files_[kSystemFile] = "network.mode = 'none'\n[enforce]\nnesting = false\n";
  files_[kUserFile] = "";
  files_[kProjectFile] = "";
  set("FENCE_SET_BACKEND", "bwrap");
  EXPECT_THAT(names(),
              ElementsAre("fence", "/etc/fence/settings.toml", "~/.config/fence/settings.toml", "~/p/.fence.toml",
                          "FENCE_SET_BACKEND", "command line", "/etc/fence/settings.toml [enforce]"));
  EXPECT_EQ(loaded().layers.back().authority, Authority::Enforced);
}

TEST_F(LoadLayers, TheSystemsFileIsReadWhateverTheCommandLineSays) {
  files_[kSystemFile] = "profile = []\nnetwork.mode = 'host'\nfilesystem.allowRead = ['x']\n";
  request_.no_settings = true;
  EXPECT_EQ(policy().network, (Sourced<NetworkMode>{NetworkMode::Host, {LayerKind::System, kSystemFile, 2, 16}}));
  EXPECT_EQ(policy().paths.back().value.path, RulePath(*HostPath::parse("/etc/fence/x")));
  request_.no_settings = false;
  files_["/home/u/p/src/s.toml"] = "";
  request_.settings_file = "s.toml";
  EXPECT_EQ(policy().network.value, NetworkMode::Host);
}

TEST_F(LoadLayers, ASystemsFileThatIsNotRootsIsRefused) {
  files_[kSystemFile] = Unreadable{EPERM};
  request_.no_settings = true;
  EXPECT_THAT(errors(), ElementsAre("fence: cannot read /etc/fence/settings.toml: another user than root can write it\n"
                                    "  hint: `chown root` and `chmod go-w` as root; it binds everybody, and is never "
                                    "skipped"));
}

TEST_F(LoadLayers, WhatIsEnforcedBindsEveryLayerBelow) {
  files_[kSystemFile] =
      "[enforce]\nnetwork.mode = 'none'\nfilesystem.denyRead = ['/srv']\nenvironment.deny = ['X_*']\n";
  files_[kUserFile] = "network.mode = 'host'\n";
  set("FENCE_SET_ENVIRONMENT_PASS", "['X_A']");
  option("network.mode", std::string("host"), "--net");
  EXPECT_THAT(errors(), ElementsAre(StartsWith("fence: cannot take network.mode = \"host\": network.mode = \"none\" is "
                                               "enforced\n  asked for by ~/.config/fence/settings.toml:1:16\n"
                                               "  enforced by /etc/fence/settings.toml:2:16\n"),
                                    StartsWith("fence: cannot take X_A in environment.pass: "),
                                    HasSubstr("asked for by --net\n")));
  files_.erase(kUserFile);
  request_.environment.pop_back();
  request_.command_line.clear();
  const Policy enforced = policy();
  EXPECT_EQ(enforced.network.value, NetworkMode::None);
  EXPECT_TRUE(enforced.paths.back().enforced);
  EXPECT_TRUE(enforced.environment_deny.back().enforced);
}

TEST_F(LoadLayers, AnotherHomeGetsNobodyAroundWhatIsEnforced) {
  files_[kSystemFile] = "[enforce]\nfilesystem.denyRead = ['~/keys', '/srv']\n";
  request_.environment = {{"HOME", "/tmp/h"}};
  const Policy enforced = policy();
  std::vector<RulePath> hidden;
  for (const auto& rule : enforced.paths) {
    if (rule.enforced) hidden.push_back(rule.value.path);
  }
  EXPECT_THAT(hidden, ElementsAre(RulePath(*HostPath::parse("/tmp/h/keys")), RulePath(*HostPath::parse("/srv")),
                                  RulePath(*HostPath::parse("/home/u/keys"))));
}

TEST_F(LoadLayers, AProfileIsOverriddenByWhatIsEnforced) {
  files_[kSystemFile] = "[enforce]\nnesting = false\n";
  files_[kProfiles + "mine.toml"] = "nesting = true\n";
  files_[kUserFile] = "profile = 'mine'\n";
  EXPECT_FALSE(policy().nesting.value);
}

TEST_F(LoadLayers, OnlyTheSystemsFileEnforces) {
  files_[kUserFile] = "[enforce]\nnesting = false\n";
  files_[kProjectFile] = "enforce = 3\n";
  EXPECT_THAT(errors(),
              ElementsAre("fence: [enforce] cannot stand here\n  asked for by ~/.config/fence/settings.toml:1:2\n"
                          "  hint: only /etc/fence/settings.toml enforces settings",
                          "fence: [enforce] cannot stand here\n  asked for by ~/p/.fence.toml:1:1\n"
                          "  hint: only /etc/fence/settings.toml enforces settings"));
}

TEST_F(LoadLayers, EnforcingIsATableOfRestrictions) {
  files_[kSystemFile] = "enforce = true\n";
  EXPECT_THAT(errors(), ElementsAre("fence: enforce must be a table, not true or false\n"
                                    "  asked for by /etc/fence/settings.toml:1:11"));
  files_[kSystemFile] = "[enforce]\nprofile = 'strict'\nfilesystem.allowWrite = ['/a']\nunknown = 1\n";
  EXPECT_THAT(errors(), ElementsAre(StartsWith("fence: unknown setting \"unknown\"\n")));
  files_[kSystemFile] = "[enforce]\nprofile = 'strict'\nfilesystem.allowWrite = ['/a']\n";
  EXPECT_THAT(errors(), ElementsAre("fence: cannot take profile: [enforce] can only restrict\n"
                                    "  asked for by /etc/fence/settings.toml:2:11\n"
                                    "  hint: put it outside of [enforce]",
                                    "fence: cannot take filesystem.allowWrite: [enforce] can only restrict\n"
                                    "  asked for by /etc/fence/settings.toml:3:26\n"
                                    "  hint: put it outside of [enforce]"));
}

TEST_F(LoadLayers, EveryProjectFileOnTheWayCountsSoThatAnEmptyOneSwitchesNoneOff) {
  files_[kProjectFile] = "nesting = false\n";
  files_["/home/u/.fence.toml"] = "this is no TOML";
  files_["/home/u/p/src/.fence.toml"] = "environment.deny = ['A']\n";
  EXPECT_THAT(names(), Contains("~/p/src/.fence.toml"));
  EXPECT_THAT(names(), Contains("~/p/.fence.toml"));
  EXPECT_THAT(names(), Not(Contains("~/.fence.toml")));
  files_.erase("/home/u/p/src/.fence.toml");
  EXPECT_THAT(names(), Contains("~/p/.fence.toml"));
  EXPECT_EQ(place_of(LayerKind::Project).authority, Authority::TightenOnly);
}

TEST_F(LoadLayers, WhatIsEnforcedDependsOnNothingThatTheCallerChooses) {
  files_[kSystemFile] = "[enforce.filesystem]\ndenyRead = ['$HOME/a', '$XDG_CACHE_HOME/b', '$FENCE_WORKSPACE/c']\n";
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("$XDG_CACHE_HOME"), HasSubstr("$FENCE_WORKSPACE")));
  files_[kSystemFile] = "[enforce.filesystem]\ndenyRead = ['$HOME/a']\n";
  EXPECT_THAT(errors(), ::testing::IsEmpty());
}

TEST_F(LoadLayers, ProjectFilesThatMayAppearAreProtectedOnTheWayAndInTrustedDirectories) {
  files_[kUserFile] = "[trust]\nprojects = ['~/mono/sub']\n";
  std::vector<std::string> kept;
  const LoadedConfig config = loaded();
  for (const auto& rule : config.layers.front().paths) {
    const auto* path = std::get_if<HostPath>(&rule.value.path);
    if (path != nullptr && rule.value.list == PathList::Protect) kept.push_back(path->text());
  }
  EXPECT_THAT(kept, Contains("/home/u/p/.fence.toml"));
  EXPECT_THAT(kept, Contains("/home/u/p/src/.fence.toml"));
  EXPECT_THAT(kept, Contains("/home/u/mono/sub/.fence.toml"));
}

TEST_F(LoadLayers, TheHomeDirectoryItselfIsNoProject) {
  files_["/home/u/.fence.toml"] = "this is no TOML";
  EXPECT_THAT(errors(), IsEmpty());
  request_.working_directory = *HostPath::parse("/home/u");
  EXPECT_THAT(errors(), IsEmpty());
  EXPECT_EQ(place_of(LayerKind::Project).state, PlaceState::NotLookedAt);
}

TEST_F(LoadLayers, OutsideOfTheHomeDirectoryThereIsNoProject) {
  request_.working_directory = *HostPath::parse("/srv/p");
  files_["/srv/p/.fence.toml"] = "this is no TOML";
  EXPECT_THAT(errors(), IsEmpty());
  const SettingsPlace place = place_of(LayerKind::Project);
  EXPECT_EQ(place.state, PlaceState::NotLookedAt);
  EXPECT_EQ(place.why, "it starts in no directory below the home directory");
}

TEST_F(LoadLayers, TheHomeDirectoryMayBeSpelledThroughALink) {
  request_.working_directory = *HostPath::parse("/mnt/disk/u/p");
  files_["/mnt/disk/u/p/.fence.toml"] = "network.mode = 'none'\n";
  files_["/mnt/disk/u/.fence.toml"] = "this is no TOML";
  EXPECT_EQ(place_of(LayerKind::Project).state, PlaceState::NotLookedAt);
  request_.real_home = *HostPath::parse("/mnt/disk/u");
  EXPECT_EQ(place_of(LayerKind::Project).state, PlaceState::Read);
  files_[kUserFile] = "trust.projects = ['~/p']\n";
  EXPECT_EQ(place_of(LayerKind::Project).authority, Authority::Free);
}

TEST_F(LoadLayers, TheStartDirectoryIsWhatCounts) {
  files_[kProjectFile] = "this is no TOML";
  files_["/home/u/q/.fence.toml"] = "filesystem.denyRead = ['x']\n";
  request_.start_directory = *HostPath::parse("/home/u/q");
  EXPECT_EQ(policy().paths.back().value.path, RulePath(*HostPath::parse("/home/u/q/x")));
}

TEST_F(LoadLayers, NoSettingsLeavesTheProjectUnread) {
  files_[kProjectFile] = "this is no TOML";
  request_.no_settings = true;
  EXPECT_THAT(errors(), IsEmpty());
  EXPECT_EQ(place_of(LayerKind::Project).why, "--no-settings");
}

TEST_F(LoadLayers, AProjectOnlyRestricts) {
  files_[kProjectFile] =
      "profile = 'strict'\nbackend = 'bwrap'\n[filesystem]\nallowWrite = ['/a', '/b']\n"
      "denyRead = ['keys']\n[network]\nmode = 'host'\n";
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("cannot take profile: "), HasSubstr("cannot take backend: "),
                                    HasSubstr("cannot take network.mode = \"host\": "),
                                    HasSubstr("asked for by ~/p/.fence.toml:4:15\n"),
                                    HasSubstr("asked for by ~/p/.fence.toml:4:21\n")));
  request_.trust_project = true;
  EXPECT_EQ(policy().network.value, NetworkMode::Host);
  EXPECT_THAT(loaded().profiles, Contains("strict"));
}

TEST_F(LoadLayers, AnUntrustedProjectChoosesNoProfile) {
  files_[kProjectFile] = "profile = ['no-such-profile']\n";
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("cannot take profile: ")));
}

TEST_F(LoadLayers, TrustIsForTheVeryDirectory) {
  files_[kProjectFile] = "nesting = true\n";
  set("WORK", "/home/u");
  for (const char* entry : {"~/p", "/home/u/p/", "$WORK/p"}) {
    files_[kUserFile] = "trust.projects = ['" + std::string(entry) + "']\n";
    EXPECT_TRUE(policy().nesting.value) << entry;
  }
  for (const char* entry : {"~", "~/p/src", "/", "~/P"}) {
    files_[kUserFile] = "trust.projects = ['" + std::string(entry) + "']\n";
    EXPECT_THAT(errors(), ElementsAre(HasSubstr("cannot take nesting = true: "))) << entry;
  }
  files_.erase(kUserFile);
  files_[kSystemFile] = "trust.projects = ['~/p']\n";
  EXPECT_TRUE(policy().nesting.value);
}

TEST_F(LoadLayers, AProjectCannotTrustItself) {
  files_[kProjectFile] = "trust.projects = ['.']\nnesting = true\n";
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("trust.projects can stand only in")));
  request_.trust_project = true;
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("trust.projects can stand only in")));
}

TEST_F(LoadLayers, WhoCannotBeReadIsNoReasonToBlameTheProject) {
  files_[kUserFile] = "trust.projects = 7\nnetwork.mode = 'host'\n";
  files_[kProjectFile] = "network.mode = 'host'\n";
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("trust.projects must be ")));
}

TEST_F(LoadLayers, WhateverElseStandsInTheProjectFilesPlaceIsAnError) {
  files_[kProjectFile] = Unreadable{EISDIR};
  EXPECT_THAT(errors(), ElementsAre("fence: cannot read ~/p/.fence.toml: is a directory\n"
                                    "  hint: put it right, or leave it unread with --no-settings"));
  files_[kProjectFile] = Unreadable{EPERM};
  EXPECT_THAT(errors(), ElementsAre("fence: cannot read ~/p/.fence.toml: another user can write it\n"
                                    "  hint: take the right away with `chmod go-w`, or make yourself or root its owner "
                                    "with `chown`, or leave it unread with --no-settings"));
  EXPECT_EQ(place_of(LayerKind::Project).state, PlaceState::Faulty);
}

TEST_F(LoadLayers, EveryFileThatWasReadIsProtected) {
  files_[kSystemFile] = "[enforce]\nnesting = false\n";
  files_[kUserFile] = files_[kProjectFile] = "";
  const SettingsLayer built_in = loaded().layers.front();
  std::vector<std::string> files;
  for (const auto& rule : built_in.paths) {
    const auto* path = std::get_if<HostPath>(&rule.value.path);
    if (path != nullptr && rule.value.why == "fence was started with these settings") files.push_back(path->text());
  }
  EXPECT_THAT(files, ElementsAre(kSystemFile, kUserFile, kProjectFile));
}

TEST_F(LoadLayers, VariablesSetWhatTheirNameSays) {
  set("FENCE_SET_NETWORK_MODE", "host");
  set("FENCE_SET_FILESYSTEM_ALLOW_READ", "['x']");
  set("FENCE_SET_FORCE_NEW_SESSION", "true");
  set("FENCE_SET_NESTING", "");
  set("FENCE_SET_PROFILE", "['base']");
  set("FENCE_SETTINGS", "nothing of fence's");
  const Policy set_by_environment = policy();
  EXPECT_EQ(set_by_environment.network.value, NetworkMode::Host);
  EXPECT_EQ(set_by_environment.network.origin, (Origin{LayerKind::Environment, "FENCE_SET_NETWORK_MODE"}));
  EXPECT_EQ(set_by_environment.paths.back().value.path, RulePath(*HostPath::parse("/home/u/p/src/x")));
  EXPECT_TRUE(set_by_environment.force_new_session->value);
  EXPECT_EQ(set_by_environment.nesting.origin, Origin{}) << "an empty value counts as unset";
  EXPECT_THAT(loaded().profiles, ElementsAre("base"));
}

TEST_F(LoadLayers, OfTwoVariablesOfOneNameTheFirstCounts) {
  set("FENCE_SET_NETWORK_MODE", "none");
  set("FENCE_SET_NETWORK_MODE", "host");
  EXPECT_EQ(policy().network.value, NetworkMode::None);
}

TEST_F(LoadLayers, AnUnknownVariableNamesTheNearest) {
  set("FENCE_SET_NETWROK_MODE", "host");
  set("FENCE_SET_\x1b[2J", "x");
  EXPECT_THAT(errors(), ElementsAre("fence: no setting belongs to the variable FENCE_SET_NETWROK_MODE\n"
                                    "  asked for by FENCE_SET_NETWROK_MODE\n"
                                    "  hint: did you mean FENCE_SET_NETWORK_MODE?",
                                    "fence: no setting belongs to the variable FENCE_SET_\\x1b[2J\n"
                                    "  asked for by FENCE_SET_\\x1b[2J\n"
                                    "  hint: `fence settings keys` lists them; unset the variable"));
}

TEST_F(LoadLayers, AVariablesWrongValueIsAnErrorWithItsName) {
  set("FENCE_SET_NETWORK_MODE", "hots");
  set("FENCE_SET_FILESYSTEM_DENY_READ", "/x");
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("asked for by FENCE_SET_NETWORK_MODE\n"),
                                    HasSubstr("asked for by FENCE_SET_FILESYSTEM_DENY_READ\n")));
}

TEST(VariableName, IsTheKeyInCapitals) {
  EXPECT_EQ(variable_name("network.mode"), "FENCE_SET_NETWORK_MODE");
  EXPECT_EQ(variable_name("filesystem.allowRead"), "FENCE_SET_FILESYSTEM_ALLOW_READ");
  EXPECT_EQ(variable_name("forceNewSession"), "FENCE_SET_FORCE_NEW_SESSION");
  std::set<std::string> names;
  for (const SettingRow& row : settings_table()) EXPECT_TRUE(names.insert(variable_name(row.key)).second) << row.key;
}

TEST_F(LoadLayers, PlacesAreListedInOrderWhateverBecameOfThem) {
  files_[kSystemFile] = "a = \n";
  request_.no_settings = true;
  std::vector<std::string> lines;
  for (const SettingsPlace& place : examine().places) {
    if (place.kind != LayerKind::Profile) lines.push_back(place.name + (place.state == PlaceState::Faulty ? "!" : ""));
  }
  EXPECT_THAT(lines, ElementsAre("fence", "/etc/fence/settings.toml!", "~/.config/fence/settings.toml", ".fence.toml",
                                 "FENCE_SET_<KEY>", "command line"));
}

TEST_F(LoadLayers, ErrorsOfEveryLayerComeAtOnce) {
  files_[kSystemFile] = "nesting = 1\n";
  files_[kUserFile] = "nesting = 2\n";
  files_[kProjectFile] = "nesting = 3\n";
  set("FENCE_SET_NESTING", "4");
  option("nesting", std::int64_t{5}, "--set nesting");
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("/etc/fence/settings.toml:1:11"),
                                    HasSubstr("~/.config/fence/settings.toml:1:11"), HasSubstr("~/p/.fence.toml:1:11"),
                                    HasSubstr("FENCE_SET_NESTING"), HasSubstr("--set nesting")));
}

TEST_F(LoadLayers, TheUsersFileIsWhereTheDirectoriesSay) {
  EXPECT_EQ(user_settings_file(request_)->text(), kUserFile);
  set("XDG_CONFIG_HOME", "/cfg");
  EXPECT_EQ(user_settings_file(request_)->text(), "/cfg/fence/settings.toml");
  request_.environment.clear();
  request_.home_by_nss.clear();
  EXPECT_EQ(to_string(user_settings_file(request_).error().front()),
            "fence: cannot tell where the user's settings.toml is: the home directory is not known\n"
            "  hint: set HOME");
}

/// Ten times the rules may take ten times as long, and not a hundred times.
TEST_F(LoadLayers, TenThousandRulesAreReadInLinearTime) {
  const auto seconds_for = [this](int rules) {
    std::string text = "profile = []\n[filesystem]\ndenyRead = [\n";
    for (int i = 0; i < rules; ++i) text += "  {path = \"/srv/d" + std::to_string(i) + "\", optional = true},\n";
    files_[kUserFile] = text + "]\n";
    double best = std::numeric_limits<double>::max();
    for (int round = 0; round < 5; ++round) {
      // Of the processor: others may want it too.
      const std::clock_t start = std::clock();
      const LoadedConfig config = loaded();
      const std::clock_t took = std::clock() - start;
      EXPECT_EQ(config.layers[1].paths.size(), static_cast<std::size_t>(rules));
      best = std::min(best, static_cast<double>(took) / CLOCKS_PER_SEC);
    }
    return best;
  };
  const double small = seconds_for(1'000);
  EXPECT_LT(seconds_for(10'000), 50 * small);
}

}  // namespace
}  // namespace fence
