#pragma once
// A process that removes the sandbox's control group, whatever ends fence.
#include <sys/types.h>

#include <string>
#include <utility>

#include "fence/util/fd.h"
#include "fence/util/result.h"

namespace fence::launch {

/// Kills everything in the group of this directory, at any depth, and returns when it is empty, or after a minute.
void empty_group(int group);

/// The one way in which the group goes: also at an ordinary end its owner lets the janitor do it, and waits.
class CgroupJanitor {
 public:
  /// Started before the group `name` is made in the directory `parent`, so that there is no moment at which nobody
  /// would remove it. The janitor has a session of its own and nothing of fence's open but `parent`.
  static Result<CgroupJanitor> start(int parent, std::string name);
  CgroupJanitor(CgroupJanitor&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        parent_(std::move(other.parent_)),
        name_(std::move(other.name_)),
        lifeline_(std::move(other.lifeline_)) {}
  CgroupJanitor& operator=(CgroupJanitor&&) = delete;
  /// Kills what is left in the group, and returns when it is gone.
  ~CgroupJanitor();

 private:
  CgroupJanitor(pid_t pid, UniqueFd parent, std::string name, UniqueFd lifeline)
      : pid_(pid), parent_(std::move(parent)), name_(std::move(name)), lifeline_(std::move(lifeline)) {}
  pid_t pid_;
  UniqueFd parent_;
  std::string name_;
  UniqueFd lifeline_;
};

}  // namespace fence::launch
