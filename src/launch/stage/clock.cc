// The clock of the command's wall time.
#include <sys/timerfd.h>
#include <unistd.h>

#include "stage.h"

namespace fence::stage {

bool WallClock::open() {
  fd_ = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  return fd_ >= 0;
}

bool WallClock::start(std::uint64_t seconds) const {
  itimerspec once{};
  once.it_value.tv_sec = static_cast<time_t>(seconds);
  return timerfd_settime(fd_, 0, &once, nullptr) == 0;
}

bool WallClock::over() const {
  std::uint64_t times = 0;
  return read(fd_, &times, sizeof times) == static_cast<ssize_t>(sizeof times);
}

}  // namespace fence::stage
