// Ops from specs: one pass in path order, with the nearest thing mounted above at hand.
#include "fence/plan/mounts.h"

#include <set>

#include "fence/util/text.h"

namespace fence {
namespace {

// What surrounds the path at hand.
struct Own {
  bool sealed;
};
struct Host {
  HostPath source;
  BindMode mode;
};
struct Special {};
struct Around {
  SandboxPath at;
  std::variant<Own, Host, Special> what;
};

class Emitter {
 public:
  Emitter(FactLens& lens, std::vector<Remark>& remarks) : lens_(lens), remarks_(remarks) {}

  void emit(const SandboxPath& path, const SpecEntry& entry) {
    while (stack_.size() > 1 && !stack_.back().at.contains(path)) stack_.pop_back();
    std::visit([&](const auto& spec) { place(path, spec, entry); }, entry.spec);
  }

  Result<MountPlan, Errors> finish() && {
    if (!errors_.empty()) return std::move(errors_);
    if (!root_op_) seals_.push_back(SandboxPath::root());
    auto plan = check_plan(std::move(ops_), std::move(seals_));
    if (!plan) return Errors{std::move(plan).error()};
    return *std::move(plan);
  }

 private:
  const Around& around() const { return stack_.back(); }

  // The host path that shows at `path` through what is mounted so far.
  std::optional<HostPath> shown_at(const SandboxPath& path) const {
    const auto* host = std::get_if<Host>(&around().what);
    return host != nullptr ? std::optional(host->source.below(around().at.relative(path))) : std::nullopt;
  }

  void op(const SandboxPath& path, MountPoint at, MountAction action, const Decision& why) {
    root_op_ = root_op_ || path.is_root();
    ops_.push_back({path, at, std::move(action), why});
  }

  void no_mount_point(const SandboxPath& path, const SpecEntry& entry, std::string why) {
    Error error{ErrorKind::Host, "cannot mount at " + escape_bytes(path.text()), std::move(why)};
    error.origin = entry.why.winner;
    error.hint =
        "fence makes no files on the host: make it yourself, or choose a place on a private tmpfs such as /tmp";
    errors_.push_back(std::move(error));
  }

  // Directories of ours between the tmpfs around `path` and its parent.
  void make_parents(const SandboxPath& path, const Decision& why) {
    std::vector<SandboxPath> missing;
    for (SandboxPath here = path.parent(); here != around().at && !here.is_root(); here = here.parent()) {
      if (made_.contains(here)) break;
      missing.push_back(here);
    }
    for (auto here = missing.rbegin(); here != missing.rend(); ++here) {
      made_.insert(*here);
      op(*here, MountPoint::Create, MakeDir{}, {why.winner, Because::Parent, {}, {}});
    }
  }

  // Where the mount point for `path` comes from; nothing, and an error, where there is none.
  std::optional<MountPoint> mount_point(const SandboxPath& path, const SpecEntry& entry, bool directory,
                                        bool optional) {
    if (path.is_root()) return MountPoint::Exists;
    if (const auto host = shown_at(path)) {
      const auto* fact = std::get_if<Present>(&lens_.path(*host));
      if (fact != nullptr && (fact->kind == PathKind::Directory) == directory) return MountPoint::Exists;
      if (!optional) {
        no_mount_point(path, entry,
                       fact == nullptr
                           ? "there is nothing to mount on"
                           : (directory ? "there is a file, not a directory" : "there is a directory, not a file"));
      }
      return std::nullopt;
    }
    // --dev makes the directory for shared memory itself.
    if (std::holds_alternative<Special>(around().what) && path == around().at.child("shm")) return MountPoint::Exists;
    make_parents(path, entry.why);
    return MountPoint::Create;
  }

  void place(const SandboxPath& path, const HostSpec& spec, const SpecEntry& entry) {
    const auto* fact = std::get_if<Present>(&lens_.path(spec.source));
    if (fact == nullptr) {
      if (!spec.optional) no_mount_point(path, entry, escape_bytes(spec.source.text()) + " is not there");
      return;
    }
    const auto* host = std::get_if<Host>(&around().what);
    if (host != nullptr && !spec.pinned && host->mode == spec.mode && shown_at(path) == spec.source) {
      if (entry.wished) {
        remarks_.push_back(
            {RemarkKind::Unneeded,
             escape_bytes(path.text()) + " is already shown like this by " + escape_bytes(around().at.text()),
             entry.why.winner});
      }
      return;
    }
    const bool directory = fact->kind == PathKind::Directory;
    const auto at = mount_point(path, entry, directory, false);
    if (!at) return;
    op(path, *at, Bind{spec.source, fact->kind, fact->id, spec.mode, spec.optional && *at == MountPoint::Create},
       entry.why);
    if (directory) stack_.push_back({path, Host{spec.source, spec.mode}});
  }

  void place(const SandboxPath& path, const TmpfsSpec& spec, const SpecEntry& entry) {
    const auto* own = std::get_if<Own>(&around().what);
    if (spec.sealed && own != nullptr && own->sealed && !path.is_root()) {
      make_parents(path, entry.why);
      made_.insert(path);
      op(path, MountPoint::Create, MakeDir{spec.mode}, entry.why);
      stack_.push_back({path, Own{true}});
      return;
    }
    const auto at = mount_point(path, entry, true, spec.optional);
    if (!at) return;
    // The root without an op is the executor's own empty tmpfs: nothing to mount.
    if (!path.is_root()) op(path, *at, Tmpfs{spec.mode, spec.size}, entry.why);
    if (spec.sealed && !path.is_root()) seals_.push_back(path);
    stack_.push_back({path, Own{spec.sealed}});
  }

  void place(const SandboxPath&, const AbsentSpec&, const SpecEntry&) {}

  void place(const SandboxPath& path, const MaskSpec&, const SpecEntry& entry) {
    const auto host = shown_at(path);
    const auto* fact = host ? std::get_if<Present>(&lens_.path(*host)) : nullptr;
    if (fact == nullptr) return;
    if (fact->kind == PathKind::Directory) {
      op(path, MountPoint::Exists, Tmpfs{0755, {}}, entry.why);
      seals_.push_back(path);
      stack_.push_back({path, Own{true}});
    } else {
      op(path, MountPoint::Exists, MaskFile{}, entry.why);
    }
  }

  void place(const SandboxPath& path, const LinkSpec& spec, const SpecEntry& entry) {
    if (!std::holds_alternative<Own>(around().what) || made_.contains(path)) return;
    make_parents(path, entry.why);
    op(path, MountPoint::Create, Symlink{spec.target}, entry.why);
  }

  void place(const SandboxPath& path, const Proc& proc, const SpecEntry& entry) { special(path, proc, entry); }

  void place(const SandboxPath& path, const Dev& dev, const SpecEntry& entry) {
    if (special(path, dev, entry)) seals_.push_back(path);
  }

  bool special(const SandboxPath& path, MountAction action, const SpecEntry& entry) {
    const auto at = mount_point(path, entry, true, false);
    if (!at) return false;
    op(path, *at, std::move(action), entry.why);
    stack_.push_back({path, Special{}});
    return true;
  }

  void place(const SandboxPath& path, const LockReadOnly& lock, const SpecEntry& entry) {
    op(path, MountPoint::Exists, lock, entry.why);
  }

  void place(const SandboxPath& path, const WriteFile& file, const SpecEntry& entry) {
    if (const auto at = mount_point(path, entry, false, true)) op(path, *at, file, entry.why);
  }

  FactLens& lens_;
  std::vector<Remark>& remarks_;
  std::vector<Around> stack_{{SandboxPath::root(), Own{true}}};
  std::vector<MountOp> ops_;
  std::vector<SandboxPath> seals_;
  std::set<SandboxPath> made_;
  Errors errors_;
  bool root_op_ = false;
};

}  // namespace

Result<MountPlan, Errors> make_mounts(const Specs& specs, FactLens& lens, std::vector<Remark>& remarks) {
  Emitter emitter(lens, remarks);
  for (const auto& [path, entry] : specs) emitter.emit(path, entry);
  return std::move(emitter).finish();
}

}  // namespace fence
