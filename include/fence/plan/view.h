#pragma once
// What a path is inside the sandbox, worked out from the plan's mounts and the facts: the planner's own simulation of
// the kernel. Used for the runtime directory, PATH entries and the working directory, and by the tests as an oracle.
#include <variant>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

/// Part of the host, seen through a bind.
struct SeenHost {
  HostPath host;  ///< the file that is shown
  Present fact;
  BindMode mode;  ///< of the bind through which it is seen
};
/// A directory on a tmpfs of ours, or such a tmpfs itself.
struct SeenOwn {
  std::uint32_t mode;  ///< permission bits; the owner is the sandbox's user
  bool mount_point;    ///< a tmpfs op's own target
  bool writable;       ///< not sealed
};
/// A part of the private /proc or /dev.
struct SeenSpecial {};
/// A file of ours, or a masked one.
struct SeenFile {};
/// Nothing there, or nothing that can be reached.
struct SeenNothing {
  int errno_value;      ///< ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, or what the facts say of an unreadable path
  std::string because;  ///< "/run/hid/x is hidden (through the link /run/l -> hid/x)"; names are raw bytes
};
using Seen = std::variant<SeenHost, SeenOwn, SeenSpecial, SeenFile, SeenNothing>;

struct SeenAt {
  SandboxPath path;  ///< where the walk ended, links followed inside the sandbox
  Seen seen;
};

/// Walks `text` (absolute; "..", ".", double and trailing slashes as the kernel takes them) in the sandbox's view.
/// Links are read on the host side of the bind they lie in, and followed inside the sandbox. With `follow_last` false a
/// final link is not followed: a link there gives SeenFile.
SeenAt look(std::string_view text, const MountPlan& mounts, FactLens& lens, bool follow_last = true);

/// Whether the caller (by uid, gid, groups and permission bits; ACLs are not known) may search, read and write. uid 0
/// gets no more than its bits give: inside the sandbox nobody has a capability.
struct Permission {
  bool read = false, write = false, search = false;
};
Permission permission(const Present& fact, const CallerFacts& caller) noexcept;

}  // namespace fence
