// The private terminal, as its session's leader sees it.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "stage.h"

namespace fence::stage {
namespace {

constexpr int kAboveStreams = 3;

bool wants_terminal(const PayloadHeader& header, int stream) { return header.streams[stream] == kPrivateTerminal; }

}  // namespace

Failure make_terminal(const Orders& orders, PrivateTerminal& terminal) {
  const PayloadHeader& header = *orders.header;
  if (header.private_terminal == 0) return {};
  terminal.master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal.master < 0) return failure(Step::Terminal, errno);
  int unlocked = 0;
  if (ioctl(terminal.master, TIOCSPTLCK, &unlocked) != 0) return failure(Step::Terminal, errno);
  // By its master and not by a name, which a mount could stand in for (Linux 4.13).
  const int slave = ioctl(terminal.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return failure(Step::Terminal, errno);
  terminal.slave = fcntl(slave, F_DUPFD_CLOEXEC, kAboveStreams);
  close(slave);
  if (terminal.slave < 0) return failure(Step::Terminal, errno);
  // 0: not even root takes a terminal from another session.
  if (header.place == Place::OwnTerminal && ioctl(terminal.slave, TIOCSCTTY, 0) != 0) {
    return failure(Step::Terminal, errno);
  }
  for (int stream = 0; stream < kAboveStreams; ++stream) {
    if (wants_terminal(header, stream) && dup2(terminal.slave, stream) < 0) return failure(Step::Terminal, errno);
  }
  return {};
}

pid_t Front::remembered() const { return kill(-had_it_, 0) == 0 ? had_it_ : command_; }

void Front::take() {
  if (slave_ < 0) return;
  const pid_t now = tcgetpgrp(slave_);
  if (now == getpgrp()) return;
  if (now > 0) had_it_ = now;
  tcsetpgrp(slave_, getpgrp());
}

void Front::give(bool to_command) {
  if (slave_ < 0) return;
  if (to_command) had_it_ = command_;
  if (to_command || tcgetpgrp(slave_) == getpgrp()) tcsetpgrp(slave_, remembered());
}

pid_t Front::group() const {
  if (slave_ < 0) return command_;
  const pid_t now = tcgetpgrp(slave_);
  return now > 0 && now != getpgrp() && kill(-now, 0) == 0 ? now : remembered();
}

}  // namespace fence::stage
