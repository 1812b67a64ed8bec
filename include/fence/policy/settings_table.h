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
  /// What is written binds the caller: "$HOME" is "~", and all else that the caller chooses is refused.
  bool binding = false;
};

/// What `fence settings show` reads the values in force from.
struct InForce {
  const Policy& policy;
  std::span<const SettingsLayer> layers;              ///< what merge() made the policy of
  const Sourced<std::vector<std::string>>& profiles;  ///< the value of the key `profile` that decided
};

/// A single value in force, or one entry of a list or table.
struct ShownValue {
  std::string name{};     ///< of an entry of a table, quoted as TOML wants it
  std::string toml;       ///< as a settings file would have it
  Origin origin{};        ///< Origin{} where nobody set it
  bool enforced = false;  ///< the system's [enforce] says the same
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
  std::string_view example{};      ///< a value in TOML, where the default shows nothing of what a value looks like
  MergeRule merge = MergeRule::Replace;
  std::string_view meaning{};  ///< one sentence
  std::string_view danger{};   ///< what a loosening value opens; "" where none does
  /// Checks the value and stores it in the layer; every error has the value's place.
  void (*read)(const Reading& in) = nullptr;
  /// What is in force; empty where nobody said anything of a list, a table, or a key whose default is unset.
  std::vector<ShownValue> (*show)(const InForce& in_force) = nullptr;
};

std::span<const SettingRow> settings_table() noexcept;

/// Reads one table of settings (a file, or what the options of a command line amount to) into a layer.
/// All errors at once; unknown keys name the nearest known one. The names of the key "profile" are read by
/// profile_names(), not here. A table `enforce` is an error here: whoever reads the system's file takes it off first.
Result<SettingsLayer, Errors> read_layer(LayerKind kind, std::string name, const ValueTable& table,
                                         const ExpansionContext& context);

/// The value of the key "profile" in a table, if it has one: a string or a list of strings.
Result<std::optional<Sourced<std::vector<std::string>>>, Errors> profile_names(const ValueTable& table);

/// One spelling of a path as a user writes it, made absolute and canonical:
///
/// - "~" and "~/x" are the home directory; "~other" is refused.
/// - "$NAME" and "${NAME}" are variables, anywhere but in "[...]"; a variable's value is taken as it stands. One that
/// is
///   unset or empty is an error. "$FENCE_WORKSPACE" as the first component gives InWorkspace, whatever the environment
///   says.
/// - A relative path is below the context's base. ".." is taken by its spelling, and only in front of a relative path:
///   after a name it would mean another place where that name is a symbolic link, and after a pattern many places, so
///   there it is refused.
/// - '*', '?' and '[' make a pattern in the path lists, tmpfs and devices.allow (glob.h says what it matches): the
///   components before it are the path of the rule, the others its pattern. Everywhere else, and here, they are
///   refused. A name that has such a character (or a '$', or a '~' in front) is written `{path = "...", literal =
///   true}`, where every byte stands for itself.
///
/// The error has no origin yet.
Result<RulePath> expand_path(std::string_view text, const ExpansionContext& context);

}  // namespace fence
