// From a table of values to a layer.
#include <algorithm>

#include "fence/policy/settings_table.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kProfileKey = "profile";
constexpr std::string_view kEnforceKey = "enforce";

const SettingRow* find_row(std::string_view key) {
  const auto found =
      std::find_if(settings_table().begin(), settings_table().end(), [&](const auto& row) { return row.key == key; });
  return found == settings_table().end() ? nullptr : &*found;
}

/// "filesystem": keys below it exist.
bool is_section(std::string_view key) {
  const std::string prefix = std::string(key) + ".";
  return std::any_of(settings_table().begin(), settings_table().end(),
                     [&](const auto& row) { return row.key.starts_with(prefix); });
}

/// A known key that `key` may have been meant for: one that ends in the same word, or is spelled nearly so.
std::optional<std::string> nearest_key(std::string_view key) {
  const std::string_view word = key.substr(key.rfind('.') + 1);
  std::vector<std::string_view> known;
  for (const SettingRow& row : settings_table()) {
    if (row.key.ends_with("." + std::string(word))) return std::string(row.key);
    known.push_back(row.key);
  }
  return did_you_mean(key, known);
}

class LayerReader {
 public:
  LayerReader(SettingsLayer& layer, const ExpansionContext& context, Errors& errors)
      : layer_(layer), context_(context), errors_(errors) {}

  /// Reads a table that stands at `prefix`: "" or "filesystem.".
  void read(const ValueTable& table, const std::string& prefix) {
    for (const ValueEntry& entry : table) {
      const std::string key = prefix + entry.key;
      // A quoted key may have a dot in it, which makes it no other key's spelling.
      const bool one_word = entry.key.find('.') == std::string::npos;
      if (const SettingRow* row = one_word ? find_row(key) : nullptr) {
        row->read({*row, entry.value, context_, layer_, errors_});
      } else if (one_word && is_section(key)) {
        read_section(entry.value, key);
      } else {
        unknown(entry, key);
      }
    }
  }

 private:
  void read_section(const Value& value, const std::string& key) {
    if (const auto* table = std::get_if<ValueTable>(&value.data)) return read(*table, key + ".");
    fail(key + " must be a table, not " + std::string(type_name(value)), value.origin, {});
  }

  void unknown(const ValueEntry& entry, const std::string& key) {
    if (key == kEnforceKey) {
      return fail("[enforce] cannot stand here", entry.origin, "only /etc/fence/settings.toml enforces settings");
    }
    const auto meant = nearest_key(key);
    fail("unknown setting \"" + escape_bytes(key) + "\"", entry.origin, meant ? "did you mean " + *meant + "?" : "");
  }

  void fail(std::string what, const Origin& origin, std::string hint) {
    errors_.push_back({.kind = ErrorKind::Config, .what = std::move(what), .origin = origin, .hint = std::move(hint)});
  }

  SettingsLayer& layer_;
  const ExpansionContext& context_;
  Errors& errors_;
};

/// Adds the names that one value of the key "profile" gives.
void add_names(const Value& value, std::vector<std::string>& names, Errors& errors) {
  const auto bad = [&](const Value& got) {
    const std::string type(find_row(kProfileKey)->type);
    errors.push_back({.kind = ErrorKind::Config,
                      .what = std::string(kProfileKey) + " must be " + type + ", not " + std::string(type_name(got)),
                      .origin = got.origin});
  };
  if (const auto* name = std::get_if<std::string>(&value.data)) return names.push_back(*name);
  const auto* list = std::get_if<ValueArray>(&value.data);
  if (list == nullptr) return bad(value);
  for (const Value& element : *list) {
    if (const auto* name = std::get_if<std::string>(&element.data)) {
      names.push_back(*name);
    } else {
      bad(element);
    }
  }
}

}  // namespace

Result<SettingsLayer, Errors> read_layer(LayerKind kind, std::string name, const ValueTable& table,
                                         const ExpansionContext& context) {
  SettingsLayer layer{.kind = kind, .name = std::move(name)};
  Errors errors;
  LayerReader(layer, context, errors).read(table, "");
  if (!errors.empty()) return errors;
  return layer;
}

Result<std::optional<Sourced<std::vector<std::string>>>, Errors> profile_names(const ValueTable& table) {
  std::optional<Sourced<std::vector<std::string>>> found;
  Errors errors;
  for (const ValueEntry& entry : table) {
    if (entry.key != kProfileKey) continue;
    if (!found) found.emplace().origin = entry.value.origin;
    add_names(entry.value, found->value, errors);
  }
  if (!errors.empty()) return errors;
  return found;
}

}  // namespace fence
