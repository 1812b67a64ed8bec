#pragma once
// The descriptors of a child that becomes the stage. Allocates nothing; errors are in errno.
#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <span>

namespace fence::launch {

/// Of all that is open, what execve(2) leaves open: 0 to 2 and `inherited` (close_range(2), CLOSE_RANGE_CLOEXEC: Linux
/// 5.11). Those of 0 to 2 that fence was started without are /dev/null, lest the stage gets one of its own under their
/// numbers.
inline bool hand_on(std::span<const int> inherited) noexcept {
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
  for (int stream = 0; stream < 3; ++stream) {
    if (fcntl(stream, F_SETFD, 0) != 0) return false;
  }
  for (const int fd : inherited) {
    if (fcntl(fd, F_SETFD, 0) != 0) return false;
  }
  return true;
}

}  // namespace fence::launch
