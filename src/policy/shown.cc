#include "shown.h"

#include <algorithm>

#include "fence/util/glob.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// A TOML string, but for bytes that no TOML string can have: those are escaped as in every message.
std::string in_toml(std::string_view text) {
  std::string out = "\"";
  for (const char c : escape_bytes(text)) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// "{path = "/x", optional = true}", or the string alone where that says it all.
class ShownEntry {
 public:
  ShownEntry(std::string_view main_field, std::string_view text)
      : bare_(in_toml(text)), table_("{" + std::string(main_field) + " = " + bare_) {}

  ShownEntry& add(std::string_view field, const std::string& toml) {
    table_ += ", " + std::string(field) + " = " + toml;
    plain_ = false;
    return *this;
  }
  ShownEntry& add_if(bool said, std::string_view field) { return said ? add(field, "true") : *this; }
  ShownEntry& add_text(std::string_view field, std::string_view text) {
    return text.empty() ? *this : add(field, in_toml(text));
  }
  [[nodiscard]] std::string toml() const { return plain_ ? bare_ : table_ + "}"; }

 private:
  std::string bare_;
  std::string table_;
  bool plain_ = true;
};

/// A path or pattern as the setting would be written.
struct PathSpelling {
  std::string text;
  bool literal = false;  ///< has a character with a meaning of its own
};

std::string text_of(const RulePath& path) {
  return std::visit(
      Overloaded{
          [](const HostPath& host) { return host.text(); },
          [](const InWorkspace& in) { return "$FENCE_WORKSPACE" + (in.relative.empty() ? "" : "/" + in.relative); },
          [](const InEveryWritableTree& in) { return in.relative; },
      },
      path);
}

PathSpelling spelling_of(const RulePath& path, const std::string& pattern) {
  const std::string text = text_of(path);
  if (pattern.empty()) {
    const std::string_view own = std::holds_alternative<InWorkspace>(path) ? std::string_view(text).substr(1) : text;
    return {text, has_pattern(own) || own.starts_with('~') || own.find('$') != std::string_view::npos};
  }
  std::string out;
  for (const char c : text) out += has_pattern({&c, 1}) ? std::string{'[', c, ']'} : std::string(1, c);
  if (!out.empty() && !out.ends_with('/')) out += '/';
  return {out + pattern, false};
}

ShownEntry path_entry(const RulePath& path, const std::string& pattern) {
  const PathSpelling spelling = spelling_of(path, pattern);
  return ShownEntry("path", spelling.text).add_if(spelling.literal, "literal");
}

std::string_view bind_mode_word(BindMode mode) noexcept {
  switch (mode) {
    case BindMode::ReadOnly:
      return "ro";
    case BindMode::ReadWrite:
      return "rw";
    case BindMode::Device:
      return "dev";
  }
  return "ro";
}

template <class T, class Spell>
ShownValues shown_list(const std::vector<Ranked<T>>& list, Spell spell) {
  ShownValues out;
  for (const Ranked<T>& each : list) {
    out.push_back({.toml = spell(each.value), .origin = each.origin, .enforced = each.enforced});
  }
  return out;
}

}  // namespace

ShownValues shown_profiles(const InForce& in_force) {
  std::string list;
  for (const std::string& name : in_force.profiles.value) list += (list.empty() ? "" : ", ") + in_toml(name);
  return {{.toml = "[" + list + "]", .origin = in_force.profiles.origin}};
}

ShownValues shown_session(const InForce& in_force) {
  const auto& session = in_force.policy.force_new_session;
  if (!session) return {};
  return {{.toml = session->value ? "true" : "false",
           .origin = session->origin,
           .enforced = is_enforced(in_force, &SettingsLayer::force_new_session, session->value)}};
}

ShownValues shown_paths(const InForce& in_force, PathList list) {
  ShownValues out;
  for (const Ranked<PathRule>& rule : in_force.policy.paths) {
    if (rule.value.list != list) continue;
    ShownEntry entry = path_entry(rule.value.path, rule.value.pattern);
    entry.add_if(rule.value.optional, "optional").add_text("why", rule.value.why);
    out.push_back({.toml = entry.toml(), .origin = rule.origin, .enforced = rule.enforced});
  }
  return out;
}

ShownValues shown_scratch(const InForce& in_force) {
  return shown_list(in_force.policy.scratch, [](const ScratchRule& rule) {
    ShownEntry entry = path_entry(rule.path, rule.pattern);
    if (rule.size) entry.add("size", std::to_string(*rule.size));
    if (rule.mode != ScratchRule{}.mode) entry.add("mode", in_toml(octal_mode(rule.mode)));
    return entry.add_if(rule.optional, "optional").add_text("why", rule.why).toml();
  });
}

ShownValues shown_binds(const InForce& in_force) {
  return shown_list(in_force.policy.binds, [](const BindRule& rule) {
    const bool literal = spelling_of(rule.source, {}).literal || spelling_of(same_outside(rule.target), {}).literal;
    return ShownEntry("source", rule.source.text())
        .add("target", in_toml(rule.target.text()))
        .add("mode", in_toml(bind_mode_word(rule.mode)))
        .add_if(rule.optional, "optional")
        .add_if(literal, "literal")
        .toml();
  });
}

ShownValues shown_devices(const InForce& in_force) {
  return shown_list(in_force.policy.device_nodes,
                    [](const DeviceRule& rule) { return path_entry(rule.path, rule.pattern).toml(); });
}

ShownValues shown_patterns(const std::vector<Ranked<VariablePattern>>& patterns) {
  return shown_list(patterns, [](const VariablePattern& pattern) {
    return ShownEntry("name", pattern.pattern).add_text("why", pattern.why).toml();
  });
}

ShownValues shown_calls(const std::vector<Ranked<CallRule>>& calls) {
  return shown_list(
      calls, [](const CallRule& rule) { return ShownEntry("name", rule.name).add_text("why", rule.why).toml(); });
}

ShownValues shown_variables(const InForce& in_force) {
  ShownValues out;
  for (const auto& [name, said] : in_force.policy.environment_set) {
    out.push_back(
        {.name = in_toml(name), .toml = in_toml(said.value), .origin = said.origin, .enforced = said.enforced});
  }
  return out;
}

ShownValues shown_limit(const InForce& in_force, Limit limit) {
  const auto found = in_force.policy.limits.find(limit);
  if (found == in_force.policy.limits.end()) return {};
  const std::uint64_t value = found->second.value;
  const bool enforced = std::ranges::any_of(in_force.layers, [&](const SettingsLayer& layer) {
    const auto said = layer.limits.find(limit);
    return layer.authority == Authority::Enforced && said != layer.limits.end() && said->second.value == value;
  });
  return {{.toml = limit_spelled(limit, value), .origin = found->second.origin, .enforced = enforced}};
}

ShownValues shown_requirements(const InForce& in_force) {
  return shown_list(in_force.policy.require,
                    [](const Requirement& requirement) { return in_toml(to_string(requirement)); });
}

ShownValues shown_degraded(const InForce& in_force) {
  ShownValues out;
  for (const Sourced<Ability>& ability : in_force.policy.allow_degraded) {
    out.push_back({.toml = in_toml(ability_row(ability.value).name), .origin = ability.origin});
  }
  return out;
}

ShownValues shown_trusted(const InForce& in_force) {
  ShownValues out;
  for (const SettingsLayer& layer : in_force.layers) {
    for (const Sourced<HostPath>& project : layer.trusted_projects) {
      out.push_back({.toml = path_entry(project.value, {}).toml(), .origin = project.origin});
    }
  }
  return out;
}

}  // namespace fence
