#pragma once
// One name in one directory, and the way to that directory.
#include <string>

#include "fence/facts/facts.h"
#include "fence/util/fd.h"
#include "files.h"

namespace fence {

/// Opens directories name by name from the root, so that a path may be longer than PATH_MAX and no link in it is
/// followed, whoever puts one there meanwhile. Stays where it was last: a sorted set of paths costs few opens.
class DirectoryCursor {
 public:
  /// An O_PATH descriptor of `directory`, owned by the cursor and good until the next call.
  Result<int, Errno> open(const HostPath& directory);

 private:
  UniqueFd fd_;
  HostPath path_ = HostPath::root();
};

/// Opens `path`, which has no link in it, by openat(2) with `flags` (and O_NOFOLLOW, O_CLOEXEC) from its directory.
Result<UniqueFd, Errno> open_without_links(DirectoryCursor& cursor, const HostPath& path, int flags);

/// What lstat(2) sees at `path`, whose directory has no link in it.
PathFact classify(DirectoryCursor& cursor, const HostPath& path);

/// What the file system's magic number (statfs(2), linux/magic.h) means for a grant.
FsKind fs_kind_of(std::uint32_t magic) noexcept;

}  // namespace fence
