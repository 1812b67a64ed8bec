#pragma once
// One element of a list: a string, or an inline table with fields.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expand.h"
#include "fence/policy/settings_table.h"

namespace fence {

/// Takes an element apart. `"x"` is short for `{MAIN = "x"}`; every error has the field's place.
class Entry {
 public:
  /// `main_field` empty: only a table will do.
  Entry(const Reading& in, const Value& element, std::string_view main_field);

  /// The field as it was written; null where it was not.
  const Value* field(std::string_view name);
  /// Null where the field is missing or no string (which is then an error).
  const std::string* text(std::string_view name);
  /// As text(), and a missing field is an error.
  const std::string* required_text(std::string_view name);
  std::string text_or_empty(std::string_view name);
  bool flag(std::string_view name);
  /// A required path. Nothing where it is wrong (an error), or where a variable in it is not set and the entry has
  /// `optional = true` (none).
  std::optional<RulePath> path(std::string_view name);
  /// As path(), and a pattern is one as well.
  std::optional<Expanded> path_or_pattern(std::string_view name, Relative relative = Relative::BelowBase);
  /// As path() and path_or_pattern(), where the workspace cannot be meant.
  std::optional<HostPath> host_path(std::string_view name);
  std::optional<DeviceRule> host_path_or_pattern(std::string_view name);

  /// `"NAME" must be EXPECTED, not GOT`
  void wrong_field(std::string_view name, std::string_view expected, const Value& got);
  void fail(const Origin& origin, Error error);

  /// Fields that nobody asked for become errors. True where the entry had no error at all.
  bool finish();

  [[nodiscard]] const Origin& origin() const noexcept { return element_.origin; }

 private:
  std::optional<Expanded> expanded(std::string_view name, Spelling how);
  std::optional<HostPath> without_workspace(std::string_view name, const RulePath& path);

  const Reading& in_;
  const Value& element_;
  std::string_view main_field_;
  const ValueTable* table_;
  bool right_shape_;  ///< a table, or a string where that is short for one
  bool good_ = true;
  std::vector<std::string_view> known_;
};

}  // namespace fence
