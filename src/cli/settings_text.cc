#include "fence/cli/settings_text.h"

#include <algorithm>

#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::size_t kTextWidth = 100;

/// `text` in lines of at most kTextWidth columns, each after `prefix`.
std::string wrapped(std::string_view text, std::string_view prefix) {
  std::string out, line;
  for (const std::string& word : split(text, ' ')) {
    if (!line.empty() && prefix.size() + line.size() + 1 + word.size() > kTextWidth) {
      out += std::string(prefix) + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + std::string(prefix) + line + "\n";
}

std::string shown_default(const SettingRow& row) {
  return row.default_value.empty() ? "unset" : std::string(row.default_value);
}

std::string comment(const ShownValue& value, bool single) {
  const std::string origin = single && value.origin == Origin{} ? "default" : to_string(value.origin);
  return "  # " + origin + (value.enforced ? ", enforced" : "") + "\n";
}

std::string in_force(const SettingRow& row, const std::vector<ShownValue>& values) {
  const std::string key(row.key);
  if (values.empty() && row.default_value.empty()) return "# " + key + " is not set  # default\n";
  if (values.empty()) return key + " = " + std::string(row.default_value) + "  # default\n";
  if (row.merge == MergeRule::Replace) return key + " = " + values.front().toml + comment(values.front(), true);
  std::string out;
  for (const ShownValue& value : values) {
    if (value.name.empty()) out += "  " + value.toml + "," + comment(value, false);
    if (!value.name.empty()) out += key + "." + value.name + " = " + value.toml + comment(value, false);
  }
  return values.front().name.empty() ? key + " = [\n" + out + "]\n" : out;
}

std::string state_text(const SettingsPlace& place) {
  switch (place.state) {
    case PlaceState::Read:
      return "read";
    case PlaceState::NotThere:
      return "not there";
    case PlaceState::NotLookedAt:
      return "not looked at (" + place.why + ")";
    case PlaceState::Faulty:
      return "has errors (`fence settings check` shows them)";
  }
  return "";
}

std::string authority_text(const SettingsPlace& place) {
  if (place.authority == Authority::Enforced) return ", nothing loosens it";
  if (place.kind != LayerKind::Project || place.state != PlaceState::Read) return "";
  return place.authority == Authority::Free ? ", trusted" : ", may only tighten";
}

/// "network" of "network.mode", "" of "nesting".
std::string_view section_of(std::string_view key) {
  const auto dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

std::string commented(const SettingRow& row) {
  const std::string_view section = section_of(row.key);
  const std::string name(row.key.substr(section.empty() ? 0 : section.size() + 1));
  const std::string value(row.example.empty() ? row.default_value : row.example);
  std::string out = wrapped(row.meaning, "# ");
  if (!row.danger.empty()) out += wrapped("Danger: " + std::string(row.danger), "# ");
  if (!row.example.empty()) out += "# Default: " + shown_default(row) + "\n";
  return out + "#" + name + " = " + value + "\n\n";
}

}  // namespace

std::string keys_text() {
  std::string out;
  for (const SettingRow& row : settings_table()) {
    out += (out.empty() ? "" : "\n") + std::string(row.key) + "\n";
    out += "  type:     " + std::string(row.type) + "\n";
    out += "  default:  " + shown_default(row) + (row.merge == MergeRule::Append ? "; layers add up" : "") + "\n";
    out += "  variable: " + variable_name(row.key) + "\n";
    out += wrapped(row.meaning, "  ");
    if (!row.danger.empty()) out += wrapped("Danger: " + std::string(row.danger), "  ");
  }
  return out;
}

std::string in_force_text(const LoadedConfig& config) {
  const Policy policy = merge(config.layers);
  std::string out;
  for (const SettingRow& row : settings_table()) {
    out += in_force(row, row.show({policy, config.layers, config.chosen_profiles}));
  }
  return out;
}

std::string places_text(const std::vector<SettingsPlace>& places) {
  const auto name_of = [](const SettingsPlace& place) {
    return place.kind == LayerKind::BuiltIn ? std::string(layer_name(place.kind)) : place.name;
  };
  std::size_t width = 0;
  for (const SettingsPlace& place : places) width = std::max(width, name_of(place).size());
  std::string out;
  for (const SettingsPlace& place : places) {
    const std::string name = name_of(place);
    out += name + std::string(width - name.size() + 2, ' ') + state_text(place) + authority_text(place) + "\n";
  }
  return out;
}

std::string files_text(const std::vector<SettingsPlace>& places) {
  std::string out;
  for (const SettingsPlace& place : places) {
    if (place.file && place.authority != Authority::Enforced)
      out += place.name + ": no errors (`fence plan` looks at the paths too)\n";
  }
  return out;
}

std::string commented_settings() {
  std::string out = wrapped(
      "Settings of fence, every one commented out: take the '#' in front of one away to set it. `fence settings` shows "
      "what is in force and who set it, `fence settings path` where settings are read from.",
      "# ");
  out += "\n";
  std::vector<std::string_view> sections;
  for (const SettingRow& row : settings_table()) {
    const std::string_view section = section_of(row.key);
    if (std::ranges::find(sections, section) == sections.end()) sections.push_back(section);
  }
  // Keys without a section stand before the first one.
  std::ranges::stable_sort(sections, {}, [](std::string_view section) { return !section.empty(); });
  for (const std::string_view section : sections) {
    if (!section.empty()) out += "[" + std::string(section) + "]\n";
    for (const SettingRow& row : settings_table()) {
      if (section_of(row.key) == section) out += commented(row);
    }
  }
  out.pop_back();
  return out;
}

}  // namespace fence
