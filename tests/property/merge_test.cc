// merge() is a fold over layers: what it makes of some layers follows from what it makes of all but the highest.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "fence/policy/policy.h"

namespace fence {
namespace {

/// Lines tell origins apart.
Origin any_origin() { return {LayerKind::User, "x", *rc::gen::inRange<std::uint32_t>(1, 1000), 0}; }

template <class T>
Sourced<T> sourced(T value) {
  return {std::move(value), any_origin()};
}

template <class T>
std::optional<Sourced<T>> maybe(std::initializer_list<T> values) {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return sourced(*rc::gen::elementOf(std::vector<T>(values)));
}

template <class T, class Make>
std::vector<Sourced<T>> some(Make make) {
  std::vector<Sourced<T>> out;
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) out.push_back(sourced<T>(make()));
  return out;
}

HostPath any_path() {
  const std::vector<std::string> paths{"/", "/a", "/a/b", "/a-b", "/c"};
  return *HostPath::parse(*rc::gen::elementOf(paths));
}

PathRule any_rule() {
  const std::vector<PathList> lists{PathList::AllowRead, PathList::DenyRead, PathList::AllowWrite, PathList::DenyWrite,
                                    PathList::Protect};
  return {.list = *rc::gen::elementOf(lists), .path = any_path(), .optional = *rc::gen::arbitrary<bool>()};
}

VariablePattern any_pattern() { return {*rc::gen::elementOf(std::vector<std::string>{"A", "B*", "?C"}), ""}; }

CallRule any_call() { return {*rc::gen::elementOf(std::vector<std::string>{"mounts", "bpf"}), ""}; }

SettingsLayer any_layer() {
  SettingsLayer layer;
  layer.backend = maybe({Backend::Auto, Backend::Native, Backend::Bwrap, Backend::Landlock});
  layer.force_new_session = maybe({false, true});
  layer.terminal = maybe({TerminalMode::Auto, TerminalMode::Private, TerminalMode::Shared});
  layer.paths = some<PathRule>(any_rule);
  layer.scratch = some<ScratchRule>([] { return ScratchRule{.path = any_path()}; });
  layer.binds = some<BindRule>([] { return BindRule{.source = any_path(), .target = same_inside(any_path())}; });
  layer.absent_protected = maybe({AbsentProtected::Report, AbsentProtected::Quarantine});
  layer.devices = maybe({DevicesMode::Minimal, DevicesMode::Host});
  layer.device_nodes = some<DeviceRule>([] { return DeviceRule{.path = any_path()}; });
  layer.runtime_dir = maybe({RuntimeDirMode::Auto, RuntimeDirMode::Private, RuntimeDirMode::Unset});
  layer.network = maybe({NetworkMode::None, NetworkMode::Host});
  layer.environment = maybe({EnvironmentMode::Inherit, EnvironmentMode::Clear});
  layer.environment_pass = some<VariablePattern>(any_pattern);
  layer.environment_deny = some<VariablePattern>(any_pattern);
  for (const char* name : {"A", "B"}) {
    if (*rc::gen::arbitrary<bool>()) layer.environment_set[name] = sourced(*rc::gen::arbitrary<std::string>());
  }
  layer.seccomp = maybe({SeccompProfile::Minimal, SeccompProfile::Default, SeccompProfile::Strict});
  layer.seccomp_allow = some<CallRule>(any_call);
  layer.seccomp_deny = some<CallRule>(any_call);
  layer.landlock = maybe({LandlockMode::Off, LandlockMode::Auto, LandlockMode::Full});
  layer.nesting = maybe({false, true});
  layer.windows_interop = maybe({false, true});
  return layer;
}

std::vector<SettingsLayer> any_layers() {
  std::vector<SettingsLayer> layers;
  for (int left = *rc::gen::inRange(1, 5); left > 0; --left) layers.push_back(any_layer());
  return layers;
}

/// `list` is what it was below, and then the highest layer's entries with the highest rank.
template <class T>
void appended(const std::vector<Ranked<T>>& list, std::vector<Ranked<T>> below, const std::vector<Sourced<T>>& own,
              int rank) {
  for (const Sourced<T>& entry : own) below.push_back({entry.value, entry.origin, rank});
  RC_ASSERT(list == below);
}

template <class T>
void replaced(const Sourced<T>& value, const Sourced<T>& below, const std::optional<Sourced<T>>& own) {
  RC_ASSERT(value == own.value_or(below));
}

void session_follows(const Policy& policy, const Policy& below, const SettingsLayer& own, int rank) {
  if (!own.force_new_session) {
    RC_ASSERT(policy.force_new_session == below.force_new_session);
    RC_ASSERT(policy.force_new_session_overruled == below.force_new_session_overruled);
    return;
  }
  RC_ASSERT(policy.force_new_session ==
            (Ranked<bool>{own.force_new_session->value, own.force_new_session->origin, rank}));
  auto overruled = below.force_new_session_overruled;
  if (below.force_new_session) overruled.push_back({below.force_new_session->value, below.force_new_session->origin});
  RC_ASSERT(policy.force_new_session_overruled == overruled);
}

void variables_follow(const Policy& policy, const Policy& below, const SettingsLayer& own, int rank) {
  auto expected = below.environment_set;
  for (const auto& [name, said] : own.environment_set) expected[name] = {said.value, said.origin, rank};
  RC_ASSERT(policy.environment_set == expected);
}

TEST(MergeProperty, EachLayerIsPutOnTopOfWhatIsBelow) {
  EXPECT_TRUE(rc::check([] {
    const auto layers = any_layers();
    const std::span all(layers);
    const Policy policy = merge(all);
    const Policy below = merge(all.first(all.size() - 1));
    const SettingsLayer& own = layers.back();
    const int rank = static_cast<int>(layers.size()) - 1;

    appended(policy.paths, below.paths, own.paths, rank);
    appended(policy.scratch, below.scratch, own.scratch, rank);
    appended(policy.binds, below.binds, own.binds, rank);
    appended(policy.device_nodes, below.device_nodes, own.device_nodes, rank);
    appended(policy.environment_pass, below.environment_pass, own.environment_pass, rank);
    appended(policy.environment_deny, below.environment_deny, own.environment_deny, rank);
    replaced(policy.backend, below.backend, own.backend);
    replaced(policy.terminal, below.terminal, own.terminal);
    replaced(policy.absent_protected, below.absent_protected, own.absent_protected);
    replaced(policy.devices, below.devices, own.devices);
    replaced(policy.runtime_dir, below.runtime_dir, own.runtime_dir);
    replaced(policy.network, below.network, own.network);
    replaced(policy.environment, below.environment, own.environment);
    appended(policy.seccomp_allow, below.seccomp_allow, own.seccomp_allow, rank);
    appended(policy.seccomp_deny, below.seccomp_deny, own.seccomp_deny, rank);
    replaced(policy.seccomp, below.seccomp, own.seccomp);
    replaced(policy.landlock, below.landlock, own.landlock);
    replaced(policy.nesting, below.nesting, own.nesting);
    replaced(policy.windows_interop, below.windows_interop, own.windows_interop);
    session_follows(policy, below, own, rank);
    variables_follow(policy, below, own, rank);
  }));
}

TEST(MergeProperty, ALayerThatSaysTheSameAgainChangesNoSingleValue) {
  EXPECT_TRUE(rc::check([] {
    auto layers = any_layers();
    const Policy once = merge(layers);
    layers.push_back(layers.back());
    const Policy twice = merge(layers);
    RC_ASSERT(twice.backend == once.backend);
    RC_ASSERT(twice.terminal == once.terminal);
    RC_ASSERT(twice.absent_protected == once.absent_protected);
    RC_ASSERT(twice.devices == once.devices);
    RC_ASSERT(twice.runtime_dir == once.runtime_dir);
    RC_ASSERT(twice.network == once.network);
    RC_ASSERT(twice.environment == once.environment);
    RC_ASSERT(twice.seccomp == once.seccomp);
    RC_ASSERT(twice.landlock == once.landlock);
    RC_ASSERT(twice.nesting == once.nesting);
    RC_ASSERT(twice.force_new_session.has_value() == once.force_new_session.has_value());
    for (const auto& [name, value] : once.environment_set) {
      RC_ASSERT(twice.environment_set.at(name).value == value.value);
    }
  }));
}

}  // namespace
}  // namespace fence
