#pragma once
// fence's end of the process that mounts lost protections again.
#include <sys/types.h>

#include <optional>
#include <utility>
#include <vector>

#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "guard_orders.h"
#include "guard_remount.h"

namespace fence::launch {

/// Kills and reaps its process when it goes.
class Watcher {
 public:
  /// For the mount namespace of `stage`, whose `mountinfo` is only lent. The process is under way then; `confirm` tells
  /// whether it watches. Errors: the namespaces cannot be opened; there can be no process.
  static Result<Watcher> start(pid_t stage, int mountinfo, const std::vector<GuardOrder>& orders);
  Watcher(Watcher&& other) noexcept : pid_(std::exchange(other.pid_, -1)), reports_(std::move(other.reports_)) {}
  Watcher& operator=(Watcher&&) = delete;
  ~Watcher();

  /// Waits until it watches. What is lost after start() is put back then. Error: the step that failed.
  [[nodiscard]] Result<Ok> confirm() const;

  struct Message {
    WatchReport report{};
    UniqueFd file{};  ///< opened with O_PATH
  };
  /// For POLLIN: a message has come, or the process has ended.
  [[nodiscard]] int fd() const { return reports_.get(); }
  /// The next message; nothing where none has come. gone() tells whether any can come.
  std::optional<Message> next();
  [[nodiscard]] bool gone() const { return gone_; }
  /// Looked is the answer.
  void ask();

 private:
  Watcher(pid_t pid, UniqueFd reports) : pid_(pid), reports_(std::move(reports)) {}

  pid_t pid_;
  UniqueFd reports_;
  bool gone_ = false;
};

}  // namespace fence::launch
