#include "late_fd.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fence::launch {

void close_late(UniqueFd fd) noexcept {
  if (!fd) return;
  io_uring_params params{};
  const UniqueFd ring(static_cast<int>(syscall(SYS_io_uring_setup, 1, &params)));
  if (!ring) return;
  // The ring holds a reference of its own. Without it the descriptor's is the last one, and closing waits.
  const int file = fd.get();
  static_cast<void>(syscall(SYS_io_uring_register, ring.get(), IORING_REGISTER_FILES, &file, 1));
  fd.reset();
}

}  // namespace fence::launch
