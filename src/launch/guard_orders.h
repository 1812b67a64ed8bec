#pragma once
// Which mounts of a plan can be lost while the command runs. Pure.
#include <cstdint>
#include <string>
#include <vector>

#include "fence/plan/plan.h"

namespace fence::launch {

/// What to do about a lost mount.
enum class Remedy : std::uint8_t {
  Protect,  ///< a file that is read-only in a writable tree: the file that is there now becomes read-only
  Mask,     ///< a hidden file in a writable tree: what is there now is covered
  End,      ///< a directory, or something that is not the host's own at that path: nothing can be put back
};

struct GuardOrder {
  std::string place;      ///< inside
  std::string directory;  ///< the host's directory that holds the mount point
  std::string name;       ///< the mount point's name in it
  Remedy remedy = Remedy::End;
  friend bool operator==(const GuardOrder&, const GuardOrder&) = default;
};

/// The kernel drops a mount when its mount point is unlinked or renamed over by somebody who does not see the mount
/// (Linux 3.17, fs/namei.c). What is mounted on a name of ours cannot be lost, since nobody else has that name. Nor
/// does it matter where what would then be seen is no more than the plan shows: a grant in a read-only tree, a file of
/// ours in the place of the host's. In the plan's order, parents first.
std::vector<GuardOrder> guard_orders(const MountPlan& mounts);

}  // namespace fence::launch
