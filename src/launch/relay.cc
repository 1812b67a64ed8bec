#include "relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "descriptors.h"
#include "keys.h"
#include "processes.h"

namespace fence::launch {
namespace {

// The kernel's queue of a pty holds as much (drivers/tty/tty_buffer.c).
constexpr std::size_t kQueueBytes = 65536;
constexpr std::int64_t kShowMs = 1000;

bool later(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

Relay::Relay(OuterTerminal& outer, UniqueFd master, UniqueFd epoll)
    : outer_(outer), master_(std::move(master)), epoll_(std::move(epoll)), output_(kQueueBytes), input_(kQueueBytes) {}

Result<Relay> Relay::open(OuterTerminal& outer, UniqueFd master) {
  const int flags = fcntl(master.get(), F_GETFL);
  if (flags < 0 || fcntl(master.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return system_error("cannot use the private terminal", errno);
  }
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  bool watched = static_cast<bool>(epoll);
  for (const int fd : {master.get(), outer.fd()}) {
    epoll_event none{};
    none.data.fd = fd;
    watched = watched && epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &none) == 0;
  }
  if (!watched) return system_error("cannot wait for the terminals", errno);
  Relay relay(outer, std::move(master), std::move(epoll));
  relay.update_interest();
  return relay;
}

// Fails for no descriptor that is in the set (epoll_ctl(2)).
void Relay::watch_descriptor(int fd, std::uint32_t events, std::uint32_t& now) {
  if (events == now) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  now = events;
}

// A hang-up is told in any case (epoll_ctl(2)).
void Relay::update_interest() {
  if (master_) {
    const std::uint32_t in = output_.full() ? 0U : std::uint32_t{EPOLLIN};
    const std::uint32_t out = input_.empty() ? 0U : std::uint32_t{EPOLLOUT};
    watch_descriptor(master_.get(), in | out, master_events_);
  }
  if (!outer_gone_) {
    const std::uint32_t in = attached_ && master_ && !input_.full() ? std::uint32_t{EPOLLIN} : 0U;
    const std::uint32_t out = output_.empty() || held_ || unended_ ? 0U : std::uint32_t{EPOLLOUT};
    watch_descriptor(outer_.fd(), in | out, outer_events_);
  }
}

void Relay::set_attached(bool attached) {
  attached_ = attached;
  held_ = false;
  update_interest();
}

void Relay::try_writing() {
  held_ = false;
  update_interest();
}

RelayNews Relay::turn() {
  RelayNews news;
  epoll_event events[2];
  const int count = epoll_wait(epoll_.get(), events, 2, 0);
  for (int i = 0; i < count; ++i) {
    const std::uint32_t met = events[i].events;
    if (master_ && events[i].data.fd == master_.get()) {
      if ((met & EPOLLOUT) != 0) write_master();
      if ((met & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_master();
    } else if (events[i].data.fd == outer_.fd()) {
      if ((met & EPOLLIN) != 0 && attached_) read_outer(news);
      if ((met & (EPOLLHUP | EPOLLERR)) != 0 && !outer_.there()) news.gone = true;
    }
  }
  if (!output_.empty() && !held_) write_outer(news);
  if (!input_.empty() && master_) write_master();
  update_interest();
  return news;
}

// A terminal gives 4 KiB at a time.
void Relay::read_master() {
  while (!output_.full() && read_once()) continue;
}

bool Relay::read_once() {
  const auto room = output_.room();
  const ssize_t got = read(master_.get(), room.data(), room.size());
  if (got > 0) {
    watch_.look(room.first(static_cast<std::size_t>(got)));
    outer_.debt().changed_modes = watch_.changed_modes();
    output_.added(static_cast<std::size_t>(got));
    unended_ = false;
    return true;
  }
  // EIO: the slave is closed everywhere, and nothing of what was written there is left.
  if (got == 0 || !later(errno)) end_of_master();
  return false;
}

void Relay::end_of_master() {
  if (!master_) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, master_.get(), nullptr);
  master_.reset();
  unended_ = false;
  input_.clear();
}

void Relay::write_outer(RelayNews& news) {
  if (outer_gone_) return output_.clear();
  if (!attached_ && !writes_always_ && outer_.foreground() == Foreground::Others && outer_.stops_writers()) {
    held_ = news.may_not_write = true;
    return;
  }
  if (write_output() < 0 && !later(errno)) news.gone = news.gone || !outer_.there();
}

long Relay::write_output() {
  if (outer_.ends_lines()) return write_cooked();
  const auto bytes = output_.data();
  const ssize_t wrote = write(outer_.fd(), bytes.data(), bytes.size());
  if (wrote > 0) output_.taken(static_cast<std::size_t>(wrote));
  return wrote;
}

long Relay::write_cooked() {
  constexpr int kPieces = 64;
  iovec vector[kPieces];
  Piece pieces[kPieces];
  int count = 0;
  std::size_t begin = 0;
  const auto bytes = output_.data();
  while (count < kPieces && begin < bytes.size()) {
    const Piece piece = next_cooked_piece(bytes.subspan(begin), !master_);
    if (piece.write == 0 && piece.skip == 0) break;
    vector[count] = {const_cast<char*>(bytes.data()) + begin, piece.write};  // writev(2) only reads it
    pieces[count++] = piece;
    begin += piece.write + piece.skip;
  }
  unended_ = count == 0;
  const ssize_t wrote = count == 0 ? 0 : writev(outer_.fd(), vector, count);
  auto left = static_cast<std::size_t>(wrote > 0 ? wrote : 0);
  for (int i = 0; i < count && wrote >= 0; ++i) {
    if (left < pieces[i].write) {
      output_.taken(left);
      break;
    }
    left -= pieces[i].write;
    output_.taken(pieces[i].write + pieces[i].skip);
  }
  return wrote;
}

void Relay::read_outer(RelayNews& news) {
  const auto room = input_.room();
  if (room.empty()) return;
  const ssize_t got = read(outer_.fd(), room.data(), room.size());
  if (got > 0) {
    termios inner{};
    const auto typed = room.first(static_cast<std::size_t>(got));
    if (tcgetattr(master_.get(), &inner) == 0) news.keys = key_signals(typed, inner);
    input_.added(typed.size());
    return;
  }
  if (got < 0 && later(errno)) return;
  // EIO also tells a process in the background that ignores or blocks SIGTTIN (tty_ioctl(4)).
  if (got < 0 && outer_.there() && outer_.foreground() == Foreground::Others) {
    news.not_in_front = true;
  } else {
    news.gone = true;
  }
}

void Relay::write_master() {
  const auto bytes = input_.data();
  if (bytes.empty()) return;
  const ssize_t wrote = write(master_.get(), bytes.data(), bytes.size());
  if (wrote > 0) input_.taken(static_cast<std::size_t>(wrote));
}

// A key that sends a signal throws away what the terminal holds (NOFLSH, termios(3)), and a worker of the kernel does
// that: what the command prints at the signal has to come later. To look at the other end waits for that worker
// (n_tty_poll in drivers/tty/n_tty.c; TIOCGPTPEER: Linux 4.13).
void Relay::wait_for_keys() const {
  const UniqueFd slave(ioctl(master_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  pollfd wait{slave.get(), POLLIN, 0};
  if (slave) poll(&wait, 1, 0);
}

void Relay::show_output() {
  const std::int64_t until = now_ms() + kShowMs;
  RelayNews news;
  while (!outer_gone_ && now_ms() < until) {
    const bool before = master_ && !output_.full();
    if (before) read_master();
    if (output_.empty()) return;
    const std::size_t size = output_.data().size();
    write_outer(news);
    if (held_ || news.gone) return;
    if (output_.data().size() == size) {
      pollfd wait{outer_.fd(), POLLOUT, 0};
      if (poll(&wait, 1, static_cast<int>(kShowMs)) <= 0) return;
      if (unended_) return;
    }
  }
}

void Relay::hang_up() {
  outer_gone_ = true;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, outer_.fd(), nullptr);
  output_.clear();
  end_of_master();
}

}  // namespace fence::launch
