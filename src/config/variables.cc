#include "variables.h"

#include <algorithm>

#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kPrefix = "FENCE_SET_";

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

Error unknown_variable(std::string_view name, const Origin& origin) {
  std::vector<std::string> names;
  for (const SettingRow& row : settings_table()) names.push_back(variable_name(row.key));
  const auto meant = did_you_mean(name, std::vector<std::string_view>(names.begin(), names.end()));
  return {.kind = ErrorKind::Config,
          .what = "no setting belongs to the variable " + origin.source,
          .origin = origin,
          .hint = meant ? "did you mean " + *meant + "?" : "`fence settings keys` lists them; unset the variable"};
}

}  // namespace

std::string variable_name(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) {
    if (is_upper(c)) name += '_';
    name += c == '.' ? '_' : upper(c);
  }
  return name;
}

VariableSettings settings_of(const Environment& environment, Errors& errors) {
  VariableSettings found;
  for (const auto& [name, value] : environment) {
    // Of two variables of one name, programs see the first.
    if (!name.starts_with(kPrefix) || value.empty() || !found.names.insert(escape_bytes(name)).second) continue;
    const Origin origin{.layer = LayerKind::Environment, .source = escape_bytes(name)};
    const auto table = settings_table();
    const auto row = std::ranges::find(table, name, [](const SettingRow& r) { return variable_name(r.key); });
    if (row == table.end()) {
      errors.push_back(unknown_variable(name, origin));
      continue;
    }
    auto entry = parse_assignment(std::string(row->key) + "=" + value, origin);
    if (entry) {
      put_value(found.table, entry->key, std::move(entry->value));
    } else {
      std::ranges::move(entry.error(), std::back_inserter(errors));
    }
  }
  return found;
}

}  // namespace fence
