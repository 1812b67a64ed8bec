#include "abilities.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "children.h"
#include "fence/util/text.h"
#include "files.h"
#include "tries.h"

namespace fence {
namespace {

constexpr std::chrono::seconds kTryTime{2};
constexpr std::chrono::seconds kBwrapTime{5};

struct TryRow {
  Ability ability;
  AttemptResult (*own)();
  /// What asks bubblewrap for the same, words separated by blanks; "" where no program can have it for another.
  std::string_view by_bwrap;
};
constexpr std::array kTryRows = {
    TryRow{Ability::UserNamespace, try_user_namespace, "--unshare-user"},
    TryRow{Ability::Proc, try_proc, "--unshare-user --unshare-pid --as-pid-1 --proc /proc"},
    TryRow{Ability::DevPts, try_devpts, "--unshare-user --dev /dev"},
    TryRow{Ability::Network, try_network, "--unshare-user --unshare-net"},
    TryRow{Ability::Ipc, try_ipc, "--unshare-user --unshare-ipc"},
    TryRow{Ability::Uts, try_uts, "--unshare-user --unshare-uts"},
    TryRow{Ability::Cgroup, try_cgroup, "--unshare-user --unshare-cgroup"},
    TryRow{Ability::Seccomp, try_seccomp, ""},
    TryRow{Ability::Native, try_native, ""},
};
// As pid 1: bwrap's own init would be left for whoever reaps orphans, since bwrap ends when its command does.
constexpr std::string_view kWholeSandbox = "--unshare-all --as-pid-1 --proc /proc --dev /dev";

bool is_permission(int errno_value) noexcept { return errno_value == EPERM || errno_value == EACCES; }

/// Whether bubblewrap can start a program in such a sandbox: itself, which prints "bubblewrap VERSION".
bool bwrap_can(const BwrapFacts& bwrap, std::string_view options) {
  std::vector<std::string> words = split(options, ' ');
  // The root first: what is mounted later lies on it.
  words.insert(words.begin(), {"--die-with-parent", "--ro-bind", "/", "/"});
  words.insert(words.end(), {"--", bwrap.path, "--version"});
  return program_output(bwrap.path, words, kBwrapTime).starts_with("bubblewrap ");
}

const TryRow& try_row(Ability ability) {
  const auto* const row = std::ranges::find(kTryRows, ability, &TryRow::ability);
  if (row == kTryRows.end()) throw std::logic_error("this ability is not tried");
  return *row;
}

AbilityFact fact_of(AttemptResult result) {
  if (const auto* version = std::get_if<std::uint32_t>(&result)) return AbilityGiven{.version = {*version, 0}};
  return std::get<AbilityLacking>(std::move(result));
}

AbilityFact try_bwrap(const std::optional<BwrapFacts>& bwrap) {
  if (!bwrap) return AbilityLacking{"looking for a bwrap that only root can change", ENOENT};
  if (!bwrap_can(*bwrap, kWholeSandbox)) {
    return AbilityLacking{"running " + escape_bytes(bwrap->path) + " " + std::string(kWholeSandbox), 0};
  }
  return AbilityGiven{.by_bwrap = true};
}

}  // namespace

std::optional<AbilityFact> ask_ability(Ability ability) {
  if (ability != Ability::Landlock) return std::nullopt;
  return fact_of(ask_landlock());
}

AbilityTry::AbilityTry(Ability ability) : ability_(ability) {
  if (ability != Ability::Bwrap) own_.emplace(try_row(ability).own);
}

AbilityFact AbilityTry::result(const FindBwrap& find_bwrap) {
  if (!own_) return try_bwrap(find_bwrap());
  AttemptResult result = own_->result(kTryTime);
  const auto* lacking = std::get_if<AbilityLacking>(&result);
  if (lacking == nullptr) return fact_of(std::move(result));
  const std::string_view by_bwrap = try_row(ability_).by_bwrap;
  if (is_permission(lacking->errno_value) && !by_bwrap.empty()) {
    const auto& bwrap = find_bwrap();
    if (bwrap && bwrap_can(*bwrap, by_bwrap)) return AbilityGiven{.by_bwrap = true};
  }
  return fact_of(std::move(result));
}

void add_sysctls_of_lacking(HostFacts& facts) {
  const bool lacks = std::ranges::any_of(
      facts.abilities, [](const auto& entry) { return std::holds_alternative<AbilityLacking>(entry.second); });
  if (!lacks || !facts.sysctls.empty()) return;
  for (const SysctlGate& gate : sysctl_gates()) {
    if (auto value = read_sysctl_text(std::string(gate.name))) facts.sysctls.emplace(gate.name, *std::move(value));
  }
}

}  // namespace fence
