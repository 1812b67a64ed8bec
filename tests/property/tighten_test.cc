// What a layer that may only restrict does to what a command can reach, and what an enforced one keeps.
//
// Compared is effective access: which file of the host each path inside shows, and whether it can be written. Text of
// rules is not compared: a rule that looks like a restriction may still open something.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "fence/plan/view.h"
#include "support/fake_host.h"

namespace fence::testing {
namespace {

const std::vector<std::string> kTree = {"/srv",       "/srv/a",      "/srv/a/b", "/srv/a/b/f", "/srv/a/.env",
                                        "/srv/c",     "/srv/c/.env", "/srv/l/x", "/ws",        "/ws/d",
                                        "/ws/d/.env", "/ws/.env",    "/ws/e"};
/// Where binds show a part of the tree a second time.
const std::vector<std::string> kTargets = {"/alias", "/srv/c", "/ws/e"};

FakeHost some_host() {
  FakeHost fake;
  fake.dir("/ws")
      .stand_in("/ws")
      .dir("/alias", 0)
      .dir("/srv", 0)
      .dir("/srv/a")
      .dir("/srv/a/b")
      .dir("/srv/c")
      .dir("/ws/d");
  fake.dir("/ws/e");
  fake.file("/srv/a/b/f")
      .file("/srv/a/.env")
      .file("/srv/c/.env")
      .file("/ws/d/.env")
      .file("/ws/.env")
      .file("/srv/a/b/x");
  fake.link("/srv/l", "a/b");
  return fake;
}

std::string any_place() { return *rc::gen::elementOf(kTree); }

/// A path of the tree, the workspace, or the same path below every writable tree; sometimes with a pattern.
PathRule any_rule(std::vector<PathList> lists) {
  PathRule rule{.list = *rc::gen::elementOf(lists), .path = host(any_place()), .optional = *rc::gen::arbitrary<bool>()};
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      rule.path = InWorkspace{*rc::gen::element<std::string>("", "d", ".env", "d/.env")};
      break;
    case 1:
      if (rule.list == PathList::Protect) rule.path = InEveryWritableTree{*rc::gen::element<std::string>("d", ".env")};
      break;
    case 2:
      rule.path = host(*rc::gen::element<std::string>("/srv", "/ws", "/"));
      rule.pattern = *rc::gen::element<std::string>("**/.env", "*", "*/.env", "?/[a-c]");
      break;
    default:
      break;
  }
  return rule;
}

std::vector<Sourced<PathRule>> any_rules(const std::vector<PathList>& lists, LayerKind kind) {
  std::vector<Sourced<PathRule>> out;
  for (std::uint32_t left = *rc::gen::inRange<std::uint32_t>(0, 5); left > 0; --left) {
    out.push_back({any_rule(lists), {kind, "layer", left, 0}});
  }
  return out;
}

constexpr std::initializer_list<PathList> kRestricting = {PathList::DenyRead, PathList::DenyWrite, PathList::Protect};

SettingsLayer any_free_layer(LayerKind kind) {
  SettingsLayer layer{.kind = kind, .name = "free"};
  layer.paths = any_rules(
      {PathList::AllowRead, PathList::AllowWrite, PathList::DenyRead, PathList::DenyWrite, PathList::Protect}, kind);
  if (*rc::gen::inRange(0, 3) == 0) {
    layer.scratch.push_back(
        {{.path = host(*rc::gen::element<std::string>("/srv/c", "/ws/e")), .optional = true}, {kind, "tmpfs", 1, 0}});
  }
  if (*rc::gen::inRange(0, 3) == 0) {
    layer.binds.push_back({{.source = host(*rc::gen::element<std::string>("/srv", "/srv/a", "/ws")),
                            .target = inside(*rc::gen::elementOf(kTargets)),
                            .mode = *rc::gen::element(BindMode::ReadOnly, BindMode::ReadWrite)},
                           {kind, "bind", 1, 0}});
  }
  return layer;
}

SettingsLayer any_restricting_layer(Authority authority) {
  SettingsLayer layer{.kind = authority == Authority::Enforced ? LayerKind::System : LayerKind::Project,
                      .name = "restricting",
                      .authority = authority};
  layer.paths = any_rules(kRestricting, layer.kind);
  return layer;
}

/// What every launch has: the host is visible, the workspace writable.
SettingsLayer base_layer() {
  SettingsLayer layer{.kind = LayerKind::Profile, .name = "base"};
  layer.paths.push_back({{.list = PathList::AllowRead, .path = HostPath::root()}, {LayerKind::Profile, "base", 1, 0}});
  layer.paths.push_back(
      {{.list = PathList::AllowWrite, .path = InWorkspace{}, .optional = true}, {LayerKind::Profile, "base", 2, 0}});
  return layer;
}

struct Reached {
  HostPath file;
  bool writable = false;
};

/// What of the host is at each path inside, for the paths that these tests know.
std::map<std::string, Reached> reached(const SandboxPlan& plan, const HostFacts& facts) {
  std::vector<std::string> places = kTree;
  for (const std::string& target : kTargets) {
    for (const std::string& path : kTree) places.push_back(target + path);
    for (const char* name : {"/a", "/a/b", "/a/b/f", "/a/.env", "/b", "/b/f", "/.env", "/c/.env", "/d/.env"}) {
      places.push_back(target + name);
    }
  }
  std::map<std::string, Reached> out;
  FactLens lens(facts);
  for (const std::string& place : places) {
    const SeenAt at = look(place, plan.mounts, lens);
    const auto* seen = std::get_if<SeenHost>(&at.seen);
    if (seen != nullptr) out[place] = {seen->host, seen->mode != BindMode::ReadOnly};
  }
  return out;
}

/// The facts for every place that is looked at, besides what the planner asked for.
struct Planned {
  std::optional<SandboxPlan> plan;
  HostFacts facts;
};

Planned planned(const FakeHost& fake, const std::vector<SettingsLayer>& layers) {
  const Policy policy = merge(layers);
  const Request request{{"true"}, {}, {}};
  HostFacts facts = const_cast<FakeHost&>(fake).facts();
  for (FactQueries wanted = required_facts(policy, request, facts); !wanted.empty();
       wanted = required_facts(policy, request, facts)) {
    fake.answer(wanted, facts);
  }
  auto plan = make_plan(policy, request, facts);
  if (!plan) return {std::nullopt, std::move(facts)};
  return {*std::move(plan), std::move(facts)};
}

std::string story(const std::vector<SettingsLayer>& layers) {
  std::string out;
  const auto text = [](const RulePath& path) {
    return std::visit(Overloaded{[](const HostPath& p) { return p.text(); },
                                 [](const InWorkspace& in) { return "$WS/" + in.relative; },
                                 [](const InEveryWritableTree& in) { return "*tree*/" + in.relative; }},
                      path);
  };
  for (const SettingsLayer& layer : layers) {
    out += std::string(layer_name(layer.kind)) + ": ";
    for (const auto& rule : layer.paths) {
      out += std::string(list_name(rule.value.list)) + " " + text(rule.value.path) +
             (rule.value.pattern.empty() ? "" : " + " + rule.value.pattern) +
             (rule.value.optional ? " optional; " : "; ");
    }
    for (const auto& bind : layer.binds)
      out += "bind " + bind.value.source.text() + " at " + bind.value.target.text() + "; ";
    for (const auto& scratch : layer.scratch) out += "tmpfs " + text(scratch.value.path) + "; ";
    out += "\n";
  }
  return out;
}

RC_GTEST_PROP(TightenOnly, ARestrictingLayerOpensNothingThatWasClosed, ()) {
  const FakeHost fake = some_host();
  std::vector<SettingsLayer> layers = {base_layer(), any_free_layer(LayerKind::User)};
  const Planned without = planned(fake, layers);
  layers.push_back(any_restricting_layer(Authority::TightenOnly));
  RC_ASSERT(check_authority(layers).empty());
  const Planned with = planned(fake, layers);
  // What does not start shows nothing.
  RC_PRE(without.plan.has_value());
  RC_CLASSIFY(with.plan.has_value(), "both start");
  if (!with.plan) return;
  const auto before = reached(*without.plan, without.facts);
  for (const auto& [place, now] : reached(*with.plan, with.facts)) {
    const auto then = before.find(place);
    if (then == before.end()) RC_FAIL(place + " was not shown before\n" + story(layers));
    if (then->second.file != now.file) RC_FAIL(place + " was another file\n" + story(layers));
    if (now.writable && !then->second.writable) RC_FAIL(place + " was not writable\n" + story(layers));
  }
}

RC_GTEST_PROP(Enforced, StaysWhateverTheOtherLayersSay, ()) {
  const FakeHost fake = some_host();
  const SettingsLayer enforced = any_restricting_layer(Authority::Enforced);
  std::vector<SettingsLayer> layers = {base_layer(), any_free_layer(LayerKind::Profile),
                                       any_free_layer(LayerKind::User), any_free_layer(LayerKind::CommandLine),
                                       enforced};
  const Planned with = planned(fake, layers);
  RC_CLASSIFY(with.plan.has_value(), "starts");
  if (!with.plan) return;
  // What the enforced layer alone makes of the host is the most that any file may be.
  const Planned alone = planned(fake, {base_layer(), enforced});
  RC_PRE(alone.plan.has_value());
  for (const auto& rule : enforced.paths) {
    const auto* path = std::get_if<HostPath>(&rule.value.path);
    // A protection speaks of writable trees, of which the other layers may make more.
    if (path == nullptr || !rule.value.pattern.empty()) continue;
    FactLens lens(with.facts);
    const Resolution resolution = resolve(lens, *path);
    const auto* found = std::get_if<Found>(&resolution);
    if (found == nullptr) continue;
    for (const auto& [place, now] : reached(*with.plan, with.facts)) {
      if (!found->real.contains(now.file)) continue;
      if (rule.value.list == PathList::DenyRead) RC_FAIL(place + " shows " + now.file.text() + "\n" + story(layers));
      if (now.writable) RC_FAIL(place + " lets " + now.file.text() + " be written\n" + story(layers));
    }
  }
}

// The controls: the same comparison fails for a layer that is free, and for a restriction that is not enforced.
TEST(TightenControl, AFreeLayerOpensWhatWasClosed) {
  const FakeHost fake = some_host();
  SettingsLayer user{.kind = LayerKind::User};
  user.paths.push_back({{.list = PathList::DenyRead, .path = host("/srv/a")}, {}});
  SettingsLayer opening{.kind = LayerKind::Project};
  opening.paths.push_back({{.list = PathList::AllowRead, .path = host("/srv/a/b")}, {}});
  const Planned without = planned(fake, {base_layer(), user});
  const Planned with = planned(fake, {base_layer(), user, opening});
  ASSERT_TRUE(without.plan && with.plan);
  EXPECT_FALSE(reached(*without.plan, without.facts).contains("/srv/a/b/f"));
  EXPECT_TRUE(reached(*with.plan, with.facts).contains("/srv/a/b/f"));
  opening.authority = Authority::TightenOnly;
  EXPECT_FALSE(check_authority(std::vector{base_layer(), user, opening}).empty());
}

TEST(TightenControl, ARestrictionThatIsNotEnforcedIsOpenedByABind) {
  const FakeHost fake = some_host();
  SettingsLayer system{.kind = LayerKind::System};
  system.paths.push_back({{.list = PathList::DenyRead, .path = host("/srv/a")}, {}});
  SettingsLayer user{.kind = LayerKind::User};
  user.binds.push_back({{.source = host("/srv"), .target = inside("/alias")}, {LayerKind::User, "x", 1, 0}});
  const Planned open = planned(fake, {base_layer(), system, user});
  ASSERT_TRUE(open.plan);
  EXPECT_TRUE(reached(*open.plan, open.facts).contains("/alias/a/b/f"));
  system.authority = Authority::Enforced;
  const Planned closed = planned(fake, {base_layer(), user, system});
  ASSERT_TRUE(closed.plan);
  EXPECT_FALSE(reached(*closed.plan, closed.facts).contains("/alias/a/b/f"));
}

}  // namespace
}  // namespace fence::testing
