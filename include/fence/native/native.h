#pragma once
// A plan as a flat program for the native executor's child, which may neither allocate nor decide anything: every
// string stands NUL-terminated in one pool, every step names the op that it belongs to.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fence/plan/plan.h"

namespace fence {

/// The offset of a NUL-terminated string in ChildProgram::pool. 0 is the empty string.
using PoolString = std::uint32_t;

/// What one step does at its place.
enum class StepKind : std::uint8_t {
  Clone,      ///< a tree of the host, recursive, with its attributes from the first moment on
  Console,    ///< the terminal of ChildProgram::console_stream, whose path only the launcher knows
  Tmpfs,      ///< a new tmpfs
  Proc,       ///< a new procfs of the new pid namespace
  Devpts,     ///< a new devpts of its own
  Directory,  ///< a directory on a tmpfs of ours
  Link,       ///< a symbolic link on a tmpfs of ours
  Data,       ///< a file of our own content, read-only
  Lock,       ///< what is there already, made read-only in place
  Seal,       ///< our own tmpfs, made read-only when all is done
};

/// How a Clone knows its source.
enum class Expect : std::uint8_t {
  File,    ///< by `device` and `inode`
  Device,  ///< a character device with the number `device`
};

/// Where the mount point comes from.
enum class Make : std::uint8_t { Nothing, Directory, File };

inline constexpr std::uint32_t kNoOp = UINT32_MAX;

struct Step {
  StepKind kind = StepKind::Tmpfs;
  Expect expect = Expect::File;
  Make make = Make::Nothing;
  bool may_vanish = false;   ///< nothing is done where the source has gone
  std::uint32_t op = kNoOp;  ///< index in MountPlan::ops(); kNoOp: the executor's own root
  /// Absolute, below the new root. Where something is made (`make`, Directory, Link), the directory that `name` is made
  /// in; else the place itself.
  PoolString place = 0;
  PoolString name = 0;
  PoolString source = 0;          ///< Clone: its path on the host. Link: its target. Tmpfs: its size, or empty
  PoolString mode = 0;            ///< Tmpfs: its mode, octal
  std::uint32_t permissions = 0;  ///< Directory, Data
  std::uint32_t attributes = 0;   ///< MOUNT_ATTR_* of mount_setattr(2) to set
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  PoolString data = 0;  ///< Data: its first byte
  std::uint32_t length = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

struct ChildProgram {
  std::vector<Step> steps;  ///< the first one makes the root
  std::string pool;
  PoolString directory = 0;  ///< where the command starts, below the new root
  bool has_data = false;     ///< there is a Data step
  int console_stream = -1;   ///< of 0 to 2: the terminal that the Console step shows; -1: there is none
  bool tty_group = false;    ///< gid 5 is mapped, so that a terminal's slave can belong to it
  bool new_session = false;
  bool new_network = false;
  bool new_cgroup = false;
  bool nested_user_namespaces = false;
  bool as_root = false;  ///< uid 0 inside: the stage needs a capability to look everywhere (it drops it)

  [[nodiscard]] const char* text(PoolString at) const noexcept { return pool.data() + at; }
  /// Appends `text` to the pool.
  PoolString add(std::string_view text);
};

/// The plan as such a program. `facts` say which of the standard streams is a terminal. Pure.
/// Errors: more strings than 32 bits can address.
Result<ChildProgram, Errors> compile(const SandboxPlan& plan, const HostFacts& facts);

}  // namespace fence
