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

bool Terminal::can_hand_over() const {
  const pid_t own = getpgrp();
  return was_in_foreground() && own == getpid() && tcgetpgrp(STDIN_FILENO) == own && tcgetpgrp(STDOUT_FILENO) == own;
}

bool Terminal::note_inner_foreground() {
  if (!was_in_foreground()) return false;
  const pid_t now = tcgetpgrp(fd());
  if (now <= 0 || now == foreground_) return false;
  inner_ = now;
  return true;
}

bool Terminal::look_again() {
  if (!fd_) return false;
  foreground_ = tcgetpgrp(fd());
  return was_in_foreground() && group_exists(inner_) && tcsetpgrp(fd(), inner_) == 0;
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
