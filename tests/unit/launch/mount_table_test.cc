#include "mount_table.h"

#include <gtest/gtest.h>

namespace fence::launch {
namespace {

using Kind = MountDifference::Kind;

MountLine line(std::uint64_t id, std::uint64_t parent, std::string path, bool confined = true) {
  return {id, parent, std::move(path), confined, confined, confined};
}

std::vector<std::uint64_t> reached(std::vector<MountLine> mounts) {
  std::vector<std::uint64_t> ids;
  for (const MountLine& mount : reachable_mounts(mounts)) ids.push_back(mount.id);
  return ids;
}

MountOrder wanted(std::string target, std::uint32_t demands) {
  return {.target = std::move(target), .record = {0, 0, 0, demands | stage::kMountRoot, 0}};
}
constexpr std::uint32_t kReadOnlyBind = stage::kReadOnly | stage::kNoDevices | stage::kNoSetId | stage::kHoldsSubmounts;

TEST(ParseMountinfo, ALineAsTheKernelWritesIt) {
  const auto mounts = parse_mountinfo("66 42 254:0 /x /a\\040b ro,nosuid,relatime shared:1 - ext4 /dev/vda rw\n");
  ASSERT_TRUE(mounts);
  EXPECT_EQ(*mounts, (std::vector<MountLine>{{66, 42, "/a b", true, false, true}}));
}

TEST(ParseMountinfo, AnOptionOfTheFileSystemIsNoneOfTheMount) {
  EXPECT_FALSE(parse_mountinfo("1 0 0:1 / / rw - tmpfs tmpfs ro,nodev,nosuid\n")->front().read_only);
}

TEST(ParseMountinfo, WhatIsNoLineIsNotGuessed) {
  for (const char* text : {"x\n", "1 2 0:1 /\n", "1 b 0:1 / / ro - a b c\n", "1 0 0:1 / x ro - a b c\n", "\n"}) {
    EXPECT_FALSE(parse_mountinfo(text)) << text;
  }
}

TEST(ReachableMounts, TheTopmostOfEachPath) {
  EXPECT_EQ(reached({line(1, 0, "/"), line(2, 1, "/a"), line(3, 2, "/a"), line(4, 3, "/a/b")}),
            (std::vector<std::uint64_t>{1, 3, 4}));
}

TEST(ReachableMounts, NothingBelowACoveredOne) {
  EXPECT_EQ(reached({line(1, 0, "/"), line(2, 1, "/a"), line(3, 2, "/a/b"), line(4, 2, "/a")}),
            (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(reached({line(1, 0, "/"), line(2, 1, "/a/b"), line(3, 1, "/a")}), (std::vector<std::uint64_t>{1, 3}));
}

TEST(ReachableMounts, ATableThatGoesInCirclesEnds) {
  EXPECT_TRUE(reached({line(1, 2, "/"), line(2, 1, "/")}).empty());
  EXPECT_EQ(reached({line(1, 0, "/"), line(2, 2, "/a")}), (std::vector<std::uint64_t>{1}));
}

TEST(FindDifference, AMountOfEachOrderAndSubmountsOfABindAreAsPlanned) {
  EXPECT_FALSE(find_difference({line(1, 0, "/"), line(2, 1, "/mnt")}, {wanted("/", kReadOnlyBind)}));
}

TEST(FindDifference, ASubmountHasToBeAsReadOnlyAsItsBind) {
  EXPECT_EQ(find_difference({line(1, 0, "/"), line(2, 1, "/mnt", false)}, {wanted("/", kReadOnlyBind)}),
            (MountDifference{Kind::TooLoose, "/mnt"}));
}

TEST(FindDifference, AMissingMountUnlessItMayBe) {
  EXPECT_EQ(find_difference({line(1, 0, "/")}, {wanted("/", kReadOnlyBind), wanted("/a", stage::kReadOnly)}),
            (MountDifference{Kind::Missing, "/a"}));
  EXPECT_FALSE(find_difference({line(1, 0, "/")},
                               {wanted("/", kReadOnlyBind), wanted("/a", stage::kReadOnly | stage::kMayBeAbsent)}));
}

TEST(FindDifference, NothingIsMountedBelowATmpfsOrOnADirectoryOfOurs) {
  const MountOrder root = wanted("/", stage::kTmpfs);
  const MountOrder directory{.target = "/d", .record = {0, 0, 0, stage::kOnlyPlanned, 0}};
  EXPECT_EQ(find_difference({line(1, 0, "/"), line(2, 1, "/x")}, {root}), (MountDifference{Kind::Unplanned, "/x"}));
  EXPECT_EQ(find_difference({line(1, 0, "/"), line(2, 1, "/d")}, {root, directory}),
            (MountDifference{Kind::Unplanned, "/d"}));
}

TEST(FindDifference, OnlyTheUsualNodesAreMountedInDev) {
  const std::vector<MountOrder> orders = {wanted("/dev", stage::kTmpfs | stage::kHoldsNodes)};
  MountLine node = line(2, 1, "/dev/null", false);
  node.no_set_id = true;
  EXPECT_FALSE(find_difference({line(1, 0, "/dev"), node}, orders));
  node.path = "/dev/sda";
  EXPECT_EQ(find_difference({line(1, 0, "/dev"), node}, orders), (MountDifference{Kind::Unplanned, "/dev/sda"}));
}

}  // namespace
}  // namespace fence::launch
