#include "classify.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "fence/util/text.h"

namespace fence {
namespace {

struct FsRow {
  std::uint32_t magic;
  FsKind kind;
  std::string_view reason;
};
// Magic numbers that linux/magic.h does not have are from the file system's own source in Linux.
constexpr std::array kFsRows = {
    FsRow{TMPFS_MAGIC, FsKind::Tmpfs, "devtmpfs too: memory, gone at the next boot"},
    FsRow{DEVPTS_SUPER_MAGIC, FsKind::DevPts, "terminals of everybody on the host"},
    FsRow{PROC_SUPER_MAGIC, FsKind::ProcFs, "shows processes of one pid namespace"},
    FsRow{SYSFS_MAGIC, FsKind::SysFs, "devices and knobs of the kernel"},
    FsRow{CGROUP_SUPER_MAGIC, FsKind::CgroupFs, "version 1"},
    FsRow{CGROUP2_SUPER_MAGIC, FsKind::CgroupFs, "version 2"},
    FsRow{NFS_SUPER_MAGIC, FsKind::Network, "may hang with its server"},
    FsRow{SMB_SUPER_MAGIC, FsKind::Network, "smbfs"},
    FsRow{CIFS_SUPER_MAGIC, FsKind::Network, "SMB 1"},
    FsRow{SMB2_SUPER_MAGIC, FsKind::Network, "SMB 2 and later"},
    FsRow{V9FS_MAGIC, FsKind::Network, "drives of Windows on WSL2, shared folders of virtual machines"},
    FsRow{FUSE_SUPER_MAGIC, FsKind::Network, "its server may be anything: sshfs, a portal"},
    FsRow{AFS_SUPER_MAGIC, FsKind::Network, "OpenAFS"},
    FsRow{AFS_FS_MAGIC, FsKind::Network, "kAFS"},
    FsRow{CEPH_SUPER_MAGIC, FsKind::Network, "Ceph"},
};

struct KindRow {
  mode_t format;
  PathKind kind;
};
constexpr std::array kKindRows = {
    KindRow{S_IFREG, PathKind::Regular},    KindRow{S_IFDIR, PathKind::Directory},
    KindRow{S_IFCHR, PathKind::CharDevice}, KindRow{S_IFBLK, PathKind::BlockDevice},
    KindRow{S_IFIFO, PathKind::Fifo},       KindRow{S_IFSOCK, PathKind::Socket},
};

bool is_absence(int errno_value) noexcept { return errno_value == ENOENT || errno_value == ENOTDIR; }

PathFact refusal(int errno_value) {
  if (is_absence(errno_value)) return Absent{};
  return Unreadable{errno_value};
}

PathFact read_link(int fd) {
  std::array<char, kMaxPathBytes + 1> target;
  const ssize_t size = ::readlinkat(fd, "", target.data(), target.size());
  if (size < 0) return Unreadable{errno};
  return Link{std::string(target.data(), static_cast<std::size_t>(size))};
}

MountFlags mount_flags_of(unsigned long flags) noexcept {
  return {.read_only = (flags & ST_RDONLY) != 0,
          .nosuid = (flags & ST_NOSUID) != 0,
          .nodev = (flags & ST_NODEV) != 0,
          .noexec = (flags & ST_NOEXEC) != 0};
}

PathFact present(int fd, const struct stat& status) {
  const auto row = std::find_if(kKindRows.begin(), kKindRows.end(),
                                [&](const KindRow& r) { return r.format == (status.st_mode & S_IFMT); });
  if (row == kKindRows.end()) return Unreadable{EINVAL};
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return Unreadable{errno};
  const bool device = row->kind == PathKind::CharDevice || row->kind == PathKind::BlockDevice;
  return Present{.kind = row->kind,
                 .fs = fs_kind_of(static_cast<std::uint32_t>(fs.f_type)),
                 .id = {status.st_dev, status.st_ino},
                 .uid = status.st_uid,
                 .gid = status.st_gid,
                 .mode = status.st_mode & 07777,
                 .rdev = device ? status.st_rdev : 0,
                 .mount = mount_flags_of(static_cast<unsigned long>(fs.f_flags))};
}

}  // namespace

FsKind fs_kind_of(std::uint32_t magic) noexcept {
  const auto row = std::find_if(kFsRows.begin(), kFsRows.end(), [magic](const FsRow& r) { return r.magic == magic; });
  return row == kFsRows.end() ? FsKind::Ordinary : row->kind;
}

Result<int, Errno> DirectoryCursor::open(const HostPath& directory) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (!fd_ || !path_.contains(directory)) {
    fd_.reset(::open("/", kFlags));
    path_ = HostPath::root();
    if (!fd_) return Errno{errno};
  }
  if (path_ == directory) return fd_.get();
  for (const std::string& name : split(std::string(path_.relative(directory)), '/')) {
    UniqueFd below(::openat(fd_.get(), name.c_str(), kFlags));
    if (!below) return Errno{errno};
    fd_ = std::move(below);
    path_ = path_.child(name);
  }
  return fd_.get();
}

Result<UniqueFd, Errno> open_without_links(DirectoryCursor& cursor, const HostPath& path, int flags) {
  FENCE_TRY(const int directory, cursor.open(path.parent()));
  const std::string name = path.is_root() ? "." : std::string(path.name());
  UniqueFd fd(::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Errno{errno};
  return fd;
}

PathFact classify(DirectoryCursor& cursor, const HostPath& path) {
  const Result<UniqueFd, Errno> fd = open_without_links(cursor, path, O_PATH);
  if (!fd) return refusal(fd.error().value);
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) return Unreadable{errno};
  return S_ISLNK(status.st_mode) ? read_link(fd->get()) : present(fd->get(), status);
}

}  // namespace fence
