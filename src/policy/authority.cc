// What a layer may not say, because of what it is or because of what is enforced.
#include <algorithm>

#include "choices.h"
#include "fence/policy/policy.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// "network.mode = "host"".
template <class T>
std::string setting_text(std::string_view key, std::span<const Choice<T>> choices, const T& value) {
  const Choice<T>* choice = find_choice(choices, value);
  const std::string word(choice == nullptr ? "" : choice->word);
  return std::string(key) + " = " + (std::is_same_v<T, bool> ? word : "\"" + word + "\"");
}

/// "limits.nofile = 100".
std::string setting_text(Limit limit, std::uint64_t value) {
  return "limits." + std::string(limit_row(limit).name) + " = " + limit_spelled(limit, value);
}

/// The directory of a project's file, as its name shows it.
std::string directory_of(const SettingsLayer& layer) { return layer.name.substr(0, layer.name.rfind('/')); }

std::string way_out(const SettingsLayer& layer) {
  if (layer.authority == Authority::Enforced) return "put it outside of [enforce]";
  return "--trust-project trusts the project for this run, and [trust] projects = [\"" + directory_of(layer) +
         "\"] in ~/.config/fence/settings.toml for good";
}

std::string_view who_only_restricts(const SettingsLayer& layer) noexcept {
  return layer.authority == Authority::Enforced ? "[enforce] can only restrict"
                                                : "a project that nobody trusts can only restrict";
}

constexpr std::string_view kEnforcedHint = "take it out: only who may change what is enforced can allow it";

/// One layer that may only restrict, against what the layers below it make.
class RestrictionCheck {
 public:
  RestrictionCheck(const SettingsLayer& layer, const Policy& below, Errors& errors)
      : layer_(layer), below_(below), errors_(errors) {}

  void run() {
    if (layer_.profile) refuse("profile", *layer_.profile);
    for_each_single([&](const auto& setting) { check_single(setting); });
    check_session();
    for (const auto& [limit, said] : layer_.limits) check_limit(limit, said);
    for (const Sourced<PathRule>& rule : layer_.paths) {
      const bool grants = rule.value.list == PathList::AllowRead || rule.value.list == PathList::AllowWrite;
      if (grants) refuse("filesystem." + std::string(list_name(rule.value.list)), rule.origin);
    }
    refuse_all("filesystem.tmpfs", layer_.scratch);
    refuse_all("filesystem.bind", layer_.binds);
    refuse_all("devices.allow", layer_.device_nodes);
    refuse_all("environment.pass", layer_.environment_pass);
    refuse_all("seccomp.allow", layer_.seccomp_allow);
    for (const auto& [name, said] : layer_.environment_set) {
      refuse("environment.set." + escape_bytes(name), said.origin);
    }
    refuse_all("allowDegraded", layer_.allow_degraded);
    refuse_all("trust.projects", layer_.trusted_projects);
  }

 private:
  template <class T>
  void check_single(const SingleSetting<T>& setting) {
    const std::optional<Sourced<T>>& said = layer_.*setting.said;
    if (!said) return;
    const Strictness strict = strictness(setting.choices, said->value);
    if (!strict) return refuse(setting.key, said->origin);
    if (restricts_nothing(setting.choices, *strict)) {
      return refuse(setting_text(setting.key, setting.choices, said->value), said->origin);
    }
    const Sourced<T>& below = below_.*setting.in_force;
    const bool looser = strict < strictness(setting.choices, below.value);
    if (looser) refuse_looser(setting_text(setting.key, setting.choices, said->value), said->origin, below.origin);
  }

  void check_session() {
    const auto& said = layer_.force_new_session;
    const auto& below = below_.force_new_session;
    if (!said) return;
    if (restricts_nothing<bool>(kForceNewSession, session_strictness(said->value))) {
      return refuse(setting_text<bool>("forceNewSession", kForceNewSession, said->value), said->origin);
    }
    const int there = session_strictness(below ? std::optional(below->value) : std::nullopt);
    if (session_strictness(said->value) >= there) return;
    refuse_looser(setting_text<bool>("forceNewSession", kForceNewSession, said->value), said->origin,
                  below ? below->origin : Origin{});
  }

  void check_limit(Limit limit, const Sourced<std::uint64_t>& said) {
    const Sourced<std::uint64_t> below = limit_in_force(below_, limit);
    const bool says_nothing = layer_.authority == Authority::Enforced && said.value == kNoLimit;
    if (says_nothing) return refuse(setting_text(limit, said.value), said.origin);
    if (said.value > below.value) refuse_looser(setting_text(limit, said.value), said.origin, below.origin);
  }

  /// Of a project the layers below are asked instead: what they have may be no stricter.
  template <class T>
  [[nodiscard]] bool restricts_nothing(std::span<const Choice<T>> choices, int strict) const {
    return layer_.authority == Authority::Enforced &&
           std::ranges::none_of(choices, [&](const Choice<T>& other) { return other.strict < strict; });
  }

  /// What is enforced is compared with the layers that it must bind, not with what happens to be there.
  void refuse_looser(const std::string& setting, const Origin& place, const Origin& below) {
    if (layer_.authority == Authority::Enforced) return;
    refuse(setting, place);
    errors_.back().context.push_back("which is less strict than " +
                                     (below == Origin{} ? "the default" : "what is in force by " + to_string(below)));
  }

  template <class T>
  void refuse_all(std::string_view key, const std::vector<Sourced<T>>& entries) {
    for (const Sourced<T>& entry : entries) refuse(key, entry.origin);
  }

  void refuse(std::string_view what, const Origin& place) {
    errors_.push_back({.kind = ErrorKind::Config,
                       .what = "cannot take " + std::string(what),
                       .why = std::string(who_only_restricts(layer_)),
                       .origin = place,
                       .hint = way_out(layer_)});
  }

  const SettingsLayer& layer_;
  const Policy& below_;
  Errors& errors_;
};

/// One layer that a person wrote, against one that is enforced.
class EnforcementCheck {
 public:
  EnforcementCheck(const SettingsLayer& enforced, const SettingsLayer& layer, Errors& errors)
      : enforced_(enforced), layer_(layer), errors_(errors) {}

  void run() {
    for_each_single([&](const auto& setting) {
      check_single(setting.key, setting.choices, enforced_.*setting.said, layer_.*setting.said);
    });
    check_single<bool>("forceNewSession", kForceNewSession, enforced_.force_new_session, layer_.force_new_session);
    for (const auto& [limit, said] : layer_.limits) check_limit(limit, said);
    const bool cleared = enforced_.environment && enforced_.environment->value == EnvironmentMode::Clear;
    for (const auto& pass : layer_.environment_pass) {
      if (cleared) {
        refuse("cannot take " + escape_bytes(pass.value.pattern) + " in environment.pass",
               "environment.mode = \"clear\" is enforced", pass.origin, enforced_.environment->origin);
        continue;
      }
      const std::string& name = pass.value.pattern;
      if (name.find_first_of("*?") == std::string::npos) check_variable("environment.pass", name, pass.origin);
    }
    for (const auto& [name, said] : layer_.environment_set) check_variable("environment.set", name, said.origin);
    for (const auto& ability : layer_.allow_degraded) check_ability(ability);
    for (const auto& call : layer_.seccomp_allow) check_call(call);
  }

 private:
  template <class T>
  void check_single(std::string_view key, std::span<const Choice<T>> choices, const std::optional<Sourced<T>>& enforced,
                    const std::optional<Sourced<T>>& said) {
    if (!enforced || !said) return;
    if (strictness(choices, said->value) >= strictness(choices, enforced->value)) return;
    refuse("cannot take " + setting_text(key, choices, said->value),
           setting_text(key, choices, enforced->value) + " is enforced", said->origin, enforced->origin);
  }

  void check_limit(Limit limit, const Sourced<std::uint64_t>& said) {
    const auto enforced = enforced_.limits.find(limit);
    if (enforced == enforced_.limits.end() || said.value <= enforced->second.value) return;
    refuse("cannot take " + setting_text(limit, said.value),
           setting_text(limit, enforced->second.value) + " is enforced", said.origin, enforced->second.origin);
  }

  void check_variable(std::string_view key, const std::string& name, const Origin& place) {
    for (const auto& deny : enforced_.environment_deny) {
      if (!wildcard_match(deny.value.pattern, name)) continue;
      return refuse("cannot take " + escape_bytes(name) + " in " + std::string(key),
                    "environment.deny of \"" + escape_bytes(deny.value.pattern) + "\" is enforced", place, deny.origin);
    }
  }

  void check_ability(const Sourced<Ability>& ability) {
    const std::string name(ability_row(ability.value).name);
    for (const auto& required : enforced_.require) {
      if (required.value.ability != ability.value) continue;
      return refuse("cannot take " + name + " in allowDegraded", "require of " + name + " is enforced", ability.origin,
                    required.origin);
    }
  }

  void check_call(const Sourced<CallRule>& call) {
    const std::string what = "cannot take " + escape_bytes(call.value.name) + " in seccomp.allow";
    if (enforced_.seccomp) {
      const std::string profile =
          setting_text<SeccompProfile>("seccomp.profile", kSeccompProfiles, enforced_.seccomp->value);
      return refuse(what, profile + " is enforced", call.origin, enforced_.seccomp->origin);
    }
    for (const auto& deny : enforced_.seccomp_deny) {
      if (deny.value.name != call.value.name) continue;
      return refuse(what, "seccomp.deny of it is enforced", call.origin, deny.origin);
    }
  }

  void refuse(std::string what, std::string why, const Origin& place, const Origin& enforced) {
    errors_.push_back({.kind = ErrorKind::Config,
                       .what = std::move(what),
                       .why = std::move(why),
                       .origin = place,
                       .context = {"enforced by " + to_string(enforced)},
                       .hint = std::string(kEnforcedHint)});
  }

  const SettingsLayer& enforced_;
  const SettingsLayer& layer_;
  Errors& errors_;
};

}  // namespace

Errors check_authority(std::span<const SettingsLayer> low_to_high) {
  Errors errors;
  for (std::size_t i = 0; i < low_to_high.size(); ++i) {
    const SettingsLayer& layer = low_to_high[i];
    if (layer.authority == Authority::Free) continue;
    RestrictionCheck(layer, merge(low_to_high.first(i)), errors).run();
  }
  for (const SettingsLayer& enforced : low_to_high) {
    if (enforced.authority != Authority::Enforced) continue;
    for (const SettingsLayer& layer : low_to_high) {
      const bool by_a_person = layer.kind >= LayerKind::User && layer.authority != Authority::Enforced;
      if (by_a_person) EnforcementCheck(enforced, layer, errors).run();
    }
  }
  return errors;
}

}  // namespace fence
