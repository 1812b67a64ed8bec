#include "fence/cli/settings_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fence/util/text.h"

namespace fence {
namespace {

using ::testing::HasSubstr;

LoadedConfig config_of(const std::string& user, const std::string& system = "") {
  ConfigRequest request{.environment = {{"HOME", "/home/u"}}, .home_by_nss = "/home/u"};
  auto config = load_config(request, [&](const HostPath& path) -> TextFact {
    if (path == system_settings_file() && !system.empty()) return system;
    if (path.text() == "/home/u/.config/fence/settings.toml") return user;
    return Absent{};
  });
  if (config) return *std::move(config);
  for (const Error& error : config.error()) ADD_FAILURE() << to_string(error);
  return {};
}

/// The settings of `text`, as a file of the user's; their errors.
std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> out;
  const auto table = parse_toml(text, "s.toml", LayerKind::User);
  if (!table) return {to_string(table.error().front())};
  const auto layer =
      read_layer(LayerKind::User, "s.toml", *table, {.base = HostPath::root(), .variable = nullptr, .home = "/home/u"});
  if (layer) return out;
  for (const Error& error : layer.error()) out.push_back(to_string(error));
  return out;
}

/// `text` with every setting uncommented, and how many there are.
std::pair<std::string, std::size_t> uncommented(const std::string& text) {
  std::string out;
  std::size_t count = 0;
  for (const std::string& line : split(text, '\n')) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    count += setting ? 1 : 0;
    out += line.substr(setting ? 1 : 0) + "\n";
  }
  return {out, count};
}

TEST(CommentedSettings, SayNothing) {
  const auto table = parse_toml(commented_settings(), "s.toml", LayerKind::User);
  ASSERT_TRUE(table);
  for (const ValueEntry& entry : *table) EXPECT_TRUE(std::get<ValueTable>(entry.value.data).empty()) << entry.key;
}

TEST(CommentedSettings, AreValidAllTogetherWhereTheyAreUncommented) {
  const auto [text, count] = uncommented(commented_settings());
  EXPECT_EQ(count, settings_table().size());
  EXPECT_THAT(errors_of(text), ::testing::IsEmpty());
  EXPECT_THAT(errors_of(text + "[network]\n"), ::testing::Not(::testing::IsEmpty())) << "a table twice";
}

TEST(CommentedSettings, FitOnAScreen) {
  for (const std::string& line : split(commented_settings(), '\n')) {
    EXPECT_TRUE(line.size() <= 100 || !line.starts_with("# ")) << line;
  }
}

TEST(KeysText, ExplainsEveryKey) {
  const std::string text = keys_text();
  for (const SettingRow& row : settings_table()) {
    EXPECT_THAT(text, HasSubstr(std::string(row.key) + "\n  type:     " + std::string(row.type) + "\n"));
    EXPECT_THAT(text, HasSubstr("  variable: " + variable_name(row.key) + "\n"));
  }
}

TEST(InForceText, HasEveryKeyAndCanBeReadBack) {
  const LoadedConfig config = config_of(
      "nesting = true\nrequire = ['userns']\n[filesystem]\ndenyRead = ['~/x', '~/y/**/*.pem']\n"
      "[environment.set]\n'A B' = '\"quoted\"'\nC = 'c'\n[limits]\nwallTime = '10m'\n");
  const std::string text = in_force_text(config);
  for (const SettingRow& row : settings_table()) {
    const std::string key(row.key);
    const bool unset = row.default_value.empty() && key != "limits.wallTime";
    EXPECT_THAT("\n" + text, HasSubstr(unset ? "\n# " + key + " is not set  # default" : "\n" + key));
  }
  const auto table = parse_toml(text, "shown", LayerKind::User);
  ASSERT_TRUE(table) << to_string(table.error().front());
  const auto layer = read_layer(LayerKind::User, "shown", *table, {.home = "/home/u"});
  ASSERT_TRUE(layer) << to_string(layer.error().front());
  const Policy before = merge(config.layers), after = merge(std::span(&*layer, 1));
  ASSERT_EQ(after.paths.size(), before.paths.size());
  // The lists stand one after the other there.
  for (const auto& rule : before.paths) {
    EXPECT_TRUE(std::ranges::any_of(after.paths, [&](const auto& other) { return other.value == rule.value; }))
        << to_string(rule.origin);
  }
  EXPECT_EQ(after.environment_set.at("A B").value, "\"quoted\"");
  EXPECT_EQ(after.nesting.value, true);
}

TEST(InForceText, NamesWhoSaidIt) {
  const std::string text = in_force_text(
      config_of("network.mode = 'none'\nfilesystem.denyRead = ['/a']\n", "[enforce]\nfilesystem.denyRead = ['/b']\n"));
  EXPECT_THAT(text, HasSubstr("network.mode = \"none\"  # ~/.config/fence/settings.toml:1:16\n"));
  EXPECT_THAT(text, HasSubstr("  \"/a\",  # ~/.config/fence/settings.toml:2:24\n"));
  EXPECT_THAT(text, HasSubstr("  \"/b\",  # /etc/fence/settings.toml:2:24, enforced\n"));
  EXPECT_THAT(text, HasSubstr("nesting = false  # default\n"));
  EXPECT_THAT(text, HasSubstr("devices.allow = []  # default\n"));
}

TEST(InForceText, SendsNoControlSequenceToTheTerminal) {
  const std::string text = in_force_text(config_of("environment.set.\"\\u001B[2J\" = \"\\u001B[2J\"\n"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("environment.set.\"\\x1b[2J\" = \"\\x1b[2J\""));
}

TEST(PlacesText, SaysOfEachPlaceWhatBecameOfIt) {
  const std::vector<SettingsPlace> places{
      {.kind = LayerKind::BuiltIn, .name = "fence"},
      {.kind = LayerKind::System, .name = "/etc/fence/settings.toml", .state = PlaceState::NotThere},
      {.kind = LayerKind::User, .name = "s.toml", .state = PlaceState::NotLookedAt, .why = "--no-settings"},
      {.kind = LayerKind::Project, .name = "p", .authority = Authority::TightenOnly},
      {.kind = LayerKind::Project, .name = "q"},
      {.kind = LayerKind::Environment, .name = "V", .state = PlaceState::Faulty},
      {.kind = LayerKind::System, .name = "e", .authority = Authority::Enforced},
  };
  EXPECT_EQ(places_text(places),
            "built-in                  read\n"
            "/etc/fence/settings.toml  not there\n"
            "s.toml                    not looked at (--no-settings)\n"
            "p                         read, may only tighten\n"
            "q                         read, trusted\n"
            "V                         has errors (`fence settings check` shows them)\n"
            "e                         read, nothing loosens it\n");
}

TEST(FilesText, NamesEachFileOnce) {
  const HostPath file = *HostPath::parse("/x");
  EXPECT_EQ(
      files_text({{.name = "built-in"},
                  {.kind = LayerKind::System, .name = "x", .file = file},
                  {.kind = LayerKind::System, .name = "x [enforce]", .file = file, .authority = Authority::Enforced}}),
      "x: no errors (`fence plan` looks at the paths too)\n");
}

}  // namespace
}  // namespace fence
