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
  bool no_settings = false;                       ///< --no-settings: neither the user's nor the project's file is read
  bool trust_project = false;                     ///< --trust-project: the project's file may loosen
  ValueTable command_line;                        ///< options and --set as settings
  Environment environment;                        ///< for "~", variables, XDG_CONFIG_HOME, HOME and FENCE_SET_<KEY>
  std::string home_by_nss;                        ///< used where HOME is unset
  std::optional<HostPath> real_home{};            ///< the home directory without links, where it is known
  HostPath working_directory = HostPath::root();  ///< for relative paths of the command line and the environment
  std::optional<HostPath> start_directory{};      ///< -C, without links; the working directory where there is none
  bool root = false;  ///< the caller's uid is 0: the profile `root` is applied below all others
  bool wsl = false;   ///< fence runs on WSL: the profile `wsl` is applied below all others
};

/// What became of a place where settings can stand.
enum class PlaceState : std::uint8_t {
  Read,
  NotThere,
  NotLookedAt,  ///< SettingsPlace.why says why not
  Faulty,       ///< has errors
};

/// One such place.
struct SettingsPlace {
  LayerKind kind = LayerKind::BuiltIn;
  std::string name;                ///< as messages show it: "~/.config/fence/settings.toml", "profile base"
  std::optional<HostPath> file{};  ///< where it is a file that was read
  PlaceState state = PlaceState::Read;
  std::string why{};
  Authority authority = Authority::Free;
};

/// The layers from the lowest to the highest, and the files that were looked at.
struct LoadedConfig {
  std::vector<SettingsLayer> layers;                  ///< what [enforce] says stands last
  std::vector<std::string> profiles;                  ///< in force, in order
  Sourced<std::vector<std::string>> chosen_profiles;  ///< what the key `profile` says that decided
  std::optional<HostPath> user_file;                  ///< the settings file that was read
};

/// All places, in the order of precedence, also where one has errors; and what came of them.
struct ConfigReport {
  std::vector<SettingsPlace> places;
  Result<LoadedConfig, Errors> config;
};

/// Reads built-in < profiles < /etc/fence/settings.toml < user's settings.toml < project's .fence.toml <
/// FENCE_SET_<KEY> < command line. All errors of all layers at once, and what check_authority() has against them.
///
/// - The system's file is always read; its table [enforce] becomes a layer of its own with Authority::Enforced, the
///   last. Its "~" is both homes, where HOME is not the password database's.
/// - The user's file is $XDG_CONFIG_HOME/fence/settings.toml, or ~/.config/fence/settings.toml where that variable is
///   unset, empty or relative (XDG Base Directory Specification 0.8). It may be missing; a file that --settings names
///   may not.
/// - A project's file is every .fence.toml from below the home directory down to the start directory, the inner ones
///   above the outer ones. Each has Authority::TightenOnly unless --trust-project or an entry of trust.projects that is
///   its very directory trusts it.
/// - Variables have the name that variable_name() makes of a key, and values as --set takes them; an empty one counts
///   as unset.
/// - The profiles `root` and `wsl` apply where the request says so, whatever is chosen.
/// - The highest layer that has the key `profile` decides which profiles apply. Each is a shipped one or
///   fence/profiles/NAME.toml beside the user's file, and may itself name profiles, which apply below it. A profile
///   applies once; own profiles cannot have a shipped one's name.
/// - The profile `credentials` hides the same names below both homes, where HOME is not the password database's.
/// - Every file that was read becomes a `protect` entry of the built-in layer, and so does every project's file that
/// the
///   next start would read.
///
/// A settings file that another user could write is refused by the caller's reader (Unreadable with EPERM), not here.
/// For the system's file that is anybody but root, the caller included.
ConfigReport examine_config(const ConfigRequest& request, const TextReader& read);

/// What came of the places.
Result<LoadedConfig, Errors> load_config(const ConfigRequest& request, const TextReader& read);

/// /etc/fence/settings.toml, the administrator's file.
HostPath system_settings_file();

/// Where the user's file is, or would be; an error where no home directory is known.
Result<HostPath, Errors> user_settings_file(const ConfigRequest& request);

/// `path` for messages, with the caller's home directory as "~".
std::string shown_path(const HostPath& path, const ConfigRequest& request);

/// The home directory that "~" means; nothing where it is unknown.
std::optional<HostPath> home_directory(const ConfigRequest& request);

/// "FENCE_SET_FILESYSTEM_ALLOW_READ" for "filesystem.allowRead".
std::string variable_name(std::string_view key);

/// A shipped profile, compiled into the program.
struct ShippedProfile {
  std::string_view name;
  std::string_view text;
};
std::vector<ShippedProfile> shipped_profiles();

}  // namespace fence
