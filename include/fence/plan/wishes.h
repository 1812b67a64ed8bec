#pragma once
// From the rules of a policy to wishes on real paths: links resolved, each path's class judged (policy.md, "Path
// classes").
#include <string>
#include <vector>

#include "fence/facts/resolve.h"
#include "fence/plan/access.h"
#include "fence/plan/workspace.h"

namespace fence {

/// A link that a wish went through: shown as it is where its directory is one of ours.
struct LinkWish {
  SandboxPath at = SandboxPath::root();
  std::string target;
  Origin origin{};
};

/// A part of /proc that is made read-only in place.
struct LockWish {
  SandboxPath at = SandboxPath::root();
  Origin origin{};
  std::string why{};
};

/// A restriction whose place cannot be looked at.
struct ClosedPlace {
  std::string what;  ///< "hide /home/ann/p/secrets/.env"
  HostPath at = HostPath::root();
  int errno_value = 0;
  HostPath closed = HostPath::root();  ///< the directory or file whose owner could allow it
  Origin origin{};
};

/// A grant whose path went through links.
struct LinkedGrant {
  std::string what;  ///< "allow reading of /home/ann/p/data"
  HostPath real = HostPath::root();
  std::vector<LinkStep> links;
  Origin origin{};
};

/// All wishes of a policy, and what was noticed while reading them.
struct WishList {
  std::vector<Wish> wishes;
  std::vector<LinkWish> links;
  std::vector<LockWish> locks;
  std::vector<AbsentPath> absent;  ///< protected paths that are not there
  std::vector<LinkedGrant> linked;
  std::vector<ClosedPlace> closed;
  std::vector<PatternPlan> patterns;
  std::vector<Remark> remarks;
  Errors errors;
};

/// Reads every path rule, scratch rule, bind and device of the policy. Errors: a path that is missing, dangling,
/// looping, unreadable, or of a class that cannot be granted, each with the place that asked; a grant through a link
/// that lies in a writable tree and leads out of it, since a command of an earlier run may have made that link.
WishList collect_wishes(const Policy& policy, const Workspace& workspace, FactLens& lens);

/// The rule that makes the workspace writable; null where none does. It speaks for the git directories that belong to
/// the workspace as well.
const Ranked<PathRule>* workspace_rule(const Policy& policy);

/// The git directories that belong to the workspace, writable as it is, and what git runs or follows, protected.
void add_git_directories(const Policy& policy, const Workspace& workspace, FactLens& lens, WishList& wishes);

/// What is granted may have a file system of the kernel's mounted below it, as the root of a chroot has. The host's
/// processes, terminals and queues are hidden there; what changes the machine is read-only, whatever is around it.
/// Precondition: `wishes` has all the grants.
void add_kernel_file_systems(FactLens& lens, WishList& wishes);

/// Hides each socket on which a process of the host listens.
void add_listening_sockets(const Policy& policy, FactLens& lens, WishList& wishes);

/// An error for each restriction that would have to hold and whose place cannot be looked at.
Errors closed_places(const WishList& wishes, FactLens& lens);

/// What a pattern matches, and the path that is spelled so itself, where there is one: directories are called "[id]".
/// Nothing where that is not known.
std::vector<HostPath> matches_of(FactLens& lens, const HostPath& base, const std::string& pattern);

}  // namespace fence
