#include "outer_terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>

#include "descriptors.h"
#include "keys.h"
#include "output_watch.h"
#include "processes.h"

namespace fence::launch {
namespace {

// DSR "are you well", and its answer (ECMA-48 8.3.35): terminals answer in order.
constexpr std::string_view kLastQuestion = "\x1b[5n";
constexpr std::string_view kLastAnswer = "\x1b[0n";
constexpr std::int64_t kAnswerMs = 300;

// O_NONBLOCK belongs to the open file, which a descriptor of the caller's shares with the caller.
constexpr int kOpenFlags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;

UniqueFd open_again(int stream) {
  // A terminal of which fence's session is the owner; also where its device belongs to somebody else, as after su(1).
  if (tcgetpgrp(stream) >= 0) {
    UniqueFd fd(::open("/dev/tty", kOpenFlags));
    if (fd) return fd;
  }
  UniqueFd fd(::open(("/proc/self/fd/" + std::to_string(stream)).c_str(), kOpenFlags));
  if (fd) return fd;
  return UniqueFd(fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

std::optional<winsize> size_of(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return size;
}

bool same_size(const winsize& a, const winsize& b) {
  return a.ws_row == b.ws_row && a.ws_col == b.ws_col && a.ws_xpixel == b.ws_xpixel && a.ws_ypixel == b.ws_ypixel;
}

}  // namespace

Result<SharedDebt> SharedDebt::make() {
  void* memory = mmap(nullptr, sizeof(TerminalDebt), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return system_error("cannot get memory for the terminal's modes", errno);
  return SharedDebt(new (memory) TerminalDebt());
}

SharedDebt::~SharedDebt() {
  if (debt_ != nullptr) munmap(debt_, sizeof(TerminalDebt));
}

OuterTerminal::OuterTerminal(UniqueFd fd, bool shows_others, SharedDebt debt)
    : fd_(std::move(fd)),
      debt_(std::move(debt)),
      shows_others_(shows_others),
      has_job_control_(tcgetpgrp(fd_.get()) >= 0) {}

Result<OuterTerminal> OuterTerminal::open(const std::array<bool, 3>& relayed) {
  for (int stream = 0; stream < 3; ++stream) {
    if (!relayed[static_cast<std::size_t>(stream)]) continue;
    UniqueFd fd = open_again(stream);
    if (!fd) return system_error("cannot open the terminal of descriptor " + std::to_string(stream), errno);
    FENCE_TRY(SharedDebt debt, SharedDebt::make());
    return OuterTerminal(std::move(fd), !relayed[STDOUT_FILENO], std::move(debt));
  }
  return Error{.kind = ErrorKind::Internal, .what = "no descriptor leads to the terminal that is to be relayed"};
}

Foreground OuterTerminal::foreground() const {
  if (!has_job_control_) return Foreground::Ours;
  return tcgetpgrp(fd()) == getpgrp() ? Foreground::Ours : Foreground::Others;
}

bool OuterTerminal::there() const {
  termios modes{};
  return tcgetattr(fd(), &modes) == 0;
}

bool OuterTerminal::stops_writers() const {
  termios modes{};
  return has_job_control_ && tcgetattr(fd(), &modes) == 0 && (modes.c_lflag & TOSTOP) != 0;
}

bool OuterTerminal::ends_lines() const {
  if (debt().raw && !shows_others_) return false;
  termios modes{};
  constexpr tcflag_t kEnds = OPOST | ONLCR;
  return tcgetattr(fd(), &modes) == 0 && (modes.c_oflag & kEnds) == kEnds;
}

void OuterTerminal::copy_modes(int master) {
  termios modes{};
  if (debt().raw) {
    modes = debt().saved;
  } else if (tcgetattr(fd(), &modes) != 0) {
    return;
  }
  termios now{};
  const bool command_has_set_some = taken_modes_ && tcgetattr(master, &now) == 0 && !same_modes(now, *taken_modes_);
  if (command_has_set_some) return;
  modes = inner_modes(modes);
  tcsetattr(master, TCSANOW, &modes);
  // The driver may refuse a part of it (tcsetattr(3)).
  if (tcgetattr(master, &now) == 0) taken_modes_ = now;
}

void OuterTerminal::copy_size(int master) {
  const auto size = size_of(fd());
  if (!size || (given_size_ && same_size(*size, *given_size_))) return;
  ioctl(master, TIOCSWINSZ, &*size);
  given_size_ = size;
}

bool OuterTerminal::has_new_size() const {
  const auto size = size_of(fd());
  return size && (!given_size_ || !same_size(*size, *given_size_));
}

void OuterTerminal::go_raw() {
  termios now{};
  if (tcgetattr(fd(), &now) != 0) return;
  TerminalDebt& owed = debt();
  if (!owed.raw || !same_modes(now, owed.ours)) {
    owed.raw = false;
    owed.saved = now;
    owed.ours = raw_modes(now);
    if (shows_others_) owed.ours.c_oflag = now.c_oflag;
  }
  // Before they are set: fence may be killed at any moment, and the guard looks whether they are.
  owed.raw = true;
  // What is typed already and what is not shown yet stays.
  tcsetattr(fd(), TCSANOW, &owed.ours);
  // The driver may refuse a part of it (tcsetattr(3)).
  if (tcgetattr(fd(), &now) == 0 && !same_modes(now, owed.ours)) owed.ours = now;
}

void OuterTerminal::restore() {
  TerminalDebt& owed = debt();
  if (!owed.raw) return;
  tcsetattr(fd(), TCSADRAIN, &owed.saved);
  owed.raw = false;
}

void OuterTerminal::drain_answers() {
  if (!debt().raw) go_raw();
  write_all(kLastQuestion);
  discard_up_to_answer();
  tcsetattr(fd(), TCSAFLUSH, &debt().saved);
  debt().raw = false;
}

void OuterTerminal::discard_up_to_answer() const {
  const std::int64_t until = now_ms() + kAnswerMs;
  std::string tail;
  for (;;) {
    const std::int64_t left = until - now_ms();
    pollfd wait{fd(), POLLIN, 0};
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) == 0) return;
    char buffer[1024];
    const ssize_t got = read(fd(), buffer, sizeof buffer);
    if (got <= 0 && errno != EAGAIN && errno != EINTR) return;
    if (got <= 0) continue;
    tail.append(buffer, static_cast<std::size_t>(got));
    if (tail.find(kLastAnswer) != std::string::npos) return;
    if (tail.size() > kLastAnswer.size()) tail.erase(0, tail.size() - kLastAnswer.size());
  }
}

void OuterTerminal::undo_modes() {
  write_all(undo_text(debt().changed_modes));
  debt().changed_modes = 0;
}

void OuterTerminal::write_all(std::string_view text) const {
  const std::int64_t until = now_ms() + kAnswerMs;
  while (!text.empty() && now_ms() < until) {
    const ssize_t wrote = write(fd(), text.data(), text.size());
    if (wrote > 0) {
      text.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      pollfd wait{fd(), POLLOUT, 0};
      poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(0, until - now_ms())));
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace fence::launch
