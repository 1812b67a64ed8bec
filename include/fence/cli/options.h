#pragma once
// The command line. One table of options makes the parser, --help and docs/options.md.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fence/policy/value.h"
#include "fence/util/result.h"

namespace fence {

enum class Subcommand : std::uint8_t {
  Run,
  Plan,
  ListProfiles,
  ShowProfile,
  ShowSettings,
  CheckSettings,
  ListKeys,
  ListPlaces,
  Init,
  Help,
  Version,
};
enum class PlanFormat : std::uint8_t { Text, Json, Bwrap, Facts };
enum class LogFormat : std::uint8_t { Text, Json };

/// What a command line says, before anything of the host is known.
struct CommandLine {
  Subcommand subcommand = Subcommand::Run;
  std::vector<std::string> command;               ///< argv of the command; not empty for Run and Plan
  std::optional<Sourced<std::string>> directory;  ///< -C, as written
  std::vector<Sourced<int>> keep_descriptors;     ///< --keep-fd
  std::optional<std::string> settings_file;       ///< --settings, or the FILE of `settings check`
  bool no_settings = false;                       ///< --no-settings
  bool trust_project = false;                     ///< --trust-project
  ValueTable settings;                            ///< what the options amount to as settings, --set included
  std::optional<std::string> facts_file;          ///< --facts; only with Plan
  PlanFormat format = PlanFormat::Text;           ///< --format
  std::optional<std::string> save;                ///< --save: the plan goes into this file
  std::string profile;                            ///< the NAME of `profiles show`
  bool verbose = false;                           ///< -v
  LogFormat log_format = LogFormat::Text;         ///< --log-format
};

/// Stores a setting as if a settings file had it; the option gives the value's text.
struct SetsSetting {
  std::string_view key;  ///< a key of settings_table(), or "profile"
  enum class As : std::uint8_t { Text, ListEntry, True, False, Variable } as = As::Text;
};
/// Stores a setting whose key stands in the value: KEY=VALUE.
struct SetsNamedSetting {};
/// Stores something that no settings file can say.
struct SetsField {
  void (*store)(CommandLine& line, std::string_view value, const Origin& origin, Errors& errors);
};

/// One option.
struct OptionRow {
  std::string_view name;     ///< "--allow-write"
  char letter = 0;           ///< 'w' for -w; 0 where there is none
  std::string_view value{};  ///< what --help calls the value: "PATH"; "" for an option without one
  bool repeatable = false;   ///< may stand more than once
  bool plan_only = false;    ///< belongs to `fence plan`
  std::variant<SetsSetting, SetsNamedSetting, SetsField> effect{};
  std::string_view help{};
};
std::span<const OptionRow> options_table() noexcept;

/// A command line, and all that is wrong with it. With errors, `line` says how to report them and nothing else.
struct ParsedCommandLine {
  CommandLine line;
  Errors errors;  ///< each of kind Usage
};

/// Reads the words after argv[0]. Options end at the first word that is not one, or at "--": what follows is the
/// command, word for word. "plan", "profiles", "settings" and "init" are subcommands where they stand first without
/// "--"; options may stand before and after them. --help and --version win over everything, errors included.
ParsedCommandLine parse_command_line(std::span<const std::string> words);

/// The text of --help.
std::string help_text();
/// How fence is called, in a few lines.
std::string usage_text();
/// docs/options.md and docs/settings.md.
std::string options_page();
std::string settings_page();

}  // namespace fence
