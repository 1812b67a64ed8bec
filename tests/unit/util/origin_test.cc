#include "fence/util/origin.h"

#include <gtest/gtest.h>

namespace fence {
namespace {

TEST(OriginText, HasThePartsThatAreThere) {
  EXPECT_EQ(to_string(Origin{LayerKind::User, "settings.toml", 14, 3}), "settings.toml:14:3");
  EXPECT_EQ(to_string(Origin{LayerKind::User, "settings.toml", 14, 0}), "settings.toml:14");
  EXPECT_EQ(to_string(Origin{LayerKind::CommandLine, "--allow-write", 0, 0}), "--allow-write");
}

TEST(OriginText, LeavesOutAColumnWithoutALine) {
  EXPECT_EQ(to_string(Origin{LayerKind::User, "settings.toml", 0, 3}), "settings.toml");
}

TEST(LayerName, NamesEachLayer) {
  EXPECT_EQ(layer_name(LayerKind::BuiltIn), "built-in");
  EXPECT_EQ(layer_name(LayerKind::Profile), "profile");
  EXPECT_EQ(layer_name(LayerKind::System), "system");
  EXPECT_EQ(layer_name(LayerKind::User), "user");
  EXPECT_EQ(layer_name(LayerKind::Project), "project");
  EXPECT_EQ(layer_name(LayerKind::Environment), "environment");
  EXPECT_EQ(layer_name(LayerKind::CommandLine), "command line");
}

}  // namespace
}  // namespace fence
