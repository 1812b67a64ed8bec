#include "classify.h"

#include <gtest/gtest.h>
#include <linux/magic.h>

#include <cerrno>

#include "scratch.h"

namespace fence {
namespace {

TEST(FsKindOf, KnowsTheMagicNumbersThatMatter) {
  EXPECT_EQ(fs_kind_of(TMPFS_MAGIC), FsKind::Tmpfs);
  EXPECT_EQ(fs_kind_of(DEVPTS_SUPER_MAGIC), FsKind::DevPts);
  EXPECT_EQ(fs_kind_of(PROC_SUPER_MAGIC), FsKind::ProcFs);
  EXPECT_EQ(fs_kind_of(SYSFS_MAGIC), FsKind::SysFs);
  EXPECT_EQ(fs_kind_of(CGROUP2_SUPER_MAGIC), FsKind::CgroupFs);
  EXPECT_EQ(fs_kind_of(NFS_SUPER_MAGIC), FsKind::Network);
  EXPECT_EQ(fs_kind_of(0xFE534D42), FsKind::Network) << "SMB 2: the highest bit is set";
  EXPECT_EQ(fs_kind_of(EXT4_SUPER_MAGIC), FsKind::Ordinary);
}

TEST(DirectoryCursor, MovesUpDownAndAside) {
  const Scratch scratch;
  for (const char* name : {"a", "a/b", "a/c", "d"}) scratch.directory(name);
  DirectoryCursor cursor;
  for (const char* name : {"a/b", "a/c", "a", "d", "a/b", ""}) {
    const HostPath path = scratch.at(name);
    const Result<int, Errno> fd = cursor.open(path);
    ASSERT_TRUE(fd) << path.text();
    struct stat by_name {
    }, by_fd{};
    ASSERT_EQ(::stat(path.text().c_str(), &by_name), 0);
    ASSERT_EQ(::fstat(*fd, &by_fd), 0);
    EXPECT_EQ(by_name.st_ino, by_fd.st_ino) << path.text();
  }
}

TEST(DirectoryCursor, FollowsNoLink) {
  const Scratch scratch;
  scratch.directory("a");
  scratch.directory("a/b");
  scratch.link("l", "a");
  DirectoryCursor cursor;
  EXPECT_EQ(cursor.open(scratch.at("l/b")).error().value, ENOTDIR);
  EXPECT_EQ(cursor.open(scratch.at("no")).error().value, ENOENT);
  EXPECT_TRUE(cursor.open(scratch.at("a/b"))) << "a failure does not lose its place";
}

}  // namespace
}  // namespace fence
