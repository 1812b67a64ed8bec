#pragma once
// What /proc/PID/mountinfo says of a sandbox, and how it differs from the plan. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mount_orders.h"

namespace fence::launch {

/// One line of mountinfo (proc_pid_mountinfo(5)).
struct MountLine {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::string path;  ///< where it is mounted, as its own processes see it
  bool read_only = false;
  bool no_devices = false;
  bool no_set_id = false;
  friend bool operator==(const MountLine&, const MountLine&) = default;
};

/// The lines of mountinfo; nothing where one is not as documented.
std::optional<std::vector<MountLine>> parse_mountinfo(std::string_view text);

/// The mounts that some path leads to: of those at one path the topmost, and none below a path that another covers.
std::vector<MountLine> reachable_mounts(const std::vector<MountLine>& mounts);

struct MountDifference {
  enum class Kind : std::uint8_t {
    Missing,    ///< of a planned mount
    Unplanned,  ///< a mount that no op makes or brings along
    TooLoose,   ///< it allows more than its op
  };
  Kind kind = Kind::Missing;
  std::string path;
  friend bool operator==(const MountDifference&, const MountDifference&) = default;
};

/// The first difference between what is reachable and what was ordered, in one pass over both. A mount belongs to the
/// order at its path; below one it has to be brought along by a bind (and be as confined as that) or be a node of /dev.
std::optional<MountDifference> find_difference(const std::vector<MountLine>& reachable,
                                               const std::vector<MountOrder>& orders);

}  // namespace fence::launch
