#include "terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace fence::launch {
namespace {

bool group_exists(pid_t group) { return group > 0 && (kill(-group, 0) == 0 || errno == EPERM); }

}  // namespace

Terminal Terminal::open_controlling() {
  Terminal terminal;
  terminal.fd_.reset(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal.fd_) return terminal;
  terminal.foreground_ = tcgetpgrp(terminal.fd());
  termios modes{};
  if (terminal.was_in_foreground() && tcgetattr(terminal.fd(), &modes) == 0) terminal.modes_ = modes;
  return terminal;
}

bool Terminal::was_in_foreground() const noexcept { return fd_ && foreground_ == getpgrp(); }

std::optional<pid_t> Terminal::inner_foreground() const {
  if (!was_in_foreground()) return std::nullopt;
  const pid_t now = tcgetpgrp(fd());
  if (now <= 0 || now == foreground_) return std::nullopt;
  return now;
}

void Terminal::look_again(std::optional<pid_t> inner) {
  if (!fd_) return;
  foreground_ = tcgetpgrp(fd());
  if (inner && was_in_foreground() && group_exists(*inner)) tcsetpgrp(fd(), *inner);
}

void Terminal::give_back_foreground() const {
  if (!fd_) return;
  const pid_t now = tcgetpgrp(fd());
  if (now == foreground_ || group_exists(now) || !group_exists(foreground_)) return;
  tcsetpgrp(fd(), foreground_);
}

void Terminal::restore_modes() const {
  if (!modes_ || tcgetpgrp(fd()) != getpgrp()) return;
  // Not TCSAFLUSH: what the user has typed ahead is for the shell.
  tcsetattr(fd(), TCSADRAIN, &*modes_);
}

}  // namespace fence::launch
