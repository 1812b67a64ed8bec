#include "fence/host/absent.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fence {
namespace {

/// A directory of its own for each test.
class Absent : public ::testing::Test {
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

TEST_F(Absent, WhatDoesNotExistHasNotAppeared) {
  EXPECT_EQ(appeared(at("x")), std::nullopt);
  EXPECT_EQ(appeared(at("x/y/z")), std::nullopt);
  write("file", "");
  EXPECT_EQ(appeared(at("file/y")), std::nullopt);
}

TEST_F(Absent, WhatExistsHasAppeared) {
  std::filesystem::create_directories(root_ / "x/y");
  EXPECT_EQ(appeared(at("x")), at("x"));
  EXPECT_EQ(appeared(at("x/y")), at("x/y"));
}

TEST_F(Absent, ADanglingLinkHasAppeared) {
  std::filesystem::create_symlink("nowhere", root_ / "x");
  EXPECT_EQ(appeared(at("x")), at("x"));
}

TEST_F(Absent, ALinkOnTheWayIsWhatHasAppeared) {
  std::filesystem::create_directory(root_ / "elsewhere");
  std::filesystem::create_symlink("elsewhere", root_ / "x");
  EXPECT_EQ(appeared(at("x/hooks")), at("x"));
}

TEST_F(Absent, QuarantineMovesAside) {
  write("x", "content");
  const auto aside = quarantine(at("x"));
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, at("x.fence-quarantine"));
  EXPECT_FALSE(there("x"));
  EXPECT_EQ(read("x.fence-quarantine"), "content");
}

TEST_F(Absent, QuarantineOverwritesNothing) {
  write("x", "new");
  write("x.fence-quarantine", "old");
  std::filesystem::create_symlink("nowhere", root_ / "x.fence-quarantine-2");
  const auto aside = quarantine(at("x"));
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, at("x.fence-quarantine-3"));
  EXPECT_EQ(read("x.fence-quarantine"), "old");
  EXPECT_EQ(read("x.fence-quarantine-3"), "new");
}

TEST_F(Absent, QuarantineMovesALinkAndNotItsTarget) {
  write("target", "content");
  std::filesystem::create_symlink("target", root_ / "x");
  ASSERT_TRUE(quarantine(at("x")));
  EXPECT_TRUE(there("target"));
  EXPECT_TRUE(std::filesystem::is_symlink(root_ / "x.fence-quarantine"));
}

TEST_F(Absent, QuarantineFollowsNoLinkOnTheWay) {
  std::filesystem::create_directories(root_ / "elsewhere/below");
  write("elsewhere/x", "content");
  write("elsewhere/below/x", "content");
  std::filesystem::create_symlink("elsewhere", root_ / "way");
  EXPECT_EQ(quarantine(at("way/x")).error().errno_value, ENOTDIR);
  EXPECT_EQ(quarantine(at("way/below/x")).error().errno_value, ELOOP);
  EXPECT_TRUE(there("elsewhere/x"));
  EXPECT_TRUE(there("elsewhere/below/x"));
}

TEST_F(Absent, QuarantineOfANameThatGetsTooLongIsAnError) {
  const std::string name(250, 'x');
  write(name, "content");
  const auto aside = quarantine(at(name));
  ASSERT_FALSE(aside);
  EXPECT_EQ(aside.error().errno_value, ENAMETOOLONG);
  EXPECT_TRUE(there(name));
}

}  // namespace
}  // namespace fence
