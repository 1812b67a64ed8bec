#pragma once
// The kernel's texts about control groups, read. No system call.
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fence/util/path.h"

namespace fence {

/// /proc/PID/cgroup (cgroups(7)).
struct CgroupMembership {
  std::optional<std::string> own;        ///< in the hierarchy of version 2; nothing where there is none
  std::set<std::string> v1_controllers;  ///< of the hierarchies of version 1
  friend bool operator==(const CgroupMembership&, const CgroupMembership&) = default;
};
CgroupMembership parse_membership(std::string_view text);

/// Where a mount shows a group.
struct ShownGroup {
  HostPath directory;
  HostPath mount_point;
  friend bool operator==(const ShownGroup&, const ShownGroup&) = default;
};
/// The places at which /proc/PID/mountinfo shows the group `own` of version 2: the writable mounts first. A group that
/// lies outside of the reader's cgroup namespace ("/../x") is shown nowhere.
std::vector<ShownGroup> find_group(std::string_view mountinfo, std::string_view own);

/// "cpu memory pids\n".
std::set<std::string> parse_words(std::string_view text);

}  // namespace fence
