#pragma once
// Control groups of version 2 (cgroups(7), Documentation/admin-guide/cgroup-v2.rst), as far as they are around the
// caller.
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fence/util/path.h"

namespace fence {

/// One group, by its directory.
struct CgroupDirectory {
  HostPath path = HostPath::root();
  /// cgroup.type: "domain", "domain threaded", "domain invalid" or "threaded"; "" of the hierarchy's root, which has no
  /// such file.
  std::string type;
  std::set<std::string> controllers;  ///< cgroup.controllers: what its parent gives it
  std::set<std::string> enabled;      ///< cgroup.subtree_control: what it gives its children
  int make_error = 0;  ///< why the caller can make no directory in it (errno); 0: it can, as far as known
  int move_error = 0;  ///< the same of writing its cgroup.procs
  std::optional<std::uint64_t> max_depth;        ///< cgroup.max.depth: levels below it; nothing: any number
  std::optional<std::uint64_t> max_descendants;  ///< cgroup.max.descendants; nothing: any number
  std::uint64_t descendants = 0;                 ///< how many there are below it (cgroup.stat)
  friend bool operator==(const CgroupDirectory&, const CgroupDirectory&) = default;
};

/// What there is for limits of a whole sandbox.
struct CgroupFacts {
  /// The caller's group as /proc/self/cgroup names it, from the root of his cgroup namespace; nothing where the kernel
  /// has no version 2, or its hierarchy was never mounted.
  std::optional<std::string> own;
  /// Controllers that belong to hierarchies of version 1, and so cannot be had in version 2.
  std::set<std::string> v1_controllers;
  /// The caller's own group first, then each one above it that a mount shows; empty where none does.
  std::vector<CgroupDirectory> groups;
  bool swap = false;  ///< a swap area is in use (/proc/swaps)
  friend bool operator==(const CgroupFacts&, const CgroupFacts&) = default;
};

}  // namespace fence
