#include "fence/plan/view.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "fence/util/text.h"

namespace fence {
namespace {

/// MAXSYMLINKS of linux/namei.h: the 41st link of one walk is ELOOP (path_resolution(7)).
constexpr int kMaxLinks = 40;

/// One component as the walk finds it: a thing, or a link still to be followed.
using Step = std::variant<Seen, Link>;

SeenNothing nothing(int errno_value, const SandboxPath& path, std::string_view words) {
  return {errno_value, path.text() + std::string(words)};
}

class Walk {
 public:
  Walk(const MountPlan& mounts, FactLens& lens) : mounts_(mounts), lens_(lens) {}

  SeenAt run(std::string_view text, bool follow_last) {
    if (!text.starts_with('/')) return {SandboxPath::root(), SeenNothing{ENOENT, "not an absolute path"}};
    if (text.size() > kMaxPathBytes) return {SandboxPath::root(), SeenNothing{ENAMETOOLONG, "the path is too long"}};
    if (auto stop = go_to(text)) return *stop;
    while (!rest_.empty()) {
      const std::string name = std::move(rest_.back());
      rest_.pop_back();
      const bool last = rest_.empty() && !directory_wanted_;
      if (auto stop = step(name, follow_last || !last)) return *stop;
    }
    if (directory_wanted_ && !is_directory(here().seen)) {
      return stopped(here().path, nothing(ENOTDIR, here().path, " is not a directory"));
    }
    return here();
  }

 private:
  const SeenAt& here() const { return way_.back(); }

  /// Puts the components of `text` before those still to come; an absolute one starts again at the root.
  std::optional<SeenAt> go_to(std::string_view text) {
    if (text.empty()) return stop_at(here().path, ENOENT, " is an empty link");
    if (text.back() == '/' && rest_.empty()) directory_wanted_ = true;
    std::vector<std::string> names = split(text, '/');
    std::erase(names, "");
    rest_.insert(rest_.end(), names.rbegin(), names.rend());
    if (text.front() != '/') return std::nullopt;
    way_.clear();
    return enter(SandboxPath::root(), root());
  }

  std::optional<SeenAt> step(const std::string& name, bool follow) {
    if (auto refused = refuses_search(here())) return stopped(here().path, *std::move(refused));
    if (name == ".") return std::nullopt;
    if (name == "..") {
      if (way_.size() > 1) way_.pop_back();
      return std::nullopt;
    }
    const SandboxPath path = here().path.child(name);
    if (name.size() > kMaxNameBytes || path.text().size() > kMaxPathBytes) {
      return stopped(here().path, SeenNothing{ENAMETOOLONG, "a name below " + here().path.text() + " is too long"});
    }
    return std::visit(Overloaded{
                          [&](Seen seen) { return enter(path, std::move(seen)); },
                          [&](const Link& link) -> std::optional<SeenAt> {
                            if (!follow) return SeenAt{path, SeenFile{}};
                            if (++links_ > kMaxLinks) return stop_at(path, ELOOP, " is one link too many");
                            last_link_ = path.text() + " -> " + link.target;
                            return go_to(link.target);
                          },
                      },
                      look_up(path));
  }

  std::optional<SeenAt> enter(const SandboxPath& path, Seen seen) {
    if (auto* none = std::get_if<SeenNothing>(&seen)) return stopped(path, std::move(*none));
    way_.push_back({path, std::move(seen)});
    return std::nullopt;
  }

  std::optional<SeenAt> stop_at(const SandboxPath& path, int errno_value, std::string_view words) const {
    return stopped(path, nothing(errno_value, path, words));
  }

  SeenAt stopped(const SandboxPath& path, SeenNothing none) const {
    if (!last_link_.empty()) none.because += " (through the link " + last_link_ + ")";
    return {path, std::move(none)};
  }

  Seen root() {
    const MountOp* op = mounts_.find(SandboxPath::root());
    if (op == nullptr) return SeenOwn{0755, true, !sealed(SandboxPath::root())};
    // A symbolic link cannot be the root: check_plan() has nothing to put it on.
    const Step found = of_op(*op);
    const Seen* seen = std::get_if<Seen>(&found);
    return seen != nullptr ? *seen : Seen{SeenFile{}};
  }

  Step look_up(const SandboxPath& path) {
    if (const MountOp* op = mounts_.find(path)) return of_op(*op);
    return std::visit(Overloaded{
                          [&](const SeenHost& in) { return of_host(path, in.host.child(path.name()), in.mode); },
                          [&](const SeenOwn&) -> Step { return Seen{nothing(ENOENT, path, " is hidden")}; },
                          [](const SeenSpecial& in) -> Step { return Seen{in}; },
                          [&](const SeenFile&) -> Step { return Seen{nothing(ENOTDIR, path, " is below a file")}; },
                          [](const SeenNothing& in) -> Step { return Seen{in}; },
                      },
                      here().seen);
  }

  Step of_op(const MountOp& op) {
    return std::visit(Overloaded{
                          [&](const Bind& bind) { return of_host(op.target, bind.source, bind.mode); },
                          [&](const Tmpfs& tmpfs) -> Step {
                            return Seen{SeenOwn{tmpfs.mode, true, !sealed(op.target)}};
                          },
                          [](const Proc&) -> Step { return Seen{SeenSpecial{}}; },
                          [](const Dev&) -> Step { return Seen{SeenSpecial{}}; },
                          [](const LockReadOnly&) -> Step { return Seen{SeenSpecial{}}; },
                          [](const MaskFile&) -> Step { return Seen{SeenFile{}}; },
                          [&](const MakeDir& dir) -> Step {
                            return Seen{SeenOwn{dir.mode, false, !sealed(mount_of(op.target))}};
                          },
                          [](const WriteFile&) -> Step { return Seen{SeenFile{}}; },
                          [](const Symlink& link) -> Step { return Link{link.points_to}; },
                      },
                      op.action);
  }

  Step of_host(const SandboxPath& path, const HostPath& host, BindMode mode) {
    if (host.text().size() > kMaxPathBytes) return Seen{nothing(ENAMETOOLONG, path, " is too long outside")};
    return std::visit(
        Overloaded{
            [&](const Present& fact) -> Step {
              return Seen{SeenHost{host, fact, mode}};
            },
            [](const Link& link) -> Step { return link; },
            [&](const Absent&) -> Step { return Seen{nothing(ENOENT, path, " does not exist")}; },
            [&](const Unreadable& why) -> Step {
              return Seen{nothing(why.errno_value, path, " cannot be looked at: " + errno_text(why.errno_value))};
            },
        },
        lens_.path(host));
  }

  /// The mount that a directory of ours lies on.
  SandboxPath mount_of(SandboxPath path) const {
    for (;; path = path.parent()) {
      const MountOp* op = mounts_.find(path);
      if (path.is_root() || (op != nullptr && !std::holds_alternative<MakeDir>(op->action))) return path;
    }
  }

  bool sealed(const SandboxPath& mount) const { return std::ranges::count(mounts_.seals(), mount) > 0; }

  std::optional<SeenNothing> refuses_search(const SeenAt& at) const {
    if (!is_directory(at.seen)) return nothing(ENOTDIR, at.path, " is not a directory");
    const auto* host = std::get_if<SeenHost>(&at.seen);
    const auto* own = std::get_if<SeenOwn>(&at.seen);
    const bool searchable = host != nullptr  ? permission(host->fact, lens_.host().caller).search
                            : own != nullptr ? (own->mode & 0100U) != 0
                                             : true;
    if (searchable) return std::nullopt;
    return nothing(EACCES, at.path, " may not be searched");
  }

  static bool is_directory(const Seen& seen) {
    return std::visit(Overloaded{
                          [](const SeenHost& host) { return host.fact.kind == PathKind::Directory; },
                          [](const SeenOwn&) { return true; },
                          [](const SeenSpecial&) { return true; },
                          [](const SeenFile&) { return false; },
                          [](const SeenNothing&) { return false; },
                      },
                      seen);
  }

  const MountPlan& mounts_;
  FactLens& lens_;
  std::vector<SeenAt> way_;        // from the root to where the walk is; no link is in it, so ".." pops
  std::vector<std::string> rest_;  // components still to come, the next one last
  bool directory_wanted_ = false;  // a trailing slash
  int links_ = 0;
  std::string last_link_;
};

}  // namespace

SeenAt look(std::string_view text, const MountPlan& mounts, FactLens& lens, bool follow_last) {
  return Walk(mounts, lens).run(text, follow_last);
}

Permission permission(const Present& fact, const CallerFacts& caller) noexcept {
  const bool in_group = fact.gid == caller.gid || std::ranges::find(caller.groups, fact.gid) != caller.groups.end();
  const unsigned shift = fact.uid == caller.uid ? 6 : in_group ? 3 : 0;
  const std::uint32_t bits = fact.mode >> shift;
  return {(bits & 4U) != 0, (bits & 2U) != 0, (bits & 1U) != 0};
}

}  // namespace fence
