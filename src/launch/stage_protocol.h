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
  Seccomp,           ///< no filter is in force
  CapabilitiesLeft,  ///< a capability is left in one of the five sets
  Session,           ///< leads a session where it should not, or leads none where it should
  RuntimeDir,        ///< cannot be opened as a directory
  RuntimeDirOwner,   ///< belongs to another user
  RuntimeDirMode,    ///< has another mode than 0700
  RuntimeDirRemote,  ///< lies on a file system that is not local
  RuntimeDirWrite,   ///< nothing can be created in it
  Fork,              ///< start the command's process
};

enum class ReportKind : std::uint32_t {
  Ready,       ///< the sandbox is what the plan says; waiting for Go
  Failed,      ///< value: Step, extra: errno
  ExecFailed,  ///< value: errno, extra: 1 where the file exists
  Stopped,     ///< value: signal
  Exited,      ///< value: status
  Killed,      ///< value: signal
};
struct Report {
  ReportKind kind;
  std::int32_t value;
  std::int32_t extra;
  std::uint32_t resumes;  ///< how many Resume orders were carried out before: an older Stopped is stale
};

enum class OrderKind : std::uint32_t {
  Go,           ///< start the command
  Signal,       ///< signal to the command
  SignalGroup,  ///< signal to the command's process group (a session of its own)
  Freeze,       ///< stop everything inside, and report Stopped
  Resume,       ///< undo Freeze, or continue the command if it is stopped
  Kill,         ///< SIGKILL to everything inside
};
struct Order {
  OrderKind kind;
  std::int32_t signal;
};

/// The payload: this header, `kept` numbers (std::int32_t), then NUL-terminated strings: `arguments` words, `variables`
/// "NAME=VALUE", and the runtime directory (empty: none to confirm).
struct PayloadHeader {
  std::uint32_t size;  ///< of the whole payload
  std::uint32_t arguments;
  std::uint32_t variables;
  std::uint32_t kept;
  std::int32_t control;       ///< SOCK_SEQPACKET
  std::int32_t streams[3];    ///< what becomes 0, 1, 2; -1: closed
  std::uint32_t uid;          ///< the command's
  std::uint32_t new_session;  ///< 1: the stage must lead a session of its own
  std::uint64_t ignored;      ///< bit N-1: signal N is ignored by the command
  std::uint64_t blocked;      ///< bit N-1: signal N is blocked in the command
};

}  // namespace fence::stage
