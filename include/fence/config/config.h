#pragma once
// Which files are read, and how their text becomes layers. Reading is done through a function, so that a replay
// reads the files of the facts and tests read from memory.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fence/facts/facts.h"
#include "fence/policy/policy.h"
#include "fence/policy/settings_table.h"

namespace fence {

/// Reads one file's text, or says why not.
using TextReader = std::function<TextFact(const HostPath&)>;

/// TOML 1.0 text to a table of values with file:line:column, in the order of the text; `source` names the text in
/// messages. The first syntax error, or every value of a type that no setting has (dates, times, floating-point
/// numbers). A UTF-8 byte order mark and CRLF line ends are accepted; a key of more than 16 dotted parts is refused.
Result<ValueTable, Errors> parse_toml(std::string_view text, const std::string& source, LayerKind layer);

/// `KEY=VALUE` of --set: VALUE is a TOML value, or where it is none that settings have, a string as it stands.
/// The key is dotted, as put_value() takes it. Everything in the value gets `origin`.
Result<ValueEntry, Errors> parse_assignment(std::string_view text, const Origin& origin);

/// Adds `value` under a dotted key: tables are joined, lists appended to, and of two single values the later one stays.
/// A value of another type than what is there already is kept beside it, so that the reader can report the wrong one.
void put_value(ValueTable& table, std::string_view dotted_key, Value value);

/// What the command line says about settings.
struct ConfigRequest {
  std::optional<std::string> settings_file;       ///< --settings: must exist
  bool no_settings = false;                       ///< --no-settings: the user's file is not read
  ValueTable command_line;                        ///< options and --set as settings
  Environment environment;                        ///< for "~", variables, XDG_CONFIG_HOME and HOME
  std::string home_by_nss;                        ///< used where HOME is unset
  HostPath working_directory = HostPath::root();  ///< for relative paths of the command line
  bool root = false;  ///< the caller's uid is 0: the profile `root` is applied below all others
};

/// The layers from the lowest to the highest, and the files that were looked at.
struct LoadedConfig {
  std::vector<SettingsLayer> layers;
  std::vector<std::string> profiles;  ///< in force, in order
  std::optional<HostPath> user_file;  ///< the settings file that was read
};

/// Reads built-in < profiles < user's settings.toml < command line. All errors of all layers at once.
///
/// - The user's file is $XDG_CONFIG_HOME/fence/settings.toml, or ~/.config/fence/settings.toml where that variable is
///   unset, empty or relative (XDG Base Directory Specification 0.8). It may be missing; a file that --settings names
///   may not.
/// - The highest layer that has the key `profile` decides which profiles apply. Each is a shipped one or
///   fence/profiles/NAME.toml beside the user's file, and may itself name profiles, which apply below it. A profile
///   applies once; own profiles cannot have a shipped one's name.
/// - The profile `credentials` hides the same names below both homes, where HOME is not the password database's.
/// - Every file that was read becomes a `protect` entry of the built-in layer.
///
/// A settings file that another user could write is refused by the caller's reader (Unreadable with EPERM), not here.
Result<LoadedConfig, Errors> load_config(const ConfigRequest& request, const TextReader& read);

/// A shipped profile, compiled into the program.
struct ShippedProfile {
  std::string_view name;
  std::string_view text;
};
std::vector<ShippedProfile> shipped_profiles();

}  // namespace fence
