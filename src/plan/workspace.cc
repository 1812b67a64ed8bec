#include "fence/plan/workspace.h"

#include <algorithm>
#include <array>

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

const Present* directory_at(FactLens& lens, const HostPath& path) {
  const auto* present = std::get_if<Present>(&lens.path(path));
  return present != nullptr && present->kind == PathKind::Directory ? present : nullptr;
}

bool regular_at(FactLens& lens, const HostPath& path) {
  const auto* present = std::get_if<Present>(&lens.path(path));
  return present != nullptr && present->kind == PathKind::Regular;
}

// The first line of a small file, without its end.
std::optional<std::string> first_line(FactLens& lens, const HostPath& path) {
  if (!regular_at(lens, path)) return std::nullopt;
  const auto* text = std::get_if<std::string>(&lens.text(path));
  if (text == nullptr) return std::nullopt;
  std::string line = text->substr(0, text->find('\n'));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

// `text` as git reads paths in its own files: relative to the directory that holds the file. Links resolved.
std::optional<HostPath> git_path(FactLens& lens, const HostPath& base, std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return std::nullopt;
  HostPath here = text.front() == '/' ? HostPath::root() : base;
  for (const std::string& part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part.size() > kMaxNameBytes) return std::nullopt;
    // Git's own files hold no links before "..", so going up by name is what the kernel would do.
    here = part == ".." ? here.parent() : here.child(part);
  }
  const Resolution found = resolve(lens, here);
  const auto* real = std::get_if<Found>(&found);
  return real != nullptr ? std::optional(real->real) : std::nullopt;
}

// "gitdir: PATH" of a .git file.
std::optional<HostPath> pointed_git_directory(FactLens& lens, const HostPath& top) {
  constexpr std::string_view kPrefix = "gitdir: ";
  const auto line = first_line(lens, top.child(".git"));
  if (!line || !line->starts_with(kPrefix)) return std::nullopt;
  const auto path = git_path(lens, top, std::string_view(*line).substr(kPrefix.size()));
  return path && directory_at(lens, *path) != nullptr ? path : std::nullopt;
}

// A linked worktree: GITDIR/gitdir names the .git file, and GITDIR is COMMON/worktrees/NAME.
std::optional<HostPath> worktree_common_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir) {
  const auto back = first_line(lens, gitdir.child("gitdir"));
  const auto common_line = first_line(lens, gitdir.child("commondir"));
  if (!back || !common_line) return std::nullopt;
  const auto named = git_path(lens, gitdir, *back);
  const auto common = git_path(lens, gitdir, *common_line);
  if (!named || !common || *named != top.child(".git")) return std::nullopt;
  return gitdir.parent() == common->child("worktrees") ? common : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The value of `key` in a line "key = value" of git's configuration format.
std::optional<std::string> config_value(std::string_view line, std::string_view key) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || trimmed(line.substr(0, equals)) != key) return std::nullopt;
  std::string_view value = trimmed(line.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return std::string(value);
}

// A submodule: GITDIR/config has core.worktree, which names the top level.
bool submodule_names_back(FactLens& lens, const HostPath& top, const HostPath& gitdir) {
  const HostPath config = gitdir.child("config");
  if (!regular_at(lens, config)) return false;
  const auto* text = std::get_if<std::string>(&lens.text(config));
  if (text == nullptr) return false;
  for (const std::string& line : split(*text, '\n')) {
    if (const auto value = config_value(line, "worktree")) {
      const auto named = git_path(lens, gitdir, *value);
      return named && *named == top;
    }
  }
  return false;
}

void protect_git_directory(const HostPath& gitdir, std::vector<HostPath>& protect) {
  // What git runs or follows out of its directory: hooks, and configuration (fsmonitor, hooksPath, filters, aliases).
  for (const char* name : {"config", "config.worktree", "hooks"}) protect.push_back(gitdir.child(name));
}

// Submodules by .gitmodules alone: nothing is walked. "path" and the section's name are text of the repository, so they
// only ever add protection.
void protect_submodules(FactLens& lens, const HostPath& top, std::vector<HostPath>& protect) {
  const HostPath modules = top.child(".gitmodules");
  if (!regular_at(lens, modules)) return;
  const auto* text = std::get_if<std::string>(&lens.text(modules));
  if (text == nullptr) return;
  for (const std::string& line : split(*text, '\n')) {
    const auto value = config_value(line, "path");
    if (!value || value->empty() || value->front() == '/') continue;
    const auto inside = git_path(lens, top, *value);
    if (!inside || !top.contains(*inside) || *inside == top) continue;
    const HostPath dot_git = inside->child(".git");
    if (directory_at(lens, dot_git) != nullptr) protect_git_directory(dot_git, protect);
    if (!regular_at(lens, dot_git)) continue;
    protect.push_back(dot_git);
    if (const auto gitdir = pointed_git_directory(lens, *inside)) protect_git_directory(*gitdir, protect);
  }
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

}  // namespace

Workspace find_workspace(const HostPath& directory, FactLens& lens) {
  Workspace workspace;
  if (const auto why = why_no_workspace(directory, lens.host())) {
    workspace.notice = "the working directory " + escape_bytes(directory.text()) + " is read-only here (" + *why +
                       "): go to a project, or allow it with --allow-write .";
    return workspace;
  }
  workspace.root = directory;
  const auto top = git_top_level(directory, lens);
  if (!top || why_no_workspace(*top, lens.host())) return workspace;
  workspace.root = *top;
  protect_submodules(lens, *top, workspace.protect);
  if (!regular_at(lens, top->child(".git"))) return workspace;

  workspace.protect.push_back(top->child(".git"));
  const auto gitdir = pointed_git_directory(lens, *top);
  if (!gitdir || top->contains(*gitdir)) {
    if (gitdir) protect_git_directory(*gitdir, workspace.protect);
    return workspace;
  }
  if (const auto common = worktree_common_directory(lens, *top, *gitdir)) {
    workspace.git.push_back({*common, "the repository of this linked worktree"});
    protect_git_directory(*common, workspace.protect);
    protect_git_directory(*gitdir, workspace.protect);
    // The pointers back and forth decide what the next start may write.
    for (const char* name : {"gitdir", "commondir"}) workspace.protect.push_back(gitdir->child(name));
  } else if (submodule_names_back(lens, *top, *gitdir)) {
    workspace.git.push_back({*gitdir, "the git directory of this submodule"});
    protect_git_directory(*gitdir, workspace.protect);
  } else {
    workspace.notice = "git can only read here: " + escape_bytes(gitdir->text()) +
                       ", which .git points to, does not name this directory back (allow it with --allow-write)";
  }
  return workspace;
}

}  // namespace fence
