// Readers of what a host must be able to do, of bounds, and of whom to trust.
#include <functional>

#include "entry.h"
#include "fence/util/text.h"
#include "readers.h"

namespace fence {
namespace {

std::vector<std::string_view> ability_names(const std::function<bool(const AbilityRow&)>& wanted) {
  std::vector<std::string_view> names;
  for (const AbilityRow& row : ability_table()) {
    if (wanted(row)) names.push_back(row.name);
  }
  return names;
}

std::string joined(const std::vector<std::string_view>& names) {
  return join_words(std::vector<std::string>(names.begin(), names.end()));
}

/// The ability of that name; nothing, and an error, where there is none.
std::optional<Ability> ability_named(const Reading& in, const Origin& place, std::string_view name) {
  if (const auto ability = find_ability(name)) return ability;
  const auto all = ability_names([](const AbilityRow&) { return true; });
  const auto meant = did_you_mean(name, all);
  report(in, place, std::string(in.row.key) + " knows no ability " + in_quotes(name),
         meant ? "did you mean " + in_quotes(*meant) + "?" : "it knows " + joined(all));
  return std::nullopt;
}

/// Calls `each` with every text of a list.
void read_texts(const Reading& in, const std::function<void(const std::string&, const Origin&)>& each) {
  read_list(in, [&](const Value& element) {
    if (const auto* text = std::get_if<std::string>(&element.data)) return each(*text, element.origin);
    report(in, element.origin,
           "an entry of " + std::string(in.row.key) + " must be a string, not " + std::string(type_name(element)));
  });
}

/// The version of NAME>=VERSION; nothing, and an error, where the ability has none or it is no version.
std::optional<AbilityVersion> version_of(const Reading& in, const Origin& place, Ability ability,
                                         std::string_view text) {
  const AbilityRow& row = ability_row(ability);
  const std::string name(row.name);
  if (!row.versioned) {
    report(in, place, std::string(in.row.key) + " cannot ask for a version of " + name + ", which has none",
           "write " + in_quotes(name));
    return std::nullopt;
  }
  const auto version = parse_version(text);
  if (version && (ability == Ability::Kernel || version->minor == 0)) return version;
  report(in, place, std::string(in.row.key) + " cannot understand the version " + in_quotes(text) + " of " + name,
         "write it as in " + in_quotes(ability == Ability::Kernel ? "kernel>=6.1" : name + ">=4"));
  return std::nullopt;
}

}  // namespace

void read_requirements(const Reading& in) {
  constexpr std::string_view kAtLeast = ">=";
  read_texts(in, [&](const std::string& text, const Origin& place) {
    const auto at = text.find(kAtLeast);
    const auto ability = ability_named(in, place, text.substr(0, at));
    if (!ability) return;
    Requirement requirement{.ability = *ability};
    if (at != std::string::npos) {
      const auto version = version_of(in, place, *ability, text.substr(at + kAtLeast.size()));
      if (!version) return;
      requirement.at_least = *version;
    }
    in.layer.require.push_back({requirement, place});
  });
}

void read_degraded(const Reading& in) {
  read_texts(in, [&](const std::string& text, const Origin& place) {
    const auto ability = ability_named(in, place, text);
    if (!ability) return;
    if (!ability_row(*ability).degraded.empty()) return in.layer.allow_degraded.push_back({*ability, place});
    const auto can_be = ability_names([](const AbilityRow& row) { return !row.degraded.empty(); });
    report(in, place, in_quotes(text) + " cannot be degraded: there is no sandbox without it",
           "only " + joined(can_be) + " can be");
  });
}

void read_trusted_projects(const Reading& in) {
  if (in.layer.kind != LayerKind::User && in.layer.kind != LayerKind::System) {
    return report(in, in.value.origin, "trust.projects can stand only in the user's and the system's settings.toml",
                  "--trust-project trusts a project for one run");
  }
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "path");
    const auto path = entry.host_path("path");
    if (entry.finish() && path) in.layer.trusted_projects.push_back({*path, entry.origin()});
  });
}

void read_number(const Reading& in, std::optional<Sourced<std::uint64_t>>& slot, std::uint64_t most) {
  const auto* number = std::get_if<std::int64_t>(&in.value.data);
  if (number == nullptr) return wrong_type(in);
  if (*number > 0 && static_cast<std::uint64_t>(*number) <= most) {
    slot = {static_cast<std::uint64_t>(*number), in.value.origin};
    return;
  }
  report(in, in.value.origin,
         std::string(in.row.key) + " must be " + std::string(in.row.type) + ", not " + std::to_string(*number));
}

}  // namespace fence
