#include "abilities.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
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
    TryRow{Ability::Landlock, try_landlock, ""},
    TryRow{Ability::Native, try_native, ""},
};
// As pid 1: bwrap's own init would be left for whoever reaps orphans, since bwrap ends when its command does.
constexpr std::string_view kWholeSandbox = "--unshare-all --as-pid-1 --proc /proc --dev /dev";

struct SysctlRow {
  std::string_view name;
  std::string_view reason;
};
constexpr std::array kSysctlRows = {
    SysctlRow{"user.max_user_namespaces", "0 forbids them (Linux 4.9)"},
    SysctlRow{"user.max_pid_namespaces", "0 forbids them"},
    SysctlRow{"user.max_net_namespaces", "0 forbids them"},
    SysctlRow{"user.max_mnt_namespaces", "0 forbids them"},
    SysctlRow{"user.max_ipc_namespaces", "0 forbids them"},
    SysctlRow{"user.max_uts_namespaces", "0 forbids them"},
    SysctlRow{"user.max_cgroup_namespaces", "0 forbids them"},
    SysctlRow{"kernel.unprivileged_userns_clone", "0 forbids user namespaces to all but root (Debian's kernels)"},
    SysctlRow{"kernel.apparmor_restrict_unprivileged_userns",
              "1 takes the capabilities from a user namespace of a program without a profile (Ubuntu 23.10)"},
};

bool is_permission(int errno_value) noexcept { return errno_value == EPERM || errno_value == EACCES; }

/// Whether bubblewrap can start a program in such a sandbox: itself, which prints "bubblewrap VERSION".
bool bwrap_can(const BwrapFacts& bwrap, std::string_view options) {
  std::vector<std::string> words = split(options, ' ');
  // The root first: what is mounted later lies on it.
  words.insert(words.begin(), {"--die-with-parent", "--ro-bind", "/", "/"});
  words.insert(words.end(), {"--", bwrap.path, "--version"});
  return program_output(bwrap.path, words, kBwrapTime).starts_with("bubblewrap ");
}

AbilityFact try_itself(const TryRow& row, const FindBwrap& find_bwrap) {
  AttemptResult result = attempt(row.own, kTryTime);
  if (const auto* version = std::get_if<std::uint32_t>(&result)) return AbilityGiven{.version = {*version, 0}};
  AbilityLacking& lacking = std::get<AbilityLacking>(result);
  if (is_permission(lacking.errno_value) && !row.by_bwrap.empty()) {
    const auto& bwrap = find_bwrap();
    if (bwrap && bwrap_can(*bwrap, row.by_bwrap)) return AbilityGiven{.by_bwrap = true};
  }
  return std::move(lacking);
}

AbilityFact try_bwrap(const std::optional<BwrapFacts>& bwrap) {
  if (!bwrap) return AbilityLacking{"looking for a bwrap that only root can change", ENOENT};
  if (!bwrap_can(*bwrap, kWholeSandbox)) {
    return AbilityLacking{"running " + escape_bytes(bwrap->path) + " " + std::string(kWholeSandbox), 0};
  }
  return AbilityGiven{.by_bwrap = true};
}

AbilityFact kernel_version(const KernelFacts& kernel) {
  // "6.1.0-13-amd64", "5.15.167.4-microsoft-standard-WSL2", "6.10-rc1"
  const std::vector<std::string> numbers = split(kernel.release, '.');
  const std::string minor = numbers.size() < 2 ? "" : numbers[1].substr(0, numbers[1].find_first_not_of("0123456789"));
  const auto version = parse_version(numbers[0] + "." + minor);
  if (!version) return AbilityLacking{"reading the version in \"" + escape_bytes(kernel.release) + "\"", 0};
  return AbilityGiven{.version = *version};
}

}  // namespace

AbilityFact try_ability(Ability ability, const KernelFacts& kernel, const FindBwrap& find_bwrap) {
  if (ability == Ability::Kernel) return kernel_version(kernel);
  if (ability == Ability::Bwrap) return try_bwrap(find_bwrap());
  return try_itself(*std::ranges::find(kTryRows, ability, &TryRow::ability), find_bwrap);
}

void add_sysctls_of_lacking(HostFacts& facts) {
  const bool lacks = std::ranges::any_of(
      facts.abilities, [](const auto& entry) { return std::holds_alternative<AbilityLacking>(entry.second); });
  if (!lacks || !facts.sysctls.empty()) return;
  for (const SysctlRow& row : kSysctlRows) {
    if (auto value = read_sysctl_text(std::string(row.name))) facts.sysctls.emplace(row.name, *std::move(value));
  }
}

}  // namespace fence
