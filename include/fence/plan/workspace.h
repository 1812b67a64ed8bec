#pragma once
// The writable root around the working directory, and what git keeps elsewhere for it.
#include <optional>
#include <string>
#include <vector>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

/// A directory outside the workspace that its git needs to write, with what is protected in it.
struct GitDirectory {
  HostPath path = HostPath::root();
  std::string why;
};

/// What "$FENCE_WORKSPACE" means here.
struct Workspace {
  std::optional<HostPath> root;    ///< nothing: no writable root, and `notice` says why
  std::optional<HostPath> hidden;  ///< what `root` was before a rule hid it: only restrictions still speak of it
  std::string notice;              ///< said to the user before the command starts; may be empty
  std::vector<GitDirectory> git;   ///< writable besides the root: a linked worktree's or submodule's git directory
  std::vector<HostPath> protect;   ///< read-only inside all of these: what git runs or follows
};

/// Finds the git top level around `directory` (canonical, no links), else takes `directory` itself. "/" and the
/// directories that hold a system or all homes, the home directory and whatever contains it are no workspace. A `.git`
/// in a directory of another owner does not count (as in git's safe.directory, CVE-2022-24765). A git directory that
/// lies elsewhere is granted only where it names the workspace back: a `.git` file alone is text that anybody may have
/// put there.
Workspace find_workspace(const HostPath& directory, FactLens& lens);

/// Standing in ~/.ssh is no wish to show it: a workspace that a rule hides stays hidden, unless a rule of the same rank
/// or above, of the user or above, grants the workspace by name.
void drop_hidden_workspace(Workspace& workspace, const Policy& policy, FactLens& lens);

}  // namespace fence
