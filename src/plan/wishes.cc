#include "fence/plan/wishes.h"

#include <algorithm>

#include "fence/plan/path_class.h"
#include "fence/util/text.h"

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

std::string shown(const HostPath& path) { return escape_bytes(path.text()); }

// Where a missing path would be, with the links before it followed.
SandboxPath missing_place(const Missing& missing) { return same_inside(missing.missing.below(missing.rest)); }

class Collector {
 public:
  Collector(const Policy& policy, const Workspace& workspace, FactLens& lens)
      : policy_(policy), workspace_(workspace), lens_(lens) {}

  WishList collect() && {
    for (const auto& rule : policy_.paths) {
      if (rule.value.list != PathList::Protect) path_rule(rule);
    }
    for (const auto& rule : policy_.scratch) scratch_rule(rule);
    for (const auto& rule : policy_.binds) bind_rule(rule);
    for (const auto& rule : policy_.device_nodes) device_rule(rule);
    if (policy_.devices.value == DevicesMode::Host) all_devices();
    const std::vector<Wish> before_protection = out_.wishes;
    for (const auto& rule : policy_.paths) {
      if (rule.value.list == PathList::Protect) protect_rule(rule, before_protection);
    }
    return std::move(out_);
  }

 private:
  void fail(const std::string& what, std::string why, const Origin& origin, std::string hint = {},
            ErrorKind kind = ErrorKind::Host) {
    Error error{kind, what, std::move(why)};
    error.origin = origin;
    error.hint = std::move(hint);
    out_.errors.push_back(std::move(error));
  }

  void remark(RemarkKind kind, std::string text, const Origin& origin) {
    out_.remarks.push_back({kind, std::move(text), origin});
  }

  // The host paths that a rule's path means here; none where "$FENCE_WORKSPACE" means nothing.
  std::optional<HostPath> place_of(const RulePath& path) const {
    return std::visit(Overloaded{
                          [](const HostPath& host) { return std::optional(host); },
                          [&](const InWorkspace& in) {
                            return workspace_.root ? std::optional(workspace_.root->below(in.relative)) : std::nullopt;
                          },
                          [](const InEveryWritableTree&) { return std::optional<HostPath>(); },
                      },
                      path);
  }

  // Reports why a path cannot be had, unless the rule says that it may be missing.
  void unresolved(const std::string& what, const Resolution& resolution, bool optional, const Origin& origin) {
    std::visit(Overloaded{
                   [](const Found&) {},
                   [&](const Missing& missing) {
                     if (optional) return;
                     std::string why = missing.not_a_directory ? shown(missing.deepest) + " is not a directory"
                                                               : "no such file or directory";
                     if (!missing.links.empty()) why += " (" + chain_text(missing.links) + ")";
                     fail(what, std::move(why), origin,
                          origin.layer == LayerKind::CommandLine
                              ? "check the spelling, or make it first"
                              : "add `optional = true` to skip it when it is missing");
                   },
                   [&](const Refused& refused) {
                     fail(what, errno_text(refused.errno_value) + " at " + shown(refused.at), origin,
                          "fence looks at paths as you, and may not look there");
                   },
                   [&](const Loop& loop) {
                     fail(what, "too many levels of symbolic links (" + chain_text(loop.links) + ")", origin,
                          "name the file itself");
                   },
               },
               resolution);
  }

  void add_links(const std::vector<LinkStep>& links, const Origin& origin) {
    for (const LinkStep& step : links) out_.links.push_back({same_inside(step.link), step.target, origin});
  }

  void path_rule(const Ranked<PathRule>& rule) {
    const auto path = place_of(rule.value.path);
    if (!path) return;
    switch (rule.value.list) {
      case PathList::AllowRead:
      case PathList::AllowWrite:
        allow(rule, *path);
        return;
      case PathList::DenyRead:
        deny_read(rule, *path);
        return;
      case PathList::DenyWrite:
        deny_write(rule, *path);
        return;
      case PathList::Protect:
        return;
    }
  }

  // True where the class settles the matter without a wish.
  bool settled(const GrantClass& grant, const std::string& what, const Origin& origin) {
    return std::visit(Overloaded{
                          [](const Granted&) { return false; },
                          [](const GrantedReadOnly&) { return false; },
                          [&](const Covered& covered) {
                            remark(RemarkKind::Unneeded, "not needed to " + what + ": " + covered.why, origin);
                            return true;
                          },
                          [&](const NotGrantable& refused) {
                            fail("cannot " + what, refused.why, origin, refused.hint, ErrorKind::Config);
                            return true;
                          },
                      },
                      grant);
  }

  void allow(const Ranked<PathRule>& rule, const HostPath& path) {
    const std::string what = verb(rule.value.list) + shown(path);
    if (const auto by_name = class_by_name(path)) {
      settled(*by_name, what, rule.origin);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) {
      missing_grant(rule, what, resolution);
      return;
    }
    const auto by_real_name = class_by_name(found->real);
    const GrantClass grant = by_real_name ? *by_real_name : class_of(found->real, found->fact, rule.value.list);
    if (settled(grant, what, rule.origin)) return;
    Wish wish{same_inside(found->real), HostContent{found->real}, std::nullopt};
    if (rule.value.list == PathList::AllowWrite) wish.writable = true;
    if (const auto* limited = std::get_if<GrantedReadOnly>(&grant)) {
      wish.writable = false;
      remark(RemarkKind::Note, shown(path) + " is read-only: " + limited->why, rule.origin);
    }
    add(std::move(wish), rule);
    add_links(found->links, rule.origin);
  }

  // allowWrite may name what does not exist yet, where a writable tree is around it: then nothing has to be mounted.
  void missing_grant(const Ranked<PathRule>& rule, const std::string& what, const Resolution& resolution) {
    const auto* missing = std::get_if<Missing>(&resolution);
    const bool may_come = rule.value.list == PathList::AllowWrite && missing != nullptr && !missing->not_a_directory &&
                          workspace_.root && workspace_.root->contains(missing->missing);
    if (may_come) {
      remark(RemarkKind::Unneeded, "not needed to " + what + ": it does not exist, and the workspace is writable",
             rule.origin);
      return;
    }
    unresolved("cannot " + what, resolution, rule.value.optional, rule.origin);
  }

  void deny_read(const Ranked<PathRule>& rule, const HostPath& path) {
    const std::string what = verb(rule.value.list) + shown(path);
    if (class_by_name(path)) {
      fail("cannot " + what, "the sandbox's own /dev and /proc are not the host's", rule.origin, "remove the rule",
           ErrorKind::Config);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    const auto hide = [&](const SandboxPath& at) { add({at, HideContent{}, false}, rule); };
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
    if (std::holds_alternative<Refused>(resolution) && rule.value.optional) {
      remark(RemarkKind::Unneeded, "not needed to " + what + ": you may not look there yourself", rule.origin);
      return;
    }
    unresolved("cannot " + what, resolution, false, rule.origin);
  }

  // Where the rule's own name is a link, the name is hidden as well as its target: somebody could put a file there
  // instead.
  void hide_name_itself(const Ranked<PathRule>& rule, const HostPath& path, const std::vector<LinkStep>& links) {
    const Resolution parent = resolve(lens_, path.parent());
    const auto* directory = std::get_if<Found>(&parent);
    if (directory == nullptr || links.size() <= directory->links.size()) return;
    const LinkStep& own = links[directory->links.size()];
    add({same_inside(own.link), HideContent{}, false}, rule);
  }

  void deny_write(const Ranked<PathRule>& rule, const HostPath& path) {
    const std::string what = verb(rule.value.list) + shown(path);
    if (path_contains("/proc", path.text()) && path.text() != "/proc") {
      lock_proc(rule, path, what);
      return;
    }
    if (class_by_name(path)) {
      fail("cannot " + what, "the sandbox needs its private /dev and /proc writable", rule.origin, "remove the rule",
           ErrorKind::Config);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    if (const auto* found = std::get_if<Found>(&resolution)) {
      Wish wish{same_inside(found->real), std::nullopt, false};
      add(std::move(wish), rule);
      return;
    }
    if (const auto* missing = std::get_if<Missing>(&resolution); missing != nullptr && rule.value.optional) {
      out_.absent.push_back({same_outside(missing_place(*missing)), rule.origin});
      return;
    }
    unresolved("cannot " + what, resolution, rule.value.optional, rule.origin);
  }

  void lock_proc(const Ranked<PathRule>& rule, const HostPath& path, const std::string& what) {
    const PathFact& fact = lens_.path(path);
    const std::string first = path.components().at(1);
    const bool of_a_process =
        first == "self" || first == "thread-self" || first.find_first_not_of("0123456789") == std::string::npos;
    if (of_a_process || !std::holds_alternative<Present>(fact)) {
      fail("cannot " + what, of_a_process ? "processes of the sandbox have their own entries" : "it is not there",
           rule.origin, "name a part such as /proc/sys", ErrorKind::Config);
      return;
    }
    out_.locks.push_back({same_inside(path), rule.origin, rule.value.why});
  }

  template <class T>
  void add(Wish wish, const Ranked<T>& rule) {
    wish.rank = rule.rank;
    wish.origin = rule.origin;
    if constexpr (requires { rule.value.why; }) wish.why = rule.value.why;
    if constexpr (requires { rule.value.optional; }) wish.optional = rule.value.optional;
    out_.wishes.push_back(std::move(wish));
  }

  void scratch_rule(const Ranked<ScratchRule>& rule) {
    const auto path = place_of(rule.value.path);
    if (!path) return;
    const std::string what = "cannot put a private tmpfs on " + shown(*path);
    if (class_by_name(*path)) {
      fail(what, "the sandbox has its own /dev and /proc", rule.origin, "remove the rule", ErrorKind::Config);
      return;
    }
    const ScratchContent content{rule.value.mode, rule.value.size};
    const Resolution resolution = resolve(lens_, *path);
    if (const auto* found = std::get_if<Found>(&resolution)) {
      if (found->fact.kind == PathKind::Directory) {
        add({same_inside(found->real), content, true}, rule);
        add_links(found->links, rule.origin);
      } else if (!rule.value.optional) {
        fail(what, "it is not a directory", rule.origin, "name a directory", ErrorKind::Config);
      }
      return;
    }
    if (const auto* missing = std::get_if<Missing>(&resolution); missing != nullptr && !missing->not_a_directory) {
      // An optional one is made where only its last name is missing: nobody wants a tree of empty directories.
      if (!rule.value.optional || missing->rest.empty()) add({missing_place(*missing), content, true}, rule);
      return;
    }
    unresolved(what, resolution, rule.value.optional, rule.origin);
  }

  void bind_rule(const Ranked<BindRule>& rule) {
    const BindRule& bind = rule.value;
    const std::string what = "cannot bind " + shown(bind.source) + " at " + escape_bytes(bind.target.text());
    const Resolution resolution = resolve(lens_, bind.source);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) {
      unresolved(what, resolution, bind.optional, rule.origin);
      return;
    }
    if (class_by_name(same_outside(bind.target))) {
      fail(what, "the sandbox has its own /dev and /proc", rule.origin, "choose another target", ErrorKind::Config);
      return;
    }
    const bool device = bind.mode == BindMode::Device;
    if (!device) {
      const auto by_name = class_by_name(found->real);
      const GrantClass grant =
          by_name ? *by_name
                  : class_of(found->real, found->fact,
                             bind.mode == BindMode::ReadWrite ? PathList::AllowWrite : PathList::AllowRead);
      if (const auto* refused = std::get_if<NotGrantable>(&grant)) {
        fail(what, refused->why, rule.origin, refused->hint, ErrorKind::Config);
        return;
      }
      if (const auto* covered = std::get_if<Covered>(&grant)) {
        fail(what, covered->why, rule.origin, "remove the bind", ErrorKind::Config);
        return;
      }
    } else if (found->fact.kind == PathKind::Socket || found->fact.kind == PathKind::Fifo) {
      fail(what, "a socket or fifo is a way to talk to another process", rule.origin, "remove the bind",
           ErrorKind::Config);
      return;
    }
    add({bind_target(bind.target, rule.origin), HostContent{found->real, device}, bind.mode != BindMode::ReadOnly},
        rule);
  }

  // The target with the host's links followed, since most of the host is shown under its own names.
  SandboxPath bind_target(const SandboxPath& target, const Origin& origin) {
    const Resolution resolution = resolve(lens_, same_outside(target));
    if (const auto* found = std::get_if<Found>(&resolution)) {
      add_links(found->links, origin);
      return same_inside(found->real);
    }
    if (const auto* missing = std::get_if<Missing>(&resolution)) {
      add_links(missing->links, origin);
      return missing_place(*missing);
    }
    return target;
  }

  void device_rule(const Ranked<HostPath>& rule) {
    const std::string what = "cannot show the device " + shown(rule.value);
    if (in_private_dev(rule.value)) {
      remark(RemarkKind::Unneeded, shown(rule.value) + " is part of every private /dev", rule.origin);
      return;
    }
    const Resolution resolution = resolve(lens_, rule.value);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) {
      unresolved(what, resolution, false, rule.origin);
      return;
    }
    const bool node = found->fact.kind == PathKind::CharDevice || found->fact.kind == PathKind::BlockDevice;
    const bool directory = found->fact.kind == PathKind::Directory && path_contains("/dev", found->real.text());
    if (!node && !directory) {
      fail(what, "it is neither a device node nor a directory below /dev", rule.origin, "use filesystem.allowRead",
           ErrorKind::Config);
      return;
    }
    add({same_inside(found->real), HostContent{found->real, true}, true}, rule);
    add_links(found->links, rule.origin);
  }

  void all_devices() {
    const HostPath dev = *HostPath::parse("/dev");
    const auto* names = std::get_if<std::vector<std::string>>(&lens_.listing(dev));
    if (names == nullptr) {
      fail("cannot show the host's devices", "/dev cannot be listed", policy_.devices.origin, "use devices.allow");
      return;
    }
    for (const std::string& name : *names) {
      const HostPath path = dev.child(name);
      const auto* present = std::get_if<Present>(&lens_.path(path));
      if (in_private_dev(path) || present == nullptr) continue;
      if (present->kind != PathKind::CharDevice && present->kind != PathKind::BlockDevice &&
          present->kind != PathKind::Directory) {
        continue;
      }
      Wish wish{same_inside(path), HostContent{path, true}, true};
      wish.origin = policy_.devices.origin;
      out_.wishes.push_back(std::move(wish));
    }
  }

  void protect_rule(const Ranked<PathRule>& rule, const std::vector<Wish>& wishes) {
    if (const auto* everywhere = std::get_if<InEveryWritableTree>(&rule.value.path)) {
      for (const Wish& wish : wishes) {
        const auto* host = wish.content ? std::get_if<HostContent>(&*wish.content) : nullptr;
        if (host == nullptr || host->device || !wish.writable.value_or(false)) continue;
        const auto* present = std::get_if<Present>(&lens_.path(host->source));
        if (present == nullptr || present->kind != PathKind::Directory) continue;
        protect_one(rule, host->source.below(everywhere->relative), host->source, wish.path);
      }
      return;
    }
    if (const auto path = place_of(rule.value.path)) protect_one(rule, *path, *path, same_inside(*path));
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
      add(std::move(wish), rule);
      if (!found->links.empty() && found->links.back().link == path) {
        remark(RemarkKind::Danger,
               shown(path) +
                   " is a symbolic link: its target is protected, the link itself could be replaced by the command",
               rule.origin);
      }
    } else if (const auto* missing = std::get_if<Missing>(&resolution);
               missing != nullptr && !missing->not_a_directory) {
      out_.absent.push_back({same_outside(missing_place(*missing)), rule.origin});
    }
  }

  const Policy& policy_;
  const Workspace& workspace_;
  FactLens& lens_;
  WishList out_;
};

}  // namespace

WishList collect_wishes(const Policy& policy, const Workspace& workspace, FactLens& lens) {
  return Collector(policy, workspace, lens).collect();
}

}  // namespace fence
