#pragma once
// What a command line of bubblewrap 0.11.1 asks for, as a value. It is the plan: bwrap's words say what is done and in
// which order, so nothing is left to decide, and no question to the host could change it.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fence::bwrapline {

/// A bind's access. All of them are nosuid.
enum class Access : std::uint8_t {
  ReadOnly,   ///< --ro-bind
  ReadWrite,  ///< --bind
  Devices,    ///< --dev-bind: not nodev
};

/// A tree of the host, always recursive.
struct BindPath {
  std::string source;  ///< from the caller's directory where relative
  Access access = Access::ReadWrite;
  bool optional = false;  ///< nothing is done where `source` does not exist (ENOENT and nothing else)
  friend bool operator==(const BindPath&, const BindPath&) = default;
};
/// What a descriptor of the caller's is open on.
struct BindOpen {
  int fd = -1;
  Access access = Access::ReadWrite;
  friend bool operator==(const BindOpen&, const BindOpen&) = default;
};
struct RemountReadOnly {
  friend bool operator==(const RemountReadOnly&, const RemountReadOnly&) = default;
};
/// Where an overlay's changes go.
struct UpperDirectory {
  std::string upper, work;
  friend bool operator==(const UpperDirectory&, const UpperDirectory&) = default;
};
struct UpperTmpfs {
  friend bool operator==(const UpperTmpfs&, const UpperTmpfs&) = default;
};
struct NoUpper {
  friend bool operator==(const NoUpper&, const NoUpper&) = default;
};
struct Overlay {
  std::vector<std::string> lower;  ///< bottom first
  std::variant<NoUpper, UpperTmpfs, UpperDirectory> upper{};
  friend bool operator==(const Overlay&, const Overlay&) = default;
};
/// A new procfs in a pid namespace of the sandbox's own, else the host's.
struct Proc {
  friend bool operator==(const Proc&, const Proc&) = default;
};
struct Dev {
  friend bool operator==(const Dev&, const Dev&) = default;
};
struct Tmpfs {
  std::uint32_t mode = 0755;
  std::optional<std::uint64_t> bytes{};
  friend bool operator==(const Tmpfs&, const Tmpfs&) = default;
};
struct Mqueue {
  friend bool operator==(const Mqueue&, const Mqueue&) = default;
};
struct Directory {
  std::uint32_t mode = 0755;
  friend bool operator==(const Directory&, const Directory&) = default;
};
/// A file of what a descriptor says, written where the place is: through a writable bind that is the host.
struct File {
  int fd = -1;
  std::uint32_t mode = 0666;
  friend bool operator==(const File&, const File&) = default;
};
/// A file of what a descriptor says, on a tmpfs of the sandbox's own, bound over the place.
struct Data {
  int fd = -1;
  std::uint32_t mode = 0600;
  bool read_only = false;
  friend bool operator==(const Data&, const Data&) = default;
};
struct Symlink {
  std::string target;
  friend bool operator==(const Symlink&, const Symlink&) = default;
};
struct Chmod {
  std::uint32_t mode = 0;
  friend bool operator==(const Chmod&, const Chmod&) = default;
};
struct Hostname {
  std::string name;
  friend bool operator==(const Hostname&, const Hostname&) = default;
};
using Action = std::variant<BindPath, BindOpen, RemountReadOnly, Overlay, Proc, Dev, Tmpfs, Mqueue, Directory, File,
                            Data, Symlink, Chmod, Hostname>;

struct Op {
  std::string place;  ///< DEST as written: may be relative, have "..", doubled slashes; empty for Hostname
  Action action;
  /// Of directories that are made on the way to `place`. bwrap takes an op that --perms is not for like one with
  /// permissions of 0.
  std::uint32_t parents_mode = 0700;
  friend bool operator==(const Op&, const Op&) = default;
};

/// A namespace, a mode, or nothing of the kind.
enum class Unshare : std::uint8_t { No, Try, Yes };

struct Namespaces {
  bool user = false;      ///< --unshare-user
  bool user_try = false;  ///< --unshare-user-try; both may be given
  bool ipc = false, pid = false, net = false, uts = false;
  Unshare cgroup = Unshare::No;
  bool disable_user = false;
  bool assert_user_disabled = false;
  friend bool operator==(const Namespaces&, const Namespaces&) = default;
};

/// Descriptors with a meaning of their own; -1: not given.
struct Descriptors {
  int sync = -1, block = -1, userns_block = -1, info = -1, json_status = -1, seccomp = -1;
  int userns = -1, userns2 = -1, pidns = -1;
  friend bool operator==(const Descriptors&, const Descriptors&) = default;
};

/// One --cap-add or --cap-drop, in the order given.
struct CapabilityChange {
  bool add = false;
  std::optional<unsigned> number{};  ///< nothing: ALL
  friend bool operator==(const CapabilityChange&, const CapabilityChange&) = default;
};

struct Invocation {
  std::vector<Op> ops;
  Namespaces namespaces{};
  Descriptors descriptors{};
  std::vector<std::string> environment;  ///< "NAME=value"; PWD is the executor's
  std::vector<std::string> lock_files;
  std::vector<std::string> filters;  ///< of --add-seccomp-fd: struct sock_filter[] each
  std::vector<CapabilityChange> capabilities;
  std::optional<std::uint32_t> uid{}, gid{};
  std::optional<std::string> hostname{}, directory{}, argv0{};
  bool level_prefix = false;
  bool new_session = false, die_with_parent = false, as_pid_1 = false;
  std::vector<std::string> command;
  friend bool operator==(const Invocation&, const Invocation&) = default;
};

}  // namespace fence::bwrapline
