#include "supervise.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "fence/util/companions.h"
#include "private_terminal.h"
#include "processes.h"

namespace fence::launch {

bool StageLink::order(stage::OrderKind kind, int signal) const {
  const stage::Order order{kind, signal};
  if (send(fd_.get(), &order, sizeof order, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof order)) return true;
  // An order that is lost must not leave both sides waiting: the stage sees the end of fence, and ends.
  const int error = errno;
  shutdown(fd_.get(), SHUT_WR);
  errno = error;
  return false;
}

void StageLink::resume() {
  ++resumes_;
  order(stage::OrderKind::Resume);
}

std::optional<stage::Report> StageLink::next() {
  stage::Report report{};
  Companions along;
  ssize_t got = 0;
  // The end of a stage that has not read an order is told first, and once; its last report is still there.
  do got = receive_with(fd_.get(), MSG_DONTWAIT, report, along);
  while (got < 0 && errno == ECONNRESET);
  if (along.sender) stage_ = *along.sender;
  if (along.fd) received_ = std::move(along.fd);
  if (got == static_cast<ssize_t>(sizeof report)) return report;
  if (got >= 0 || (errno != EAGAIN && errno != EINTR)) gone_ = true;
  return std::nullopt;
}

std::optional<stage::Report> Supervisor::run() {
  for (;;) {
    pollfd wait[] = {{inbox_.fd(), POLLIN, 0},
                     {link_.fd(), POLLIN, 0},
                     {terminal_gone_ ? -1 : terminal_.fd(), 0, 0},
                     {guard_ != nullptr ? guard_->watcher() : -1, POLLIN, 0},
                     {guard_ != nullptr ? guard_->names() : -1, POLLIN, 0},
                     {own_ == nullptr ? -1 : own_->fd(), POLLIN, 0}};
    if (poll(wait, std::size(wait), wait_ms()) < 0) continue;
    if (wait[3].revents != 0 || wait[4].revents != 0 || guard_is_due()) guard_mounts();
    if (kill_at_ms_ && now_ms() >= *kill_at_ms_) {
      kill_at_ms_.reset();
      link_.order(stage::OrderKind::Kill);
    }
    if (own_ != nullptr) take_own_turn();
    if (wait[0].revents != 0 || wait[1].revents != 0) {
      // Before the reports: a Stopped that is older than a SIGCONT is recognised by it.
      take_signals();
      if (auto ended = take_reports()) return ended;
    }
    // The last report came before the monitor's end, so it has been read by now if there was one.
    if (monitor_ended_ || link_.gone()) return std::nullopt;
    if (wait[2].revents != 0) {
      terminal_gone_ = true;
      if (terminal_.was_in_foreground()) {
        link_.order(stage::OrderKind::SignalGroup, SIGHUP);
        start_grace();
      }
    }
  }
}

bool Supervisor::guard_is_due() const {
  if (guard_ == nullptr) return false;
  const std::optional<std::int64_t> due = guard_->deadline_ms();
  return due && now_ms() >= *due;
}

void Supervisor::guard_mounts() {
  ended_because_ = guard_->look();
  if (!ended_because_) return;
  // The whole sandbox at once, without the stage's help.
  kill(link_.stage(), SIGKILL);
  guard_ = nullptr;
}

int Supervisor::wait_ms() const {
  const int look = own_ == nullptr ? -1 : own_->wait_ms();
  std::optional<std::int64_t> due = guard_ != nullptr ? guard_->deadline_ms() : std::nullopt;
  if (kill_at_ms_) due = std::min(*kill_at_ms_, due.value_or(*kill_at_ms_));
  if (!due) return look;
  const auto left = static_cast<int>(std::max<std::int64_t>(0, *due - now_ms()));
  return look < 0 ? left : std::min(look, left);
}

void Supervisor::take_signals() {
  while (const auto arrival = inbox_.next()) take_signal(*arrival);
}

void Supervisor::take_signal(const Arrival& arrival) {
  const int signal = arrival.signal;
  if (signal == SIGCHLD) {
    monitor_ended_ = has_ended(monitor_);
    return;
  }
  if (arrival.sender == Sender::Terminal) from_terminal_.insert(signal);
  if (own_ != nullptr && own_takes(arrival)) return;
  switch (signal_action(signal, arrival.sender, place_)) {
    case SignalAction::Nothing:
      break;
    case SignalAction::Forward:
      link_.order(stage::OrderKind::Signal, signal);
      if (insistence_.insists(signal, now_ms())) link_.order(stage::OrderKind::Kill);
      break;
    case SignalAction::ForwardGroup:
      link_.order(stage::OrderKind::SignalGroup, signal);
      break;
    case SignalAction::Freeze:
      link_.order(stage::OrderKind::Freeze);
      break;
    case SignalAction::Resume:
      link_.resume();
      break;
  }
  if (signal == SIGHUP) start_grace();
}

std::optional<stage::Report> Supervisor::take_reports() {
  while (const auto report = link_.next()) {
    switch (report->kind) {
      case stage::ReportKind::Ready:
        break;
      case stage::ReportKind::Stopped:
        // Continued since: the report is about a stop that is over.
        if (!link_.is_current(*report)) break;
        if (own_ != nullptr) {
          own_->stopped(report->value);
        } else {
          stop_with_command(report->value);
        }
        break;
      case stage::ReportKind::TimeUp:
        time_is_up_ = true;
        break;
      case stage::ReportKind::Failed:
      case stage::ReportKind::ExecFailed:
      case stage::ReportKind::Exited:
      case stage::ReportKind::Killed:
        return report;
    }
  }
  return std::nullopt;
}

bool Supervisor::own_takes(const Arrival& arrival) {
  switch (arrival.signal) {
    case SIGWINCH:
      own_->resized();
      return true;
    case SIGCONT:
      own_->continued();
      return true;
    case SIGHUP:
      if (arrival.sender != Sender::Terminal) return false;
      own_->hang_up();
      start_grace();
      return true;
    default:
      return false;
  }
}

void Supervisor::take_own_turn() {
  own_->turn();
  if (own_->wants_end()) start_grace();
}

void Supervisor::start_grace() {
  if (kill_at_ms_) return;
  kill_at_ms_ = now_ms() + kHangupGraceMs;
  // A stopped command must run to see it.
  link_.resume();
}

void Supervisor::stop_with_command(int signal) {
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  const bool inner = terminal_.note_inner_foreground();
  // A job that ran in the background gets the foreground from its shell without a signal; it is to be handed on.
  if (wants_terminal && !inner && terminal_.look_again()) return link_.resume();
  bool stopped = false;
  if (inner) {
    // What stopped the command did not reach fence's group, in which a script may be waiting.
    stopped = inbox_.stop(SIGTSTP, true);
  } else {
    stopped = inbox_.stop(wants_terminal || signal == SIGTSTP ? signal : SIGSTOP, false);
  }
  terminal_.look_again();
  if (!stopped && place_ != stage::Place::SharedGroup) link_.resume();
}

}  // namespace fence::launch
