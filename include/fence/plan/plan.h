#pragma once
// What will be done, in order, and why. Both what is shown and what is run come from these values and nothing else.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fence/facts/facts.h"
#include "fence/policy/policy.h"
#include "fence/util/landlock.h"
#include "fence/util/path.h"

namespace fence {

/// Why an op is in the plan; one for each rule of the planner.
enum class Because : std::uint8_t {
  OnlyRule,        ///< one wish, nothing against it
  DeeperPath,      ///< it beats a wish on a shallower path
  HigherLayer,     ///< it beats a wish of a lower layer on the same path
  StricterAccess,  ///< it beats a looser wish of its own layer on the same path
  Composed,        ///< a directory that holds a hidden name: our tmpfs with its other entries
  ComposedEntry,   ///< one of those other entries
  Hidden,          ///< a hidden path in a writable tree, masked
  Protected,       ///< read-only inside a writable tree
  Pinned,          ///< an ancestor of a protected path, so that it cannot be renamed away
  Parent,          ///< a directory on our tmpfs on the way to a deeper op
  PrivateProc,     ///< the private /proc, and what is locked in it
  PrivateDev,      ///< the private /dev, and what belongs to it
  RuntimeDir,      ///< the private runtime directory
  LinkOnTheWay,    ///< a symbolic link that a wish named or went through
  Needed,          ///< where nothing is mounted: programs do not work without it
  Mended,          ///< a file shown so that everyday tools do not break needlessly
};
/// A phrase: "deeper path", "pinned: cannot be renamed away".
std::string_view because_text(Because because) noexcept;

struct Decision {
  Origin winner{};
  Because because = Because::OnlyRule;
  std::string why{};  ///< the reason that the winning wish gives; may be empty
  std::vector<Origin> overruled{};
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// Something of the host, recursive; read-only covers submounts. Always nosuid, nodev but for BindMode::Device.
struct Bind {
  HostPath source = HostPath::root();  ///< no component is a link
  PathKind kind = PathKind::Directory;
  FileId expect{};  ///< what the facts saw at `source`
  BindMode mode = BindMode::ReadOnly;
  /// No error where `source` has gone since the facts saw it; only where the mount point is made on a tmpfs of ours, so
  /// that nothing else of the host shows through.
  bool may_vanish = false;
  friend bool operator==(const Bind&, const Bind&) = default;
};
/// A new empty tmpfs; nosuid, nodev; owned by the caller.
struct Tmpfs {
  std::uint32_t mode = 0755;
  std::optional<std::uint64_t> size{};
  friend bool operator==(const Tmpfs&, const Tmpfs&) = default;
};
/// A new procfs of the sandbox's own pid namespace.
struct Proc {
  friend bool operator==(const Proc&, const Proc&) = default;
};
/// A new /dev: null, zero, full, random, urandom, tty, the standard links, shm, and a private devpts at pts.
struct Dev {
  friend bool operator==(const Dev&, const Dev&) = default;
};
/// What the plan has mounted here so far, made read-only in place (a part of the private /proc).
struct LockReadOnly {
  friend bool operator==(const LockReadOnly&, const LockReadOnly&) = default;
};
/// A file of the host covered so that it reads as nothing: opening it gives EACCES.
struct MaskFile {
  friend bool operator==(const MaskFile&, const MaskFile&) = default;
};
struct MakeDir {
  std::uint32_t mode = 0755;
  friend bool operator==(const MakeDir&, const MakeDir&) = default;
};
/// A read-only file of our own content.
struct WriteFile {
  std::string content;
  std::uint32_t mode = 0444;
  friend bool operator==(const WriteFile&, const WriteFile&) = default;
};
struct Symlink {
  std::string points_to;
  friend bool operator==(const Symlink&, const Symlink&) = default;
};
using MountAction = std::variant<Bind, Tmpfs, Proc, Dev, LockReadOnly, MaskFile, MakeDir, WriteFile, Symlink>;
/// "bind", "tmpfs", ...: the word for the op in text, JSON and messages.
std::string_view action_name(const MountAction& action) noexcept;

/// Where the op's mount point comes from. Create is only ever on a tmpfs of ours.
enum class MountPoint : std::uint8_t { Exists, Create };

struct MountOp {
  SandboxPath target = SandboxPath::root();
  MountPoint at = MountPoint::Exists;
  MountAction action = Tmpfs{};
  Decision why{};
  friend bool operator==(const MountOp&, const MountOp&) = default;
};

/// The proof that parents come first, that no target stands twice, that nothing lies below a leaf, that nothing is
/// created on the host, and that only our own tmpfs are sealed. check_plan() is the only maker.
class MountPlan {
 public:
  [[nodiscard]] std::span<const MountOp> ops() const noexcept { return ops_; }
  /// Our tmpfs that become read-only when all ops are done; deepest first.
  [[nodiscard]] std::span<const SandboxPath> seals() const noexcept { return seals_; }
  /// The op at exactly that target; null where there is none.
  [[nodiscard]] const MountOp* find(const SandboxPath& target) const noexcept;

 private:
  friend Result<MountPlan> check_plan(std::vector<MountOp> ops, std::vector<SandboxPath> seals);
  MountPlan(std::vector<MountOp> ops, std::vector<SandboxPath> seals)
      : ops_(std::move(ops)), seals_(std::move(seals)) {}
  std::vector<MountOp> ops_;
  std::vector<SandboxPath> seals_;
};
/// Sorts by target and checks every invariant of MountPlan; a violation is an Internal error that names the op.
Result<MountPlan> check_plan(std::vector<MountOp> ops, std::vector<SandboxPath> seals);

// ---- session and terminal ----------------------------------------------------------------------------------

enum class SessionKind : std::uint8_t { TiocstiFilter, NewSession };
/// Which terminal the command gets.
enum class TerminalKind : std::uint8_t {
  Private,  ///< a pty of the sandbox's own, between which and the caller's terminal fence relays
  Shared,   ///< the caller's own
  None,
};

/// Who leads which session, and what fence gives back: one value, decided in one place. setsid() and setpgid() in one
/// process, or a controlling terminal without a session, cannot be written.
class SessionPlan {
 public:
  [[nodiscard]] SessionKind kind() const noexcept { return kind_; }
  [[nodiscard]] TerminalKind terminal() const noexcept { return terminal_; }
  [[nodiscard]] const std::string& terminal_reason() const noexcept { return terminal_reason_; }
  [[nodiscard]] const Origin& terminal_origin() const noexcept { return terminal_origin_; }
  /// Which of the descriptors 0 to 2 lead to the private terminal; the others are the caller's.
  [[nodiscard]] const std::array<bool, 3>& relayed() const noexcept { return relayed_; }
  /// A private terminal gets the keyboard when the command asks for it, and never before.
  [[nodiscard]] bool deferred() const noexcept { return deferred_; }
  /// The command's group is put back to fence's own when it ends (bubblewrap#744).
  [[nodiscard]] bool restore_foreground() const noexcept { return restore_foreground_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] const Origin& origin() const noexcept { return origin_; }
  [[nodiscard]] const std::vector<Origin>& overruled() const noexcept { return overruled_; }
  friend bool operator==(const SessionPlan&, const SessionPlan&) = default;

  struct Parts {
    SessionKind kind = SessionKind::TiocstiFilter;
    TerminalKind terminal = TerminalKind::Shared;
    std::string terminal_reason{};
    Origin terminal_origin{};
    std::array<bool, 3> relayed{};
    bool deferred = false;
    bool restore_foreground = false;
    std::string reason{};
    Origin origin{};
    std::vector<Origin> overruled{};
  };
  /// Checks the invariants: restore_foreground needs the shared terminal and no new session; a stream is relayed if and
  /// only if the terminal is private; deferred needs a private terminal and no new session.
  static Result<SessionPlan> make(Parts parts);

 private:
  SessionPlan() = default;
  SessionKind kind_ = SessionKind::TiocstiFilter;
  TerminalKind terminal_ = TerminalKind::Shared;
  std::string terminal_reason_;
  Origin terminal_origin_;
  std::array<bool, 3> relayed_{};
  bool deferred_ = false;
  bool restore_foreground_ = false;
  std::string reason_;
  Origin origin_;
  std::vector<Origin> overruled_;
};

// ---- runtime directory ---------------------------------------------------------------------------------------

struct KeepInherited {
  friend bool operator==(const KeepInherited&, const KeepInherited&) = default;
};
struct PrivateRuntimeDir {
  friend bool operator==(const PrivateRuntimeDir&, const PrivateRuntimeDir&) = default;
};
struct NoRuntimeDir {
  friend bool operator==(const NoRuntimeDir&, const NoRuntimeDir&) = default;
};
/// What XDG_RUNTIME_DIR is for the command. The caller's own variable and the host's directory are never touched.
struct RuntimeDirPlan {
  std::variant<KeepInherited, PrivateRuntimeDir, NoRuntimeDir> decision = NoRuntimeDir{};
  std::string value;  ///< the child's XDG_RUNTIME_DIR; empty for NoRuntimeDir
  std::string reason;
  Origin origin;
  std::string note;  ///< for example "noexec: just(1) cannot run recipes there"; may be empty
  friend bool operator==(const RuntimeDirPlan&, const RuntimeDirPlan&) = default;
};

// ---- environment ---------------------------------------------------------------------------------------------

struct Passed {
  friend bool operator==(const Passed&, const Passed&) = default;
};
struct Replaced {
  std::string value;
  friend bool operator==(const Replaced&, const Replaced&) = default;
};
struct Dropped {
  friend bool operator==(const Dropped&, const Dropped&) = default;
};
/// The fate of one variable. Replaced covers variables that were not inherited.
struct VariablePlan {
  std::string name;
  std::variant<Passed, Replaced, Dropped> fate;
  std::string reason;  ///< empty for a plain Passed
  Origin origin;
  friend bool operator==(const VariablePlan&, const VariablePlan&) = default;
};
struct EnvironmentPlan {
  std::vector<VariablePlan> variables;  ///< sorted by name, each once
  friend bool operator==(const EnvironmentPlan&, const EnvironmentPlan&) = default;
};

// ---- identity, network, the whole -----------------------------------------------------------------------------

/// The caller's uid and gid mapped to themselves; all other ids show as nobody.
struct MapOwnIds {
  friend bool operator==(const MapOwnIds&, const MapOwnIds&) = default;
};
/// Every id that the caller's namespace has, mapped to itself: other owners stay visible (uid 0 only; an ordinary user
/// may not write such a map, user_namespaces(7)).
struct MapAllIds {
  std::vector<IdExtent> uids, gids;  ///< inside == outside
  friend bool operator==(const MapAllIds&, const MapAllIds&) = default;
};
/// No user namespace: the ids are the caller's.
struct KeepIds {
  friend bool operator==(const KeepIds&, const KeepIds&) = default;
};
struct IdentityPlan {
  std::uint32_t uid = 0, gid = 0;
  std::variant<MapOwnIds, MapAllIds, KeepIds> map;
  bool nested_user_namespaces = false;  ///< may be made inside
  Origin nesting_origin;
  friend bool operator==(const IdentityPlan&, const IdentityPlan&) = default;
};

/// A protected path that does not exist and so cannot be mounted over: looked for when the command has ended.
struct AbsentPath {
  HostPath path = HostPath::root();
  Origin origin{};
  /// The name is a symbolic link with this target, which a mount cannot protect: reported when it is anything else
  /// afterwards.
  std::optional<std::string> link_target{};
  friend bool operator==(const AbsentPath&, const AbsentPath&) = default;
};

enum class RemarkKind : std::uint8_t {
  Note,      ///< worth knowing
  Unneeded,  ///< a wish that changes nothing, dropped
  Danger,    ///< something open by choice or by the limits of the executor
  Notice,    ///< a Note that is also said on standard error when the command starts
};
struct Remark {
  RemarkKind kind = RemarkKind::Note;
  std::string text;
  std::optional<Origin> origin;
  friend bool operator==(const Remark&, const Remark&) = default;
};

/// A file or directory of the host that a rule hides.
struct HiddenPath {
  SandboxPath path;  ///< where it would be
  Decision why;
};

/// A pattern of a path list, and what it matched when the facts were taken. What appears later is not covered.
struct PatternPlan {
  std::string list;               ///< the settings key: "filesystem.denyRead"
  std::string pattern;            ///< with the directory that it was expanded in: "/home/ann/src/**/.env"
  std::vector<HostPath> matches;  ///< sorted
  Origin origin{};
  friend bool operator==(const PatternPlan&, const PatternPlan&) = default;
};

/// What the plan knows of one ability of the host: it is required, or lacking and done without.
struct AbilityPlan {
  std::string name;      ///< "userns", "landlock>=4"
  std::string state;     ///< "there", "there: 7", "lacking: unshare(CLONE_NEWUSER): operation not permitted"
  std::string degraded;  ///< what the sandbox is without it; empty where it is there
  Origin origin{};       ///< who required it, or allowed to do without
  friend bool operator==(const AbilityPlan&, const AbilityPlan&) = default;
};

/// A group of system calls (fence/seccomp/seccomp.h), and whether it is refused.
struct FilterGroupPlan {
  std::string name;
  bool refused = true;
  std::string reason;  ///< "profile default", "nesting needs it"
  Origin origin{};
  friend bool operator==(const FilterGroupPlan&, const FilterGroupPlan&) = default;
};
/// One system call, told apart from its group, or of none.
struct FilterCallPlan {
  std::string name;
  bool refused = true;  ///< every such call, with EPERM; false: no row of a group counts for it
  std::string reason;   ///< what the setting's entry gives; may be empty
  Origin origin{};
  friend bool operator==(const FilterCallPlan&, const FilterCallPlan&) = default;
};
/// Which system calls are refused. Calls of foreign ABIs always are, and groups that are missing here.
struct FilterPlan {
  std::vector<FilterGroupPlan> groups;  ///< all of them, by name
  std::vector<FilterCallPlan> calls;    ///< by name
};
/// What Landlock grants at and below one place. A right that no rule on the way up to the root grants is refused.
struct LandlockRule {
  SandboxPath path = SandboxPath::root();  ///< the target of an op, or the root
  std::uint64_t rights = 0;                ///< landlock::kExecute...
  std::string why{};
  friend bool operator==(const LandlockRule&, const LandlockRule&) = default;
};
/// What the kernel refuses to the command and all that comes of it, whatever mounts and descriptors it gets at.
struct LandlockPlan {
  Sourced<LandlockMode> mode{LandlockMode::Off, {}};
  std::uint32_t abi = 0;      ///< the kernel's; 0: it has none
  std::uint64_t handled = 0;  ///< landlock::kExecute...: refused where no rule grants it
  /// Handled besides, where the command is handed a file or a directory that is not open for writing.
  std::uint64_t handled_for_input = 0;
  std::uint64_t scoped = 0;           ///< landlock::kScopeSignal...: refused towards processes outside
  std::uint64_t handled_net = 0;      ///< landlock::kBindTcp...: refused for every port
  std::vector<LandlockRule> rules{};  ///< by path; none grants only what one above it grants
  /// What the files of descriptors 0 to 2 and of the kept ones get, where the caller has opened them for reading, and
  /// where for writing.
  std::uint64_t handed_readable = 0, handed_writable = 0;
  std::vector<std::string> without{};  ///< what this mode would hold elsewhere, and why not here
  /// With whatever may be handled.
  [[nodiscard]] std::uint64_t all_handled() const noexcept { return handled | handled_for_input; }
  [[nodiscard]] bool enforces() const noexcept { return handled != 0 || scoped != 0; }
  friend bool operator==(const LandlockPlan&, const LandlockPlan&) = default;
};

/// What the command and all that it starts may use at most.
struct LimitPlan {
  Limit limit = Limit::CoreSize;
  std::uint64_t value = 0;  ///< in the unit of limit_row(); both the soft and the hard limit
  Origin origin{};
  friend bool operator==(const LimitPlan&, const LimitPlan&) = default;
};

/// One file of the sandbox's control group (Documentation/admin-guide/cgroup-v2.rst).
struct CgroupSetting {
  std::string file;       ///< "memory.max"
  std::string value;      ///< as it is written
  std::string why;        ///< a phrase; may be empty
  bool may_lack = false;  ///< no error where the kernel has no such file
  friend bool operator==(const CgroupSetting&, const CgroupSetting&) = default;
};
/// A control group that exists as long as the sandbox, and holds all of it from before its first program.
struct CgroupPlan {
  HostPath parent = HostPath::root();  ///< the directory of the group in which it is made
  std::vector<CgroupSetting> settings;
  friend bool operator==(const CgroupPlan&, const CgroupPlan&) = default;
};

/// Who makes the sandbox.
enum class Executor : std::uint8_t {
  Bwrap,
  Native,    ///< fence itself
  Landlock,  ///< fence itself without namespaces: nothing is mounted, and each op of the plan is a grant
};

struct SandboxPlan {
  MountPlan mounts;
  SessionPlan session;
  RuntimeDirPlan runtime_dir;
  EnvironmentPlan environment;
  IdentityPlan identity;
  Sourced<NetworkMode> network;
  bool cgroup_namespace = false;
  SandboxPath directory = SandboxPath::root();  ///< where the command starts
  std::vector<std::string> command;
  std::vector<int> keep_descriptors;  ///< above 2; sorted, unique
  std::vector<std::string> profiles;
  AbsentProtected absent_protected = AbsentProtected::Report;
  std::vector<AbsentPath> absent;
  std::vector<HiddenPath> hidden;  ///< names that are there now and that the command does not see, by path
  std::vector<PatternPlan> patterns;
  std::vector<AbilityPlan> abilities;
  LandlockPlan landlock;
  std::vector<LimitPlan> limits;     ///< in the order of limit_table(), each once
  std::optional<CgroupPlan> cgroup;  ///< where one of `limits` has a controller
  Executor executor = Executor::Bwrap;
  std::string backend_reason;                ///< "bwrap, as asked"
  Sourced<bool> windows_interop{false, {}};  ///< the command may start Windows programs, and use AF_VSOCK
  FilterPlan filter;
  bool verify_mounts = true;  ///< compare the finished sandbox with `mounts` before the command starts
  bool guard_mounts = true;   ///< watch those that can be lost while it runs
  std::vector<Remark> remarks;
  std::string hash;  ///< 16 hexadecimal digits; the same for plans that do the same but for the values of variables
};

// ---- the functions ---------------------------------------------------------------------------------------------

/// What the planner makes of facts that may not suffice.
struct Planned {
  FactQueries wanted;                ///< what it still needs to know
  Result<SandboxPlan, Errors> plan;  ///< of no meaning unless `wanted` is empty
};
/// Decides, or asks. Pure.
Planned try_plan(const Policy& policy, const Request& request, const HostFacts& facts);

/// What the planner still needs to know; empty when `facts` suffice. Pure.
FactQueries required_facts(const Policy& policy, const Request& request, const HostFacts& facts);

/// Decides. Every error of every rule at once. Precondition: required_facts() is empty (else an Internal error). Pure.
Result<SandboxPlan, Errors> make_plan(const Policy& policy, const Request& request, const HostFacts& facts);

/// The child's environment: the inherited one (duplicates: the first) with the plan's fates applied, in name order.
Environment child_environment(const EnvironmentPlan& plan, const Environment& inherited);

}  // namespace fence
