// Looks at every place of the plan in the finished sandbox, whoever has made it. bwrap finds what it binds by path,
// after fence has looked there, and a process of an earlier sandbox may exchange a directory for a link in between.
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stage.h"

namespace fence::stage {
namespace {

/// The longest target of a symbolic link, with one byte to see that it is longer (PATH_MAX).
constexpr std::size_t kLinkBytes = 4096;

struct Look {
  const char* path;
  MountRecord record;
  const char* points_to;  ///< with kLinkTarget

  [[nodiscard]] bool demands(std::uint32_t what) const { return (record.demands & what) != 0; }
};

// No component may be a link: what the command finds under this name is then what was looked at.
int open_place(const char* path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

Failure verify_file(const Look& look, const struct statx& found) {
  if (look.record.type != kAnyType && (found.stx_mode & S_IFMT) != look.record.type) {
    return failure(Step::MountFile, 0);
  }
  if (look.demands(kIdentity) &&
      (found.stx_ino != look.record.inode || makedev(found.stx_dev_major, found.stx_dev_minor) != look.record.device)) {
    return failure(Step::MountFile, 0);
  }
  // Linux before 5.8 cannot tell.
  const bool can_tell = (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  if (look.demands(kMountRoot) && can_tell && (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) {
    return failure(Step::MountRoot, 0);
  }
  return {};
}

Failure verify_mount(const Look& look, int fd) {
  struct statfs system {};
  if (fstatfs(fd, &system) != 0) return failure(Step::MountPath, errno);
  if (look.demands(kTmpfs) && system.f_type != TMPFS_MAGIC) return failure(Step::MountRoot, 0);
  if (look.demands(kProcfs) && system.f_type != PROC_SUPER_MAGIC) return failure(Step::MountRoot, 0);
  const auto flags = static_cast<unsigned long>(system.f_flags);
  if ((look.demands(kReadOnly) && (flags & ST_RDONLY) == 0) || (look.demands(kNoDevices) && (flags & ST_NODEV) == 0) ||
      (look.demands(kNoSetId) && (flags & ST_NOSUID) == 0)) {
    return failure(Step::MountFlags, 0);
  }
  return {};
}

Failure verify_link(const char* points_to, int fd) {
  char target[kLinkBytes];
  const ssize_t length = readlinkat(fd, "", target, sizeof target);
  if (length < 0) return failure(Step::MountPath, errno);
  const std::size_t planned = std::strlen(points_to);
  const bool same = static_cast<std::size_t>(length) == planned && std::memcmp(target, points_to, planned) == 0;
  return same ? Failure{} : failure(Step::MountFile, 0);
}

// Only after it is known to be a device on a nodev mount: opening that has no effect.
Failure verify_unopenable(const char* path) {
  const int fd = open_place(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0) close(fd);
  return fd < 0 && errno == EACCES ? Failure{} : failure(Step::MountFile, 0);
}

/// A record of getdents64(2), up to its name.
struct Entry {
  std::uint64_t inode;
  std::int64_t next;
  std::uint16_t size;
  std::uint8_t type;
};
constexpr std::size_t kNameAt = 19;

std::uint64_t count_names(const char* entries, std::size_t length) {
  std::uint64_t names = 0;
  for (std::size_t at = 0; at < length;) {
    Entry entry{};
    std::memcpy(&entry, entries + at, kNameAt);
    const char* name = entries + at + kNameAt;
    if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0) ++names;
    at += entry.size;
  }
  return names;
}

// The names that the plan has are looked at by themselves, so it is enough to count.
Failure verify_names(const Look& look) {
  const int fd = open_place(look.path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return failure(Step::MountPath, errno);
  char entries[16384];
  std::uint64_t names = 0;
  long got = 0;
  while ((got = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
    names += count_names(entries, static_cast<std::size_t>(got));
  }
  const int error = got < 0 ? errno : 0;
  close(fd);
  if (error != 0) return failure(Step::MountPath, error);
  return names > look.record.names ? failure(Step::MountNames, 0) : Failure{};
}

Failure verify_opened(const Look& look, int fd) {
  struct statx found {};
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &found) != 0) {
    return failure(Step::MountPath, errno);
  }
  if (const Failure bad = verify_file(look, found); bad.failed) return bad;
  if (look.demands(kLinkTarget)) return verify_link(look.points_to, fd);
  if (const Failure bad = verify_mount(look, fd); bad.failed) return bad;
  if (look.demands(kOnlyPlanned)) return verify_names(look);
  return look.demands(kUnopenable) ? verify_unopenable(look.path) : Failure{};
}

Failure verify(const Look& look, const Ruleset& ruleset) {
  const int fd = open_place(look.path, O_PATH);
  if (fd < 0) return look.demands(kMayBeAbsent) && errno == ENOENT ? Failure{} : failure(Step::MountPath, errno);
  Failure bad = verify_opened(look, fd);
  if (!bad.failed && look.record.rights != 0) bad = grant(ruleset, fd, look.record.rights);
  close(fd);
  return bad;
}

}  // namespace

Failure verify_mounts(const Orders& orders, const Ruleset& ruleset) {
  const char* at = orders.mounts;
  for (std::uint32_t i = 0; i < orders.header->mounts; ++i) {
    Look look{};
    std::memcpy(&look.record, at, sizeof look.record);
    look.path = at + sizeof look.record;
    at = look.path + std::strlen(look.path) + 1;
    if (look.demands(kLinkTarget)) {
      look.points_to = at;
      at += std::strlen(at) + 1;
    }
    if (Failure bad = verify(look, ruleset); bad.failed) {
      bad.mount = i;
      return bad;
    }
  }
  return {};
}

}  // namespace fence::stage
