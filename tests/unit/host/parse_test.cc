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

TEST(MountPoints, OfSomeTypesAreSortedAndEachOnce) {
  constexpr std::string_view kMounts =
      "30 1 0:30 / /srv/c/proc rw - proc proc rw\n"
      "31 1 0:31 / /proc rw - proc proc rw\n"
      "32 31 0:32 / /proc rw - proc proc rw\n"
      "33 1 0:33 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
      "34 1 0:34 / /home rw - ext4 /dev/sda rw\n"
      "35 1 0:35 / /dev/pts rw - devpts devpts rw\n";
  const auto mounts = parse_mountinfo(kMounts);
  const auto paths = [](std::initializer_list<std::string_view> texts) {
    std::vector<HostPath> out;
    for (const std::string_view text : texts) out.push_back(*HostPath::parse(text));
    return out;
  };
  EXPECT_EQ(mount_points_of(mounts, kProcessFileSystems), paths({"/dev/pts", "/proc", "/srv/c/proc"}));
  EXPECT_EQ(mount_points_of(mounts, kMachineFileSystems), paths({"/sys/fs/cgroup"}));
}

// As they stand in reports of bugs of WSL: of WSL 1, and of WSL 2 by 9p and by virtiofs.
constexpr std::string_view kWsl =
    "60 1 0:60 / / rw,noatime - lxfs rootfs rw\n"
    "61 60 0:61 / /mnt/one rw,noatime - drvfs C: rw,uid=1000,gid=1000,case=off\n"
    "82 86 0:35 / /mnt/wsl rw,relatime shared:1 - tmpfs none rw,huge=advise\n"
    "83 86 0:37 / /usr/lib/wsl/drivers ro,nosuid,nodev,noatime - 9p drivers "
    "ro,aname=drivers;fmask=222;dmask=222,cache=0x5,access=client,msize=65536,trans=fd,rfd=8,wfd=8\n"
    "88 87 8:32 / /mnt/wslg/distro ro,relatime shared:3 - ext4 /dev/sdc rw,discard,data=ordered\n"
    "91 86 0:45 / /mnt/c rw,noatime - 9p C:\\134 "
    "rw,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000;symlinkroot=/mnt/,mmap,access=client,trans=fd,rfd=8,wfd=8\n"
    "92 86 0:46 / /mnt/d rw,noatime - 9p D:\\134 rw,aname=drvfs\n"
    "93 86 0:47 / /mnt/e rw,noatime - virtiofs drvfsE0 rw\n"
    "94 86 0:48 / /mnt/f rw,noatime - virtiofs f8407c95-93b2-4b6f-a3f1-0c2ab1b6c0aa rw\n"
    "95 86 0:49 / /srv/shared rw - 9p share rw,aname=drvfs2;x,trans=virtio\n";

TEST(WindowsDrives, AreKnownByTheirTypeAndWhatTheyAreMountedOf) {
  const std::vector<MountRow> mounts = parse_mountinfo(kWsl);
  EXPECT_EQ(windows_drives(mounts, true),
            (std::vector<HostPath>{at("/mnt/c"), at("/mnt/d"), at("/mnt/e"), at("/mnt/f"), at("/mnt/one")}));
}

TEST(WindowsDrives, OnOtherKernelsADirectoryOfAVirtualMachinesHostIsNone) {
  const std::vector<MountRow> mounts = parse_mountinfo(kWsl);
  EXPECT_EQ(windows_drives(mounts, false),
            (std::vector<HostPath>{at("/mnt/c"), at("/mnt/d"), at("/mnt/e"), at("/mnt/one")}));
  EXPECT_TRUE(windows_drives(parse_mountinfo(kMountinfo), false).empty());
}

}  // namespace
}  // namespace fence
