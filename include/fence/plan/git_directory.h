#pragma once
// What git keeps for a working tree, where it may lie, and what in it runs code.
#include <optional>
#include <string>
#include <vector>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

/// The directory at `path` with no link in it; null where there is none.
const Present* directory_at(FactLens& lens, const HostPath& path);
/// True where a regular file is at `path` itself.
bool regular_at(FactLens& lens, const HostPath& path);
/// The first line of a small regular file, without its end.
std::optional<std::string> first_line(FactLens& lens, const HostPath& path);

/// The directory that the file `top`/.git points to with "gitdir: PATH"; nothing where it does not.
std::optional<HostPath> pointed_git_directory(FactLens& lens, const HostPath& top);

/// The common directory of a linked worktree `top` whose own git directory is `gitdir`. Nothing unless everything
/// agrees: `gitdir` is COMMON/worktrees/NAME and names `top`/.git back; COMMON is called .git or *.git, has HEAD,
/// objects and refs, belongs to the caller and does not hold `top`. A `.git` file alone is text that anybody may have
/// put there.
std::optional<HostPath> worktree_common_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir);

/// True where `gitdir` is that of the submodule `top`: it lies in SUPER/.git/modules of a repository SUPER around
/// `top`, belongs to the caller, and its core.worktree names `top` back.
bool is_submodule_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir);

/// Adds what git runs or follows out of the git directory `gitdir` of the working tree `top`: configuration, hooks,
/// pointers to other directories, the same of linked worktrees and submodules below it, and what its configuration
/// names (core.hooksPath, core.fsmonitor, include.path).
void protect_git_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir, std::vector<HostPath>& protect);

/// Adds the `.git` of the submodules that `top`/.gitmodules names, or the file itself where it cannot be read.
void protect_submodules(FactLens& lens, const HostPath& top, std::vector<HostPath>& protect);

}  // namespace fence
