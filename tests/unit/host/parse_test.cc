#include "parse.h"

#include <gtest/gtest.h>

namespace fence {
namespace {

HostPath at(std::string_view text) { return *HostPath::parse(text); }

TEST(ParseIdMap, TakesEachExtent) {
  EXPECT_EQ(parse_id_map("         0          0 4294967295\n"), (std::vector<IdExtent>{{0, 0, 4294967295}}));
  EXPECT_EQ(parse_id_map("0 1000 1\n1 100000 65536\n"), (std::vector<IdExtent>{{0, 1000, 1}, {1, 100000, 65536}}));
  EXPECT_TRUE(parse_id_map("").empty());
  EXPECT_TRUE(parse_id_map("0 0\nx y z\n").empty());
}

constexpr std::string_view kUnixTable =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/b\n"
    "0000000000000000: 00000002 00000000 00010000 0005 01    46 /run/with a blank \n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12346 /run/a\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12347 /run/a\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 12348 /run/connected\n"
    "0000000000000000: 00000002 00000000 00000000 0002 01 12349 /run/datagram\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12350 @abstract\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12351 relative\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 12352\n";

TEST(ParseBoundSockets, TakesEveryPathSocketWhateverItsFlags) {
  EXPECT_EQ(parse_bound_sockets(kUnixTable), (std::vector<HostPath>{at("/run/a"), at("/run/b"), at("/run/connected"),
                                                                    at("/run/datagram"), at("/run/with a blank ")}));
  EXPECT_TRUE(parse_bound_sockets("").empty());
}

TEST(ParseHelpOptions, TakesWordsAtTheStartOfALine) {
  const std::string_view help =
      "usage: bwrap [OPTIONS...] [--] COMMAND [ARGS...]\n\n"
      "    --help                       Print this help, see also --version\n"
      "    --bind SRC DEST              Bind\n"
      "    --\n"
      "\t--args FD\tParse NUL-separated args from FD\n"
      "--perms";
  EXPECT_EQ(parse_help_options(help), (std::set<std::string>{"--args", "--bind", "--help", "--perms"}));
  EXPECT_TRUE(parse_help_options("").empty());
}

TEST(PasswdHasUid, ComparesTheThirdField) {
  const std::string_view text = "root:x:0:0:root:/root:/bin/bash\n# 7:7:7\nme:x:1000:1001::/home/me:/bin/sh\nbroken";
  EXPECT_TRUE(passwd_has_uid(text, 0));
  EXPECT_TRUE(passwd_has_uid(text, 1000));
  EXPECT_FALSE(passwd_has_uid(text, 1001));
  EXPECT_FALSE(passwd_has_uid(text, 100));
  EXPECT_FALSE(passwd_has_uid("", 0));
}

constexpr std::string_view kMountinfo =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "30 27 0:40 / /mnt/two\\040words rw master:2 propagate_from:1 - fuse.sshfs me@host:/a\\134b rw,user_id=0\n"
    "31 22 0:41 / /proc/acpi ro - tmpfs tmpfs ro\n"
    "32 22 0:42 / /proc/acpi ro - tmpfs over ro\n"
    "no mount\n"
    "33 27 0:43 /x//deleted\n";

TEST(ParseMountinfo, ReadsWhatPeopleCanName) {
  const std::vector<MountRow> mounts = parse_mountinfo(kMountinfo);
  ASSERT_EQ(mounts.size(), 5U);
  EXPECT_EQ(mounts[2].point.text(), "/mnt/two words");
  EXPECT_EQ(mounts[2].type, "fuse.sshfs");
  EXPECT_EQ(mounts[2].source, "me@host:/a\\b");
  EXPECT_EQ(mounts[1].source, "/dev/vda");
}

TEST(MountOf, IsTheDeepestAndLast) {
  const std::vector<MountRow> mounts = parse_mountinfo(kMountinfo);
  EXPECT_EQ(mount_of(mounts, *HostPath::parse("/mnt/two words/x"))->type, "fuse.sshfs");
  EXPECT_EQ(mount_of(mounts, *HostPath::parse("/mnt/two"))->type, "ext4");
  EXPECT_EQ(mount_of(mounts, *HostPath::parse("/proc/acpi"))->source, "over");
  EXPECT_EQ(mount_of({}, HostPath::root()), nullptr);
}

TEST(MountPointsBelow, AreSortedAndWithoutTheTop) {
  const auto points = mount_points_below(parse_mountinfo(kMountinfo), *HostPath::parse("/proc"));
  EXPECT_EQ(points, std::vector<HostPath>{*HostPath::parse("/proc/acpi")});
}

}  // namespace
}  // namespace fence
