// Specs from wishes. The hard part is hiding: a mount over a host's file is lost when somebody outside renames another
// file over it (the kernel detaches mounts on a dentry that goes away, since Linux 3.17), so a hidden name is left out
// of a directory of ours.
#include <cerrno>
#include <set>

#include "fence/plan/mounts.h"
#include "fence/util/text.h"

namespace fence {
namespace {

const Present* present_at(FactLens& lens, const HostPath& path) { return std::get_if<Present>(&lens.path(path)); }

bool is_directory(FactLens& lens, const HostPath& path) {
  const Present* present = present_at(lens, path);
  return present != nullptr && present->kind == PathKind::Directory;
}

class Composer {
 public:
  Composer(const AccessTree& tree, FactLens& lens, std::vector<Remark>& remarks)
      : tree_(tree), lens_(lens), remarks_(remarks) {}

  Specs compose() && {
    for (const auto& [path, node] : tree_.nodes()) node_spec(path, node);
    for (const auto& [path, node] : tree_.nodes()) {
      if (denies_below_writable(path, node)) pin_ancestors(path);
    }
    for (const SandboxPath& directory : composed_) fill(directory);
    return std::move(specs_);
  }

 private:
  void node_spec(const SandboxPath& path, const AccessNode& node) {
    const Access& access = node.here;
    if (access.hidden()) {
      if (node.content != nullptr) hide(path, node);
      return;
    }
    // A write wish that lost against the content of its own path, or that speaks of scratch, changes nothing.
    const bool by_write = node.content == nullptr || (access.writable_host() && node.write != nullptr);
    const Wish& winner = by_write ? *node.write : *node.content;
    Decision why = AccessTree::decision(node, winner);
    if (access.scratch()) {
      if (node.content == nullptr) return;
      const auto& scratch = std::get<ScratchContent>(*node.content->content);
      specs_[path] = {TmpfsSpec{scratch.mode, scratch.size, false, node.content->optional}, std::move(why), false};
      return;
    }
    const bool writable = access.writable_host();
    const auto& content = std::get<HostContent>(*access.content->content);
    BindMode mode = writable ? BindMode::ReadWrite : BindMode::ReadOnly;
    // What may not be written has no usable device nodes either: a device can be written through a read-only mount.
    if (content.device && writable) mode = BindMode::Device;
    if (!writable && node.above().writable_host() && node.content == nullptr) why.because = Because::Protected;
    if (node.write != nullptr && node.content != nullptr && node.write != node.content)
      why.overruled.push_back(node.write->origin);
    specs_[path] = {HostSpec{*access.host(path), mode, false, winner.optional}, std::move(why),
                    winner.origin.layer >= LayerKind::User};
  }

  static bool denies_below_writable(const SandboxPath& path, const AccessNode& node) {
    return !path.is_root() && node.above().writable_host() && !node.here.writable_host();
  }

  // Every ancestor up to the writable root becomes a mount: renaming a mount point gives EBUSY (rename(2)).
  void pin_ancestors(const SandboxPath& path) {
    const SandboxPath root = *tree_.above(path).write_at;
    for (SandboxPath here = path.parent(); here != root && !here.is_root(); here = here.parent()) {
      const Access access = tree_.at(here);
      const auto source = access.host(here);
      if (!source || !access.writable_host() || !is_directory(lens_, *source)) continue;
      const Decision why{
          tree_.at(path).write != nullptr ? tree_.at(path).write->origin : Origin{}, Because::Pinned, {}, {}};
      const auto [entry, added] =
          specs_.try_emplace(here, SpecEntry{HostSpec{*source, BindMode::ReadWrite, true, false}, why, false});
      if (auto* bind = std::get_if<HostSpec>(&entry->second.spec); !added && bind != nullptr) bind->pinned = true;
    }
  }

  void hide(const SandboxPath& path, const AccessNode& node) {
    const Wish& wish = *node.content;
    const Access outer = node.above();
    Decision why = AccessTree::decision(node, wish);
    if (outer.hidden() || outer.scratch()) {
      specs_[path] = {AbsentSpec{}, std::move(why), false};
      return;
    }
    if (is_fixed_directory(path)) {
      why.because = Because::Hidden;
      specs_[path] = {MaskSpec{}, std::move(why), false};
      return;
    }
    if (outer.writable_host() || !compose_around(path)) {
      mask(path, wish, std::move(why));
      return;
    }
    specs_[path] = {AbsentSpec{}, std::move(why), false};
  }

  // A top-level directory of the system (/boot) is never replaced while the system runs: covering it is as good as
  // leaving it out, and does not take the root apart.
  bool is_fixed_directory(const SandboxPath& path) {
    const Access outer = tree_.above(path);
    const auto root = outer.host(path.parent());
    return path.parent().is_root() && root && root->is_root() && !outer.writable_host() &&
           !others_may_rename_in(*root) && is_directory(lens_, root->child(path.name()));
  }

  void mask(const SandboxPath& path, const Wish& wish, Decision why) {
    const auto host = tree_.above(path).host(path.parent());
    const std::string name = escape_bytes(path.text());
    if (!host || present_at(lens_, host->child(path.name())) == nullptr) {
      remarks_.push_back(
          {RemarkKind::Danger,
           name + " is not there now, and cannot be hidden if it appears later: its directory stays the host's own",
           wish.origin});
      return;
    }
    why.because = Because::Hidden;
    specs_[path] = {MaskSpec{}, std::move(why), false};
    remarks_.push_back({RemarkKind::Danger,
                        name + " is hidden by a mount on it, which is lost if somebody outside replaces the file",
                        wish.origin});
  }

  // Marks the directory around a hidden name for composing, and those above it as long as an ordinary user could swap
  // one of them for another. False where a directory cannot be listed.
  bool compose_around(const SandboxPath& hidden) {
    SandboxPath directory = hidden.parent();
    while (!directory.is_root() && !shown_directory(directory)) directory = directory.parent();
    // What is above it was marked with it.
    if (composed_.contains(directory)) return true;
    std::set<SandboxPath> chain;
    for (;;) {
      const auto host = tree_.at(directory).host(directory);
      if (!host || !std::holds_alternative<std::vector<std::string>>(lens_.listing(*host))) return false;
      chain.insert(directory);
      if (directory.is_root()) break;
      const Access outer = tree_.above(directory);
      const auto parent = outer.host(directory.parent());
      if (!parent || outer.writable_host() || !others_may_rename_in(*parent)) break;
      directory = directory.parent();
    }
    composed_.merge(chain);
    return true;
  }

  bool shown_directory(const SandboxPath& path) {
    const auto host = tree_.at(path).host(path);
    return !host || is_directory(lens_, *host);
  }

  bool others_may_rename_in(const HostPath& directory) {
    const Present* fact = present_at(lens_, directory);
    return fact != nullptr && (fact->uid != 0 || (fact->mode & 022U) != 0);
  }

  // Our own directory with the host's other entries.
  void fill(const SandboxPath& directory) {
    const auto host = tree_.at(directory).host(directory);
    if (!host) return;
    const Access access = tree_.at(directory);
    const Present* fact = present_at(lens_, *host);
    const Origin origin = access.content->origin;
    // Sealed and owned by the caller, so the caller must be able to search it whoever owned the original.
    const std::uint32_t mode = ((fact != nullptr ? fact->mode : 0755U) & 0777U) | 0500U;
    specs_[directory] = {TmpfsSpec{mode, {}, true, false}, {origin, Because::Composed, {}, {}}, false};
    const auto* names = std::get_if<std::vector<std::string>>(&lens_.listing(*host));
    if (names == nullptr) return;
    for (const std::string& name : *names) {
      const SandboxPath inside = directory.child(name);
      if (specs_.contains(inside)) continue;
      if (auto spec = entry(host->child(name), access.writable_host())) {
        specs_[inside] = {*std::move(spec), {origin, Because::ComposedEntry, {}, {}}, false};
      }
    }
  }

  // Sockets, fifos and devices are not shown: no wish named them, and read-only is no protection.
  std::optional<Spec> entry(const HostPath& path, bool writable) {
    return std::visit(Overloaded{
                          [&](const Present& fact) -> std::optional<Spec> {
                            if (fact.kind != PathKind::Regular && fact.kind != PathKind::Directory) return std::nullopt;
                            return HostSpec{path, writable ? BindMode::ReadWrite : BindMode::ReadOnly, false, true};
                          },
                          [](const Link& link) -> std::optional<Spec> { return LinkSpec{link.target}; },
                          [](const Absent&) -> std::optional<Spec> { return std::nullopt; },
                          [&](const Unreadable& why) -> std::optional<Spec> {
                            if (why.errno_value == ETIMEDOUT) left_out(path);
                            return std::nullopt;
                          },
                      },
                      lens_.path(path));
  }

  // No wish named it, so nothing that was asked for is missing.
  void left_out(const HostPath& path) {
    remarks_.push_back({RemarkKind::Notice,
                        "leaves out " + escape_bytes(path.text()) + ": " + refusal_text(lens_.host(), path, ETIMEDOUT),
                        std::nullopt});
  }

  const AccessTree& tree_;
  FactLens& lens_;
  std::vector<Remark>& remarks_;
  Specs specs_;
  std::set<SandboxPath> composed_;
};

}  // namespace

Specs make_specs(const AccessTree& tree, FactLens& lens, std::vector<Remark>& remarks) {
  return Composer(tree, lens, remarks).compose();
}

std::vector<HiddenPath> hidden_paths(const Specs& specs, const AccessTree& tree, FactLens& lens) {
  std::vector<HiddenPath> hidden;
  for (const auto& [path, entry] : specs) {
    if (!std::holds_alternative<AbsentSpec>(entry.spec) && !std::holds_alternative<MaskSpec>(entry.spec)) continue;
    const auto around = tree.above(path).host(path.parent());
    if (!around || std::holds_alternative<Absent>(lens.path(around->child(path.name())))) continue;
    hidden.push_back({path, entry.why});
  }
  return hidden;
}

}  // namespace fence
