#pragma once
// No plan makes anything of the host writable that no rule names: checked from the rules, not by the planner's own
// code.
#include <optional>
#include <string>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence::testing {

/// Where `path` leads without links; nothing where there is nothing.
inline std::optional<HostPath> led_to(FactLens& lens, const HostPath& path) {
  const Resolution resolution = resolve(lens, path);
  const auto* found = std::get_if<Found>(&resolution);
  return found != nullptr ? std::optional(found->real) : std::nullopt;
}

/// The working directory, or a directory above it that holds a .git: what a workspace can be.
inline bool may_be_workspace(const HostPath& path, FactLens& lens) {
  const auto* here = std::get_if<HostPath>(&lens.host().working_directory);
  if (here == nullptr) return false;
  const auto real = led_to(lens, *here);
  if (!real) return false;
  for (HostPath up = *real;; up = up.parent()) {
    const bool top = up == *real || std::holds_alternative<Present>(lens.path(up.child(".git")));
    if (top && up.contains(path)) return true;
    // A linked worktree writes to the repository that it belongs to.
    const auto* git = std::get_if<Present>(&lens.path(up.child(".git")));
    if (git != nullptr && git->kind == PathKind::Regular && path.text().find(".git") != std::string::npos) return true;
    if (up.is_root()) return false;
  }
}

inline bool is_named(const HostPath& source, const Policy& policy, FactLens& lens) {
  for (const auto& rule : policy.paths) {
    if (rule.value.list != PathList::AllowWrite) continue;
    if (const auto* path = std::get_if<HostPath>(&rule.value.path)) {
      const auto real = led_to(lens, *path);
      if (path->contains(source) || (real && real->contains(source))) return true;
      // A pattern may have matched a link.
      if (!rule.value.pattern.empty()) return true;
    } else if (std::holds_alternative<InWorkspace>(rule.value.path) && may_be_workspace(source, lens)) {
      return true;
    }
  }
  for (const auto& rule : policy.binds) {
    const auto real = led_to(lens, rule.value.source);
    if (rule.value.mode != BindMode::ReadOnly && real && real->contains(source)) return true;
  }
  return false;
}

/// What lies in every /dev and leads to nothing.
inline bool is_standard_node(const HostPath& path) {
  for (const char* name : {"full", "null", "random", "tty", "urandom", "zero"}) {
    if (path == HostPath::root().child("dev").child(name)) return true;
  }
  return false;
}

/// What Landlock alone lets the command change, and no rule of `policy` says so.
inline std::optional<std::string> granted_without_mounts(const SandboxPlan& plan, const Policy& policy,
                                                         FactLens& lens) {
  constexpr std::uint64_t kChanging = landlock::kWriteFile | landlock::kTruncate | landlock::kRefer | landlock::kMaking;
  const bool holds_all = (plan.landlock.handled & kChanging) == kChanging;
  if (!holds_all) return "everything: a right is not handled";
  for (const LandlockRule& rule : plan.landlock.rules) {
    const HostPath path = same_outside(rule.path);
    if ((rule.rights & kChanging) == 0 || is_standard_node(path)) continue;
    const auto* present = std::get_if<Present>(&lens.path(path));
    const bool node = present != nullptr && present->kind != PathKind::Regular && path_contains("/dev", path.text()) &&
                      (policy.devices.value == DevicesMode::Host || !policy.device_nodes.empty());
    if (!node && !is_named(path, policy, lens)) return std::string(path.text());
  }
  return std::nullopt;
}

/// The first bind of `plan` through which the host can be written to although no rule of `policy` says so.
inline std::optional<std::string> granted_by_nothing(const SandboxPlan& plan, const Policy& policy, FactLens& lens) {
  for (const MountOp& op : plan.mounts.ops()) {
    const auto* bind = std::get_if<Bind>(&op.action);
    if (bind == nullptr || bind->mode == BindMode::ReadOnly) continue;
    // A device node's own rights decide, and /dev is told of as a danger where it is the host's.
    const bool device = bind->mode == BindMode::Device && policy.devices.value == DevicesMode::Host;
    const bool node = bind->mode == BindMode::Device && !policy.device_nodes.empty();
    const bool standard = plan.executor == Executor::Landlock && is_standard_node(bind->source);
    if (!device && !node && !standard && !is_named(bind->source, policy, lens)) return std::string(bind->source.text());
  }
  if (plan.executor == Executor::Landlock) return granted_without_mounts(plan, policy, lens);
  return std::nullopt;
}

}  // namespace fence::testing
