// A layer that may only restrict never makes a single value less strict, and nobody undoes what is enforced.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "choices.h"

namespace fence {
namespace {

const std::vector<LayerKind> kKinds{LayerKind::BuiltIn, LayerKind::Profile,     LayerKind::System,     LayerKind::User,
                                    LayerKind::Project, LayerKind::Environment, LayerKind::CommandLine};

Origin any_origin() { return {LayerKind::User, "x", *rc::gen::inRange<std::uint32_t>(1, 1000), 0}; }

template <class T>
std::optional<Sourced<T>> maybe(std::span<const Choice<T>> choices) {
  const auto at = *rc::gen::inRange<std::size_t>(0, choices.size() + 1);
  if (at == choices.size()) return std::nullopt;
  return Sourced<T>{choices[at].value, any_origin()};
}

std::map<Limit, Sourced<std::uint64_t>> any_limits() {
  std::map<Limit, Sourced<std::uint64_t>> limits;
  for (const LimitRow& row : limit_table()) {
    const auto value = *rc::gen::element<std::uint64_t>(0, 1, 2, 3, kNoLimit);
    if (value != 0) limits[row.limit] = {value, any_origin()};
  }
  return limits;
}

SettingsLayer any_layer(Authority authority) {
  SettingsLayer layer{.kind = *rc::gen::elementOf(kKinds), .name = "dir/x", .authority = authority};
  for_each_single([&](const auto& setting) { layer.*setting.said = maybe(setting.choices); });
  layer.force_new_session = maybe<bool>(kForceNewSession);
  layer.limits = any_limits();
  const std::vector<std::string> patterns{"A", "B*", "?C"};
  if (*rc::gen::arbitrary<bool>()) layer.environment_deny = {{{*rc::gen::elementOf(patterns), ""}, any_origin()}};
  return layer;
}

/// One that says little, so that it often may say what it says.
SettingsLayer small_layer(Authority authority) {
  SettingsLayer layer = any_layer(authority);
  layer.backend.reset();
  for_each_single([&](const auto& setting) {
    if (*rc::gen::inRange(0, 4) != 0) (layer.*setting.said).reset();
  });
  if (*rc::gen::arbitrary<bool>()) layer.limits.clear();
  return layer;
}

std::vector<SettingsLayer> some_layers() {
  std::vector<SettingsLayer> layers;
  for (int left = *rc::gen::inRange(0, 5); left > 0; --left) layers.push_back(any_layer(Authority::Free));
  return layers;
}

int session_of(const Policy& policy) {
  const auto& session = policy.force_new_session;
  return session_strictness(session ? std::optional(session->value) : std::nullopt);
}

/// Every single value with an order is at least as strict in `more` as in `less`; one without is the same.
void at_least_as_strict(const Policy& more, const Policy& less) {
  for_each_single([&](const auto& setting) {
    const auto now = strictness(setting.choices, (more.*setting.in_force).value);
    const auto before = strictness(setting.choices, (less.*setting.in_force).value);
    RC_ASSERT(now.value_or(0) >= before.value_or(0));
    RC_ASSERT(now.has_value() || more.*setting.in_force == less.*setting.in_force);
  });
  RC_ASSERT(session_of(more) >= session_of(less));
  for (const LimitRow& row : limit_table()) {
    RC_ASSERT(limit_in_force(more, row.limit).value <= limit_in_force(less, row.limit).value);
  }
}

TEST(AuthorityProperty, ALayerThatMayOnlyTightenMakesNothingLooser) {
  EXPECT_TRUE(rc::check([] {
    auto layers = some_layers();
    const Policy before = merge(layers);
    layers.push_back(any_layer(Authority::TightenOnly));
    at_least_as_strict(merge(layers), before);
  }));
}

TEST(AuthorityProperty, WhatCheckAuthorityLetsPassOfSuchALayerIsInForce) {
  EXPECT_TRUE(rc::check([] {
    auto layers = some_layers();
    layers.push_back(small_layer(Authority::TightenOnly));
    const SettingsLayer& own = layers.back();
    const Policy policy = merge(layers);
    const bool good = check_authority(layers).empty();
    RC_CLASSIFY(good);
    if (!good) return;
    for_each_single([&](const auto& setting) {
      if (!(own.*setting.said)) return;
      RC_ASSERT(strictness(setting.choices, (policy.*setting.in_force).value).value_or(0) ==
                strictness(setting.choices, (own.*setting.said)->value).value_or(0));
    });
    for (const auto& [limit, said] : own.limits) RC_ASSERT(limit_in_force(policy, limit).value == said.value);
  }));
}

TEST(AuthorityProperty, NoLayerMakesAnythingLooserThanWhatIsEnforced) {
  EXPECT_TRUE(rc::check([] {
    auto layers = some_layers();
    if (*rc::gen::arbitrary<bool>()) layers.push_back(any_layer(Authority::TightenOnly));
    const SettingsLayer enforced = any_layer(Authority::Enforced);
    layers.push_back(enforced);
    const Policy policy = merge(layers);
    for_each_single([&](const auto& setting) {
      if (!(enforced.*setting.said)) return;
      RC_ASSERT(strictness(setting.choices, (policy.*setting.in_force).value).value_or(0) >=
                strictness(setting.choices, (enforced.*setting.said)->value).value_or(0));
    });
    for (const auto& [limit, said] : enforced.limits) RC_ASSERT(limit_in_force(policy, limit).value <= said.value);
    if (enforced.force_new_session) {
      RC_ASSERT(session_of(policy) >= session_strictness(enforced.force_new_session->value));
    }
  }));
}

TEST(AuthorityProperty, AFreeLayerCanLoosen) {
  SettingsLayer loose{.kind = LayerKind::CommandLine};
  loose.network = {NetworkMode::Host, {}};
  EXPECT_EQ(merge(std::vector<SettingsLayer>{loose}).network.value, NetworkMode::Host);
}

}  // namespace
}  // namespace fence
