#include "fence/cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fence/policy/settings_table.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ParsedCommandLine parse(const std::vector<std::string>& words) { return parse_command_line(words); }

CommandLine good(const std::vector<std::string>& words) {
  auto parsed = parse(words);
  for (const Error& error : parsed.errors) ADD_FAILURE() << to_string(error);
  return parsed.line;
}

std::vector<std::string> problems(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const Error& error : parse(words).errors) {
    EXPECT_EQ(error.kind, ErrorKind::Usage);
    out.push_back(error.what);
  }
  return out;
}

/// "allowWrite=[a b]" and the like: enough to compare tables.
std::string text_of(const ValueTable& table);
std::string text_of(const Value& value) {
  return std::visit(Overloaded{
                        [](bool flag) { return std::string(flag ? "true" : "false"); },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](double number) { return std::to_string(number); },
                        [](const std::string& text) { return text; },
                        [](const ValueArray& list) {
                          std::string out;
                          for (const Value& each : list) out += (out.empty() ? "" : " ") + text_of(each);
                          return "[" + out + "]";
                        },
                        [](const ValueTable& table) { return "{" + text_of(table) + "}"; },
                    },
                    value.data);
}
std::string text_of(const ValueTable& table) {
  std::string out;
  for (const ValueEntry& each : table) out += (out.empty() ? "" : " ") + each.key + "=" + text_of(each.value);
  return out;
}

TEST(Options, AreNotLookedForInTheCommandsArguments) {
  const CommandLine line = good({"ls", "-l", "--net", "plan", "--", "x"});
  EXPECT_EQ(line.subcommand, Subcommand::Run);
  EXPECT_THAT(line.command, ElementsAre("ls", "-l", "--net", "plan", "--", "x"));
  EXPECT_THAT(line.settings, IsEmpty());
}

TEST(Options, EndAtTwoDashes) {
  EXPECT_THAT(good({"-v", "--", "--net", "x"}).command, ElementsAre("--net", "x"));
  EXPECT_THAT(good({"--", "--"}).command, ElementsAre("--"));
}

TEST(Options, TwoDashesMakeACommandOfASubcommandsName) {
  const CommandLine line = good({"--", "plan", "x"});
  EXPECT_EQ(line.subcommand, Subcommand::Run);
  EXPECT_THAT(line.command, ElementsAre("plan", "x"));
}

TEST(Options, StandBeforeAndAfterTheSubcommand) {
  const CommandLine line = good({"--net", "host", "plan", "--format", "json", "-v", "plan", "-v"});
  EXPECT_EQ(line.subcommand, Subcommand::Plan);
  EXPECT_EQ(line.format, PlanFormat::Json);
  EXPECT_TRUE(line.verbose);
  EXPECT_THAT(line.command, ElementsAre("plan", "-v"));
  EXPECT_EQ(text_of(line.settings), "network={mode=host}");
}

TEST(Options, ASingleDashIsAWord) { EXPECT_THAT(good({"-"}).command, ElementsAre("-")); }

TEST(Options, TakeTheirValueFromTheNextWordOrAfterAnEqualsSign) {
  EXPECT_EQ(text_of(good({"-w", "a", "-wb", "--allow-write", "c", "--allow-write=d=e", "x"}).settings),
            "filesystem={allowWrite=[a b c d=e]}");
}

TEST(Options, LettersMayStandTogether) {
  const CommandLine line = good({"-vw", "a", "x"});
  EXPECT_TRUE(line.verbose);
  EXPECT_EQ(text_of(line.settings), "filesystem={allowWrite=[a]}");
}

TEST(Options, AnOptionIsNoValueOfTheOptionBefore) {
  const auto parsed = parse({"-w", "--net", "host", "ls"});
  ASSERT_EQ(parsed.errors.size(), 1U);
  EXPECT_EQ(parsed.errors[0].what, "option --allow-write needs a value: PATH");
  EXPECT_EQ(parsed.errors[0].hint, "a value that starts with '-' is written --allow-write=--net");
  EXPECT_EQ(text_of(good({"--allow-write=--net", "ls"}).settings), "filesystem={allowWrite=[--net]}");
}

TEST(Options, AMissingLastValueIsAnError) {
  EXPECT_THAT(problems({"ls", "x"}), IsEmpty());
  EXPECT_THAT(problems({"--net"}), ElementsAre("option --net needs a value: MODE", "no command is given"));
}

TEST(Options, AFlagTakesNoValue) {
  EXPECT_THAT(problems({"--nesting=yes", "x"}), ElementsAre("option --nesting takes no value"));
}

TEST(Options, AnUnknownOptionIsAnErrorThatNamesTheNearest) {
  const auto parsed = parse({"--alow-write", "/x", "ls"});
  ASSERT_EQ(parsed.errors.size(), 1U);
  EXPECT_EQ(parsed.errors[0].what, "unknown option --alow-write");
  EXPECT_EQ(parsed.errors[0].hint, "did you mean --allow-write?");
}

TEST(Options, AnUnknownOptionIsAnErrorWhereverItStands) {
  EXPECT_THAT(problems({"--bogus"}), ElementsAre("unknown option --bogus"));
  EXPECT_THAT(problems({"--bogus", "--", "ls"}), ElementsAre("unknown option --bogus"));
  EXPECT_THAT(problems({"plan", "--bogus", "ls"}), ElementsAre("unknown option --bogus"));
  EXPECT_THAT(problems({"-v", "-Z", "ls"}), ElementsAre("unknown option -Z"));
  EXPECT_THAT(problems({"-vZ", "ls"}), ElementsAre("unknown option -Z"));
  EXPECT_THAT(problems({"profiles", "--bogus"}), ElementsAre("unknown option --bogus"));
}

TEST(Options, ControlBytesOfAWordDoNotReachTheMessage) {
  EXPECT_THAT(problems({"--\x1b[2J", "ls"}), ElementsAre("unknown option --\\x1b[2J"));
}

TEST(Options, AllErrorsAtOnce) {
  EXPECT_THAT(problems({"--bogus", "--format", "png", "--keep-fd", "x", "--set", "novalue", "ls"}),
              ElementsAre("unknown option --bogus", "cannot use \"png\"", "cannot use \"x\"", HasSubstr("novalue"),
                          "option --format belongs to `fence plan`"));
}

TEST(Options, ACommandIsNeeded) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{}, {"plan"}, {"--"}, {"-v"}}) {
    EXPECT_THAT(problems(words), ElementsAre("no command is given"));
  }
  EXPECT_THAT(problems({""}), ElementsAre("the command's name is empty"));
}

TEST(Options, OneThatIsNotRepeatableStandsOnce) {
  EXPECT_THAT(problems({"--net", "host", "--net", "none", "ls"}), ElementsAre("option --net is given twice"));
}

TEST(Options, TwoThatSetOneValueContradictEachOther) {
  EXPECT_THAT(problems({"--force-new-session", "--no-force-new-session", "ls"}),
              ElementsAre("options --force-new-session and --no-force-new-session both set forceNewSession"));
  EXPECT_THAT(problems({"--set", "network.mode=host", "--net", "none", "ls"}),
              ElementsAre("options --set network.mode and --net both set network.mode"));
}

TEST(Options, BecomeSettingsWithTheirNameAsOrigin) {
  const CommandLine line = good({"--no-force-new-session", "ls"});
  ASSERT_EQ(line.settings.size(), 1U);
  EXPECT_EQ(line.settings[0].key, "forceNewSession");
  EXPECT_EQ(std::get<bool>(line.settings[0].value.data), false);
  EXPECT_EQ(line.settings[0].value.origin,
            (Origin{.layer = LayerKind::CommandLine, .source = "--no-force-new-session"}));
}

TEST(Options, EnvPassesOrSets) {
  EXPECT_EQ(text_of(good({"--env", "A", "--env", "B=1=2", "--env", "C=", "ls"}).settings),
            "environment={pass=[A] set={B=1=2 C=}}");
  EXPECT_THAT(problems({"--env", "=x", "ls"}), ElementsAre(HasSubstr("a variable's name stands before the '='")));
}

TEST(Options, SetTakesAnyKeyAndTomlValues) {
  EXPECT_EQ(
      text_of(good({"--set", "filesystem.allowWrite=[\"a\"]", "-w", "b", "--set", "nesting=true", "ls"}).settings),
      "filesystem={allowWrite=[a b]} nesting=true");
}

TEST(Options, ProfilesAddUp) { EXPECT_EQ(text_of(good({"-p", "a", "-p", "b", "ls"}).settings), "profile=[a b]"); }

TEST(Options, KeepFdTakesANumber) {
  const CommandLine line = good({"--keep-fd", "7", "--keep-fd=3", "ls"});
  ASSERT_EQ(line.keep_descriptors.size(), 2U);
  EXPECT_EQ(line.keep_descriptors[0].value, 7);
  EXPECT_EQ(line.keep_descriptors[1].value, 3);
  for (const char* bad : {"-1", "", "3x", " 3", "99999999999"}) {
    EXPECT_EQ(problems({std::string("--keep-fd=") + bad, "ls"}).size(), 1U) << bad;
  }
}

TEST(Options, ReplayedFactsAreNeverRunWith) {
  const auto parsed = parse({"--facts", "f", "ls"});
  ASSERT_EQ(parsed.errors.size(), 1U);
  EXPECT_EQ(parsed.errors[0].what, "option --facts belongs to `fence plan`");
  EXPECT_EQ(good({"--facts", "f", "plan", "ls"}).facts_file, "f");
}

TEST(Options, HelpAndVersionWinOverErrors) {
  EXPECT_EQ(good({"--bogus", "--help"}).subcommand, Subcommand::Help);
  EXPECT_EQ(good({"plan", "-h"}).subcommand, Subcommand::Help);
  EXPECT_EQ(good({"--version", "plan"}).subcommand, Subcommand::Version);
  EXPECT_EQ(good({"ls", "--help"}).subcommand, Subcommand::Run);
}

TEST(Options, ProfilesListsAndShows) {
  EXPECT_EQ(good({"profiles"}).subcommand, Subcommand::ListProfiles);
  EXPECT_EQ(good({"profiles", "list"}).subcommand, Subcommand::ListProfiles);
  const CommandLine line = good({"profiles", "show", "strict"});
  EXPECT_EQ(line.subcommand, Subcommand::ShowProfile);
  EXPECT_EQ(line.profile, "strict");
  EXPECT_THAT(problems({"profiles", "show"}), ElementsAre("cannot read `fence profiles show`"));
  EXPECT_THAT(problems({"profiles", "list", "x"}), ElementsAre("cannot read `fence profiles list x`"));
  EXPECT_THAT(problems({"profiles", "--", "x"}), ElementsAre("`fence profiles` takes no command"));
}

TEST(Options, SettingsShowsChecksExplainsAndLists) {
  EXPECT_EQ(good({"settings"}).subcommand, Subcommand::ShowSettings);
  EXPECT_EQ(good({"settings", "show"}).subcommand, Subcommand::ShowSettings);
  EXPECT_EQ(good({"settings", "keys"}).subcommand, Subcommand::ListKeys);
  EXPECT_EQ(good({"settings", "path"}).subcommand, Subcommand::ListPlaces);
  EXPECT_EQ(good({"settings", "check"}).subcommand, Subcommand::CheckSettings);
  EXPECT_EQ(good({"settings", "check"}).settings_file, std::nullopt);
  const CommandLine line = good({"-v", "settings", "--net", "host", "check", "f.toml", "--trust-project"});
  EXPECT_EQ(line.subcommand, Subcommand::CheckSettings);
  EXPECT_EQ(line.settings_file, "f.toml");
  EXPECT_TRUE(line.trust_project);
  EXPECT_TRUE(line.verbose);
}

TEST(Options, OtherWordsAfterSettingsAreAnError) {
  const auto parsed = parse({"settings", "list"});
  ASSERT_EQ(parsed.errors.size(), 1U);
  EXPECT_EQ(parsed.errors[0].what, "cannot read `fence settings list`");
  EXPECT_EQ(parsed.errors[0].hint, "fence settings [show | check [FILE] | keys | path]");
  EXPECT_THAT(problems({"settings", "keys", "x"}), ElementsAre("cannot read `fence settings keys x`"));
  EXPECT_THAT(problems({"settings", "check", "x", "y"}), ElementsAre("cannot read `fence settings check x y`"));
  EXPECT_THAT(problems({"settings", "--", "x"}), ElementsAre("`fence settings` takes no command"));
  EXPECT_THAT(problems({"--settings", "a", "settings", "check", "b"}),
              ElementsAre("`fence settings check b` and --settings both name a file"));
  EXPECT_THAT(problems({"settings", "--facts", "f"}), ElementsAre("option --facts belongs to `fence plan`"));
}

TEST(Options, InitTakesNoWords) {
  EXPECT_EQ(good({"init"}).subcommand, Subcommand::Init);
  EXPECT_THAT(problems({"init", "x"}), ElementsAre("cannot read `fence init x`"));
}

TEST(Options, TwoDashesMakeCommandsOfAllSubcommandsNames) {
  for (const char* name : {"settings", "init", "profiles"}) {
    const CommandLine line = good({"--", name, "show"});
    EXPECT_EQ(line.subcommand, Subcommand::Run);
    EXPECT_THAT(line.command, ElementsAre(name, "show"));
  }
  EXPECT_THAT(good({"plan", "settings"}).command, ElementsAre("settings"));
}

TEST(Options, HelpWinsOverTheWordsOfASubcommand) {
  EXPECT_EQ(good({"settings", "nonsense", "--help"}).subcommand, Subcommand::Help);
  EXPECT_EQ(good({"settings", "show", "--help"}).subcommand, Subcommand::Help);
  EXPECT_EQ(good({"--version", "init"}).subcommand, Subcommand::Version);
}

TEST(Options, TheLogFormatIsKnownAmongErrors) {
  const auto parsed = parse({"--log-format", "json", "--bogus"});
  EXPECT_EQ(parsed.line.log_format, LogFormat::Json);
  EXPECT_EQ(parsed.errors.size(), 1U);
}

TEST(OptionsTable, HasEachNameAndLetterOnce) {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const OptionRow& row : options_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    if (row.letter != 0) {
      EXPECT_TRUE(letters.insert(row.letter).second) << row.letter;
    }
    EXPECT_TRUE(row.name.starts_with("--"));
    EXPECT_FALSE(row.help.empty()) << row.name;
  }
}

TEST(OptionsTable, NamesOnlyKeysOfTheSettingsTable) {
  std::set<std::string_view> keys{"profile"};
  for (const SettingRow& row : settings_table()) keys.insert(row.key);
  for (const OptionRow& row : options_table()) {
    const auto* setting = std::get_if<SetsSetting>(&row.effect);
    if (setting == nullptr || setting->as == SetsSetting::As::Variable) continue;
    EXPECT_TRUE(keys.contains(setting->key)) << row.name << " sets " << setting->key;
  }
  EXPECT_TRUE(keys.contains("environment.pass"));
  EXPECT_TRUE(keys.contains("environment.set"));
}

TEST(OptionsTable, EveryOptionIsInHelpAndOnThePage) {
  for (const OptionRow& row : options_table()) {
    EXPECT_THAT(help_text(), HasSubstr(" " + std::string(row.name)));
    EXPECT_THAT(options_page(), HasSubstr("`" + std::string(row.name) + "`"));
  }
}

}  // namespace
}  // namespace fence
