#pragma once
// The control group of a sandbox, made, entered and looked at.
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string_view>

#include "cgroup_janitor.h"
#include "fence/plan/plan.h"
#include "fence/util/fd.h"
#include "fence/util/result.h"

namespace fence::launch {

inline constexpr std::string_view kCannotEnter = "cannot move the sandbox into its control group";

/// Two groups: the outer one has the limits, and the sandbox runs in the one inside of it. That one is the root of the
/// sandbox's cgroup namespace, so that no limit can be named from inside, also where a nested user namespace mounts
/// cgroup2 (with the caller's user id, to whom these files belong).
class SandboxGroup {
 public:
  /// Makes it with the limits of `plan`, each read back. It is gone with this object, or with fence.
  static Result<SandboxGroup> make(const CgroupPlan& plan);

  /// For a process that goes in by itself, by writing "0" here; closed on exec.
  [[nodiscard]] int entrance() const noexcept { return entrance_.get(); }
  [[nodiscard]] Result<Ok> take_in(pid_t pid) const;
  /// An error where `pid` is not in it.
  [[nodiscard]] Result<Ok> confirm(pid_t pid) const;
  /// Kills what is in it, and returns when it is empty.
  void end_all() const { empty_group(limits_.get()); }
  /// How often each limit was reached: memory in which all was killed, processes that could not be made.
  [[nodiscard]] std::map<Limit, std::uint64_t> reached() const;

 private:
  SandboxGroup(CgroupJanitor janitor, UniqueFd limits, UniqueFd entrance)
      : janitor_(std::move(janitor)), limits_(std::move(limits)), entrance_(std::move(entrance)) {}
  CgroupJanitor janitor_;
  UniqueFd limits_;    ///< the directory of the outer group
  UniqueFd entrance_;  ///< cgroup.procs of the inner group
};

}  // namespace fence::launch
