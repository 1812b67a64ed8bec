#pragma once
// What is wanted: partial wishes by layer, and the total policy that merge() makes of them.
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fence/util/ability.h"
#include "fence/util/limits.h"
#include "fence/util/path.h"

namespace fence {

enum class Backend : std::uint8_t {
  Auto,
  Native,
  Bwrap,
  Landlock,  ///< no namespaces: never chosen by Auto
};
enum class TerminalMode : std::uint8_t { Auto, Private, Shared };
/// When a private terminal gets the keyboard.
enum class TerminalAttach : std::uint8_t {
  Auto,      ///< from the start, where input and output are the terminal
  Deferred,  ///< when the command reads or sets modes
};
enum class AbsentProtected : std::uint8_t { Report, Quarantine };
enum class DevicesMode : std::uint8_t { Minimal, Host };
enum class RuntimeDirMode : std::uint8_t { Auto, Private, Inherit, Unset };
enum class NetworkMode : std::uint8_t { None, Host };
/// How much of the plan Landlock holds as well (landlock(7)).
enum class LandlockMode : std::uint8_t {
  Off,
  Auto,  ///< what costs nothing: signals, abstract sockets, writing
  Full,  ///< every right that files have
};
enum class EnvironmentMode : std::uint8_t { Inherit, Clear };
/// How many groups of system calls are refused.
enum class SeccompProfile : std::uint8_t { Minimal, Default, Strict };

/// "$FENCE_WORKSPACE" or a path below it: the writable root that the planner finds around the working directory
/// (the git top level, else that directory). Where there is none (the working directory is "/", $HOME or above it)
/// the rule falls away, and the plan says so.
struct InWorkspace {
  std::string relative;  ///< canonical, no leading slash; "" is the workspace itself
  friend bool operator==(const InWorkspace&, const InWorkspace&) = default;
};
/// A relative entry of `protect`: that path below every directory that is writable.
struct InEveryWritableTree {
  std::string relative;  ///< canonical; empty only for a rule with a pattern
  friend bool operator==(const InEveryWritableTree&, const InEveryWritableTree&) = default;
};
using RulePath = std::variant<HostPath, InWorkspace, InEveryWritableTree>;

enum class PathList : std::uint8_t { AllowRead, DenyRead, AllowWrite, DenyWrite, Protect };
/// The settings key of a list: "allowRead".
std::string_view list_name(PathList list) noexcept;

/// One entry of a path list.
struct PathRule {
  PathList list = PathList::AllowRead;
  RulePath path = HostPath::root();
  /// Empty: the rule speaks of `path` itself. Else of everything below `path` that the pattern matches when fence
  /// starts: "**/*.pem" (pattern_fault in glob.h says what a pattern is). Only then may the relative part of `path` be
  /// empty for InEveryWritableTree.
  std::string pattern{};
  bool optional = false;  ///< a missing path is no error; a protection holds all the same for what appears later
  std::string why{};      ///< the reason that the entry itself gives; may be empty
  friend bool operator==(const PathRule&, const PathRule&) = default;
};

/// A private, empty, writable tmpfs; gone with the sandbox.
struct ScratchRule {
  RulePath path = HostPath::root();
  std::optional<std::uint64_t> size{};  ///< bytes; nothing: the kernel's default, half of memory (tmpfs(5))
  std::uint32_t mode = 0755;            ///< permission bits; 01777 for /tmp, /var/tmp and /dev/shm
  std::string pattern{};                ///< as for PathRule; matches directories only
  bool optional = false;                ///< skipped where no mount point exists or can be made
  std::string why{};
  friend bool operator==(const ScratchRule&, const ScratchRule&) = default;
};

enum class BindMode : std::uint8_t { ReadOnly, ReadWrite, Device };

/// Something of the host under another name.
struct BindRule {
  HostPath source = HostPath::root();
  SandboxPath target = SandboxPath::root();
  BindMode mode = BindMode::ReadOnly;
  bool optional = false;  ///< about the source only
  friend bool operator==(const BindRule&, const BindRule&) = default;
};

/// A device node of the host to show, or a directory of them.
struct DeviceRule {
  HostPath path = HostPath::root();
  std::string pattern{};  ///< as for PathRule: "video*" below /dev
  friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

/// A name pattern of environment.pass or .deny: '*' and '?', case-sensitive.
struct VariablePattern {
  std::string pattern;
  std::string why{};
  friend bool operator==(const VariablePattern&, const VariablePattern&) = default;
};

/// A group of system calls, or one of them, in seccomp.allow or .deny.
struct CallRule {
  std::string name;  ///< which names there are the planner knows
  std::string why{};
  friend bool operator==(const CallRule&, const CallRule&) = default;
};

/// What a layer may do to the layers below and above it.
enum class Authority : std::uint8_t {
  Free,         ///< anything
  TightenOnly,  ///< only restrict what the layers below it allow: a project's file that nobody trusts
  Enforced,     ///< only restrict, and no other layer can loosen it: [enforce] of the system's file
};

/// What one layer says; absent means "this layer says nothing". Lists append in merge(), single values replace.
struct SettingsLayer {
  LayerKind kind = LayerKind::BuiltIn;
  std::string name;  ///< for messages: a file, a profile's name, "command line"
  Authority authority = Authority::Free;
  std::optional<Sourced<Backend>> backend;
  std::optional<Sourced<bool>> force_new_session;
  std::optional<Sourced<TerminalMode>> terminal;
  std::optional<Sourced<TerminalAttach>> terminal_attach;
  std::vector<Sourced<PathRule>> paths;
  std::vector<Sourced<ScratchRule>> scratch;
  std::vector<Sourced<BindRule>> binds;
  std::optional<Sourced<AbsentProtected>> absent_protected;
  std::optional<Sourced<DevicesMode>> devices;
  std::vector<Sourced<DeviceRule>> device_nodes;
  std::optional<Sourced<RuntimeDirMode>> runtime_dir;
  std::optional<Sourced<NetworkMode>> network;
  std::optional<Sourced<EnvironmentMode>> environment;
  std::vector<Sourced<VariablePattern>> environment_pass;
  std::vector<Sourced<VariablePattern>> environment_deny;
  std::map<std::string, Sourced<std::string>> environment_set;
  std::optional<Sourced<SeccompProfile>> seccomp;
  std::vector<Sourced<CallRule>> seccomp_allow;
  std::vector<Sourced<CallRule>> seccomp_deny;
  std::optional<Sourced<LandlockMode>> landlock;
  std::optional<Sourced<bool>> nesting;
  std::optional<Sourced<bool>> unverified_mounts;
  std::optional<Sourced<bool>> unguarded_mounts;
  std::optional<Sourced<bool>> windows_interop;
  std::map<Limit, Sourced<std::uint64_t>> limits;  ///< above 0; kNoLimit: whatever a lower layer says does not hold
  std::vector<Sourced<Requirement>> require;
  std::vector<Sourced<Ability>> allow_degraded;
  std::optional<Sourced<std::uint64_t>> walk_entries;       ///< above 0
  std::optional<Sourced<std::uint64_t>> walk_seconds;       ///< above 0
  std::optional<Sourced<std::uint64_t>> look_milliseconds;  ///< above 0
  std::vector<Sourced<HostPath>> trusted_projects;          ///< directories whose project file may loosen
  std::optional<Origin> profile;                            ///< where the layer has the key `profile`, if it has
};

/// A wish with the place of its layer in the order of precedence; higher wins.
template <class T>
struct Ranked {
  T value{};
  Origin origin{};
  int rank = 0;           ///< index of the layer in merge()'s input
  bool enforced = false;  ///< from a layer with Authority::Enforced: no deeper or higher wish loosens it
  friend bool operator==(const Ranked&, const Ranked&) = default;
};

/// All wishes, merged: total, nothing optional but what means something when unset.
struct Policy {
  Sourced<Backend> backend{Backend::Auto, {}};
  std::optional<Ranked<bool>> force_new_session;  ///< unset: terminal decides (terminal.md A.5)
  std::vector<Sourced<bool>> force_new_session_overruled;
  Sourced<TerminalMode> terminal{TerminalMode::Auto, {}};
  Sourced<TerminalAttach> terminal_attach{TerminalAttach::Auto, {}};
  std::vector<Ranked<PathRule>> paths;
  std::vector<Ranked<ScratchRule>> scratch;
  std::vector<Ranked<BindRule>> binds;
  Sourced<AbsentProtected> absent_protected{AbsentProtected::Report, {}};
  Sourced<DevicesMode> devices{DevicesMode::Minimal, {}};
  std::vector<Ranked<DeviceRule>> device_nodes;
  Sourced<RuntimeDirMode> runtime_dir{RuntimeDirMode::Auto, {}};
  Sourced<NetworkMode> network{NetworkMode::None, {}};
  Sourced<EnvironmentMode> environment{EnvironmentMode::Inherit, {}};
  std::vector<Ranked<VariablePattern>> environment_pass;
  std::vector<Ranked<VariablePattern>> environment_deny;
  std::map<std::string, Ranked<std::string>> environment_set;
  Sourced<SeccompProfile> seccomp{SeccompProfile::Default, {}};
  std::vector<Ranked<CallRule>> seccomp_allow;
  std::vector<Ranked<CallRule>> seccomp_deny;
  Sourced<LandlockMode> landlock{LandlockMode::Auto, {}};  ///< a requirement where somebody has set it
  Sourced<bool> nesting{false, {}};
  Sourced<bool> unverified_mounts{false, {}};      ///< the finished sandbox is not compared with the plan
  Sourced<bool> unguarded_mounts{false, {}};       ///< a mount that is lost while the command runs stays lost
  Sourced<bool> windows_interop{false, {}};        ///< on WSL the command may start Windows programs
  std::map<Limit, Sourced<std::uint64_t>> limits;  ///< as in SettingsLayer
  std::vector<Ranked<Requirement>> require;
  std::vector<Sourced<Ability>> allow_degraded;
  Sourced<std::uint64_t> walk_entries{2'000'000, {}};
  Sourced<std::uint64_t> walk_seconds{30, {}};
  Sourced<std::uint64_t> look_milliseconds{800, {}};
};

/// Merges layers given from the lowest to the highest; one with Authority::Enforced stands last. Total: two layers
/// never make an error here, conflicts on one path are the planner's, which knows the links. A single value of a layer
/// that is not Free counts only where it is stricter than what the others make. merge({merge-equivalent}) is
/// idempotent.
Policy merge(std::span<const SettingsLayer> low_to_high);

/// What the layers' authority forbids, each with the place and the way out: a TightenOnly or Enforced layer that says
/// more than a restriction (allowRead, allowWrite, tmpfs, bind, environment.pass, ...) or a single value looser than
/// what the layers below make (TightenOnly); a User, Project, Environment or CommandLine layer whose single value is
/// looser than an enforced one, or that passes, sets or degrades what is enforced otherwise. Paths are compared by the
/// planner, on effective access.
Errors check_authority(std::span<const SettingsLayer> low_to_high);

/// What one launch asks for besides its policy: it stands on the command line only.
struct Request {
  std::vector<std::string> command;            ///< argv of the command; never empty
  std::optional<Sourced<HostPath>> directory;  ///< -C: start there instead of the working directory
  std::vector<Sourced<int>> keep_descriptors;  ///< --keep-fd
};

}  // namespace fence
