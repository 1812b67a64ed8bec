#include "fence/plan/git_directory.h"

#include "fence/plan/git_config.h"
#include "fence/util/text.h"

namespace fence {
namespace {

// How deep submodules below .git/modules are followed; each level is a submodule of a submodule, or a slash in a name.
constexpr int kModuleDepth = 12;

// `text` as git reads paths in its own files: relative to `base`, "~/" to the home directory. Links resolved.
std::optional<HostPath> git_path(FactLens& lens, const HostPath& base, std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return std::nullopt;
  HostPath here = text.front() == '/' ? HostPath::root() : base;
  if (text.starts_with("~/")) {
    const std::string* home = find_variable(lens.host().environment, "HOME");
    const auto path = HostPath::parse(home != nullptr ? *home : lens.host().caller.home);
    if (!path) return std::nullopt;
    here = *path;
    text.remove_prefix(2);
  }
  for (const std::string& part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part.size() > kMaxNameBytes) return std::nullopt;
    // Git's own files hold no links before "..", so going up by name is what the kernel would do.
    here = part == ".." ? here.parent() : here.child(part);
  }
  const Resolution found = resolve(lens, here);
  if (const auto* real = std::get_if<Found>(&found)) return real->real;
  // What is not there yet can be watched for.
  if (const auto* missing = std::get_if<Missing>(&found)) return missing->missing.below(missing->rest);
  // What cannot be looked at now may be the command's to open again: the planner judges that.
  if (std::holds_alternative<Refused>(found)) return here;
  return std::nullopt;
}

bool belongs_to_caller(FactLens& lens, const HostPath& directory) {
  const Present* fact = directory_at(lens, directory);
  return fact != nullptr && fact->uid == lens.host().caller.uid;
}

bool is_repository(FactLens& lens, const HostPath& gitdir) {
  return belongs_to_caller(lens, gitdir) && !std::holds_alternative<Absent>(lens.path(gitdir.child("HEAD"))) &&
         directory_at(lens, gitdir.child("objects")) != nullptr && directory_at(lens, gitdir.child("refs")) != nullptr;
}

/// Where they cannot be listed the directory is protected as a whole, and what is in it.
std::vector<std::string> names_in(FactLens& lens, const HostPath& directory, std::vector<HostPath>& protect) {
  if (directory_at(lens, directory) == nullptr) {
    if (std::holds_alternative<Unreadable>(lens.path(directory))) protect.push_back(directory);
    return {};
  }
  const auto* names = std::get_if<std::vector<std::string>>(&lens.listing(directory));
  if (names != nullptr) return *names;
  protect.push_back(directory);
  protect.push_back(directory.child("HEAD"));
  return {};
}

std::vector<GitConfigEntry> config_of(FactLens& lens, const HostPath& file) {
  if (!regular_at(lens, file)) return {};
  const auto* text = std::get_if<std::string>(&lens.text(file));
  return text != nullptr ? parse_git_config(*text) : std::vector<GitConfigEntry>();
}

// What configuration makes git read or run besides itself, where it lies in the working tree or the git directory.
// (What lies elsewhere is read-only anyway.)
void protect_named_by_config(FactLens& lens, const HostPath& top, const HostPath& gitdir,
                             std::vector<HostPath>& protect) {
  const auto add = [&](const HostPath& base, const std::string& text) {
    const auto path = git_path(lens, base, text);
    if (path && (top.contains(*path) || gitdir.contains(*path)) && *path != top && *path != gitdir)
      protect.push_back(*path);
  };
  for (const GitConfigEntry& entry : config_of(lens, gitdir.child("config"))) {
    const bool program = entry.section == "core" && (entry.key == "hookspath" || entry.key == "fsmonitor");
    const bool include = (entry.section == "include" || entry.section == "includeif") && entry.key == "path";
    if (program) add(top, entry.value);
    if (include) add(gitdir, entry.value);
  }
}

// The `.git` in a submodule's working tree is text that git follows. .gitmodules names the working trees too, but the
// command may write it; this configuration is read-only.
void protect_working_tree(FactLens& lens, const HostPath& top, const HostPath& gitdir, std::vector<HostPath>& protect) {
  for (const GitConfigEntry& entry : config_of(lens, gitdir.child("config"))) {
    if (entry.section != "core" || entry.key != "worktree") continue;
    const auto tree = git_path(lens, gitdir, entry.value);
    if (tree && top.contains(*tree) && *tree != top) protect.push_back(tree->child(".git"));
  }
}

void protect_modules(FactLens& lens, const HostPath& top, const HostPath& directory, int depth,
                     std::vector<HostPath>& protect) {
  if (depth == 0) return;
  for (const std::string& name : names_in(lens, directory, protect)) {
    const HostPath entry = directory.child(name);
    if (std::holds_alternative<Unreadable>(lens.path(entry))) protect.push_back(entry);
    if (directory_at(lens, entry) == nullptr) continue;
    // A name with a slash in it is a directory of directories.
    if (std::holds_alternative<Absent>(lens.path(entry.child("HEAD")))) {
      protect_modules(lens, top, entry, depth - 1, protect);
    } else {
      for (const char* file : {"config", "config.worktree", "hooks", "commondir"}) protect.push_back(entry.child(file));
      protect_working_tree(lens, top, entry, protect);
      protect_modules(lens, top, entry.child("modules"), depth - 1, protect);
    }
  }
}

}  // namespace

const Present* directory_at(FactLens& lens, const HostPath& path) {
  const auto* present = std::get_if<Present>(&lens.path(path));
  return present != nullptr && present->kind == PathKind::Directory ? present : nullptr;
}

bool regular_at(FactLens& lens, const HostPath& path) {
  const auto* present = std::get_if<Present>(&lens.path(path));
  return present != nullptr && present->kind == PathKind::Regular;
}

std::optional<std::string> first_line(FactLens& lens, const HostPath& path) {
  if (!regular_at(lens, path)) return std::nullopt;
  const auto* text = std::get_if<std::string>(&lens.text(path));
  if (text == nullptr) return std::nullopt;
  std::string line = text->substr(0, text->find('\n'));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

std::optional<HostPath> pointed_git_directory(FactLens& lens, const HostPath& top) {
  constexpr std::string_view kPrefix = "gitdir: ";
  const auto line = first_line(lens, top.child(".git"));
  if (!line || !line->starts_with(kPrefix)) return std::nullopt;
  const auto path = git_path(lens, top, std::string_view(*line).substr(kPrefix.size()));
  return path && directory_at(lens, *path) != nullptr ? path : std::nullopt;
}

std::optional<HostPath> worktree_common_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir) {
  const auto back = first_line(lens, gitdir.child("gitdir"));
  const auto common_line = first_line(lens, gitdir.child("commondir"));
  if (!back || !common_line) return std::nullopt;
  const auto named = git_path(lens, gitdir, *back);
  const auto common = git_path(lens, gitdir, *common_line);
  if (!named || !common || *named != top.child(".git")) return std::nullopt;
  const bool in_place = gitdir.parent() == common->child("worktrees") && common->name().ends_with(".git");
  return in_place && is_repository(lens, *common) && !common->contains(top) ? common : std::nullopt;
}

bool is_submodule_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir) {
  const auto at = gitdir.text().find("/.git/modules/");
  if (at == std::string::npos) return false;
  const auto super = HostPath::parse(at == 0 ? "/" : gitdir.text().substr(0, at));
  if (!super || !super->contains(top) || *super == top) return false;
  if (!is_repository(lens, super->child(".git")) || !belongs_to_caller(lens, gitdir)) return false;
  for (const GitConfigEntry& entry : config_of(lens, gitdir.child("config"))) {
    if (entry.section != "core" || entry.key != "worktree") continue;
    const auto named = git_path(lens, gitdir, entry.value);
    return named && *named == top;
  }
  return false;
}

void protect_git_directory(FactLens& lens, const HostPath& top, const HostPath& gitdir,
                           std::vector<HostPath>& protect) {
  // commondir: git takes configuration and hooks from the directory that it names, in a main repository as well.
  for (const char* name : {"config", "config.worktree", "hooks", "commondir"}) protect.push_back(gitdir.child(name));
  for (const std::string& name : names_in(lens, gitdir.child("worktrees"), protect)) {
    for (const char* file : {"config.worktree", "commondir", "gitdir"}) {
      protect.push_back(gitdir.child("worktrees").child(name).child(file));
    }
  }
  protect_modules(lens, top, gitdir.child("modules"), kModuleDepth, protect);
  protect_named_by_config(lens, top, gitdir, protect);
}

void protect_submodules(FactLens& lens, const HostPath& top, std::vector<HostPath>& protect) {
  const HostPath modules = top.child(".gitmodules");
  if (!regular_at(lens, modules)) return;
  const auto* text = std::get_if<std::string>(&lens.text(modules));
  // Which submodules there are cannot be told: the planner judges who could have made it so.
  if (text == nullptr) return protect.push_back(modules);
  for (const GitConfigEntry& entry : parse_git_config(*text)) {
    if (entry.section != "submodule" || entry.key != "path" || entry.value.starts_with('/')) continue;
    const auto inside = git_path(lens, top, entry.value);
    if (!inside || !top.contains(*inside) || *inside == top) continue;
    const HostPath dot_git = inside->child(".git");
    if (directory_at(lens, dot_git) != nullptr) {
      protect_git_directory(lens, *inside, dot_git, protect);
    } else {
      protect.push_back(dot_git);
    }
  }
}

}  // namespace fence
