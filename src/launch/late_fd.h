#pragma once
#include <utility>

#include "fence/util/fd.h"

namespace fence::launch {

/// Closes the descriptor without waiting until the kernel has let go of what is behind it; that happens soon after,
/// also when this process has ended. For what has no other user, and nobody is to wait for.
///
/// The last close(2) of an inotify descriptor with watches takes 5 to 15 ms: the kernel first lets every processor
/// finish with them (fsnotify_wait_marks_destroyed), and does so at a process's exit as well. A descriptor that is
/// registered with an io_uring is closed by a thread of the kernel after the ring's end (Linux 5.7; before, the ring's
/// end waits). Where io_uring is forbidden (kernel.io_uring_disabled, a container's filter), it is an ordinary close.
void close_late(UniqueFd fd) noexcept;

/// Owns a descriptor; its end is close_late().
class LateFd {
 public:
  LateFd() = default;
  LateFd(LateFd&&) noexcept = default;
  LateFd& operator=(LateFd&&) noexcept = delete;
  LateFd(const LateFd&) = delete;
  LateFd& operator=(const LateFd&) = delete;
  ~LateFd() { close_late(std::move(fd_)); }

  /// Only while it holds none.
  void set(UniqueFd fd) { fd_ = std::move(fd); }
  [[nodiscard]] int get() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace fence::launch
