#pragma once
// Places in the new root. None is ever looked up from anywhere but that root, so no link, no ".." and no race leads out
// of it: openat2(2) with RESOLVE_IN_ROOT takes an absolute link as one below the root, and stops ".." there
// (CVE-2026-87766 was a destination resolved from the intermediate root).
#include <climits>
#include <cstdint>

#include "fence/util/fd.h"
#include "world.h"

namespace fence::bwraprun {

class Places {
 public:
  /// `root` belongs to the caller, who may change it: what is mounted over the root becomes the root.
  explicit Places(const UniqueFd& root) noexcept : root_(root) {}

  /// `path` may be relative, which is the same here. Links are followed, those of procfs are not (ELOOP).
  [[nodiscard]] UniqueFd open(const char* path, std::uint64_t flags, std::uint32_t mode = 0) const noexcept;

  /// The directory of `path`, made where it is missing; remembers its last name. An empty descriptor: errno says why.
  UniqueFd parents(const char* path, std::uint32_t mode) noexcept;
  /// The last name of the path that parents() was asked for; empty for the root.
  [[nodiscard]] const char* name() const noexcept { return name_; }

  /// Whether `fd` is open on the root itself.
  [[nodiscard]] bool is_root(int fd) const noexcept;

  /// Where something can be mounted, made where it is missing, or the reason why not.
  struct Target {
    UniqueFd fd;  ///< O_PATH
    bool is_root = false;
    Failure bad{};
    const char* name =
        "";  ///< in `fd`, not to be followed; empty: `fd` itself. Holds until the next place is looked for
  };
  Target directory(const char* path, std::uint32_t parents_mode, std::uint32_t mode) noexcept;
  Target file(const char* path, std::uint32_t parents_mode) noexcept;

 private:
  UniqueFd walk(char* path, std::uint32_t mode) noexcept;
  Target found(const char* path, std::uint64_t flags, Failed what) const noexcept;

  const UniqueFd& root_;
  char path_[PATH_MAX] = "";
  const char* name_ = "";
};

}  // namespace fence::bwraprun
