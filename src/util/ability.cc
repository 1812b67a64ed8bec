#include "fence/util/ability.h"

#include <algorithm>
#include <array>

#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kNamespaceRemedy =
    "user namespaces: sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 (Debian), "
    "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile with `userns` (Ubuntu); in a container its "
    "seccomp profile must let unshare(2) pass";

constexpr std::array kTable = {
    AbilityRow{.ability = Ability::UserNamespace,
               .name = "userns",
               .meaning = "user namespace with rights of its own",
               .remedy = kNamespaceRemedy},
    AbilityRow{.ability = Ability::Proc,
               .name = "proc",
               .meaning = "/proc of the sandbox's own",
               .degraded =
                   "the host's /proc is shown read-only: the command sees the processes outside with their names "
                   "and arguments, the host's mounts and network tables, and process numbers that are not its own",
               .remedy = "a /proc without covered parts: docker run --security-opt systempaths=unconfined, podman run "
                         "--security-opt unmask=ALL"},
    AbilityRow{.ability = Ability::DevPts,
               .name = "devpts",
               .meaning = "private instance of devpts",
               .remedy = "Linux 4.7 with CONFIG_UNIX98_PTYS"},
    AbilityRow{.ability = Ability::Network,
               .name = "network",
               .meaning = "network namespace",
               .remedy = "CONFIG_NET_NS, and sysctl user.max_net_namespaces above 0"},
    AbilityRow{.ability = Ability::Ipc,
               .name = "ipc",
               .meaning = "ipc namespace",
               .remedy = "CONFIG_IPC_NS, and sysctl user.max_ipc_namespaces above 0"},
    AbilityRow{.ability = Ability::Uts,
               .name = "uts",
               .meaning = "uts namespace",
               .remedy = "CONFIG_UTS_NS, and sysctl user.max_uts_namespaces above 0"},
    AbilityRow{.ability = Ability::Cgroup,
               .name = "cgroup",
               .meaning = "cgroup namespace",
               .degraded = "the command sees in which control group of the host it runs",
               .remedy = "Linux 4.6 with CONFIG_CGROUPS, and sysctl user.max_cgroup_namespaces above 0"},
    AbilityRow{.ability = Ability::Seccomp,
               .name = "seccomp",
               .meaning = "seccomp filter",
               .remedy = "a kernel with CONFIG_SECCOMP_FILTER"},
    AbilityRow{.ability = Ability::Landlock,
               .name = "landlock",
               .meaning = "Landlock",
               .versioned = true,
               .degraded =
                   "nothing but namespaces and mounts holds the command: a file that is its input can be opened "
                   "for writing",
               .remedy = "Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK and `landlock` in the boot parameter lsm=; "
                         "ABI 2 comes with Linux 5.19, 3 with 6.2, 4 with 6.7, 5 with 6.10, 6 with 6.12"},
    AbilityRow{.ability = Ability::Bwrap,
               .name = "bwrap",
               .meaning = "bubblewrap that starts a sandbox",
               .remedy = "the package bubblewrap"},
    AbilityRow{.ability = Ability::Native,
               .name = "native",
               .meaning = "mount namespace in which fence can make the mounts itself",
               .remedy = "Linux 5.12 and user namespaces: sysctl user.max_user_namespaces above 0, "
                         "kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 "
                         "or an AppArmor profile with `userns` (Ubuntu); in a container its seccomp profile must let "
                         "unshare(2), fsopen(2), open_tree(2), mount_setattr(2) and move_mount(2) pass"},
    AbilityRow{.ability = Ability::Metadata,
               .name = "metadata",
               .meaning = "mount that holds modes, times and attributes of files",
               .degraded =
                   "modes, owners, times and attributes of your files can be changed wherever they are, and what there "
                   "is, and how large, can be seen everywhere",
               .remedy = "namespaces: backend = \"native\" or \"bwrap\""},
    AbilityRow{.ability = Ability::Protect,
               .name = "protect",
               .meaning = "mount that protects a file in a writable directory",
               .degraded =
                   "what is protected in a writable directory can be changed and replaced: .git/config, .git/hooks, "
                   ".vscode and others, which run programs outside",
               .remedy = "namespaces: backend = \"native\" or \"bwrap\""},
    AbilityRow{.ability = Ability::Kernel,
               .name = "kernel",
               .meaning = "kernel so new",
               .versioned = true,
               .remedy = "a newer kernel"},
    AbilityRow{.ability = Ability::Delegation,
               .name = "delegation",
               .meaning = "control group that the caller may divide",
               .degraded =
                   "of limits.pids, limits.memory and limits.cpus those are not kept that the host gives nobody "
                   "the means for",
               .remedy = "cgroup v2 with the controllers pids, memory and cpu, delegated to the caller: `systemd-run "
                         "--user --scope -p Delegate=yes fence ...`"},
};

constexpr std::array kSysctlGates = {
    SysctlGate{
        "kernel.apparmor_restrict_unprivileged_userns", "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for fence with `userns,`"},
    SysctlGate{"kernel.unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"},
    SysctlGate{"user.max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"},
    SysctlGate{"user.max_mnt_namespaces", "0", "sysctl user.max_mnt_namespaces=10000"},
    SysctlGate{"user.max_pid_namespaces", "0", "sysctl user.max_pid_namespaces=10000"},
    SysctlGate{"user.max_net_namespaces", "0", "sysctl user.max_net_namespaces=10000"},
    SysctlGate{"user.max_ipc_namespaces", "0", "sysctl user.max_ipc_namespaces=10000"},
    SysctlGate{"user.max_uts_namespaces", "0", "sysctl user.max_uts_namespaces=10000"},
    SysctlGate{"user.max_cgroup_namespaces", "0", "sysctl user.max_cgroup_namespaces=10000"},
};

}  // namespace

std::span<const SysctlGate> sysctl_gates() noexcept { return kSysctlGates; }

std::span<const AbilityRow> ability_table() noexcept { return kTable; }

const AbilityRow& ability_row(Ability ability) noexcept { return kTable[static_cast<std::size_t>(ability)]; }

std::optional<Ability> find_ability(std::string_view name) noexcept {
  const auto* row = std::find_if(kTable.begin(), kTable.end(), [&](const AbilityRow& r) { return r.name == name; });
  return row == kTable.end() ? std::nullopt : std::optional(row->ability);
}

std::string version_text(Ability ability, const AbilityVersion& version) {
  std::string text = std::to_string(version.major);
  if (ability == Ability::Kernel) text += "." + std::to_string(version.minor);
  return text;
}

std::string to_string(const Requirement& requirement) {
  std::string text(ability_row(requirement.ability).name);
  if (requirement.at_least != AbilityVersion{}) text += ">=" + version_text(requirement.ability, requirement.at_least);
  return text;
}

std::optional<AbilityVersion> parse_version(std::string_view text) noexcept {
  const auto dot = text.find('.');
  const auto major = parse_number<std::uint32_t>(text.substr(0, dot));
  const auto minor = dot == std::string_view::npos ? std::optional<std::uint32_t>(0)
                                                   : parse_number<std::uint32_t>(text.substr(dot + 1));
  if (!major || !minor) return std::nullopt;
  return AbilityVersion{*major, *minor};
}

}  // namespace fence
