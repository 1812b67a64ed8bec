#pragma once
// The one table of settings keys. Reader, --set, --help and the documentation are made from it.
#include <functional>
#include <span>

#include "fence/policy/policy.h"
#include "fence/policy/value.h"

namespace fence {

/// How the values of several layers become one.
enum class MergeRule : std::uint8_t { Replace, Append };

/// What `~`, variables and relative paths mean where a value stands.
struct ExpansionContext {
  HostPath base = HostPath::root();                              ///< relative paths resolve against this directory
  std::function<const std::string*(std::string_view)> variable;  ///< the value of $NAME, null where unset
  std::string home;                                              ///< what "~" is; empty where unknown
};

struct SettingRow;

/// One value on its way into a layer.
struct Reading {
  const SettingRow& row;
  const Value& value;
  const ExpansionContext& context;
  SettingsLayer& layer;
  Errors& errors;
};

/// One settings key.
struct SettingRow {
  std::string_view key;            ///< dotted: "filesystem.allowRead"
  std::string_view type;           ///< for people, with its article: "a list of paths", "true or false"
  std::string_view default_value;  ///< for people, in TOML; "" where unset is a meaning of its own
  MergeRule merge = MergeRule::Replace;
  std::string_view meaning{};  ///< one sentence
  std::string_view danger{};   ///< what a loosening value opens; "" where none does
  /// Checks the value and stores it in the layer; every error has the value's place.
  void (*read)(const Reading& in) = nullptr;
};

std::span<const SettingRow> settings_table() noexcept;

/// Reads one table of settings (a file, or what the options of a command line amount to) into a layer.
/// All errors at once; unknown keys name the nearest known one. The key "profile" is read by profile_names(), not
/// here, and is accepted.
Result<SettingsLayer, Errors> read_layer(LayerKind kind, std::string name, const ValueTable& table,
                                         const ExpansionContext& context);

/// The value of the key "profile" in a table, if it has one: a string or a list of strings.
Result<std::optional<Sourced<std::vector<std::string>>>, Errors> profile_names(const ValueTable& table);

/// One spelling of a path as a user writes it, made absolute and canonical:
///
/// - "~" and "~/x" are the home directory; "~other" is refused.
/// - "$NAME" and "${NAME}" are variables, anywhere; a variable's value is taken as it stands. One that is unset or
/// empty
///   is an error. "$FENCE_WORKSPACE" as the first component gives InWorkspace, whatever the environment says.
/// - A relative path is below the context's base. ".." is taken by its spelling, and only in front of a relative path:
///   after a name it would mean another place where that name is a symbolic link, so there it is refused.
/// - '*', '?' and '[' are refused: patterns are not supported in this version. A name that has such a character (or a
///   '$', or a '~' in front) is written `{path = "...", literal = true}`, where every byte stands for itself.
///
/// The error has no origin yet.
Result<RulePath> expand_path(std::string_view text, const ExpansionContext& context);

}  // namespace fence
