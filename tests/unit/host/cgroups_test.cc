#include "cgroups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cgroup_parse.h"
#include "support/paths.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using testing::host;
using ::testing::IsEmpty;
using Words = std::set<std::string>;

TEST(ParseMembership, OfVersion2Alone) {
  EXPECT_EQ(parse_membership("0::/user.slice/a:b\n"), (CgroupMembership{"/user.slice/a:b", {}}));
}

TEST(ParseMembership, OfBothVersions) {
  EXPECT_EQ(parse_membership("9:name=systemd:/\n8:pids:/x\n4:cpu,cpuacct:/\n0::/own\n"),
            (CgroupMembership{"/own", {"cpu", "cpuacct", "pids"}}));
  EXPECT_EQ(parse_membership("8:pids:/x\nodd\n"), (CgroupMembership{std::nullopt, {"pids"}}));
  EXPECT_EQ(parse_membership(""), CgroupMembership{});
}

std::string cgroup_mount(std::string_view root, std::string_view point, std::string_view options = "rw,nosuid") {
  return "31 23 0:28 " + std::string(root) + " " + std::string(point) + " " + std::string(options) +
         " shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
}

TEST(FindGroup, BelowAMountOfTheWholeHierarchy) {
  EXPECT_THAT(find_group(cgroup_mount("/", "/sys/fs/cgroup"), "/a/b"),
              ElementsAre(ShownGroup{host("/sys/fs/cgroup/a/b"), host("/sys/fs/cgroup")}));
  EXPECT_THAT(find_group(cgroup_mount("/", "/sys/fs/cgroup"), "/"),
              ElementsAre(ShownGroup{host("/sys/fs/cgroup"), host("/sys/fs/cgroup")}));
}

TEST(FindGroup, BelowAMountOfAPartOfIt) {
  EXPECT_THAT(find_group(cgroup_mount("/a", "/mnt"), "/a/b"), ElementsAre(ShownGroup{host("/mnt/b"), host("/mnt")}));
  EXPECT_THAT(find_group(cgroup_mount("/a/b", "/mnt"), "/a/b"), ElementsAre(ShownGroup{host("/mnt"), host("/mnt")}));
  EXPECT_THAT(find_group(cgroup_mount("/a/b", "/mnt"), "/a/bc"), IsEmpty());
  EXPECT_THAT(find_group(cgroup_mount("/..", "/mnt"), "/"), IsEmpty());
}

TEST(FindGroup, OutsideOfTheCgroupNamespaceIsNowhere) {
  EXPECT_THAT(find_group(cgroup_mount("/", "/sys/fs/cgroup"), "/../other"), IsEmpty());
}

TEST(FindGroup, WritableMountsFirstAndOfVersion2Only) {
  const std::string table = "40 31 0:9 / /v1 rw - cgroup cgroup rw,pids\n" + cgroup_mount("/", "/ro", "ro,nosuid") +
                            cgroup_mount("/", "/rw") + "broken\n";
  EXPECT_THAT(find_group(table, "/x"),
              ElementsAre(ShownGroup{host("/rw/x"), host("/rw")}, ShownGroup{host("/ro/x"), host("/ro")}));
}

TEST(ParseWords, OfALine) {
  EXPECT_EQ(parse_words("cpu memory pids\n"), (Words{"cpu", "memory", "pids"}));
  EXPECT_EQ(parse_words(""), Words{});
  EXPECT_EQ(parse_words("\n"), Words{});
}

TEST(ProbeCgroups, OfThisMachineAreThoseOfTheKernel) {
  const CgroupFacts facts = probe_cgroups();
  if (!facts.own) GTEST_SKIP() << "this machine has no cgroup v2";
  EXPECT_TRUE(facts.own->starts_with('/'));
  for (std::size_t i = 1; i < facts.groups.size(); ++i) {
    EXPECT_EQ(facts.groups[i].path, facts.groups[i - 1].path.parent());
    // A group has what the one above gives its children.
    EXPECT_EQ(facts.groups[i - 1].controllers, facts.groups[i].enabled);
  }
}

}  // namespace
}  // namespace fence
