#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fence/policy/policy.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Origin place(LayerKind layer, std::uint32_t line) { return {layer, "x", line, 0}; }

PathRule rule(std::string_view path) { return {.path = *HostPath::parse(path)}; }

TEST(Merge, OfNothingIsTheDefaults) {
  const Policy policy = merge({});
  EXPECT_EQ(policy.network.value, NetworkMode::None);
  EXPECT_EQ(policy.network.origin, Origin{});
  EXPECT_FALSE(policy.force_new_session);
  EXPECT_THAT(policy.paths, IsEmpty());
}

TEST(Merge, TheHighestLayerThatSpeaksWins) {
  SettingsLayer low, middle, high;
  low.network = {NetworkMode::Host, place(LayerKind::Profile, 1)};
  middle.network = {NetworkMode::None, place(LayerKind::User, 2)};
  const std::vector<SettingsLayer> layers{low, middle, high};
  EXPECT_EQ(merge(layers).network, middle.network);
}

TEST(Merge, ListsKeepEveryEntryWithItsRank) {
  SettingsLayer low, high;
  low.paths = {{rule("/a"), place(LayerKind::Profile, 1)}, {rule("/b"), place(LayerKind::Profile, 2)}};
  high.paths = {{rule("/a"), place(LayerKind::User, 3)}};
  const std::vector<SettingsLayer> layers{low, {}, high};
  EXPECT_THAT(merge(layers).paths, ElementsAre(Ranked<PathRule>{rule("/a"), place(LayerKind::Profile, 1), 0},
                                               Ranked<PathRule>{rule("/b"), place(LayerKind::Profile, 2), 0},
                                               Ranked<PathRule>{rule("/a"), place(LayerKind::User, 3), 2}));
}

TEST(Merge, RemembersWhoWantedAnotherSession) {
  SettingsLayer low, middle, high;
  low.force_new_session = {true, place(LayerKind::Profile, 1)};
  middle.force_new_session = {false, place(LayerKind::User, 2)};
  high.force_new_session = {true, place(LayerKind::CommandLine, 0)};
  const std::vector<SettingsLayer> layers{low, middle, high};
  const Policy policy = merge(layers);
  EXPECT_EQ(policy.force_new_session, (Ranked<bool>{true, place(LayerKind::CommandLine, 0), 2}));
  EXPECT_THAT(policy.force_new_session_overruled, ElementsAre(*low.force_new_session, *middle.force_new_session));
}

TEST(Merge, OfOneVariableTheHighestLayerWins) {
  SettingsLayer low, high;
  low.environment_set = {{"A", {"low", place(LayerKind::Profile, 1)}}, {"B", {"b", place(LayerKind::Profile, 2)}}};
  high.environment_set = {{"A", {"high", place(LayerKind::User, 3)}}};
  const std::vector<SettingsLayer> layers{low, high};
  const Policy policy = merge(layers);
  EXPECT_EQ(policy.environment_set.at("A"), (Ranked<std::string>{"high", place(LayerKind::User, 3), 1}));
  EXPECT_EQ(policy.environment_set.at("B"), (Ranked<std::string>{"b", place(LayerKind::Profile, 2), 0}));
}

}  // namespace
}  // namespace fence
