#include "fence/host/absent.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fence/host/probe.h"

namespace fence {
namespace {

std::optional<HostPath> appeared(const HostPath& path, const std::optional<std::string>& link_target = {}) {
  HostFacts now;
  HostProber().answer({.paths = {path}}, now);
  return fence::appeared(path, link_target, now);
}

/// A directory of its own for each test.
class AbsentFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "fence-absent-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = std::filesystem::canonical(name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] HostPath at(const std::string& name) const { return *HostPath::parse((root_ / name).string()); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(root_ / name) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(root_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool there(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(root_ / name));
  }

  std::filesystem::path root_;
};

TEST_F(AbsentFiles, WhatDoesNotExistHasNotAppeared) {
  EXPECT_EQ(appeared(at("x")), std::nullopt);
  EXPECT_EQ(appeared(at("x/y/z")), std::nullopt);
  std::filesystem::create_directory(root_ / "x");
  EXPECT_EQ(appeared(at("x/y/z")), std::nullopt);
}

TEST_F(AbsentFiles, AFileInPlaceOfADirectoryHasAppeared) {
  write(".git", "gitdir: elsewhere");
  EXPECT_EQ(appeared(at(".git")), at(".git"));
  EXPECT_EQ(appeared(at(".git/hooks")), at(".git"));
  EXPECT_EQ(appeared(at(".git/hooks/deep")), at(".git"));
}

TEST_F(AbsentFiles, ALinkWithItsOldTargetIsNothingNew) {
  std::filesystem::create_symlink("../old", root_ / "x");
  EXPECT_EQ(appeared(at("x"), "../old"), std::nullopt);
  EXPECT_EQ(appeared(at("x")), at("x")) << "the control: there was no link before";
}

TEST_F(AbsentFiles, ALinkThatHasGoneIsNothingNew) {
  EXPECT_EQ(appeared(at("x"), "old"), std::nullopt);
  EXPECT_EQ(appeared(at("way/x"), "old"), std::nullopt);
}

TEST_F(AbsentFiles, WhatReplacedALinkHasAppeared) {
  for (const char* target : {"ol", "old2", "./old", "old/"}) {
    std::filesystem::create_symlink(target, root_ / "x");
    EXPECT_EQ(appeared(at("x"), "old"), at("x")) << target;
    std::filesystem::remove(root_ / "x");
  }
  write("x", "old");
  EXPECT_EQ(appeared(at("x"), "old"), at("x"));
  std::filesystem::remove(root_ / "x");
  std::filesystem::create_directory(root_ / "x");
  EXPECT_EQ(appeared(at("x"), "old"), at("x"));
}

TEST_F(AbsentFiles, TheTargetIsThatOfThePathAndNotOfALinkOnTheWay) {
  std::filesystem::create_symlink("old", root_ / "way");
  EXPECT_EQ(appeared(at("way/x"), "old"), at("way"));
}

TEST_F(AbsentFiles, QuarantineMovesTheLinkThatReplacedALink) {
  std::filesystem::create_symlink("new", root_ / "x");
  const auto there_now = appeared(at("x"), "old");
  ASSERT_TRUE(there_now);
  ASSERT_TRUE(quarantine(*there_now));
  EXPECT_FALSE(there("x"));
  EXPECT_EQ(std::filesystem::read_symlink(root_ / "x.fence-quarantine"), "new");
}

TEST_F(AbsentFiles, WhatExistsHasAppeared) {
  std::filesystem::create_directories(root_ / "x/y");
  EXPECT_EQ(appeared(at("x")), at("x"));
  EXPECT_EQ(appeared(at("x/y")), at("x/y"));
}

TEST_F(AbsentFiles, ADanglingLinkHasAppeared) {
  std::filesystem::create_symlink("nowhere", root_ / "x");
  EXPECT_EQ(appeared(at("x")), at("x"));
}

TEST_F(AbsentFiles, ALinkOnTheWayIsWhatHasAppeared) {
  std::filesystem::create_directory(root_ / "elsewhere");
  std::filesystem::create_symlink("elsewhere", root_ / "x");
  EXPECT_EQ(appeared(at("x/hooks")), at("x"));
}

TEST_F(AbsentFiles, QuarantineMovesAside) {
  write("x", "content");
  const auto aside = quarantine(at("x"));
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, at("x.fence-quarantine"));
  EXPECT_FALSE(there("x"));
  EXPECT_EQ(read("x.fence-quarantine"), "content");
}

TEST_F(AbsentFiles, QuarantineOverwritesNothing) {
  write("x", "new");
  write("x.fence-quarantine", "old");
  std::filesystem::create_symlink("nowhere", root_ / "x.fence-quarantine-2");
  const auto aside = quarantine(at("x"));
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, at("x.fence-quarantine-3"));
  EXPECT_EQ(read("x.fence-quarantine"), "old");
  EXPECT_EQ(read("x.fence-quarantine-3"), "new");
}

TEST_F(AbsentFiles, QuarantineMovesALinkAndNotItsTarget) {
  write("target", "content");
  std::filesystem::create_symlink("target", root_ / "x");
  ASSERT_TRUE(quarantine(at("x")));
  EXPECT_TRUE(there("target"));
  EXPECT_TRUE(std::filesystem::is_symlink(root_ / "x.fence-quarantine"));
}

TEST_F(AbsentFiles, QuarantineFollowsNoLinkOnTheWay) {
  std::filesystem::create_directories(root_ / "elsewhere/below");
  write("elsewhere/x", "content");
  write("elsewhere/below/x", "content");
  std::filesystem::create_symlink("elsewhere", root_ / "way");
  for (const char* name : {"way/x", "way/below/x"}) {
    const auto aside = quarantine(at(name));
    ASSERT_FALSE(aside) << name;
    // The link itself is no directory, and a link further up is one too many.
    const int number = aside.error().errno_value;
    EXPECT_TRUE(number == ENOTDIR || number == ELOOP) << number;
  }
  EXPECT_TRUE(there("elsewhere/x"));
  EXPECT_TRUE(there("elsewhere/below/x"));
  EXPECT_TRUE(quarantine(at("elsewhere/below/x"))) << "the control: by the way without a link it is moved";
}

TEST_F(AbsentFiles, QuarantineOfANameThatGetsTooLongIsAnError) {
  const std::string name(250, 'x');
  write(name, "content");
  const auto aside = quarantine(at(name));
  ASSERT_FALSE(aside);
  EXPECT_EQ(aside.error().errno_value, ENAMETOOLONG);
  EXPECT_TRUE(there(name));
}

}  // namespace
}  // namespace fence
