#pragma once
// The mount calls by descriptor (open_tree, move_mount: Linux 5.2; openat2: 5.6; mount_setattr: 5.12), as they are used
// here: no link is followed, and what is opened is closed on exec. They allocate nothing; errors are in errno.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "fence/util/fd.h"

namespace fence {

/// `path` from `directory` as an O_PATH descriptor; not where a link is part of it. `resolve`: further RESOLVE_* flags.
inline UniqueFd open_place(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) noexcept {
  open_how how{};
  how.flags = flags | O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how)));
}

/// A copy, mounted nowhere yet, of the mount at `path` from `directory`. `flags`: AT_RECURSIVE, or 0.
inline UniqueFd clone_mount(int directory, const char* path, unsigned flags) noexcept {
  return UniqueFd(open_tree(directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags));
}

/// Sets MOUNT_ATTR_* and the propagation (MS_*; 0: as it is) of `mount`. `flags`: AT_RECURSIVE, or 0.
inline bool change_mount(int mount, unsigned flags, std::uint64_t set, std::uint64_t propagation) noexcept {
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.propagation = propagation;
  return mount_setattr(mount, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes) == 0;
}

/// Mounts the copy on `name` in `directory`, "" for `directory` itself.
inline bool attach_mount(int mount, int directory, const char* name) noexcept {
  return move_mount(mount, "", directory, name, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;
}

}  // namespace fence
