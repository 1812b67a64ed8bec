#pragma once
// From the spelling of a path to the path of a rule.
#include <string>
#include <string_view>
#include <variant>

#include "fence/policy/settings_table.h"

namespace fence {

/// What a path without a leading slash means.
enum class Relative : std::uint8_t { BelowBase, InEveryTree };

struct Spelling {
  std::string_view text;
  bool literal = false;   ///< every byte stands for itself: no "~", no "$", no pattern
  bool patterns = false;  ///< '*', '?' and '[' make a pattern; else they are refused
  Relative relative = Relative::BelowBase;
};

/// What a spelling means: a path, or a pattern for what is below it.
struct Expanded {
  RulePath path = HostPath::root();
  std::string pattern{};  ///< as PathRule has it
};

/// The path cannot be known: "~" or a variable in it has no value.
struct Unset {
  std::string name;  ///< "~" or "$NAME"
};

/// The rules of expand_path(), with Unset kept apart, because an optional entry may fall away for it. With `patterns`,
/// the components up to the first that has a pattern character are the path, and the others the pattern. A pattern
/// character that comes out of a variable's value, or of the home directory, stands for itself.
std::variant<Expanded, Unset, Error> expand(const Spelling& spelling, const ExpansionContext& context);

/// Unset where it is no excuse.
Error unset_error(std::string_view text, const Unset& unset);

/// The error of a path that cannot be used as it is spelled.
Error refused_path(std::string_view text, std::string why, std::string hint = {});

}  // namespace fence
