#pragma once
// What fence and its stage say to each other. Both are built from one tree at one time, so there is no version.
#include <cstdint>

namespace fence::stage {

/// What the stage was doing when it failed.
enum class Step : std::uint32_t {
  Orders,            ///< read the payload
  Descriptors,       ///< put the command's descriptors in place
  Capabilities,      ///< drop what bwrap left
  NoNewPrivileges,   ///< is not set
  CapabilitiesLeft,  ///< a capability is left in one of the five sets
  Session,           ///< leads a session where it should not, or leads none where it should
  MountPath,         ///< a place of the plan cannot be opened, or a link leads there
  MountFile,         ///< another file is there than the planned one
  MountRoot,         ///< the planned mount is not there
  MountFlags,        ///< the mount allows more than the plan
  MountNames,        ///< a directory of ours has a name in it that the plan does not have
  RuntimeDir,        ///< cannot be opened as a directory
  RuntimeDirOwner,   ///< belongs to another user
  RuntimeDirMode,    ///< has another mode than 0700
  RuntimeDirRemote,  ///< lies on a file system that is not local
  RuntimeDirWrite,   ///< nothing can be created in it
  Terminal,          ///< make the private terminal
  LandlockRuleset,   ///< make the ruleset
  LandlockRule,      ///< add a place to it
  LandlockStream,    ///< add a descriptor to it
  LandlockRestrict,  ///< put it in force
  Apart,             ///< signals of the stage reach processes that are not its own
  Held,              ///< Landlock is in force and does not hold; extra: errno
  Clock,             ///< make the timer for the command's wall time
  Fork,              ///< start the command's process
  Seccomp,           ///< load the filter of the command's system calls
  Limits,            ///< the kernel refuses a limit; extra: errno, mount: which LimitRecord
};

enum class ReportKind : std::uint32_t {
  Ready,  ///< the sandbox is what the plan says; waiting for Go. Carries a private terminal's master (SCM_RIGHTS)
  /// value: Step, extra: errno, mount: which MountRecord, in the Mount... steps and in LandlockRule, or which
  /// LimitRecord
  Failed,
  ExecFailed,  ///< value: errno, extra: 1 where the file exists
  Stopped,     ///< value: signal
  TimeUp,      ///< the wall time is over, and everything inside has got SIGTERM
  Exited,      ///< value: status
  Killed,      ///< value: signal
};
struct Report {
  ReportKind kind;
  std::int32_t value;
  std::int32_t extra;
  std::uint32_t resumes;  ///< how many Resume orders were carried out before: an older Stopped is stale
  std::uint32_t mount;
};

enum class OrderKind : std::uint32_t {
  Go,           ///< start the command
  Signal,       ///< signal to the command, unless its group has just got it
  SignalGroup,  ///< signal to the process group in front (a place of its own; else to the command)
  HangUp,       ///< SIGHUP and SIGCONT to the process group in front and to the command
  Front,        ///< give the private terminal's foreground back to the group that had it; with signal != 0 to the
                ///< command's group
  Back,         ///< take that foreground away: who reads there is stopped
  Freeze,       ///< stop everything inside, and report Stopped
  Resume,       ///< undo Freeze, or continue the command if it is stopped
  Kill,         ///< SIGKILL to everything inside
};
struct Order {
  OrderKind kind;
  std::int32_t signal;
};

/// Where the command's process stands among the sessions and groups.
enum class Place : std::uint32_t {
  SharedGroup,  ///< in fence's process group
  OwnGroup,     ///< leads a group of fence's session, and has the terminal's foreground
  OwnSession,   ///< leads a group of the session that the executor has made
  OwnTerminal,  ///< the same, and the session has a private terminal as its controlling one
};

/// In PayloadHeader::streams: the private terminal.
inline constexpr std::int32_t kPrivateTerminal = -2;

/// What a MountRecord demands of its place; bits.
inline constexpr std::uint32_t kIdentity = 1U << 0;     ///< it is the file `device`, `inode`
inline constexpr std::uint32_t kMountRoot = 1U << 1;    ///< something is mounted right there
inline constexpr std::uint32_t kReadOnly = 1U << 2;     ///< the mount is read-only
inline constexpr std::uint32_t kNoDevices = 1U << 3;    ///< the mount is nodev
inline constexpr std::uint32_t kNoSetId = 1U << 4;      ///< the mount is nosuid
inline constexpr std::uint32_t kTmpfs = 1U << 5;        ///< it is a tmpfs
inline constexpr std::uint32_t kProcfs = 1U << 6;       ///< it is a procfs
inline constexpr std::uint32_t kUnopenable = 1U << 7;   ///< opening it gives EACCES
inline constexpr std::uint32_t kLinkTarget = 1U << 8;   ///< it is a link with exactly the target that follows
inline constexpr std::uint32_t kMayBeAbsent = 1U << 9;  ///< nothing need be there
// The stage leaves these two to fence, which reads the sandbox's mountinfo.
inline constexpr std::uint32_t kHoldsSubmounts = 1U << 10;  ///< the source's own submounts come along
inline constexpr std::uint32_t kHoldsNodes = 1U << 11;      ///< it is a /dev, with its nodes and pts
inline constexpr std::uint32_t kOnlyPlanned = 1U << 12;     ///< a directory with at most `names` names in it
/// For `type`: not looked at.
inline constexpr std::uint32_t kAnyType = 0;

/// What one place in the finished sandbox has to be. In the payload its path follows, and with kLinkTarget the link's
/// target, each with a NUL; no padding, so records are not aligned.
struct MountRecord {
  std::uint64_t device;
  std::uint64_t inode;
  std::uint32_t type;     ///< of S_IFMT
  std::uint32_t demands;  ///< of the bits above
  std::uint64_t names;    ///< with kOnlyPlanned
  std::uint64_t rights;   ///< that Landlock grants at and below it
};

/// Of setrlimit(2); both the soft and the hard limit of the command.
struct LimitRecord {
  std::uint64_t resource;
  std::uint64_t value;
};

/// The payload: this header, `limits` records (LimitRecord), `kept` numbers (std::int32_t), `filter` bytes (struct
/// sock_filter[]), then NUL-terminated
/// strings: `arguments` words, `variables` "NAME=VALUE", and the runtime directory (empty: none to confirm), then
/// `mounts` records (MountRecord).
struct PayloadHeader {
  std::uint32_t size;  ///< of the whole payload
  std::uint32_t arguments;
  std::uint32_t variables;
  std::uint32_t kept;  ///< the command's own, and `control`
  std::uint32_t mounts;
  std::uint32_t filter;
  std::uint32_t limits;
  std::int32_t control;     ///< SOCK_SEQPACKET
  std::int32_t streams[3];  ///< what becomes 0, 1, 2; -1: closed; kPrivateTerminal
  std::uint32_t uid;        ///< the command's
  Place place;
  std::uint32_t private_terminal;  ///< 1: one is to be made
  std::uint32_t in_front;          ///< 1: the command starts as the foreground of the private terminal
  std::uint64_t wall_seconds;      ///< after which everything ends; 0: never
  std::uint64_t ignored;           ///< bit N-1: signal N is ignored by the command
  std::uint64_t blocked;           ///< bit N-1: signal N is blocked in the command
  std::uint32_t alone;             ///< 1: there are no namespaces, and the stage is pid 1 of none
  std::uint32_t root_closed;       ///< 1: the host's root may not be listed, by which the rules are tried
  std::uint64_t handled;           ///< Landlock's handled_access_fs
  std::uint64_t handled_net;       ///< Landlock's handled_access_net
  std::uint64_t
      handled_for_input;          ///< handled too where a file or directory is handed over that is not open for writing
  std::uint64_t scoped;           ///< Landlock's scopes; with `handled` 0 and this 0 there is no Landlock
  std::uint64_t handed_readable;  ///< what Landlock grants for the command's descriptors that are open for reading
  std::uint64_t handed_writable;  ///< the same for writing
};

}  // namespace fence::stage
