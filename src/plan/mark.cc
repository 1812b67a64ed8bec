// By what a program, or a prompt, knows that it runs inside, and in which plan.
#include <algorithm>
#include <cstdio>

#include "fence/plan/decide.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kSandbox = "FENCE_SANDBOX";
constexpr std::string_view kPlan = "FENCE_PLAN";

/// FNV-1a, 64 bits (draft-eastlake-fnv), of what a plan does. Structures are taken apart into all their fields, so that
/// a new one cannot be forgotten; what says why, and who wanted it, is left out.
class Digest {
 public:
  [[nodiscard]] std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(state_));
    return digits;
  }

  void add(const SandboxPlan& plan) {
    const auto& [mounts, session, runtime_dir, environment, identity, network, cgroup_namespace, directory, command,
                 keep_descriptors, profiles, absent_protected, absent, hidden, patterns, abilities, landlock, limits,
                 cgroup, executor, backend_reason, windows_interop, filter, verify_mounts, guard_mounts, remarks,
                 hash] = plan;
    add_all(mounts.ops());
    add_all(mounts.seals());
    add(session);
    add_choice(runtime_dir.decision);
    add(runtime_dir.value);
    add_all(environment.variables);
    add(identity);
    add(network.value);
    add(cgroup_namespace);
    add(directory);
    add_all(command);
    add_all(keep_descriptors);
    add(absent_protected);
    add_all(absent);
    add(landlock);
    add_all(limits);
    // Which limits there are says whether there is one.
    if (cgroup) add(*cgroup);
    add(executor);
    add(windows_interop.value);
    add_all(filter.groups);
    add_all(filter.calls);
    add(verify_mounts);
    add(guard_mounts);
  }

 private:
  template <class T>
  requires std::is_enum_v<T> || std::is_integral_v<T>
  void add(T number) {
    auto rest = static_cast<std::uint64_t>(number);
    do {
      byte(static_cast<unsigned char>(rest));
      rest >>= 8U;
    } while (rest != 0);
    byte(0xff);
  }
  void add(std::string_view text) {
    for (const char c : text) byte(static_cast<unsigned char>(c));
    byte(0);
  }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const HostPath& path) { add(path.text()); }
  void add(const SandboxPath& path) { add(path.text()); }

  template <class T>
  void add_all(const T& range) {
    add(range.size());
    for (const auto& each : range) add(each);
  }
  template <class T>
  void add_optional(const std::optional<T>& value) {
    add(value.has_value());
    if (value) add(*value);
  }
  /// Which alternative it is.
  template <class... T>
  void add_choice(const std::variant<T...>& value) {
    add(value.index());
  }

  void add(const MountOp& op) {
    const auto& [target, at, action, why] = op;
    add(target);
    add(at);
    add_choice(action);
    std::visit([this](const auto& its) { this->add(its); }, action);
  }
  void add(const Bind& bind) {
    // Which file stands at `source` is a fact.
    const auto& [source, kind, expect, mode, may_vanish] = bind;
    add(source);
    add(kind);
    add(mode);
    add(may_vanish);
  }
  void add(const Tmpfs& tmpfs) {
    const auto& [mode, size] = tmpfs;
    add(mode);
    add_optional(size);
  }
  static void add(const Proc& /*empty*/) {}
  static void add(const Dev& /*empty*/) {}
  static void add(const LockReadOnly& /*empty*/) {}
  static void add(const MaskFile& /*empty*/) {}
  void add(const MakeDir& dir) {
    const auto& [mode] = dir;
    add(mode);
  }
  void add(const WriteFile& file) {
    const auto& [content, mode] = file;
    add(content);
    add(mode);
  }
  void add(const Symlink& link) {
    const auto& [points_to] = link;
    add(points_to);
  }

  void add(const SessionPlan& session) {
    add(session.kind());
    add(session.terminal());
    add_all(session.relayed());
    add(session.deferred());
    add(session.restore_foreground());
  }
  void add(const VariablePlan& variable) {
    // A value may be a secret.
    const auto& [name, fate, reason, origin] = variable;
    add(name);
    add_choice(fate);
  }
  void add(const IdentityPlan& identity) {
    const auto& [uid, gid, map, nested_user_namespaces, nesting_origin] = identity;
    add(uid);
    add(gid);
    add_choice(map);
    if (const auto* all = std::get_if<MapAllIds>(&map)) {
      add_all(all->uids);
      add_all(all->gids);
    }
    add(nested_user_namespaces);
  }
  void add(const FilterGroupPlan& group) {
    const auto& [name, refused, reason, origin] = group;
    add(name);
    add(refused);
  }
  void add(const FilterCallPlan& call) {
    const auto& [name, refused, reason, origin] = call;
    add(name);
    add(refused);
  }
  void add(const IdExtent& extent) {
    const auto& [inside, outside, count] = extent;
    add(inside);
    add(outside);
    add(count);
  }
  void add(const LimitPlan& plan) {
    const auto& [limit, value, origin] = plan;
    add(limit);
    add(value);
  }
  void add(const CgroupPlan& plan) {
    // Where the caller's groups are is a fact.
    const auto& [parent, settings] = plan;
    add_all(settings);
  }
  void add(const CgroupSetting& setting) {
    const auto& [file, value, why, may_lack] = setting;
    add(file);
    add(value);
  }
  void add(const AbsentPath& absent) {
    const auto& [path, origin, link_target] = absent;
    add(path);
    add_optional(link_target);
  }

  void add(const LandlockPlan& landlock) {
    // Which ABI made them is a fact.
    const auto& [mode, abi, handled, handled_for_input, scoped, handled_net, rules, handed_readable, handed_writable,
                 without] = landlock;
    add(handled);
    add(handled_for_input);
    add(scoped);
    if (handled_net != 0) add(handled_net);
    add(handed_readable);
    add(handed_writable);
    add_all(rules);
  }
  void add(const LandlockRule& rule) {
    const auto& [path, rights, why] = rule;
    add(path);
    add(rights);
  }

  void byte(unsigned char value) { state_ = (state_ ^ value) * 0x100000001b3U; }
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

// An inherited one is of the sandbox outside, or somebody's invention.
void set_variable(EnvironmentPlan& plan, std::string_view name, std::string value, std::string reason) {
  const auto at = std::ranges::lower_bound(plan.variables, name, {}, &VariablePlan::name);
  VariablePlan variable{std::string(name), Replaced{std::move(value)}, std::move(reason), {}};
  if (at != plan.variables.end() && at->name == name) {
    *at = std::move(variable);
  } else {
    plan.variables.insert(at, std::move(variable));
  }
}

}  // namespace

void mark_plan(SandboxPlan& plan) {
  set_variable(plan.environment, kSandbox, "1", "tells programs and prompts that they run in fence");
  set_variable(plan.environment, kPlan, {}, "the hash of this plan");
  Digest digest;
  digest.add(plan);
  plan.hash = digest.text();
  set_variable(plan.environment, kPlan, plan.hash, "the hash of this plan");
}

}  // namespace fence
