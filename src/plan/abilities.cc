#include "fence/plan/abilities.h"

#include <algorithm>
#include <array>

#include "fence/plan/cgroup.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// "6.1.0-25-amd64" as 6.1; the end of the numbers ends the version.
AbilityVersion kernel_version(const std::string& release) {
  const auto end = std::min(release.find_first_not_of("0123456789."), release.size());
  const std::vector<std::string> parts = split(std::string_view(release).substr(0, end), '.');
  const std::string text = parts.size() > 1 ? parts[0] + "." + parts[1] : parts[0];
  return parse_version(text).value_or(AbilityVersion{});
}

}  // namespace

/// What only namespaces and mounts give, whatever the host can do.
constexpr std::array kOfNamespaces = {Ability::Proc, Ability::Cgroup, Ability::Metadata, Ability::Protect};

std::string refusal_text(const AbilityLacking& lacking) {
  return lacking.errno_value == 0 ? lacking.step : lacking.step + ": " + errno_text(lacking.errno_value);
}

void explain_lacking(Error& error, Ability ability, const HostFacts& facts) {
  for (const SysctlGate& gate : sysctl_gates()) {
    const auto found = facts.sysctls.find(std::string(gate.name));
    if (found == facts.sysctls.end() || found->second != gate.closed) continue;
    error.context.push_back(found->first + " is " + found->second);
    if (error.hint.empty()) error.hint = std::string(gate.advice);
  }
  if (error.hint.empty()) error.hint = "it takes " + std::string(ability_row(ability).remedy);
}

namespace {

class Decider {
 public:
  Decider(const Policy& policy, FactLens& lens) : policy_(policy), lens_(lens) {}

  Result<AbilityDecisions, Errors> decide() && {
    for (const auto& requirement : policy_.require) check(requirement);
    if (policy_.backend.value == Backend::Landlock) {
      // make_grants() speaks of what is missing, decide_executor() of Landlock.
      out_.own_proc = out_.cgroup_namespace = false;
    } else {
      check_proc();
      check_cgroup();
      check_landlock();
    }
    if (!errors_.empty()) return std::move(errors_);
    return std::move(out_);
  }

 private:
  AbilityFact fact_of(Ability ability) {
    const bool without_namespaces = policy_.backend.value == Backend::Landlock;
    if (without_namespaces && std::ranges::find(kOfNamespaces, ability) != kOfNamespaces.end()) {
      return AbilityLacking{std::string(kNoNamespaces), 0};
    }
    if (ability == Ability::Metadata || ability == Ability::Protect) return AbilityGiven{};
    if (ability == Ability::Kernel) return AbilityGiven{.version = kernel_version(lens_.host().kernel.release)};
    if (ability == Ability::Delegation) return delegation_fact(lens_);
    return lens_.ability(ability);
  }

  void check(const Ranked<Requirement>& requirement) {
    const Ability ability = requirement.value.ability;
    const std::string name = to_string(requirement.value);
    const AbilityFact fact = fact_of(ability);
    if (const auto* lacking = std::get_if<AbilityLacking>(&fact)) {
      return fail(
          "this host has no " + std::string(ability_row(ability).meaning) + ", which is required (" + name + ")",
          refusal_text(*lacking), ability, requirement.origin);
    }
    const auto& given = std::get<AbilityGiven>(fact);
    if (given.version < requirement.value.at_least) {
      return fail("this host does not have " + name + ", which is required",
                  "it has " + std::string(ability_row(ability).name) + " " + version_text(ability, given.version),
                  ability, requirement.origin);
    }
    std::string state = "there";
    if (ability_row(ability).versioned) state += ": " + version_text(ability, given.version);
    if (given.by_bwrap) state += ", for the installed bwrap only";
    out_.rows.push_back({name, std::move(state), "", requirement.origin});
  }

  // A fresh procfs is refused where parts of the visible one are covered, as in most containers; whether here, only a
  // try can tell.
  void check_proc() {
    if (lens_.host().kernel.covered_proc.empty() || required(Ability::Proc)) return;
    const auto* lacking = std::get_if<AbilityLacking>(&lens_.ability(Ability::Proc));
    // Without user namespaces nothing can be made; what the executor then says is to the point.
    if (lacking == nullptr) return;
    const std::string covered = escape_bytes(lens_.host().kernel.covered_proc.front().text());
    out_.own_proc = false;
    degrade(Ability::Proc, refusal_text(*lacking) + " (" + covered + " and perhaps others are covered)");
    if (policy_.nesting.value && errors_.empty()) {
      Error error{ErrorKind::Conflict, "cannot allow nested sandboxes with the host's /proc",
                  "they write to /proc, which is read-only then"};
      error.origin = policy_.nesting.origin;
      error.hint = std::string(ability_row(Ability::Proc).remedy);
      errors_.push_back(std::move(error));
    }
  }

  void check_cgroup() {
    if (lens_.host().kernel.cgroup_namespace || required(Ability::Cgroup)) return;
    out_.cgroup_namespace = false;
    degrade(Ability::Cgroup, "/proc/self/ns/cgroup does not exist");
  }

  // What nobody has asked for is no requirement: where it lacks, decide_landlock() says so.
  void check_landlock() {
    if (policy_.landlock.value == LandlockMode::Off) return;
    const auto* lacking = std::get_if<AbilityLacking>(&lens_.ability(Ability::Landlock));
    if (lacking == nullptr || policy_.landlock.origin == Origin{} || required(Ability::Landlock)) return;
    degrade(Ability::Landlock, refusal_text(*lacking), policy_.landlock.origin);
  }

  [[nodiscard]] bool required(Ability ability) const {
    return std::ranges::any_of(policy_.require, [&](const auto& r) { return r.value.ability == ability; });
  }

  void degrade(Ability ability, const std::string& why, const std::optional<Origin>& asked_by = std::nullopt) {
    const AbilityRow& row = ability_row(ability);
    const auto allowed = std::ranges::find(policy_.allow_degraded, ability, &Sourced<Ability>::value);
    if (allowed != policy_.allow_degraded.end()) {
      out_.rows.push_back({std::string(row.name), "lacking: " + why, std::string(row.degraded), allowed->origin});
      return;
    }
    const std::string what = asked_by ? "cannot use " : "cannot give the command a ";
    fail(what + std::string(row.meaning), why, ability, {});
    errors_.back().origin = asked_by;
    errors_.back().context.push_back("allowDegraded = [\"" + std::string(row.name) +
                                     "\"] goes on without: " + std::string(row.degraded));
  }

  void fail(std::string what, std::string why, Ability ability, const Origin& origin) {
    Error error{ErrorKind::Host, std::move(what), std::move(why)};
    error.origin = origin;
    explain_lacking(error, ability, lens_.host());
    errors_.push_back(std::move(error));
  }

  const Policy& policy_;
  FactLens& lens_;
  AbilityDecisions out_;
  Errors errors_;
};

}  // namespace

Result<AbilityDecisions, Errors> decide_abilities(const Policy& policy, FactLens& lens) {
  return Decider(policy, lens).decide();
}

}  // namespace fence
