// The oracle: what a policy says of a path, worked out from its rules alone, equals what the plan's mounts show there.
//
// The left side is written here a second time, as plainly as the rule reads in the documentation; the right side is the
// planner's own simulation of the kernel, which tests/integration compares with a real sandbox.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "fence/plan/view.h"
#include "support/fake_host.h"
#include "support/granted.h"

namespace fence::testing {
namespace {

enum class Verdict : std::uint8_t { Hidden, ReadOnly, Writable, Private };

std::ostream& operator<<(std::ostream& out, Verdict verdict) {
  constexpr const char* kNames[] = {"hidden", "read-only", "writable", "private"};
  return out << kNames[static_cast<std::size_t>(verdict)];
}

struct Rule {
  enum class Kind : std::uint8_t { AllowRead, DenyRead, AllowWrite, DenyWrite, Scratch } kind;
  std::string path;
  int rank;
};

std::string describe(const std::vector<Rule>& rules) {
  constexpr const char* kNames[] = {"allowRead", "denyRead", "allowWrite", "denyWrite", "tmpfs"};
  std::string text;
  for (const Rule& rule : rules) {
    text += std::string(kNames[static_cast<std::size_t>(rule.kind)]) + " " + rule.path + " rank " +
            std::to_string(rule.rank) + "; ";
  }
  return text;
}

// The longest prefix decides; on one path the highest rank; in one rank the stricter.
Verdict evaluate(const std::vector<Rule>& rules, const std::string& path) {
  const auto decide = [&](auto speaks, auto strictness) -> const Rule* {
    for (SandboxPath here = inside(path);; here = here.parent()) {
      const Rule* best = nullptr;
      for (const Rule& rule : rules) {
        if (rule.path != here.text() || !speaks(rule.kind)) continue;
        const bool better = best == nullptr || rule.rank > best->rank ||
                            (rule.rank == best->rank && strictness(rule.kind) > strictness(best->kind));
        if (better) best = &rule;
      }
      if (best != nullptr || here.is_root()) return best;
    }
  };
  using Kind = Rule::Kind;
  const Rule* content = decide([](Kind k) { return k != Kind::DenyWrite; },
                               [](Kind k) { return k == Kind::DenyRead  ? 2
                                                   : k == Kind::Scratch ? 1
                                                                        : 0; });
  const Rule* write =
      decide([](Kind k) { return k != Kind::AllowRead; }, [](Kind k) { return k == Kind::AllowWrite ? 0 : 1; });
  if (content == nullptr || content->kind == Kind::DenyRead) return Verdict::Hidden;
  if (content->kind == Kind::Scratch) return content->path == path ? Verdict::Private : Verdict::Hidden;
  return write != nullptr && write->kind == Kind::AllowWrite ? Verdict::Writable : Verdict::ReadOnly;
}

Verdict simulate(const SandboxPlan& plan, FactLens& lens, const std::string& path) {
  return std::visit(Overloaded{
                        [&](const SeenHost& seen) {
                          EXPECT_EQ(seen.host.text(), path);
                          return seen.mode == BindMode::ReadOnly ? Verdict::ReadOnly : Verdict::Writable;
                        },
                        [&](const SeenOwn& own) {
                          // A directory put together anew shows the host's entries one by one, and is itself read-only.
                          const MountOp* op = plan.mounts.find(inside(path));
                          if (op != nullptr && op->why.because == Because::Composed) return Verdict::ReadOnly;
                          return own.mount_point && own.writable ? Verdict::Private : Verdict::Hidden;
                        },
                        [](const SeenSpecial&) { return Verdict::Hidden; },
                        [](const SeenFile&) { return Verdict::Hidden; },
                        [](const SeenNothing&) { return Verdict::Hidden; },
                    },
                    look(path, plan.mounts, lens).seen);
}

Policy policy_of(const std::vector<Rule>& rules) {
  PolicyBuilder builder;
  for (const Rule& rule : rules) {
    switch (rule.kind) {
      case Rule::Kind::AllowRead:
        builder.allow_read(rule.path, rule.rank);
        break;
      case Rule::Kind::DenyRead:
        builder.deny_read(rule.path, rule.rank);
        break;
      case Rule::Kind::AllowWrite:
        builder.allow_write(rule.path, rule.rank);
        break;
      case Rule::Kind::DenyWrite:
        builder.deny_write(rule.path, rule.rank);
        break;
      case Rule::Kind::Scratch:
        builder.scratch(rule.path, rule.rank);
        break;
    }
  }
  // Where the command starts has to be visible; a directory that no rule of these tests names.
  builder.allow_read("/start", 9);
  return builder;
}

// All facts at once: the rounds are tested elsewhere, and these tests make many plans.
HostFacts all_facts(const FakeHost& fake, const std::vector<std::string>& paths) {
  HostFacts facts = const_cast<FakeHost&>(fake).facts();
  FactQueries everything;
  for (const std::string& path : paths) {
    everything.paths.insert(host(path));
    everything.listings.insert(host(path));
  }
  fake.answer(everything, facts);
  return facts;
}

// Answers what the planner still asks beyond the tree of the test (/etc/ssh, /proc/sys, ...).
HostFacts complete(const FakeHost& fake, HostFacts facts, const Policy& policy, const Request& request) {
  for (;;) {
    const FactQueries wanted = required_facts(policy, request, facts);
    if (wanted.empty()) return facts;
    fake.answer(wanted, facts);
  }
}

void expect_oracle(const FakeHost& fake, const HostFacts& known, const std::vector<Rule>& rules,
                   const std::vector<std::string>& paths) {
  const Policy policy = policy_of(rules);
  const Request request{{"true"}, {}, {}};
  const HostFacts facts = complete(fake, known, policy, request);
  const auto plan = make_plan(policy, request, facts);
  ASSERT_TRUE(plan) << describe(rules) << all_texts(plan.error());
  FactLens lens(facts);
  for (const std::string& path : paths) {
    ASSERT_EQ(evaluate(rules, path), simulate(*plan, lens, path)) << path << " under " << describe(rules);
  }
}

FakeHost small_host() {
  FakeHost fake;
  fake.dir("/start").stand_in("/start").dir("/srv/a", 0).dir("/srv/a/b").file("/srv/a/b/f").file("/srv/a/g").dir("/c");
  return fake;
}

const std::vector<std::string> kSmallTree = {"/srv", "/srv/a", "/srv/a/b", "/srv/a/b/f", "/srv/a/g", "/c"};

// Every policy of up to three rules: each rule one of four kinds on one of five paths in one of two layers.
TEST(Oracle, HoldsForEveryPolicyOfUpToThreeRulesOnASmallTree) {
  std::vector<Rule> choices;
  for (const char* path : {"/", "/srv/a", "/srv/a/b", "/srv/a/b/f", "/srv/a/g"}) {
    for (const auto kind :
         {Rule::Kind::AllowRead, Rule::Kind::DenyRead, Rule::Kind::AllowWrite, Rule::Kind::DenyWrite}) {
      for (const int rank : {1, 6}) choices.push_back({kind, path, rank});
    }
  }
  const FakeHost fake = small_host();
  // Completed once with everything hidden in turn, so that each plan below needs one round only.
  HostFacts known = all_facts(fake, {"/", "/srv", "/srv/a", "/srv/a/b", "/srv/a/b/f", "/srv/a/g", "/c", "/start"});
  known = complete(fake, known, policy_of({{Rule::Kind::AllowRead, "/", 1}}), Request{{"true"}, {}, {}});
  std::size_t plans = 0;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    for (std::size_t j = i; j < choices.size(); ++j) {
      for (std::size_t k = j; k < choices.size(); ++k) {
        expect_oracle(fake, known, {choices[i], choices[j], choices[k]}, kSmallTree);
        ++plans;
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_EQ(plans, 11480U);  // 40 choices, three with repetition: all policies of one, two and three rules
}

// The control: an oracle that ignores depth would not hold, so equality above is no accident of a trivial planner.
TEST(Oracle, WouldNoticeAPlannerThatIgnoresDepth) {
  const std::vector<Rule> rules = {{Rule::Kind::AllowRead, "/", 1}, {Rule::Kind::DenyRead, "/a/b", 1}};
  EXPECT_EQ(evaluate(rules, "/a/b/f"), Verdict::Hidden);
  EXPECT_EQ(evaluate({rules[0]}, "/a/b/f"), Verdict::ReadOnly);
}

RC_GTEST_PROP(Oracle, HoldsForRandomRulesOnRandomTrees, ()) {
  FakeHost fake;
  fake.dir("/start").stand_in("/start");
  std::vector<std::string> directories = {"/t"};
  std::vector<std::string> paths;
  fake.dir("/t", *rc::gen::element(0U, 1000U));
  const auto nodes = *rc::gen::inRange(1, 14);
  for (int n = 0; n < nodes; ++n) {
    const std::string parent = *rc::gen::elementOf(directories);
    const std::string path = parent + "/n" + std::to_string(n);
    if (*rc::gen::arbitrary<bool>()) {
      fake.dir(path, *rc::gen::element(0U, 1000U));
      directories.push_back(path);
    } else {
      fake.file(path);
    }
    paths.push_back(path);
  }
  std::vector<std::string> places = paths;
  places.insert(places.end(), {"/", "/t"});
  std::vector<Rule> rules;
  const auto count = *rc::gen::inRange(0, 9);
  for (int n = 0; n < count; ++n) {
    const std::string path = *rc::gen::elementOf(places);
    const bool directory = path == "/" || std::ranges::find(directories, path) != directories.end();
    const auto kind = directory && path != "/"
                          ? *rc::gen::element(Rule::Kind::AllowRead, Rule::Kind::DenyRead, Rule::Kind::AllowWrite,
                                              Rule::Kind::DenyWrite, Rule::Kind::Scratch)
                          : *rc::gen::element(Rule::Kind::AllowRead, Rule::Kind::DenyRead, Rule::Kind::AllowWrite,
                                              Rule::Kind::DenyWrite);
    rules.push_back({kind, path, *rc::gen::element(1, 3, 6)});
  }
  expect_oracle(fake, HostFacts(fake.facts()), rules, paths);
}

// "No plan makes anything writable that no rule names"; tests/fuzz asks the same of settings and hosts of any kind.
RC_GTEST_PROP(Oracle, NothingIsWritableThatNoRuleNames, ()) {
  const FakeHost fake = small_host();
  std::vector<Rule> rules = {{Rule::Kind::AllowRead, "/", 1}};
  const auto count = *rc::gen::inRange(0, 6);
  for (int n = 0; n < count; ++n) {
    rules.push_back(
        {*rc::gen::element(Rule::Kind::AllowRead, Rule::Kind::DenyRead, Rule::Kind::AllowWrite, Rule::Kind::DenyWrite),
         *rc::gen::elementOf(kSmallTree), *rc::gen::element(1, 3, 6)});
  }
  const Policy policy = policy_of(rules);
  HostFacts facts = fake.questioned();
  const auto plan = fake.plan_from(policy, {{"true"}, {}, {}}, facts);
  RC_ASSERT(plan.has_value());
  FactLens lens(facts);
  RC_ASSERT(granted_by_nothing(*plan, policy, lens) == std::nullopt);
}

// The control: the same plan against rules that do not grant it.
TEST(Oracle, WouldNoticeAWritableTreeThatNoRuleNames) {
  const FakeHost fake = small_host();
  const Policy policy = policy_of({{Rule::Kind::AllowRead, "/", 1}, {Rule::Kind::AllowWrite, "/srv/a/b", 1}});
  HostFacts facts = fake.questioned();
  const auto plan = fake.plan_from(policy, {{"true"}, {}, {}}, facts);
  ASSERT_TRUE(plan);
  FactLens lens(facts);
  EXPECT_EQ(granted_by_nothing(*plan, policy, lens), std::nullopt);
  const Policy other = policy_of({{Rule::Kind::AllowRead, "/", 1}, {Rule::Kind::AllowWrite, "/srv/a/b/f", 1}});
  EXPECT_EQ(granted_by_nothing(*plan, other, lens), "/srv/a/b");
}

Policy without_namespaces(const std::vector<Rule>& rules) {
  Policy policy = policy_of(rules);
  policy.backend = {Backend::Landlock, {}};
  policy.runtime_dir = {RuntimeDirMode::Unset, {}};
  for (const Ability ability : {Ability::Proc, Ability::Cgroup, Ability::Metadata}) {
    policy.allow_degraded.push_back({ability, {}});
  }
  return policy;
}

/// As the kernel does it: what the rules on the way to the root grant, added up.
Verdict held(const SandboxPlan& plan, const std::string& path) {
  std::uint64_t rights = 0;
  for (const LandlockRule& rule : plan.landlock.rules) rights |= rule.path.contains(inside(path)) ? rule.rights : 0;
  if ((rights & landlock::kWriteFile) != 0) return Verdict::Writable;
  return (rights & landlock::kReadFile) != 0 ? Verdict::ReadOnly : Verdict::Hidden;
}

bool takes_mounts(const std::vector<Rule>& rules, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const Verdict here = evaluate(rules, path);
    const Verdict above = evaluate(rules, inside(path).parent().text());
    if (here == Verdict::Private || here < above) return true;
  }
  return false;
}

// Landlock alone: exactly what the rules say, or a refusal, and that only where something is narrower than what lies
// above it or private.
RC_GTEST_PROP(Oracle, WithoutNamespacesItHoldsOrIsRefused, ()) {
  const FakeHost fake = small_host();
  std::vector<Rule> rules;
  const auto count = *rc::gen::inRange(1, 5);
  for (int n = 0; n < count; ++n) {
    const auto kind = *rc::gen::element(Rule::Kind::AllowRead, Rule::Kind::AllowRead, Rule::Kind::DenyRead,
                                        Rule::Kind::AllowWrite, Rule::Kind::DenyWrite, Rule::Kind::Scratch);
    const std::string path = *rc::gen::elementOf(kSmallTree);
    const bool file = path == "/srv/a/b/f" || path == "/srv/a/g";
    rules.push_back(
        {file && kind == Rule::Kind::Scratch ? Rule::Kind::DenyRead : kind, path, *rc::gen::element(1, 3, 6)});
  }
  const bool cannot_be_held = takes_mounts(rules, kSmallTree);
  RC_CLASSIFY(cannot_be_held);
  const Policy policy = without_namespaces(rules);
  HostFacts facts = fake.questioned();
  const auto plan = fake.plan_from(policy, {{"true"}, {}, {}}, facts);
  RC_ASSERT(plan.has_value() != cannot_be_held);
  if (!plan) return;
  FactLens lens(facts);
  RC_ASSERT(granted_by_nothing(*plan, policy, lens) == std::nullopt);
  for (const std::string& path : kSmallTree) RC_ASSERT(held(*plan, path) == evaluate(rules, path));
}

}  // namespace
}  // namespace fence::testing
