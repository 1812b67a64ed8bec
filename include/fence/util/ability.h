#pragma once
// What a host can be able to do, by name: settings require these, the prober tries them, the plan shows them.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fence {

/// Each is tried for real, or the kernel is asked for it; never guessed from the release. The order is that of
/// ability_table().
enum class Ability : std::uint8_t {
  UserNamespace,  ///< a user namespace whose ids can be mapped and in which a file system can be mounted
  Proc,           ///< a procfs of a pid namespace of one's own
  DevPts,         ///< a devpts instance of one's own
  Network,        ///< a network namespace with its loopback interface up
  Ipc,            ///< an ipc namespace (Linux 2.6.30)
  Uts,            ///< a uts namespace (Linux 2.6.30)
  Cgroup,         ///< a cgroup namespace (Linux 4.6)
  Seccomp,        ///< a seccomp filter (Linux 3.5, CONFIG_SECCOMP_FILTER)
  Landlock,       ///< Landlock (Linux 5.13), whose version is its ABI
  Bwrap,          ///< an installed bubblewrap that starts a sandbox
  Native,         ///< a mount namespace in which fence can clone, restrict and attach mounts by descriptor
  Metadata,       ///< modes, times and attributes of files held by mounts: an executor's ability, not tried
  Protect,        ///< a single name held in a writable directory by a mount: an executor's ability, not tried
  Kernel,         ///< the kernel's release, whose version is MAJOR.MINOR; not tried
  Delegation,     ///< a control group in which fence can make one with limits of its own; not tried but looked for
};

/// A version to compare with: an ABI number, or MAJOR.MINOR.
struct AbilityVersion {
  std::uint32_t major = 0, minor = 0;
  friend bool operator==(const AbilityVersion&, const AbilityVersion&) = default;
  friend bool operator<(const AbilityVersion& a, const AbilityVersion& b) noexcept {
    return a.major != b.major ? a.major < b.major : a.minor < b.minor;
  }
};

struct AbilityRow {
  Ability ability;
  std::string_view name;        ///< as `require` and `allowDegraded` spell it: "userns"
  std::string_view meaning;     ///< for people, to be read after "this host has no": "user namespace ..."
  bool versioned = false;       ///< NAME>=VERSION has a meaning
  std::string_view degraded{};  ///< what the sandbox is without it where allowDegraded names it; "" where it cannot be
  std::string_view remedy{};    ///< what gives a host this ability: kernel version, option, package
};
/// One row for each Ability, in its order.
std::span<const AbilityRow> ability_table() noexcept;
const AbilityRow& ability_row(Ability ability) noexcept;
std::optional<Ability> find_ability(std::string_view name) noexcept;

/// A kernel setting that takes abilities away from everybody, or from all but root, while it has one value.
struct SysctlGate {
  std::string_view name;    ///< as sysctl(8) spells it
  std::string_view closed;  ///< the value that does
  std::string_view advice;  ///< what opens it
};
/// The most specific first: the first one that is closed gives the advice. (Documentation/admin-guide/sysctl/user.rst;
/// Debian's and Ubuntu's kernels have the two of kernel.*.)
std::span<const SysctlGate> sysctl_gates() noexcept;

/// "landlock>=4" or "userns"; version {} where none is asked for.
struct Requirement {
  Ability ability = Ability::UserNamespace;
  AbilityVersion at_least{};
  friend bool operator==(const Requirement&, const Requirement&) = default;
};
/// "landlock>=4", "kernel>=6.1", "userns".
std::string to_string(const Requirement& requirement);
/// "4" or "6.1" (of `ability`, whose versions are one number or two).
std::string version_text(Ability ability, const AbilityVersion& version);
/// MAJOR or MAJOR.MINOR with nothing else; nothing where `text` is not so.
std::optional<AbilityVersion> parse_version(std::string_view text) noexcept;

}  // namespace fence
