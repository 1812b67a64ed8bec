#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "config_case.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(LoadConfig, WithoutAnyFileIsTheWorkspaceProfile) {
  const auto config = loaded();
  EXPECT_THAT(config.profiles, ElementsAre("base", "credentials", "workspace"));
  EXPECT_FALSE(config.user_file);
  std::vector<LayerKind> kinds;
  for (const SettingsLayer& layer : config.layers) kinds.push_back(layer.kind);
  EXPECT_THAT(kinds, ElementsAre(LayerKind::BuiltIn, LayerKind::Profile, LayerKind::Profile, LayerKind::Profile,
                                 LayerKind::CommandLine));
}

TEST_F(LoadConfig, LayersStandInOrderWithTheirNames) {
  files_[kUserFile] = "profile = ['strict']\nbackend = 'bwrap'\n";
  option("backend", std::string("auto"), "--backend");
  const auto config = loaded();
  std::vector<std::string> names;
  for (const SettingsLayer& layer : config.layers) names.push_back(layer.name);
  EXPECT_THAT(names, ElementsAre("fence", "profile base", "profile credentials", "profile system", "profile strict",
                                 "~/.config/fence/settings.toml", "command line"));
  EXPECT_EQ(config.user_file->text(), kUserFile);
  const Policy policy = merge(config.layers);
  EXPECT_EQ(policy.backend, (Sourced<Backend>{Backend::Auto, {LayerKind::CommandLine, "--backend"}}));
  EXPECT_EQ(to_string(policy.force_new_session->origin).substr(0, 15), "profile strict:");
}

TEST_F(LoadConfig, TheHighestLayerThatNamesProfilesDecides) {
  files_[kUserFile] = "profile = 'strict'\n";
  EXPECT_EQ(loaded().profiles.back(), "strict");
  option("profile", ValueArray{{std::string("readonly"), {}}}, "--profile");
  EXPECT_THAT(loaded().profiles, ElementsAre("base", "credentials", "workspace", "readonly"));
}

TEST_F(LoadConfig, AnEmptyProfileListMeansNone) {
  files_[kUserFile] = "profile = []\n";
  EXPECT_THAT(loaded().profiles, IsEmpty());
}

TEST_F(LoadConfig, RelativePathsAreBelowTheirFileOrTheWorkingDirectory) {
  files_[kUserFile] = "profile = []\nfilesystem.allowRead = ['data']\n";
  option("filesystem.allowRead", ValueArray{{std::string("data"), {}}}, "--allow-read");
  const auto config = loaded();
  EXPECT_EQ(config.layers[1].paths[0].value.path, RulePath(*HostPath::parse("/home/u/.config/fence/data")));
  EXPECT_EQ(config.layers[2].paths[0].value.path, RulePath(*HostPath::parse("/srv/app/data")));
}

TEST_F(LoadConfig, XdgConfigHomeMovesTheFiles) {
  request_.environment.emplace_back("XDG_CONFIG_HOME", "/srv/cfg");
  files_["/srv/cfg/fence/settings.toml"] = "profile = 'mine'\n";
  files_["/srv/cfg/fence/profiles/mine.toml"] = "nesting = true\n";
  EXPECT_THAT(loaded().profiles, ElementsAre("mine"));
}

TEST_F(LoadConfig, ARelativeOrEmptyXdgConfigHomeIsIgnored) {
  files_[kUserFile] = "profile = 'strict'\n";
  for (const char* value : {"cfg", ""}) {
    request_.environment = {{"HOME", "/home/u"}, {"XDG_CONFIG_HOME", value}};
    EXPECT_TRUE(loaded().user_file) << value;
  }
}

TEST_F(LoadConfig, AnXdgConfigHomeThatIsNoPathIsAnErrorAndNotSilentlyIgnored) {
  request_.environment.emplace_back("XDG_CONFIG_HOME", "/a/../b");
  EXPECT_THAT(errors().front(),
              "fence: cannot use XDG_CONFIG_HOME=/a/../b: \"..\" means another place when a link comes before it\n"
              "  hint: set it to an absolute path, or unset it");
}

TEST_F(LoadConfig, ARelativeHomeIsOneError) {
  request_.environment = {{"HOME", "here"}};
  EXPECT_THAT(errors(), ElementsAre("fence: cannot use HOME=here: it is not absolute\n"
                                    "  hint: set it to an absolute path, or unset it"));
}

TEST_F(LoadConfig, TheHomeOfThePasswordDatabaseStandsInForHome) {
  request_.environment.clear();
  files_[kUserFile] = "profile = 'strict'\n";
  EXPECT_TRUE(loaded().user_file);
}

TEST_F(LoadConfig, WithoutAHomeThereIsNoUserFile) {
  request_.environment.clear();
  request_.home_by_nss.clear();
  EXPECT_FALSE(loaded().user_file);
  EXPECT_THAT(read_, ElementsAre(kSystemFile));
}

TEST_F(LoadConfig, NoSettingsLeavesTheUsersFileUnread) {
  files_[kUserFile] = "this is no TOML";
  request_.no_settings = true;
  EXPECT_FALSE(loaded().user_file);
  EXPECT_THAT(read_, ::testing::Not(::testing::Contains(kUserFile)));
}

TEST_F(LoadConfig, SettingsNamesAnotherFile) {
  files_[kUserFile] = "this is no TOML";
  files_["/srv/app/x.toml"] = "profile = 'strict'\nfilesystem.allowRead = ['d']\n";
  request_.settings_file = "x.toml";
  const auto config = loaded();
  EXPECT_EQ(config.user_file->text(), "/srv/app/x.toml");
  EXPECT_EQ(config.profiles.back(), "strict");
  EXPECT_EQ(config.layers[5].paths[0].value.path, RulePath(*HostPath::parse("/srv/app/d")));
}

TEST_F(LoadConfig, TheFileOfSettingsMustExist) {
  request_.settings_file = "~/gone.toml";
  EXPECT_THAT(errors(), ElementsAre("fence: cannot read ~/gone.toml: no such file or directory\n"
                                    "  asked for by --settings"));
}

TEST_F(LoadConfig, SettingsAndNoSettingsExcludeEachOther) {
  request_.settings_file = "x.toml";
  request_.no_settings = true;
  EXPECT_THAT(errors(), ElementsAre("fence: --settings and --no-settings exclude each other\n"
                                    "  hint: leave one of them out"));
}

TEST_F(LoadConfig, AFileThatOthersCanWriteIsRefused) {
  files_[kUserFile] = Unreadable{EPERM};
  EXPECT_THAT(errors(), ElementsAre("fence: cannot read ~/.config/fence/settings.toml: another user can write it\n"
                                    "  hint: take the right away with `chmod go-w`, or make yourself or root its "
                                    "owner with `chown`"));
}

TEST_F(LoadConfig, WhateverElseStandsInTheFilesPlaceIsAnError) {
  const std::string what = "fence: cannot read ~/.config/fence/settings.toml: ";
  const std::map<int, std::string> reasons{{EISDIR, "is a directory"},
                                           {EACCES, "permission denied"},
                                           {EINVAL, "it is no regular file"},
                                           {EFBIG, "it is larger than 1 MiB"},
                                           {ELOOP, "too many levels of symbolic links"}};
  for (const auto& [errno_value, reason] : reasons) {
    files_[kUserFile] = Unreadable{errno_value};
    EXPECT_THAT(errors(), ElementsAre(what + reason));
  }
}

TEST_F(LoadConfig, ErrorsOfAllLayersComeAtOnce) {
  files_[kUserFile] = "profile = ['nope', 'mine']\nbackend = 7\n\n[filesystem]\nallowRaed = []\n";
  files_[kProfiles + "mine.toml"] = "nesting = 'yes'\n";
  option("network.mode", std::string("hots"), "--net");
  EXPECT_THAT(errors(),
              ElementsAre("fence: unknown profile \"nope\"\n"
                          "  asked for by ~/.config/fence/settings.toml:1:11\n"
                          "  fence has base, credentials, landlock, readonly, root, strict, system, workspace and wsl\n"
                          "  your own would be ~/.config/fence/profiles/nope.toml",
                          "fence: nesting must be true or false, not a string\n"
                          "  asked for by ~/.config/fence/profiles/mine.toml:1:11",
                          "fence: backend must be \"auto\", \"native\", \"bwrap\" or \"landlock\", not a whole number\n"
                          "  asked for by ~/.config/fence/settings.toml:2:11",
                          "fence: unknown setting \"filesystem.allowRaed\"\n"
                          "  asked for by ~/.config/fence/settings.toml:5:1\n"
                          "  hint: did you mean filesystem.allowRead?",
                          "fence: network.mode must be \"none\" or \"host\", not \"hots\"\n"
                          "  asked for by --net\n"
                          "  hint: did you mean \"host\"?"));
}

TEST_F(LoadConfig, ASyntaxErrorHidesNoErrorElsewhere) {
  files_[kUserFile] = "a = \n";
  option("nesting", std::int64_t{1}, "--set");
  EXPECT_EQ(errors().size(), 2U);
}

TEST_F(LoadConfig, AnUnknownProfileNamesTheNearest) {
  option("profile", std::string("workspce"), "--profile");
  request_.environment.clear();
  request_.home_by_nss.clear();
  EXPECT_THAT(errors(),
              ElementsAre("fence: unknown profile \"workspce\"\n"
                          "  asked for by --profile\n"
                          "  fence has base, credentials, landlock, readonly, root, strict, system, workspace and wsl\n"
                          "  hint: did you mean \"workspace\"?"));
}

TEST_F(LoadConfig, AProfilesNameIsNoPath) {
  for (const std::string name : {"../x", "", "X", "-x", "a/b", "a.b"}) {
    request_.command_line.clear();
    option("profile", name, "--profile");
    EXPECT_THAT(errors(), ElementsAre("fence: no profile can be named \"" + name +
                                      "\": a name has letters from a to z, digits and \"-\", at most 64\n"
                                      "  asked for by --profile"));
  }
  EXPECT_THAT(read_, ::testing::Each(::testing::AnyOf(kUserFile, kSystemFile)));
}

TEST_F(LoadConfig, AnOwnProfileBuildsOnOthers) {
  files_[kProfiles + "mine.toml"] = "profile = ['other', 'strict']\n";
  files_[kProfiles + "other.toml"] = "profile = 'base'\nfilesystem.allowRead = ['near']\n";
  option("profile", std::string("mine"), "--profile");
  const auto config = loaded();
  EXPECT_THAT(config.profiles, ElementsAre("base", "other", "credentials", "system", "strict", "mine"));
  EXPECT_EQ(config.layers[2].paths[0].value.path, RulePath(*HostPath::parse(kProfiles + "near")));
  EXPECT_EQ(config.layers[2].name, "~/.config/fence/profiles/other.toml");
}

TEST_F(LoadConfig, AProfileCountsOnce) {
  option("profile", ValueArray{{std::string("readonly"), {}}, {std::string("workspace"), {}}}, "--profile");
  EXPECT_THAT(loaded().profiles, ElementsAre("base", "credentials", "workspace", "readonly"));
}

TEST_F(LoadConfig, ProfilesInACircleAreAnErrorThatShowsIt) {
  files_[kProfiles + "a.toml"] = "profile = 'b'\n";
  files_[kProfiles + "b.toml"] = "\nprofile = ['c']\n";
  files_[kProfiles + "c.toml"] = "profile = 'a'\n";
  option("profile", std::string("a"), "--profile");
  EXPECT_THAT(errors(), ElementsAre("fence: profiles name each other in a circle: a -> b -> c -> a\n"
                                    "  asked for by ~/.config/fence/profiles/c.toml:1:11"));
}

TEST_F(LoadConfig, AnOwnProfileCannotHaveAShippedName) {
  files_[kProfiles + "strict.toml"] = "nesting = true\n";
  option("profile", std::string("strict"), "--profile");
  EXPECT_THAT(errors(),
              ElementsAre("fence: cannot use ~/.config/fence/profiles/strict.toml: fence has a profile of that "
                          "name\n"
                          "  asked for by --profile\n"
                          "  hint: rename the file; it can build on the other with profile = [\"strict\"]"));
}

TEST_F(LoadConfig, AnOwnProfileThatCannotBeReadIsAnError) {
  files_[kProfiles + "mine.toml"] = Unreadable{EACCES};
  option("profile", std::string("mine"), "--profile");
  EXPECT_THAT(errors(), ElementsAre("fence: cannot read ~/.config/fence/profiles/mine.toml: permission denied\n"
                                    "  asked for by --profile"));
}

TEST_F(LoadConfig, TheRootProfileIsBelowAllOthers) {
  request_.root = true;
  EXPECT_THAT(loaded().profiles, ElementsAre("root", "base", "credentials", "workspace"));
}

TEST_F(LoadConfig, TheWslProfileIsBelowAllOthersButRoots) {
  request_.wsl = true;
  EXPECT_THAT(loaded().profiles, ElementsAre("wsl", "base", "credentials", "workspace"));
  request_.root = true;
  EXPECT_THAT(loaded().profiles, ElementsAre("root", "wsl", "base", "credentials", "workspace"));
}

TEST_F(LoadConfig, TheFilesThatWereReadAreProtected) {
  files_["/srv/app/x.toml"] = "profile = 'mine'\n";
  files_[kProfiles + "mine.toml"] = "";
  request_.settings_file = "x.toml";
  const auto config = loaded();
  std::vector<std::string> files;
  for (const auto& rule : config.layers.front().paths) {
    EXPECT_EQ(rule.value.list, PathList::Protect);
    EXPECT_EQ(rule.origin, Origin{});
    if (const auto* path = std::get_if<HostPath>(&rule.value.path)) files.push_back(path->text());
  }
  EXPECT_THAT(files, ElementsAre("/home/u/.config/fence", kProfiles + "mine.toml", "/srv/app/x.toml"));
}

TEST_F(LoadConfig, EveryDefaultAndExampleInTheTableIsAValueOfItsKey) {
  for (const SettingRow& row : settings_table()) {
    for (const std::string_view value : {row.default_value, row.example}) {
      if (!value.empty()) files_[kUserFile] = std::string(row.key) + " = " + std::string(value) + "\n";
      EXPECT_THAT(errors(), IsEmpty()) << row.key << " = " << value;
    }
  }
}

}  // namespace
}  // namespace fence
