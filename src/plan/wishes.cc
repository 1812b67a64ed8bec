#include "fence/plan/wishes.h"

#include <algorithm>

#include "wish_sink.h"

namespace fence {
namespace {

std::string verb(PathList list) {
  switch (list) {
    case PathList::AllowRead:
      return "allow reading of ";
    case PathList::AllowWrite:
      return "allow writing to ";
    case PathList::DenyRead:
      return "hide ";
    case PathList::DenyWrite:
    case PathList::Protect:
      return "protect ";
  }
  return "";
}

class PathRules {
 public:
  PathRules(WishSink& sink, bool has_namespaces) : sink_(sink), lens_(sink.lens()), has_namespaces_(has_namespaces) {}

  void path_rule(const Ranked<PathRule>& rule) {
    const auto path = sink_.place_of(rule.value.path, restricts(rule.value.list));
    if (!path) return;
    if (rule.enforced && !rule.value.optional) return path_rule(where_it_may_be_missing(rule));
    for_each_place(rule, *path, [&](const Ranked<PathRule>& each, const HostPath& at) { apply(each, at); });
  }

  void protect_rule(const Ranked<PathRule>& rule, const std::vector<Wish>& wishes) {
    const auto* everywhere = std::get_if<InEveryWritableTree>(&rule.value.path);
    if (everywhere == nullptr) {
      if (const auto path = sink_.place_of(rule.value.path, true))
        protect_below(rule, *path, *path, same_inside(*path));
      return;
    }
    for (const Wish& wish : wishes) {
      const auto* host = wish.content ? std::get_if<HostContent>(&*wish.content) : nullptr;
      if (host == nullptr || host->device || !wish.writable.value_or(false)) continue;
      const auto* present = std::get_if<Present>(&lens_.path(host->source));
      if (present == nullptr || present->kind != PathKind::Directory) continue;
      protect_below(rule, host->source.below(everywhere->relative), host->source, wish.path);
    }
  }

 private:
  // What is enforced was written for many hosts, and holds here for what appears later.
  static Ranked<PathRule> where_it_may_be_missing(Ranked<PathRule> rule) {
    rule.value.optional = true;
    return rule;
  }

  static bool restricts(PathList list) { return list != PathList::AllowRead && list != PathList::AllowWrite; }

  // Calls `use` for the path itself, or for each match of the rule's pattern below it. A match is optional: it was
  // there a moment ago, and what has become of it since is no mistake of the rule's.
  template <class Use>
  void for_each_place(const Ranked<PathRule>& rule, const HostPath& path, Use use) {
    if (rule.value.pattern.empty() || class_by_name(path)) return use(rule, path);
    const std::string key = "filesystem." + std::string(list_name(rule.value.list));
    const std::vector<HostPath> matches =
        expand_pattern({.key = key,
                        .base = path,
                        .pattern = rule.value.pattern,
                        .grants = !restricts(rule.value.list),
                        .optional = rule.value.optional,
                        .base_must_exist = std::holds_alternative<HostPath>(rule.value.path),
                        .origin = rule.origin},
                       sink_);
    Ranked<PathRule> match = rule;
    match.value.optional = true;
    for (const HostPath& at : matches) use(match, at);
  }

  void apply(const Ranked<PathRule>& rule, const HostPath& path) {
    switch (rule.value.list) {
      case PathList::AllowRead:
      case PathList::AllowWrite:
        allow(rule, path);
        return;
      case PathList::DenyRead:
        deny_read(rule, path);
        return;
      case PathList::DenyWrite:
        deny_write(rule, path);
        return;
      case PathList::Protect:
        return;
    }
  }

  void protect_below(const Ranked<PathRule>& rule, const HostPath& path, const HostPath& root,
                     const SandboxPath& inside) {
    for_each_place(rule, path,
                   [&](const Ranked<PathRule>& each, const HostPath& at) { protect_one(each, at, root, inside); });
  }

  // True where the class settles the matter without a wish.
  bool settled(const GrantClass& grant, const std::string& what, const Ranked<PathRule>& rule) {
    return std::visit(Overloaded{
                          [](const Granted&) { return false; },
                          [](const GrantedReadOnly&) { return false; },
                          [&](const Covered& covered) {
                            sink_.remark(RemarkKind::Unneeded, "not needed to " + what + ": " + covered.why,
                                         rule.origin);
                            return true;
                          },
                          [&](const NotGrantable& refused) {
                            if (!rule.value.pattern.empty()) {
                              sink_.remark(RemarkKind::Note, "does not " + what + ": " + refused.why, rule.origin);
                              return true;
                            }
                            sink_.fail("cannot " + what, refused.why, rule.origin, refused.hint, ErrorKind::Config);
                            return true;
                          },
                      },
                      grant);
  }

  [[nodiscard]] std::optional<GrantClass> grant_by_name(const HostPath& path, PathList list) const {
    return has_namespaces_ ? class_by_name(path) : class_by_name_without_namespaces(path, list);
  }

  void allow(const Ranked<PathRule>& rule, const HostPath& path) {
    const std::string what = verb(rule.value.list) + shown(path);
    if (const auto by_name = grant_by_name(path, rule.value.list)) {
      settled(*by_name, what, rule);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) {
      missing_grant(rule, what, resolution);
      return;
    }
    const auto by_real_name = grant_by_name(found->real, rule.value.list);
    const GrantClass grant = by_real_name ? *by_real_name : class_of(found->real, found->fact, rule.value.list);
    if (settled(grant, what, rule) || leads_out_of_pattern(rule, path, *found, what)) return;
    if (!found->links.empty()) sink_.list().linked.push_back({what, found->real, found->links, rule.origin});
    Wish wish{same_inside(found->real), HostContent{found->real}, std::nullopt};
    if (rule.value.list == PathList::AllowWrite) wish.writable = true;
    if (const auto* limited = std::get_if<GrantedReadOnly>(&grant)) {
      wish.writable = false;
      sink_.remark(RemarkKind::Note, shown(path) + " is read-only: " + limited->why, rule.origin);
    }
    sink_.add(std::move(wish), rule);
    sink_.add_links(found->links, rule.origin);
  }

  // Whoever can make a link that a pattern matches would choose what is granted: a match has to lie where the pattern
  // looks.
  bool leads_out_of_pattern(const Ranked<PathRule>& rule, const HostPath& match, const Found& found,
                            const std::string& what) {
    if (rule.value.pattern.empty() || found.links.empty()) return false;
    const auto base = sink_.place_of(rule.value.path, false);
    const Resolution resolution = resolve(lens_, base ? *base : match.parent());
    const auto* directory = std::get_if<Found>(&resolution);
    if (directory != nullptr && directory->real.contains(found.real)) return false;
    sink_.remark(RemarkKind::Note,
                 "does not " + what + ": it leads out of where the pattern looks (" + chain_text(found.links) + ")",
                 rule.origin);
    return true;
  }

  // allowWrite may name what does not exist yet, where a writable tree is around it: then nothing has to be mounted.
  void missing_grant(const Ranked<PathRule>& rule, const std::string& what, const Resolution& resolution) {
    const auto* missing = std::get_if<Missing>(&resolution);
    const bool may_come = rule.value.list == PathList::AllowWrite && missing != nullptr && !missing->not_a_directory &&
                          sink_.workspace().root && sink_.workspace().root->contains(missing->missing);
    if (may_come) {
      sink_.remark(RemarkKind::Unneeded, "not needed to " + what + ": it does not exist, and the workspace is writable",
                   rule.origin);
      return;
    }
    sink_.unresolved("cannot " + what, resolution, rule.value.optional, rule.origin);
  }

  void deny_read(const Ranked<PathRule>& rule, const HostPath& path) {
    const std::string what = verb(rule.value.list) + shown(path);
    if (class_by_name(path)) {
      sink_.fail("cannot " + what,
                 has_namespaces_ ? "the sandbox's own /dev and /proc are not the host's"
                                 : "every sandbox needs /proc and some of /dev",
                 rule.origin, "remove the rule", ErrorKind::Config);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    const auto hide = [&](const SandboxPath& at) { sink_.add({at, HideContent{}, false}, rule); };
    if (const auto* found = std::get_if<Found>(&resolution)) {
      hide(same_inside(found->real));
      hide_name_itself(rule, path, found->links);
      return;
    }
    // What is not there now may come later: its name is hidden all the same.
    if (const auto* missing = std::get_if<Missing>(&resolution); missing != nullptr && rule.value.optional) {
      if (!missing->not_a_directory) hide(missing_place(*missing));
      hide_name_itself(rule, path, missing->links);
      return;
    }
    if (const auto* refused = std::get_if<Refused>(&resolution);
        refused != nullptr && rule.value.optional && refused->errno_value != ETIMEDOUT) {
      sink_.list().closed.push_back({what, refused->at, refused->errno_value, refused->at.parent(), rule.origin});
      sink_.remark(RemarkKind::Unneeded, "not needed to " + what + ": you may not look there yourself", rule.origin);
      return;
    }
    sink_.unresolved("cannot " + what, resolution, false, rule.origin);
  }

  // Where the rule's own name is a link, the name is hidden as well as its target: somebody could put a file there
  // instead.
  void hide_name_itself(const Ranked<PathRule>& rule, const HostPath& path, const std::vector<LinkStep>& links) {
    if (links.empty()) return;
    const Resolution parent = resolve(lens_, path.parent());
    const auto* directory = std::get_if<Found>(&parent);
    if (directory == nullptr || links.size() <= directory->links.size()) return;
    const LinkStep& own = links[directory->links.size()];
    sink_.add({same_inside(own.link), HideContent{}, false}, rule);
  }

  void deny_write(const Ranked<PathRule>& rule, const HostPath& path) {
    const std::string what = verb(rule.value.list) + shown(path);
    if (path_contains("/proc", path.text()) && path.text() != "/proc") {
      lock_proc(rule, path, what);
      return;
    }
    if (class_by_name(path)) {
      sink_.fail("cannot " + what,
                 has_namespaces_ ? "the sandbox needs its private /dev and /proc writable"
                                 : "without namespaces /proc is read-only, and the few nodes of /dev are needed",
                 rule.origin, "remove the rule", ErrorKind::Config);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    if (const auto* found = std::get_if<Found>(&resolution)) {
      Wish wish{same_inside(found->real), std::nullopt, false};
      sink_.add(std::move(wish), rule);
      return;
    }
    if (const auto* missing = std::get_if<Missing>(&resolution); missing != nullptr && rule.value.optional) {
      if (missing->not_a_directory) return;
      sink_.list().absent.push_back({same_outside(missing_place(*missing)), rule.origin, std::nullopt});
      return;
    }
    sink_.unresolved("cannot " + what, resolution, rule.value.optional, rule.origin);
  }

  void lock_proc(const Ranked<PathRule>& rule, const HostPath& path, const std::string& what) {
    const PathFact& fact = lens_.path(path);
    const std::string first = path.components().at(1);
    const bool of_a_process =
        first == "self" || first == "thread-self" || first.find_first_not_of("0123456789") == std::string::npos;
    if (of_a_process || !std::holds_alternative<Present>(fact)) {
      sink_.fail("cannot " + what, of_a_process ? "processes of the sandbox have their own entries" : "it is not there",
                 rule.origin, "name a part such as /proc/sys", ErrorKind::Config);
      return;
    }
    sink_.list().locks.push_back({same_inside(path), rule.origin, rule.value.why});
  }

  // Protects host path `path`; what lies below host directory `root` is shown below `inside`.
  void protect_one(const Ranked<PathRule>& rule, const HostPath& path, const HostPath& root,
                   const SandboxPath& inside) {
    const Resolution resolution = resolve(lens_, path);
    if (const auto* found = std::get_if<Found>(&resolution)) {
      const SandboxPath at =
          root.contains(found->real) ? inside.below(root.relative(found->real)) : same_inside(found->real);
      Wish wish{at, std::nullopt, false};
      wish.protect = true;
      sink_.add(std::move(wish), rule);
      watch_links(rule, found->links, root);
    } else if (const auto* missing = std::get_if<Missing>(&resolution);
               missing != nullptr && !missing->not_a_directory) {
      sink_.list().absent.push_back({same_outside(missing_place(*missing)), rule.origin, std::nullopt});
      watch_links(rule, missing->links, root);
    } else if (const auto* refused = std::get_if<Refused>(&resolution)) {
      sink_.list().closed.push_back({verb(PathList::Protect) + shown(path), refused->at, refused->errno_value,
                                     refused->at.parent(), rule.origin});
    }
  }

  // A mount cannot lie on a link: one that leads to what is protected is compared with what it was when the command has
  // ended.
  void watch_links(const Ranked<PathRule>& rule, const std::vector<LinkStep>& links, const HostPath& root) {
    for (const LinkStep& step : links) {
      if (!root.contains(step.link)) continue;
      sink_.list().absent.push_back({step.link, rule.origin, step.target});
    }
  }

  WishSink& sink_;
  FactLens& lens_;
  bool has_namespaces_;
};

/// A link in a writable tree may be the work of a command that ran before: it decides what is granted only as long as
/// it stays in that tree.
void refuse_links_out_of_writable_trees(WishSink& sink) {
  for (const LinkedGrant& grant : sink.list().linked) {
    for (const Wish& wish : sink.list().wishes) {
      const auto* host = wish.content ? std::get_if<HostContent>(&*wish.content) : nullptr;
      if (host == nullptr || !wish.writable.value_or(false) || host->source.contains(grant.real)) continue;
      const auto step =
          std::ranges::find_if(grant.links, [&](const LinkStep& s) { return host->source.contains(s.link); });
      if (step == grant.links.end()) continue;
      sink.fail("cannot " + grant.what,
                shown(step->link) + " is a link in a writable directory and leads out of it (" +
                    chain_text(grant.links) + "): a command that ran in the sandbox may have made it",
                grant.origin, "name " + shown(grant.real) + " itself if that is what you mean", ErrorKind::Config);
      break;
    }
  }
}

}  // namespace

WishList collect_wishes(const Policy& policy, const Workspace& workspace, FactLens& lens) {
  WishSink sink(workspace, lens);
  PathRules rules(sink, policy.backend.value != Backend::Landlock);
  for (const auto& rule : policy.paths) {
    if (rule.value.list != PathList::Protect) rules.path_rule(rule);
  }
  collect_mount_wishes(policy, sink);
  refuse_links_out_of_writable_trees(sink);
  // What is protected depends on what is writable, so on all wishes before.
  const std::vector<Wish> granted = sink.list().wishes;
  for (const auto& rule : policy.paths) {
    if (rule.value.list == PathList::Protect) rules.protect_rule(rule, granted);
  }
  return std::move(sink.list());
}

}  // namespace fence
