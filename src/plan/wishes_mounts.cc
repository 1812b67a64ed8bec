// Scratch directories, binds under another name, and devices.
#include "wish_sink.h"

namespace fence {
namespace {

// A scratch directory is writable because it is ours; what a deeper wish shows of the host in it needs a grant.
constexpr bool kHostReadOnly = false;

class MountRules {
 public:
  MountRules(const Policy& policy, WishSink& sink) : policy_(policy), sink_(sink), lens_(sink.lens()) {}

  void collect() {
    for (const auto& rule : policy_.scratch) scratch_rule(rule);
    for (const auto& rule : policy_.binds) bind_rule(rule);
    for (const auto& rule : policy_.device_nodes) device_rule(rule);
    if (policy_.devices.value == DevicesMode::Host) all_devices();
  }

 private:
  void scratch_rule(const Ranked<ScratchRule>& rule) {
    const auto path = sink_.place_of(rule.value.path, false);
    if (!path) return;
    if (rule.value.pattern.empty() || class_by_name(*path)) return scratch_at(rule, *path);
    Ranked<ScratchRule> match = rule;
    match.value.optional = true;
    for (const HostPath& at : expand_pattern({.key = "filesystem.tmpfs",
                              .base = *path,
                              .pattern = rule.value.pattern,
                              .grants = true,
                              .optional = rule.value.optional,
                              .origin = rule.origin},
                                             sink_)) {
      scratch_at(match, at);
    }
  }

  void scratch_at(const Ranked<ScratchRule>& rule, const HostPath& path) {
    const std::string what = "cannot put a private tmpfs on " + shown(path);
    if (class_by_name(path)) {
      sink_.fail(what, "the sandbox has its own /dev and /proc", rule.origin, "remove the rule", ErrorKind::Config);
      return;
    }
    const ScratchContent content{rule.value.mode, rule.value.size};
    const Resolution resolution = resolve(lens_, path);
    if (const auto* found = std::get_if<Found>(&resolution)) {
      if (found->fact.kind == PathKind::Directory) {
        sink_.add({same_inside(found->real), content, kHostReadOnly}, rule);
        sink_.add_links(found->links, rule.origin);
      } else if (!rule.value.optional) {
        sink_.fail(what, "it is not a directory", rule.origin, "name a directory", ErrorKind::Config);
      }
      return;
    }
    if (const auto* missing = std::get_if<Missing>(&resolution); missing != nullptr && !missing->not_a_directory) {
      // An optional one is made where only its last name is missing: nobody wants a tree of empty directories.
      if (!rule.value.optional || missing->rest.empty())
        sink_.add({missing_place(*missing), content, kHostReadOnly}, rule);
      return;
    }
    sink_.unresolved(what, resolution, rule.value.optional, rule.origin);
  }

  void bind_rule(const Ranked<BindRule>& rule) {
    const BindRule& bind = rule.value;
    const std::string what = "cannot bind " + shown(bind.source) + " at " + escape_bytes(bind.target.text());
    const Resolution resolution = resolve(lens_, bind.source);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) {
      sink_.unresolved(what, resolution, bind.optional, rule.origin);
      return;
    }
    if (class_by_name(same_outside(bind.target))) {
      sink_.fail(what, "the sandbox has its own /dev and /proc", rule.origin, "choose another target",
                 ErrorKind::Config);
      return;
    }
    if (!found->links.empty()) {
      sink_.list().linked.push_back({"bind " + shown(bind.source), found->real, found->links, rule.origin});
    }
    const bool device = bind.mode == BindMode::Device;
    if (!device) {
      const auto by_name = class_by_name(found->real);
      const GrantClass grant =
          by_name ? *by_name
                  : class_of(found->real, found->fact,
                             bind.mode == BindMode::ReadWrite ? PathList::AllowWrite : PathList::AllowRead);
      if (const auto* refused = std::get_if<NotGrantable>(&grant)) {
        sink_.fail(what, refused->why, rule.origin, refused->hint, ErrorKind::Config);
        return;
      }
      if (const auto* covered = std::get_if<Covered>(&grant)) {
        sink_.fail(what, covered->why, rule.origin, "remove the bind", ErrorKind::Config);
        return;
      }
    } else if (found->fact.kind == PathKind::Socket || found->fact.kind == PathKind::Fifo) {
      sink_.fail(what, "a socket or fifo is a way to talk to another process", rule.origin, "remove the bind",
                 ErrorKind::Config);
      return;
    }
    sink_.add(
        {bind_target(bind.target, rule.origin), HostContent{found->real, device}, bind.mode != BindMode::ReadOnly},
        rule);
  }

  // The target with the host's links followed, since most of the host is shown under its own names.
  SandboxPath bind_target(const SandboxPath& target, const Origin& origin) {
    const Resolution resolution = resolve(lens_, same_outside(target));
    if (const auto* found = std::get_if<Found>(&resolution)) {
      sink_.add_links(found->links, origin);
      return same_inside(found->real);
    }
    if (const auto* missing = std::get_if<Missing>(&resolution)) {
      sink_.add_links(missing->links, origin);
      return missing_place(*missing);
    }
    return target;
  }

  void device_rule(const Ranked<DeviceRule>& rule) {
    if (rule.value.pattern.empty()) return device_at(rule, rule.value.path);
    for (const HostPath& at : expand_pattern({.key = "devices.allow",
                              .base = rule.value.path,
                              .pattern = rule.value.pattern,
                              .grants = true,
                              .origin = rule.origin},
                                             sink_)) {
      device_at(rule, at);
    }
  }

  void device_at(const Ranked<DeviceRule>& rule, const HostPath& path) {
    const std::string what = "cannot show the device " + shown(path);
    const bool match = !rule.value.pattern.empty();
    if (in_private_dev(path)) {
      sink_.remark(RemarkKind::Unneeded, shown(path) + " is part of every private /dev", rule.origin);
      return;
    }
    const Resolution resolution = resolve(lens_, path);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) {
      sink_.unresolved(what, resolution, match, rule.origin);
      return;
    }
    const bool node = found->fact.kind == PathKind::CharDevice || found->fact.kind == PathKind::BlockDevice;
    const bool directory = found->fact.kind == PathKind::Directory && path_contains("/dev", found->real.text());
    if (!node && !directory) {
      if (match) return;
      sink_.fail(what, "it is neither a device node nor a directory below /dev", rule.origin,
                 "use filesystem.allowRead", ErrorKind::Config);
      return;
    }
    sink_.add({same_inside(found->real), HostContent{found->real, true}, true}, rule);
    sink_.add_links(found->links, rule.origin);
  }

  void all_devices() {
    const HostPath dev = *HostPath::parse("/dev");
    const auto* names = std::get_if<std::vector<std::string>>(&lens_.listing(dev));
    if (names == nullptr) {
      sink_.fail("cannot show the host's devices", "/dev cannot be listed", policy_.devices.origin,
                 "use devices.allow");
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
      sink_.list().wishes.push_back(std::move(wish));
    }
  }

  const Policy& policy_;
  WishSink& sink_;
  FactLens& lens_;
};

}  // namespace

void collect_mount_wishes(const Policy& policy, WishSink& sink) { MountRules(policy, sink).collect(); }

}  // namespace fence
