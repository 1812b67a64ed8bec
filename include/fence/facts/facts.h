#pragma once
// What is true of the host, as values. The prober (layer `host`) makes them, a dump holds them, and the planner
// reads nothing else; so a user's dump is a test case on any machine.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "fence/facts/cgroups.h"
#include "fence/util/ability.h"
#include "fence/util/limits.h"
#include "fence/util/path.h"

namespace fence {

enum class PathKind : std::uint8_t { Regular, Directory, CharDevice, BlockDevice, Fifo, Socket };

/// The file systems that change what a grant means (statfs f_type, linux/magic.h); all others are Ordinary.
enum class FsKind : std::uint8_t {
  Ordinary,
  Tmpfs,
  DevPts,
  ProcFs,
  SysFs,
  CgroupFs,
  Network,  ///< NFS, CIFS/SMB, 9p (drvfs on WSL2), FUSE, AFS, Ceph: not local, may hang, often without sockets
};

/// A file's identity: two paths with the same one are the same file.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

/// The per-mount flags that fstatfs reports for the mount a path lies on.
struct MountFlags {
  bool read_only = false;
  bool nosuid = false;
  bool nodev = false;
  bool noexec = false;
  friend bool operator==(const MountFlags&, const MountFlags&) = default;
};

/// Something is there, and it is no symbolic link.
struct Present {
  PathKind kind = PathKind::Regular;
  FsKind fs = FsKind::Ordinary;
  FileId id{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;  ///< permission bits with set-id and sticky, 07777
  std::uint64_t rdev = 0;  ///< device number of a device node, else 0
  MountFlags mount{};
  friend bool operator==(const Present&, const Present&) = default;
};
/// A symbolic link; the prober records what it points to under that path's own key.
struct Link {
  std::string target;
  friend bool operator==(const Link&, const Link&) = default;
};
/// ENOENT or ENOTDIR on this component; the parent's fact says which.
struct Absent {
  friend bool operator==(const Absent&, const Absent&) = default;
};
/// Not known because the kernel refused: EACCES is not ENOENT. ETIMEDOUT: the file system did not answer and the look
/// was abandoned; HostFacts.stalled has its mount.
struct Unreadable {
  int errno_value = 0;
  friend bool operator==(const Unreadable&, const Unreadable&) = default;
};
/// What lstat sees at one literal path. Keys are canonical; every prefix of a queried path is recorded too.
using PathFact = std::variant<Present, Link, Absent, Unreadable>;

/// The names in a directory, sorted by byte; or why they cannot be listed.
using ListingFact = std::variant<std::vector<std::string>, Unreadable>;
/// A regular file's content, at most kMaxTextBytes (EFBIG past it); or why it cannot be had.
using TextFact = std::variant<std::string, Absent, Unreadable>;
inline constexpr std::size_t kMaxTextBytes = 1U << 20;

/// A pattern to be expanded: which paths below `base` have names that match `pattern`, component by component (see
/// glob.h).
struct GlobQuery {
  HostPath base = HostPath::root();
  std::string pattern;  ///< "**/.env": no leading slash, at least one component
  friend bool operator==(const GlobQuery&, const GlobQuery&) = default;
  friend bool operator<(const GlobQuery& a, const GlobQuery& b) {
    return a.base != b.base ? a.base < b.base : a.pattern < b.pattern;
  }
};
/// A pattern's matches: sorted, `base` spelled as in the query, links not resolved. What lies below a match is not
/// looked at for the same pattern: a rule on a directory covers it.
struct Globbed {
  std::vector<HostPath> matches;
  /// Directories in which more may match and that cannot be looked through: they can be searched but not listed (mode
  /// --x), they are the caller's own and may be opened again, their names are longer than any path, or their file
  /// system did not answer. Those of others that cannot be searched are left out: nobody here can reach what is in
  /// them.
  std::vector<HostPath> closed;
  friend bool operator==(const Globbed&, const Globbed&) = default;
};
/// The walk was ended at a bound; nothing is known of any pattern of that walk.
struct WalkBound {
  enum class Which : std::uint8_t { Entries, Seconds } which = Which::Entries;
  std::uint64_t entries = 0;       ///< looked at by then
  HostPath at = HostPath::root();  ///< the directory that the walk was in
  friend bool operator==(const WalkBound&, const WalkBound&) = default;
};
using GlobFact = std::variant<Globbed, WalkBound>;

/// Bounds of the one walk that answers all patterns of a round.
struct WalkLimits {
  std::uint64_t entries = 2'000'000;  ///< names that are looked at
  std::uint64_t seconds = 30;
  friend bool operator==(const WalkLimits&, const WalkLimits&) = default;
};
/// How long one look at one path may take before it is abandoned, in milliseconds.
inline constexpr std::uint64_t kLookMilliseconds = 800;

/// What the planner wants to know next. Asked in rounds until a round asks nothing new.
struct FactQueries {
  std::set<HostPath> paths;     ///< classify; links are followed, and their targets recorded as well
  std::set<HostPath> listings;  ///< list the directory, and classify each entry
  std::set<HostPath> texts;     ///< read a small regular file
  std::set<GlobQuery> globs;    ///< expand, all in one walk
  std::set<Ability> abilities;  ///< try
  bool bwrap = false;           ///< look for an installed bubblewrap, and ask it for its options
  bool cgroups = false;         ///< look at the caller's control group, and at those above it
  WalkLimits walk_limits;       ///< for `globs`
  std::uint64_t look_milliseconds = kLookMilliseconds;  ///< for each look at a path
  [[nodiscard]] bool empty() const noexcept {
    return paths.empty() && listings.empty() && texts.empty() && globs.empty() && abilities.empty() && !bwrap &&
           !cgroups;
  }
};

/// The host has it. Where the prober's own try was refused and the installed bubblewrap could do it (AppArmor gives
/// rights to programs by name), `by_bwrap` is true.
struct AbilityGiven {
  AbilityVersion version{};  ///< of a versioned ability, else 0.0
  bool by_bwrap = false;
  friend bool operator==(const AbilityGiven&, const AbilityGiven&) = default;
};
/// The host has it not.
struct AbilityLacking {
  std::string step;     ///< what was refused: "unshare(CLONE_NEWUSER)"
  int errno_value = 0;  ///< 0 where there is none
  friend bool operator==(const AbilityLacking&, const AbilityLacking&) = default;
};
using AbilityFact = std::variant<AbilityGiven, AbilityLacking>;

/// A mount on which a look was abandoned.
struct StalledMount {
  std::string type;    ///< as mountinfo has it: "fuse.sshfs", "nfs4", "autofs"
  std::string source;  ///< "host:/export"
  friend bool operator==(const StalledMount&, const StalledMount&) = default;
};

struct IdExtent {
  std::uint32_t inside = 0, outside = 0, count = 0;
  friend bool operator==(const IdExtent&, const IdExtent&) = default;
};

/// What is written to /proc/PID/uid_map or gid_map for `extents` (user_namespaces(7)): a line for each.
std::string id_map_text(const std::vector<IdExtent>& extents);

/// Who starts fence.
struct CallerFacts {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::string user;               ///< name by NSS; empty where NSS knows none
  std::string home;               ///< home directory by NSS; empty where unknown
  std::string passwd_line;        ///< the line getpwuid describes; empty where NSS knows none
  bool in_etc_passwd = false;     ///< /etc/passwd itself has a line for uid
  std::vector<IdExtent> uid_map;  ///< /proc/self/uid_map
  std::vector<IdExtent> gid_map;  ///< /proc/self/gid_map
  /// The hard limits of setrlimit(2); one that is not there is infinite.
  std::map<Limit, std::uint64_t> hard_limits{};
  friend bool operator==(const CallerFacts&, const CallerFacts&) = default;
};

/// True where uid 0 exists in the caller's user namespace: else a file of root's shows as nobody's
/// (user_namespaces(7)).
bool maps_root(const CallerFacts& caller) noexcept;

/// One of descriptors 0, 1, 2.
struct StreamFacts {
  bool open = true;
  bool terminal = false;
  std::uint64_t rdev = 0;  ///< the terminal's device number: two streams with one number are one terminal
  friend bool operator==(const StreamFacts&, const StreamFacts&) = default;
};

struct TerminalFacts {
  StreamFacts streams[3];
  bool controlling = false;  ///< a controlling terminal exists: /dev/tty can be opened
  bool foreground = false;   ///< fence's process group is the foreground group of that terminal
  friend bool operator==(const TerminalFacts& a, const TerminalFacts& b) {
    return a.streams[0] == b.streams[0] && a.streams[1] == b.streams[1] && a.streams[2] == b.streams[2] &&
           a.controlling == b.controlling && a.foreground == b.foreground;
  }
};

struct KernelFacts {
  std::string release;                ///< uname -r
  std::string machine;                ///< uname -m
  std::optional<int> legacy_tiocsti;  ///< sysctl dev.tty.legacy_tiocsti (Linux 6.2); nothing where it does not exist
  bool cgroup_namespace = false;      ///< /proc/self/ns/cgroup exists (Linux 4.6)
  std::uint64_t max_user_namespaces = 0;  ///< sysctl user.max_user_namespaces (Linux 4.9); 0 where unknown
  /// Mount points below /proc, sorted, each once: where there are any, the kernel may refuse a fresh procfs in a user
  /// namespace (mount_too_revealing in fs/namespace.c).
  std::vector<HostPath> covered_proc;
  /// Where WSL has mounted drives of Windows (DrvFs: 9p or virtiofs), sorted, each once.
  std::vector<HostPath> windows_drives;
  /// Where file systems are mounted that are a way to the host's processes, terminals and queues (proc, devpts,
  /// mqueue): sorted, each once, /proc and /dev/pts themselves among them.
  std::vector<HostPath> process_mounts;
  /// Where file systems are mounted whose files change the machine (sysfs, cgroup, debugfs, ...): sorted, each once.
  std::vector<HostPath> machine_mounts;
  friend bool operator==(const KernelFacts&, const KernelFacts&) = default;
};

/// The installed bubblewrap, known by the words of its --help: distributions backport options, so its
/// version says little.
struct BwrapFacts {
  std::string path;               ///< where PATH (or /usr/bin) has it: no link in it, and only root can change it
  std::set<std::string> options;  ///< "--bind", "--args", ...; empty where it could not be asked
  bool setuid = false;            ///< the file has the set-user-id bit
  friend bool operator==(const BwrapFacts&, const BwrapFacts&) = default;
};

/// The working directory, or the errno of getcwd(2) (ENOENT: deleted).
using WorkingDirectory = std::variant<HostPath, Unreadable>;

/// Variables in the order of environ; a name may stand twice (the first counts, as for getenv(3)).
using Environment = std::vector<std::pair<std::string, std::string>>;

/// Whether a kernel is one that Microsoft builds for WSL: "5.15.153.1-microsoft-standard-WSL2", "4.4.0-19041-Microsoft"
/// on WSL 1.
bool is_wsl_kernel(std::string_view release) noexcept;

/// The value of the first variable of that name.
const std::string* find_variable(const Environment& environment, std::string_view name) noexcept;

/// All that is known. A path that is not in `paths` was never asked for: a planner bug, never "absent".
struct HostFacts {
  std::unordered_map<HostPath, PathFact, PathHash> paths;
  std::map<HostPath, ListingFact> listings;
  std::map<HostPath, TextFact> texts;
  std::map<GlobQuery, GlobFact> globs;
  std::map<Ability, AbilityFact> abilities;
  /// Kernel settings that decide about abilities ("user.max_user_namespaces"), as text; read where an ability lacks.
  std::map<std::string, std::string> sysctls;
  std::map<HostPath, StalledMount> stalled;  ///< by mount point
  CallerFacts caller;
  Environment environment;
  WorkingDirectory working_directory = Unreadable{};
  TerminalFacts terminal;
  KernelFacts kernel;
  bool bwrap_known = false;  ///< false: nobody has looked for it
  std::optional<BwrapFacts> bwrap;
  std::optional<CgroupFacts> cgroups;       ///< nothing: nobody has looked
  std::vector<HostPath> listening_sockets;  ///< path sockets of /proc/net/unix that are bound; sorted, unique
  std::set<int> open_descriptors;           ///< descriptors above 2 that fence was started with
  std::set<int> ignored_signals;            ///< dispositions that were SIG_IGN when fence started
  friend bool operator==(const HostFacts&, const HostFacts&) = default;
};

/// Whether fence runs on WSL, by any of its traces: each of them can be missing (a kernel of the user's own, automount
/// switched off, variables dropped by sudo). True in a container on WSL as well.
bool on_wsl(const HostFacts& facts) noexcept;

/// The stalled mount that `path` lies on; null where it lies on none.
const std::pair<const HostPath, StalledMount>* find_stalled(const HostFacts& facts, const HostPath& path) noexcept;

/// HostFacts as JSON (schema "fence-facts/5"): every byte of every name survives, by escape_bytes.
/// Variables whose name matches a known credential pattern are dumped as "<removed>" unless `secrets` is true:
/// a dump is made to be sent to others.
std::string dump_facts(const HostFacts& facts, bool secrets = false);
/// The inverse; an error names the place in the document.
Result<HostFacts> parse_facts(std::string_view json);

}  // namespace fence
