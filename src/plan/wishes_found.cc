// Wishes that come from what is found on the host, not from a list of the settings.
#include <algorithm>

#include "fence/plan/git_directory.h"
#include "fence/plan/path_class.h"
#include "fence/plan/windows.h"
#include "fence/plan/wishes.h"
#include "fence/util/text.h"

namespace fence {
namespace {

// What git runs or follows besides is named in it.
void add_unread_configuration(const HostPath& path, const Origin& origin, FactLens& lens, WishList& wishes) {
  if ((path.name() != "config" && path.name() != ".gitmodules") || !regular_at(lens, path)) return;
  const auto* refused = std::get_if<Unreadable>(&lens.text(path));
  if (refused == nullptr) return;
  wishes.closed.push_back({"read " + escape_bytes(path.text()), path, refused->errno_value, path, origin});
}

/// False where something else is mounted over it. What cannot be looked at is for closed_places() to judge.
bool is_there(const HostPath& mount, std::string what, FactLens& lens, WishList& wishes) {
  const Resolution resolution = resolve(lens, mount);
  if (const auto* refused = std::get_if<Refused>(&resolution)) {
    wishes.closed.push_back({std::move(what), refused->at, refused->errno_value, refused->at.parent(), {}});
  }
  return std::holds_alternative<Found>(resolution);
}

}  // namespace

const Ranked<PathRule>* workspace_rule(const Policy& policy) {
  const auto rule = std::ranges::find_if(policy.paths, [](const Ranked<PathRule>& r) {
    const auto* in = std::get_if<InWorkspace>(&r.value.path);
    return in != nullptr && in->relative.empty() && r.value.list == PathList::AllowWrite;
  });
  return rule != policy.paths.end() ? &*rule : nullptr;
}

void add_git_directories(const Policy& policy, const Workspace& workspace, FactLens& lens, WishList& wishes) {
  const Ranked<PathRule>* rule = workspace_rule(policy);
  if (rule == nullptr) return;
  for (const GitDirectory& git : workspace.git) {
    Wish wish{same_inside(git.path), HostContent{git.path}, true};
    wish.rank = rule->rank;
    wish.origin = rule->origin;
    wish.why = git.why;
    wishes.wishes.push_back(std::move(wish));
  }
  for (const HostPath& path : workspace.protect) {
    const Resolution resolution = resolve(lens, path);
    if (const auto* link = std::get_if<Link>(&lens.path(path))) {
      wishes.absent.push_back({path, rule->origin, link->target});
    }
    if (const auto* found = std::get_if<Found>(&resolution)) {
      Wish wish{same_inside(found->real), std::nullopt, false};
      wish.protect = true;
      wish.rank = rule->rank;
      wish.origin = rule->origin;
      wish.why = "git runs or follows what it says";
      wishes.wishes.push_back(std::move(wish));
      add_unread_configuration(found->real, rule->origin, lens, wishes);
    } else if (const auto* missing = std::get_if<Missing>(&resolution);
               missing != nullptr && !missing->not_a_directory) {
      wishes.absent.push_back({missing->missing.below(missing->rest), rule->origin, std::nullopt});
    } else if (const auto* refused = std::get_if<Refused>(&resolution)) {
      wishes.closed.push_back({"protect " + escape_bytes(path.text()), refused->at, refused->errno_value,
                               refused->at.parent(), rule->origin});
    }
  }
}

void add_kernel_file_systems(FactLens& lens, WishList& wishes) {
  const KernelFacts& kernel = lens.host().kernel;
  const std::vector<Wish> grants = wishes.wishes;
  const auto restrict_below = [&](const std::vector<HostPath>& mounts, bool writable_only,
                                  const std::optional<Content>& content, std::string_view why) {
    for (const HostPath& mount : mounts) {
      // Those in /proc and /dev are the sandbox's own.
      if (class_by_name(mount)) continue;
      for (const Wish& grant : grants) {
        const auto* host = grant.content ? std::get_if<HostContent>(&*grant.content) : nullptr;
        if (host == nullptr || host->device || !host->source.contains(mount)) continue;
        if (writable_only && !grant.writable.value_or(false)) continue;
        if (!is_there(mount, "restrict " + escape_bytes(mount.text()), lens, wishes)) continue;
        Wish wish{grant.path.below(host->source.relative(mount)), content, false};
        wish.rank = -1;
        wish.why = why;
        wishes.wishes.push_back(std::move(wish));
      }
    }
  };
  restrict_below(kernel.process_mounts, false, HideContent{}, "a way to the host's processes and terminals");
  restrict_below(kernel.machine_mounts, true, std::nullopt, "its files change the machine");
}

// connect(2) needs no writable mount: a socket that somebody listens on is a way out wherever it can be seen.
void add_listening_sockets(const Policy& policy, FactLens& lens, WishList& wishes) {
  for (const HostPath& path : lens.host().listening_sockets) {
    if (policy.windows_interop.value && starts_windows_programs(path)) continue;
    const Resolution resolution = resolve(lens, path);
    if (const auto* refused = std::get_if<Refused>(&resolution)) {
      wishes.closed.push_back({"hide the socket " + escape_bytes(path.text()),
                               refused->at,
                               refused->errno_value,
                               refused->at.parent(),
                               {}});
    }
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr || found->fact.kind != PathKind::Socket) continue;
    Wish wish{same_inside(found->real), HideContent{}, false};
    wish.rank = -1;
    wish.why = "a socket of a process of the host";
    wishes.wishes.push_back(std::move(wish));
  }
}

}  // namespace fence
