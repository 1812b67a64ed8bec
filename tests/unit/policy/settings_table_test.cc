#include "fence/policy/settings_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/paths.h"

namespace fence {
namespace {

using testing::host;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Origin kKeyPlace{LayerKind::User, "s.toml", 1, 1};
const Origin kPlace{LayerKind::User, "s.toml", 3, 5};

Value value(bool flag) { return {flag, kPlace}; }
Value value(int number) { return {std::int64_t{number}, kPlace}; }
Value value(const char* text) { return {std::string(text), kPlace}; }
Value value(ValueArray list) { return {std::move(list), kPlace}; }
Value value(ValueTable table) { return {std::move(table), kPlace}; }

ValueEntry entry(std::string key, Value of) { return {std::move(key), kKeyPlace, std::move(of)}; }

template <class... Values>
Value list(Values... values) {
  return value(ValueArray{values...});
}
template <class... Entries>
Value table(Entries... entries) {
  return value(ValueTable{entries...});
}

/// A table with one dotted key.
ValueTable setting(std::string_view key, Value of) {
  const auto dot = key.find('.');
  if (dot == std::string_view::npos) return {entry(std::string(key), std::move(of))};
  return {entry(std::string(key.substr(0, dot)), value(setting(key.substr(dot + 1), std::move(of))))};
}

ExpansionContext context() {
  static const std::string kData = "/var/data";
  return {.base = *HostPath::parse("/base"),
          .variable = [](std::string_view name) { return name == "DATA" ? &kData : nullptr; },
          .home = "/home/u"};
}

/// All errors of a table as texts.
std::vector<std::string> errors_of(const ValueTable& settings) {
  const auto layer = read_layer(LayerKind::User, "s.toml", settings, context());
  std::vector<std::string> texts;
  if (layer) return texts;
  for (const Error& error : layer.error()) texts.push_back(to_string(error));
  return texts;
}

SettingsLayer read(std::string_view key, Value of) {
  auto layer = read_layer(LayerKind::User, "s.toml", setting(key, std::move(of)), context());
  if (layer) return *std::move(layer);
  for (const Error& error : layer.error()) ADD_FAILURE() << to_string(error);
  return {};
}

TEST(SettingsTable, EveryKeyStandsOnceAndIsDescribed) {
  std::set<std::string_view> keys;
  for (const SettingRow& row : settings_table()) {
    EXPECT_TRUE(keys.insert(row.key).second) << row.key;
    EXPECT_FALSE(row.type.empty()) << row.key;
    EXPECT_TRUE(row.meaning.ends_with('.')) << row.key;
    EXPECT_TRUE(row.danger.empty() || row.danger.ends_with('.')) << row.key;
  }
}

TEST(SettingsTable, EveryRowRefusesAnotherTypeInItsOwnWords) {
  for (const SettingRow& row : settings_table()) {
    if (row.key == "profile") continue;  // profile_names() reads it
    const bool number = row.type.starts_with("a whole number") || row.type.starts_with("a number");
    EXPECT_THAT(errors_of(setting(row.key, number ? value(true) : value(7))),
                ElementsAre("fence: " + std::string(row.key) + " must be " + std::string(row.type) + ", not " +
                            (number ? "true or false" : "a whole number") + "\n  asked for by s.toml:3:5"));
  }
}

TEST(SettingsTable, EveryRowSaysWhatAValueLooksLike) {
  for (const SettingRow& row : settings_table()) {
    const bool shows_nothing = row.default_value.empty() || row.default_value == "[]" || row.default_value == "{}";
    EXPECT_EQ(row.example.empty(), !shows_nothing) << row.key;
  }
}

TEST(SettingsTable, TheWordsOfEveryChoiceAreThoseOfItsType) {
  for (const SettingRow& row : settings_table()) {
    std::string_view rest = row.type;
    while (rest.find('"') != std::string_view::npos) {
      rest.remove_prefix(rest.find('"') + 1);
      const std::string word(rest.substr(0, rest.find('"')));
      rest.remove_prefix(word.size() + 1);
      EXPECT_THAT(errors_of(setting(row.key, value(word.c_str()))), IsEmpty()) << row.key;
    }
  }
}

TEST(ReadLayer, AWrongWordNamesTheRightOnes) {
  EXPECT_THAT(errors_of(setting("terminal.mode", value("privat"))),
              ElementsAre("fence: terminal.mode must be \"auto\", \"private\" or \"shared\", not \"privat\"\n"
                          "  asked for by s.toml:3:5\n"
                          "  hint: did you mean \"private\"?"));
  EXPECT_THAT(errors_of(setting("network.mode", value("\x1b[2J"))),
              ElementsAre("fence: network.mode must be \"none\" or \"host\", not \"\\x1b[2J\"\n"
                          "  asked for by s.toml:3:5"));
}

TEST(ReadLayer, SingleValuesKeepTheirPlace) {
  EXPECT_EQ(read("backend", value("bwrap")).backend, (Sourced<Backend>{Backend::Bwrap, kPlace}));
  EXPECT_EQ(read("backend", value("native")).backend->value, Backend::Native);
  EXPECT_EQ(read("forceNewSession", value(false)).force_new_session, (Sourced<bool>{false, kPlace}));
  EXPECT_EQ(read("terminal.mode", value("shared")).terminal->value, TerminalMode::Shared);
  EXPECT_EQ(read("filesystem.absentProtected", value("quarantine")).absent_protected->value,
            AbsentProtected::Quarantine);
  EXPECT_EQ(read("devices.mode", value("host")).devices->value, DevicesMode::Host);
  EXPECT_EQ(read("runtimeDir.mode", value("unset")).runtime_dir->value, RuntimeDirMode::Unset);
  EXPECT_EQ(read("network.mode", value("host")).network->value, NetworkMode::Host);
  EXPECT_EQ(read("environment.mode", value("clear")).environment->value, EnvironmentMode::Clear);
  EXPECT_EQ(read("landlock.mode", value("full")).landlock->value, LandlockMode::Full);
  EXPECT_EQ(read("nesting", value(true)).nesting->value, true);
}

TEST(ReadLayer, NumbersHaveBounds) {
  EXPECT_EQ(read("globs.maxEntries", value(1)).walk_entries, (Sourced<std::uint64_t>{1, kPlace}));
  EXPECT_EQ(read("globs.maxSeconds", value(7)).walk_seconds->value, 7U);
  EXPECT_EQ(read("lookTimeout", value(60000)).look_milliseconds->value, 60000U);
  EXPECT_THAT(errors_of(setting("globs.maxEntries", value(0))),
              ElementsAre("fence: globs.maxEntries must be a whole number above 0, not 0\n  asked for by s.toml:3:5"));
  EXPECT_THAT(errors_of(setting("lookTimeout", value(60001))),
              ElementsAre("fence: lookTimeout must be a whole number from 1 to 60000, not 60001\n"
                          "  asked for by s.toml:3:5"));
  EXPECT_EQ(errors_of(setting("lookTimeout", value(0))).size(), 1U);
  EXPECT_EQ(errors_of(setting("globs.maxSeconds", value(-1))).size(), 1U);
}

TEST(ReadLayer, RequirementsHaveAName) {
  const auto layer = read("require", list(value("userns"), value("landlock>=4"), value("kernel>=6.1")));
  EXPECT_THAT(layer.require, ElementsAre(Sourced<Requirement>{{Ability::UserNamespace, {}}, kPlace},
                                         Sourced<Requirement>{{Ability::Landlock, {4, 0}}, kPlace},
                                         Sourced<Requirement>{{Ability::Kernel, {6, 1}}, kPlace}));
}

TEST(ReadLayer, WrongRequirementsAreAllReported) {
  const std::string place = "\n  asked for by s.toml:3:5";
  EXPECT_THAT(errors_of(setting("require", list(value("usernss"), value("userns>=2"), value("landlock>=x"),
                                                value("landlock>=4.1"), value(3)))),
              ElementsAre("fence: require knows no ability \"usernss\"" + place + "\n  hint: did you mean \"userns\"?",
                          "fence: require cannot ask for a version of userns, which has none" + place +
                              "\n  hint: write \"userns\"",
                          "fence: require cannot understand the version \"x\" of landlock" + place +
                              "\n  hint: write it as in \"landlock>=4\"",
                          "fence: require cannot understand the version \"4.1\" of landlock" + place +
                              "\n  hint: write it as in \"landlock>=4\"",
                          "fence: an entry of require must be a string, not a whole number" + place));
}

TEST(ReadLayer, OnlyWhatHasALesserFormCanBeDegraded) {
  EXPECT_THAT(read("allowDegraded", list(value("cgroup"))).allow_degraded,
              ElementsAre(Sourced<Ability>{Ability::Cgroup, kPlace}));
  EXPECT_THAT(
      errors_of(setting("allowDegraded", list(value("userns"), value("pid")))),
      ElementsAre(
          "fence: \"userns\" cannot be degraded: there is no sandbox without it\n"
          "  asked for by s.toml:3:5\n  hint: only proc, cgroup, landlock, metadata, protect and delegation can be",
          ::testing::StartsWith("fence: allowDegraded knows no ability \"pid\"\n")));
}

TEST(ReadLayer, OnlyTheUsersAndTheSystemsFileTrustProjects) {
  EXPECT_THAT(read("trust.projects", list(value("~/p"))).trusted_projects,
              ElementsAre(Sourced<HostPath>{*HostPath::parse("/home/u/p"), kPlace}));
  const auto table = setting("trust.projects", list(value("~/p")));
  EXPECT_TRUE(read_layer(LayerKind::System, "s.toml", table, context()));
  for (const LayerKind kind :
       {LayerKind::Profile, LayerKind::Project, LayerKind::Environment, LayerKind::CommandLine}) {
    const auto layer = read_layer(kind, "s.toml", table, context());
    ASSERT_FALSE(layer) << layer_name(kind);
    EXPECT_EQ(to_string(layer.error().front()),
              "fence: trust.projects can stand only in the user's and the system's settings.toml\n"
              "  asked for by s.toml:3:5\n  hint: --trust-project trusts a project for one run");
  }
}

TEST(ReadLayer, EnforceBelongsIntoTheSystemsFile) {
  EXPECT_THAT(errors_of({entry("enforce", table(entry("nesting", value(false))))}),
              ElementsAre("fence: [enforce] cannot stand here\n  asked for by s.toml:1:1\n"
                          "  hint: only /etc/fence/settings.toml enforces settings"));
}

TEST(ReadLayer, RemembersWhereProfilesAreNamed) { EXPECT_EQ(read("profile", value("strict")).profile, kPlace); }

TEST(ReadLayer, SaysNothingOfWhatIsNotThere) {
  const auto layer = read_layer(LayerKind::User, "s.toml", {}, context());
  ASSERT_TRUE(layer);
  EXPECT_EQ(layer->kind, LayerKind::User);
  EXPECT_EQ(layer->name, "s.toml");
  EXPECT_FALSE(layer->backend || layer->force_new_session || layer->network || layer->nesting);
}

TEST(ReadLayer, APathEntryIsAStringOrATable) {
  const auto layer = read("filesystem.denyRead",
                          list(value("~/.ssh"), table(entry("path", value("$DATA/x")), entry("optional", value(true)),
                                                      entry("why", value("data")))));
  ASSERT_EQ(layer.paths.size(), 2U);
  EXPECT_EQ(layer.paths[0].value, (PathRule{.list = PathList::DenyRead, .path = host("/home/u/.ssh")}));
  EXPECT_EQ(layer.paths[0].origin, kPlace);
  EXPECT_EQ(layer.paths[1].value,
            (PathRule{.list = PathList::DenyRead, .path = host("/var/data/x"), .optional = true, .why = "data"}));
}

TEST(ReadLayer, EachListKeepsItsName) {
  for (const PathList which :
       {PathList::AllowRead, PathList::DenyRead, PathList::AllowWrite, PathList::DenyWrite, PathList::Protect}) {
    const auto layer = read("filesystem." + std::string(list_name(which)), list(value("/x")));
    ASSERT_EQ(layer.paths.size(), 1U);
    EXPECT_EQ(layer.paths[0].value.list, which);
  }
}

TEST(ReadLayer, OnlyARelativeProtectEntryMeansEveryWritableTree) {
  EXPECT_EQ(read("filesystem.protect", list(value("./.git//hooks"))).paths[0].value.path,
            RulePath(InEveryWritableTree{".git/hooks"}));
  EXPECT_EQ(read("filesystem.protect", list(value("/srv/x"))).paths[0].value.path, RulePath(host("/srv/x")));
  EXPECT_EQ(read("filesystem.denyWrite", list(value(".git/hooks"))).paths[0].value.path,
            RulePath(host("/base/.git/hooks")));
}

TEST(ReadLayer, AProtectEntryThatNamesNothingIsRefused) {
  EXPECT_THAT(errors_of(setting("filesystem.protect", list(value("."), value("../x")))),
              ElementsAre("fence: cannot use the path \".\": it names no path below a directory\n"
                          "  asked for by s.toml:3:5\n  in filesystem.protect",
                          "fence: cannot use the path \"../x\": \"..\" leads out of the directory that it is meant "
                          "for\n  asked for by s.toml:3:5\n  in filesystem.protect"));
}

TEST(ReadLayer, ALiteralEntryTakesEveryByteForItself) {
  const auto literal = [](const char* path) {
    return list(table(entry("path", value(path)), entry("literal", value(true))));
  };
  EXPECT_EQ(read("filesystem.allowRead", literal("/a/[id].tsx")).paths[0].value.path, RulePath(host("/a/[id].tsx")));
  EXPECT_EQ(read("filesystem.allowRead", literal("~/$DATA")).paths[0].value.path, RulePath(host("/base/~/$DATA")));
  EXPECT_EQ(read("filesystem.tmpfs", literal("/a*")).scratch[0].value.path, RulePath(host("/a*")));
}

TEST(ReadLayer, AnOptionalEntryWithAnUnsetVariableFallsAway) {
  const auto optional = table(entry("path", value("$GONE/x")), entry("optional", value(true)));
  EXPECT_THAT(read("filesystem.denyRead", list(optional)).paths, IsEmpty());
  EXPECT_THAT(read("filesystem.tmpfs", list(optional)).scratch, IsEmpty());
  EXPECT_THAT(errors_of(setting("filesystem.denyRead", list(value("$GONE/x")))),
              ElementsAre("fence: cannot use the path \"$GONE/x\": $GONE is not set\n"
                          "  asked for by s.toml:3:5\n"
                          "  in filesystem.denyRead\n"
                          "  hint: add `optional = true` to skip the entry where it is not set"));
}

TEST(ReadLayer, OptionalExcusesNothingElse) {
  EXPECT_EQ(errors_of(setting("filesystem.denyRead",
                              list(table(entry("path", value("/a/[b")), entry("optional", value(true))))))
                .size(),
            1U);
}

TEST(ReadLayer, APathInsteadOfAListGetsAHint) {
  EXPECT_THAT(errors_of(setting("filesystem.allowRead", value("/x"))),
              ElementsAre("fence: filesystem.allowRead must be a list of paths, not a string\n"
                          "  asked for by s.toml:3:5\n"
                          "  hint: put it in brackets: [\"...\"]"));
}

TEST(ReadLayer, WrongEntriesAreAllReported) {
  EXPECT_THAT(errors_of(setting("filesystem.allowRead",
                                list(value(3), table(entry("why", value("x"))), table(entry("path", value(true))),
                                     table(entry("path", value("/x")), entry("optionl", value(true)))))),
              ElementsAre("fence: an entry of filesystem.allowRead must be a string or a table, not a whole number\n"
                          "  asked for by s.toml:3:5\n  in filesystem.allowRead",
                          "fence: an entry of filesystem.allowRead has no \"path\"\n"
                          "  asked for by s.toml:3:5\n  in filesystem.allowRead",
                          "fence: \"path\" must be a string, not true or false\n"
                          "  asked for by s.toml:3:5\n  in filesystem.allowRead",
                          "fence: an entry of filesystem.allowRead has no field \"optionl\"\n"
                          "  asked for by s.toml:1:1\n  in filesystem.allowRead\n"
                          "  hint: did you mean \"optional\"?"));
}

TEST(ReadLayer, TmpfsSizes) {
  const auto size = [](Value of) {
    return read("filesystem.tmpfs", list(table(entry("path", value("/t")), entry("size", std::move(of)))))
        .scratch[0]
        .value.size;
  };
  EXPECT_EQ(size(value(65536)), 65536U);
  EXPECT_EQ(size(value("1")), 1U);
  EXPECT_EQ(size(value("3K")), 3072U);
  EXPECT_EQ(size(value("64M")), 67108864U);
  EXPECT_EQ(size(value("2G")), 2147483648U);
  EXPECT_EQ(read("filesystem.tmpfs", list(value("/t"))).scratch[0].value.size, std::nullopt);
}

TEST(ReadLayer, WrongTmpfsSizesAreRefused) {
  for (const Value& bad : {value(0), value(-1), value("0"), value("0M"), value(""), value("M"), value("1T"),
                           value("-1"), value("1 M"), value("99999999999G"), value(true)}) {
    EXPECT_THAT(errors_of(setting("filesystem.tmpfs", list(table(entry("path", value("/t")), entry("size", bad))))),
                ElementsAre("fence: \"size\" must be a number of bytes above 0, as in 65536 or \"64M\" (K, M, G)\n"
                            "  asked for by s.toml:3:5\n  in filesystem.tmpfs"));
  }
}

TEST(ReadLayer, TmpfsModes) {
  const auto with_mode = [](Value of) { return list(table(entry("path", value("/t")), entry("mode", std::move(of)))); };
  EXPECT_EQ(read("filesystem.tmpfs", with_mode(value("1777"))).scratch[0].value.mode, 01777U);
  EXPECT_EQ(read("filesystem.tmpfs", with_mode(value("0700"))).scratch[0].value.mode, 0700U);
  EXPECT_EQ(read("filesystem.tmpfs", list(value("/t"))).scratch[0].value.mode, 0755U);
  for (const Value& bad : {value(1777), value("8"), value(""), value("10000"), value("rwx")}) {
    EXPECT_THAT(errors_of(setting("filesystem.tmpfs", with_mode(bad))),
                ElementsAre("fence: \"mode\" must be permission bits as octal text, as in \"1777\"\n"
                            "  asked for by s.toml:3:5\n  in filesystem.tmpfs"));
  }
}

TEST(ReadLayer, Binds) {
  const auto layer =
      read("filesystem.bind",
           list(table(entry("source", value("~/a")), entry("target", value("/b"))),
                table(entry("source", value("/a")), entry("target", value("/c")), entry("mode", value("rw"))),
                table(entry("source", value("/a")), entry("target", value("/d")), entry("mode", value("dev")),
                      entry("optional", value(true))),
                table(entry("source", value("$GONE")), entry("target", value("/e")), entry("optional", value(true)))));
  ASSERT_EQ(layer.binds.size(), 3U);
  EXPECT_EQ(layer.binds[0].value, (BindRule{host("/home/u/a"), *SandboxPath::parse("/b"), BindMode::ReadOnly, false}));
  EXPECT_EQ(layer.binds[1].value, (BindRule{host("/a"), *SandboxPath::parse("/c"), BindMode::ReadWrite, false}));
  EXPECT_EQ(layer.binds[2].value, (BindRule{host("/a"), *SandboxPath::parse("/d"), BindMode::Device, true}));
}

TEST(ReadLayer, WrongBindsAreRefused) {
  EXPECT_THAT(errors_of(setting(
                  "filesystem.bind",
                  list(value("/a"), table(entry("source", value("/a"))),
                       table(entry("source", value("$FENCE_WORKSPACE")), entry("target", value("/b"))),
                       table(entry("source", value("/a")), entry("target", value("/b")), entry("mode", value("wr")))))),
              ElementsAre("fence: an entry of filesystem.bind must be a table, not a string\n"
                          "  asked for by s.toml:3:5\n  in filesystem.bind",
                          "fence: an entry of filesystem.bind has no \"target\"\n"
                          "  asked for by s.toml:3:5\n  in filesystem.bind",
                          "fence: cannot use the path \"$FENCE_WORKSPACE\": $FENCE_WORKSPACE has no meaning here\n"
                          "  asked for by s.toml:3:5\n  in filesystem.bind",
                          "fence: \"mode\" must be \"ro\", \"rw\" or \"dev\"\n"
                          "  asked for by s.toml:3:5\n  in filesystem.bind"));
}

TEST(ReadLayer, DeviceNodes) {
  EXPECT_THAT(read("devices.allow", list(value("/dev/kvm"))).device_nodes,
              ElementsAre(Sourced<DeviceRule>{{.path = *HostPath::parse("/dev/kvm")}, kPlace}));
  EXPECT_THAT(read("devices.allow", list(value("/dev/video*"))).device_nodes,
              ElementsAre(Sourced<DeviceRule>{{.path = *HostPath::parse("/dev"), .pattern = "video*"}, kPlace}));
}

TEST(ReadLayer, PatternsStandInEveryPathList) {
  for (const std::string_view key : {"allowRead", "denyRead", "allowWrite", "denyWrite", "protect"}) {
    const auto layer = read("filesystem." + std::string(key), list(value("/a/b/*.pem")));
    EXPECT_EQ(layer.paths[0].value.path, RulePath(host("/a/b")));
    EXPECT_EQ(layer.paths[0].value.pattern, "*.pem");
  }
  const auto layer = read("filesystem.tmpfs", list(value("/a/*/cache")));
  EXPECT_EQ(layer.scratch[0].value.path, RulePath(host("/a")));
  EXPECT_EQ(layer.scratch[0].value.pattern, "*/cache");
}

TEST(ReadLayer, ARelativeProtectPatternIsBelowEveryWritableTree) {
  const auto layer = read("filesystem.protect", list(value("**/.env"), value("a/b/*.c"), value("/x/*")));
  EXPECT_EQ(layer.paths[0].value.path, RulePath(InEveryWritableTree{""}));
  EXPECT_EQ(layer.paths[0].value.pattern, "**/.env");
  EXPECT_EQ(layer.paths[1].value.path, RulePath(InEveryWritableTree{"a/b"}));
  EXPECT_EQ(layer.paths[1].value.pattern, "*.c");
  EXPECT_EQ(layer.paths[2].value.path, RulePath(host("/x")));
}

TEST(ReadLayer, APatternThatCannotBeHonouredIsAnErrorWithItsPlace) {
  for (const char* bad : {"/a/**x", "/a/[b", "/a/*/../b", "/a/[]", "$DATA/[$DATA]"}) {
    const auto errors = errors_of(setting("filesystem.denyRead", list(value(bad))));
    ASSERT_EQ(errors.size(), 1U) << bad;
    EXPECT_THAT(errors[0], ::testing::StartsWith("fence: cannot use the path \"" + std::string(bad) + "\": ")) << bad;
    EXPECT_THAT(errors[0], ::testing::HasSubstr("asked for by s.toml:3:5")) << bad;
  }
}

TEST(ReadLayer, PatternsAreRefusedWhereOnePathIsMeant) {
  const std::string what =
      "fence: cannot use the path \"/a/*\": patterns have a meaning only in the path lists, tmpfs "
      "and devices.allow\n  asked for by s.toml:3:5\n";
  const std::string hint = "  hint: for a name that has this character write {path = \"...\", literal = true}";
  EXPECT_THAT(
      errors_of(setting("filesystem.bind", list(table(entry("source", value("/a/*")), entry("target", value("/b")))))),
      ElementsAre(what + "  in filesystem.bind\n" + hint));
  EXPECT_THAT(
      errors_of(setting("filesystem.bind", list(table(entry("source", value("/b")), entry("target", value("/a/*")))))),
      ElementsAre(what + "  in filesystem.bind\n" + hint));
  EXPECT_THAT(errors_of(setting("trust.projects", list(value("/a/*")))),
              ElementsAre(what + "  in trust.projects\n" + hint));
}

TEST(ReadLayer, VariablePatterns) {
  const auto layer = read("environment.deny",
                          list(value("A_?"), table(entry("name", value("*_TOKEN")), entry("why", value("tokens")))));
  EXPECT_THAT(layer.environment_deny, ElementsAre(Sourced<VariablePattern>{{"A_?", ""}, kPlace},
                                                  Sourced<VariablePattern>{{"*_TOKEN", "tokens"}, kPlace}));
  EXPECT_EQ(read("environment.pass", list(value("TERM"))).environment_pass.size(), 1U);
}

TEST(ReadLayer, WrongVariablePatternsAreRefused) {
  EXPECT_THAT(errors_of(setting("environment.pass", list(value(""), value("A=b"), value("[AB]_TOKEN")))),
              ElementsAre("fence: cannot use the pattern \"\": it is empty\n"
                          "  asked for by s.toml:3:5\n  in environment.pass",
                          "fence: cannot use the pattern \"A=b\": a variable's name has no \"=\"\n"
                          "  asked for by s.toml:3:5\n  in environment.pass",
                          "fence: cannot use the pattern \"[AB]_TOKEN\": patterns for names know only \"*\" and \"?\"\n"
                          "  asked for by s.toml:3:5\n  in environment.pass"));
}

TEST(ReadLayer, SystemCalls) {
  const auto layer =
      read("seccomp.allow", list(value("mounts"), table(entry("name", value("bpf")), entry("why", value("tracing")))));
  EXPECT_THAT(layer.seccomp_allow,
              ElementsAre(Sourced<CallRule>{{"mounts", ""}, kPlace}, Sourced<CallRule>{{"bpf", "tracing"}, kPlace}));
  EXPECT_EQ(read("seccomp.deny", list(value("debug"))).seccomp_deny.size(), 1U);
  EXPECT_EQ(read("seccomp.profile", value("strict")).seccomp->value, SeccompProfile::Strict);
  EXPECT_THAT(errors_of(setting("seccomp.profile", value("none"))),
              ElementsAre("fence: seccomp.profile must be \"default\", \"strict\" or \"minimal\", not \"none\"\n"
                          "  asked for by s.toml:3:5"));
  EXPECT_EQ(errors_of(setting("seccomp.deny", list(value(1)))).size(), 1U);
}

TEST(ReadLayer, VariablesToSet) {
  const auto layer = read("environment.set", table(entry("LANG", value("C")), entry("EMPTY", value(""))));
  EXPECT_EQ(layer.environment_set.at("LANG"), (Sourced<std::string>{"C", kPlace}));
  EXPECT_EQ(layer.environment_set.at("EMPTY").value, "");
}

TEST(ReadLayer, WrongVariablesToSetAreRefused) {
  const std::string with_nul("a\0b", 3);
  EXPECT_THAT(errors_of(setting("environment.set", table(entry("A", value(1)), entry("", value("x")),
                                                         entry("B=C", value("x")), entry("D", {with_nul, kPlace})))),
              ElementsAre("fence: environment.set.A must be a string, not a whole number\n  asked for by s.toml:3:5",
                          "fence: cannot set the variable \"\": it is empty\n  asked for by s.toml:1:1",
                          "fence: cannot set the variable \"B=C\": a variable's name has no \"=\"\n"
                          "  asked for by s.toml:1:1",
                          "fence: environment.set.D has a NUL byte in it\n  asked for by s.toml:3:5"));
}

TEST(ReadLayer, AnUnknownKeyNamesTheNearest) {
  EXPECT_THAT(errors_of({entry("filesystem", table(entry("allowRaed", list()))), entry("allowWrite", list()),
                         entry("forcenewsession", value(true)), entry("zzz", value(1))}),
              ElementsAre("fence: unknown setting \"filesystem.allowRaed\"\n  asked for by s.toml:1:1\n"
                          "  hint: did you mean filesystem.allowRead?",
                          "fence: unknown setting \"allowWrite\"\n  asked for by s.toml:1:1\n"
                          "  hint: did you mean filesystem.allowWrite?",
                          "fence: unknown setting \"forcenewsession\"\n  asked for by s.toml:1:1\n"
                          "  hint: did you mean forceNewSession?",
                          "fence: unknown setting \"zzz\"\n  asked for by s.toml:1:1"));
}

TEST(ReadLayer, AQuotedKeyWithADotIsNoDottedKey) {
  EXPECT_THAT(errors_of({entry("filesystem.allowRead", list())}),
              ElementsAre("fence: unknown setting \"filesystem.allowRead\"\n  asked for by s.toml:1:1\n"
                          "  hint: did you mean filesystem.allowRead?"));
}

TEST(ReadLayer, ASectionThatIsNoTableIsAnError) {
  EXPECT_THAT(errors_of({entry("network", value("host"))}),
              ElementsAre("fence: network must be a table, not a string\n  asked for by s.toml:3:5"));
}

TEST(ReadLayer, ErrorsOfAllKeysComeAtOnce) {
  EXPECT_EQ(errors_of({entry("backend", value(1)), entry("nesting", value("yes")), entry("x", value(1))}).size(), 3U);
}

TEST(ProfileNames, AreAStringOrAList) {
  const auto names = [](Value of) { return (*profile_names({entry("profile", std::move(of))}))->value; };
  EXPECT_THAT(names(value("a")), ElementsAre("a"));
  EXPECT_THAT(names(list(value("a"), value("b"))), ElementsAre("a", "b"));
  EXPECT_THAT(names(list()), IsEmpty());
  EXPECT_FALSE(profile_names({entry("backend", value("auto"))})->has_value());
  EXPECT_THAT(errors_of({entry("profile", value("a"))}), IsEmpty());
}

TEST(ProfileNames, OfAnotherTypeAreAnError) {
  const auto names = profile_names({entry("profile", list(value("a"), value(1)))});
  ASSERT_FALSE(names);
  ASSERT_EQ(names.error().size(), 1U);
  EXPECT_EQ(to_string(names.error()[0]),
            "fence: profile must be a profile's name or a list of them, not a whole number\n"
            "  asked for by s.toml:3:5");
}

}  // namespace
}  // namespace fence
