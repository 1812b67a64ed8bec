#include "fence/plan/workspace.h"

#include <algorithm>
#include <array>

#include "fence/plan/git_directory.h"
#include "fence/plan/wishes.h"
#include "fence/util/text.h"

namespace fence {
namespace {

struct NoWorkspace {
  std::string_view path;
  bool below_too;
  std::string_view why;
};

// A working directory here is more likely a place somebody looked at than a project: it takes a wish of its own to
// write there.
constexpr std::array kNoWorkspace = {
    NoWorkspace{"/", false, "the root of the system"},
    NoWorkspace{"/home", false, "it holds everybody's home"},
    NoWorkspace{"/root", false, "a home directory"},
    NoWorkspace{"/tmp", false, "the sandbox has a private one"},
    NoWorkspace{"/var/tmp", false, "the sandbox has a private one"},
    NoWorkspace{"/var", false, "a system directory"},
    NoWorkspace{"/opt", false, "a system directory"},
    NoWorkspace{"/srv", false, "a system directory"},
    NoWorkspace{"/mnt", false, "it holds mounts"},
    NoWorkspace{"/media", false, "it holds mounts"},
    NoWorkspace{"/usr", false, "a system directory"},
    NoWorkspace{"/usr/local", false, "a system directory"},
    NoWorkspace{"/usr/bin", true, "a system directory"},
    NoWorkspace{"/usr/sbin", true, "a system directory"},
    NoWorkspace{"/usr/lib", true, "a system directory"},
    NoWorkspace{"/bin", true, "a system directory"},
    NoWorkspace{"/sbin", true, "a system directory"},
    NoWorkspace{"/lib", true, "a system directory"},
    NoWorkspace{"/etc", true, "the system's configuration"},
    NoWorkspace{"/boot", true, "what the machine starts from"},
    NoWorkspace{"/dev", true, "devices"},
    NoWorkspace{"/proc", true, "the kernel's view of processes"},
    NoWorkspace{"/sys", true, "the kernel's view of devices"},
    NoWorkspace{"/run", true, "the state of running services"},
};

std::optional<std::string> why_no_workspace(const HostPath& directory, const HostFacts& facts) {
  for (const NoWorkspace& row : kNoWorkspace) {
    const bool hit = row.below_too ? path_contains(row.path, directory.text()) : row.path == directory.text();
    if (hit) return std::string(row.why);
  }
  const std::string* variable = find_variable(facts.environment, "HOME");
  for (const std::string& home : {variable != nullptr ? *variable : std::string(), facts.caller.home}) {
    const auto path = HostPath::parse(home);
    if (!path || path->is_root() || !directory.contains(*path)) continue;
    return *path == directory ? "your home directory" : "it holds your home directory";
  }
  return std::nullopt;
}

// The nearest directory at or above `directory` with a `.git` that git would take.
std::optional<HostPath> git_top_level(const HostPath& directory, FactLens& lens) {
  for (HostPath here = directory;; here = here.parent()) {
    const HostPath dot_git = here.child(".git");
    const bool repository = directory_at(lens, dot_git) != nullptr
                                ? !std::holds_alternative<Absent>(lens.path(dot_git.child("HEAD")))
                                : first_line(lens, dot_git).value_or("").starts_with("gitdir: ");
    if (repository) {
      const Present* top = directory_at(lens, here);
      return top != nullptr && top->uid == lens.host().caller.uid ? std::optional(here) : std::nullopt;
    }
    if (here.is_root()) return std::nullopt;
  }
}

// The highest rank with which a user grants the workspace as such.
std::optional<int> workspace_grant(const Policy& policy) {
  std::optional<int> highest;
  for (const Ranked<PathRule>& rule : policy.paths) {
    const auto* in = std::get_if<InWorkspace>(&rule.value.path);
    const bool grants = rule.value.list == PathList::AllowRead || rule.value.list == PathList::AllowWrite;
    if (in == nullptr || !in->relative.empty() || !grants || rule.origin.layer < LayerKind::User) continue;
    highest = std::max(highest.value_or(rule.rank), rule.rank);
  }
  return highest;
}

// Who hides the home and names the workspace in the same file or above means the project in it.
bool asked_for_in_spite_of(const Ranked<PathRule>& hiding, std::optional<int> grant) {
  return hiding.origin.layer >= LayerKind::User && !hiding.enforced && grant && *grant >= hiding.rank;
}

bool hides(const HostPath& path, const std::string& pattern, const HostPath& what, FactLens& lens) {
  if (!pattern.empty()) {
    const std::vector<HostPath> matches = matches_of(lens, path, pattern);
    return std::ranges::any_of(matches, [&](const HostPath& match) { return hides(match, {}, what, lens); });
  }
  // Most of what is hidden is not there; that is cheaper to know than where it would be.
  const auto known = lens.host().paths.find(path);
  if (known != lens.host().paths.end() && std::holds_alternative<Absent>(known->second)) return false;
  const Resolution resolution = resolve(lens, path);
  const auto* found = std::get_if<Found>(&resolution);
  return found != nullptr && found->real.contains(what);
}

}  // namespace

void drop_hidden_workspace(Workspace& workspace, const Policy& policy, FactLens& lens) {
  const std::optional<int> grant = workspace_grant(policy);
  for (const auto& rule : policy.paths) {
    const auto* path = std::get_if<HostPath>(&rule.value.path);
    if (path == nullptr || rule.value.list != PathList::DenyRead || !workspace.root) continue;
    if (asked_for_in_spite_of(rule, grant)) continue;
    if (!hides(*path, rule.value.pattern, *workspace.root, lens)) continue;
    // What was granted falls away; what was protected stays so, since another rule may show a part of it.
    workspace = Workspace{.hidden = workspace.root, .protect = std::move(workspace.protect)};
  }
}

Workspace find_workspace(const HostPath& directory, FactLens& lens) {
  Workspace workspace;
  if (const auto why = why_no_workspace(directory, lens.host())) {
    workspace.notice = "the working directory " + escape_bytes(directory.text()) + " is read-only here (" + *why +
                       "): go to a project, or allow it with --allow-write .";
    return workspace;
  }
  workspace.root = directory;
  const auto top = git_top_level(directory, lens);
  if (!top || why_no_workspace(*top, lens.host())) {
    // Whatever appears there decides what git does here outside.
    workspace.protect.push_back(directory.child(".git"));
    return workspace;
  }
  workspace.root = *top;
  protect_submodules(lens, *top, workspace.protect);
  const HostPath dot_git = top->child(".git");
  if (!regular_at(lens, dot_git)) {
    protect_git_directory(lens, *top, dot_git, workspace.protect);
    return workspace;
  }

  workspace.protect.push_back(dot_git);
  const auto gitdir = pointed_git_directory(lens, *top);
  if (!gitdir) return workspace;
  if (const auto common = worktree_common_directory(lens, *top, *gitdir);
      common && !why_no_workspace(*common, lens.host())) {
    workspace.git.push_back({*common, "the repository of this linked worktree"});
    workspace.git.push_back({*gitdir, "the git directory of this linked worktree"});
    protect_git_directory(lens, *top, *common, workspace.protect);
    // Other worktrees are none of this one's business.
    workspace.protect.push_back(common->child("worktrees"));
    return workspace;
  }
  if (!top->contains(*gitdir) && is_submodule_directory(lens, *top, *gitdir)) {
    workspace.git.push_back({*gitdir, "the git directory of this submodule"});
  } else if (!top->contains(*gitdir)) {
    workspace.notice =
        "git can only read here: " + escape_bytes(gitdir->text()) +
        ", which .git points to, is not surely the git directory of this place (allow it with --allow-write)";
  }
  protect_git_directory(lens, *top, *gitdir, workspace.protect);
  return workspace;
}

}  // namespace fence
