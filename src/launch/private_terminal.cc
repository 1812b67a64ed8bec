#include "private_terminal.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <iterator>

#include "processes.h"

namespace fence::launch {
namespace {

constexpr std::uint64_t bit_of(int signal) { return std::uint64_t{1} << (signal - 1); }

// How often fence looks for what nobody tells it: a new size without job control, the foreground of a job that ran on.
constexpr int kLookMs = 500;

bool is_pipe(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

// In a pipeline another process, a pager, may read the same keyboard. Who has no controlling terminal cannot ask for
// the keyboard: it gets it but where the output goes to such a process.
AttachWish wish_for(const SessionPlan& session) {
  if (session.kind() == SessionKind::NewSession)
    return is_pipe(STDOUT_FILENO) ? AttachWish::Deferred : AttachWish::Eager;
  if (session.deferred()) return AttachWish::Deferred;
  const auto& relayed = session.relayed();
  return relayed[STDIN_FILENO] && relayed[STDOUT_FILENO] ? AttachWish::Eager : AttachWish::Deferred;
}

}  // namespace

Result<std::unique_ptr<PrivateTerminal>> PrivateTerminal::open(const SessionPlan& session, SignalInbox& inbox) {
  FENCE_TRY(OuterTerminal outer, OuterTerminal::open(session.relayed()));
  const bool controlling = session.kind() != SessionKind::NewSession;
  // The constructor is private, and the relay keeps a reference to a member.
  return std::unique_ptr<PrivateTerminal>(new PrivateTerminal(std::move(outer), wish_for(session), controlling, inbox));
}

bool PrivateTerminal::starts_in_front() const {
  return wish_ == AttachWish::Eager && outer_.foreground() == Foreground::Ours;
}

Result<Ok> PrivateTerminal::adopt(UniqueFd master) {
  // Not again when the command has started: it may have set other ones by then.
  if (starts_in_front()) attachment_.meet();
  outer_.copy_modes(master.get());
  outer_.copy_size(master.get());
  FENCE_TRY(TtyGuard guard, TtyGuard::start(outer_));
  guard_.emplace(std::move(guard));
  FENCE_TRY(Relay relay, Relay::open(outer_, std::move(master)));
  relay_.emplace(std::move(relay));
  // The kernel stops no writer that ignores the signal.
  if ((inbox_.ignored_bits() & bit_of(SIGTTOU)) != 0) relay_->write_always();
  return Ok{};
}

void PrivateTerminal::begin(StageLink& link) {
  link_ = &link;
  carry_out(AttachEvent::Started);
}

int PrivateTerminal::wait_ms() const {
  return !wants_end_ && (attachment_.has_to_look() || !outer_.has_job_control()) ? kLookMs : -1;
}

void PrivateTerminal::turn() {
  if (wait_ms() >= 0 && now_ms() >= next_look_ms_) look();
  const RelayNews news = relay_->turn();
  take_keys(news.keys);
  if (news.gone) return terminal_gone();
  if (news.not_in_front) return continued();
  if (news.may_not_write && !inbox_.stop(SIGTTOU, true)) relay_->hang_up();
}

void PrivateTerminal::look() {
  next_look_ms_ = now_ms() + kLookMs;
  if (attachment_.has_to_look()) carry_out(AttachEvent::Looked);
  if (!outer_.has_job_control() && outer_.has_new_size()) resized();
}

void PrivateTerminal::take_keys(const std::vector<int>& keys) {
  for (const int signal : keys) {
    keys_.insert(signal);
    if (controlling_) continue;
    // No foreground group belongs to such a terminal, so the kernel sends nothing.
    relay_->wait_for_keys();
    if (signal == SIGTSTP) {
      link_->order(stage::OrderKind::Freeze);
    } else {
      link_->order(stage::OrderKind::SignalGroup, signal);
    }
  }
}

void PrivateTerminal::stopped(int signal) {
  const bool asked = controlling_ && (signal == SIGTTIN || signal == SIGTTOU);
  stop_signal_ = asked ? signal : SIGTSTP;
  carry_out(asked ? AttachEvent::Asked : AttachEvent::Stopped);
}

void PrivateTerminal::continued() {
  relay_->try_writing();
  carry_out(AttachEvent::Continued);
  resized();
}

void PrivateTerminal::resized() {
  outer_.copy_size(relay_->master());
  // The kernel tells the group in front, which there is none of.
  if (!controlling_ || !attachment_.attached()) link_->order(stage::OrderKind::SignalGroup, SIGWINCH);
}

void PrivateTerminal::terminal_gone() {
  // Who has asked not to be hung up, or is in the background, is left alone; but nothing is shown any more.
  const bool immune = (inbox_.ignored_bits() & bit_of(SIGHUP)) != 0;
  if (immune || !attachment_.attached()) return relay_->hang_up();
  hang_up();
}

void PrivateTerminal::hang_up() {
  if (wants_end_) return;
  wants_end_ = true;
  link_->order(stage::OrderKind::HangUp);
  relay_->hang_up();
}

void PrivateTerminal::carry_out(AttachEvent event) {
  std::optional<bool> stopped;
  for (const AttachAction action : attachment_.next(event, outer_.foreground())) act(action, stopped);
  // Where fence has stopped and goes on, its SIGCONT is yet to be taken.
  if (stopped == false) carry_out(AttachEvent::NotStopped);
}

void PrivateTerminal::act(AttachAction action, std::optional<bool>& stopped) {
  switch (action) {
    case AttachAction::CopyModes:
      return outer_.copy_modes(relay_->master());
    case AttachAction::GoRaw:
      outer_.copy_size(relay_->master());
      outer_.go_raw();
      return relay_->set_attached(true);
    case AttachAction::Restore:
      relay_->show_output();
      relay_->set_attached(false);
      return give_back();
    case AttachAction::LetGo:
      outer_.debt().raw = false;
      return relay_->set_attached(false);
    case AttachAction::InFront:
      link_->order(stage::OrderKind::Front);
      return;
    case AttachAction::CommandInFront:
      link_->order(stage::OrderKind::Front, 1);
      return;
    case AttachAction::InBack:
      link_->order(stage::OrderKind::Back);
      return;
    case AttachAction::Resume:
      return link_->resume();
    case AttachAction::StopGroup:
      stopped = inbox_.stop(stop_signal_, true);
      return;
    case AttachAction::StopSelf:
      stopped = inbox_.stop(stop_signal_, false);
      return;
    case AttachAction::HangUp:
      return hang_up();
  }
}

void PrivateTerminal::give_back() {
  if (!relay_->asked()) return outer_.restore();
  outer_.drain_answers();
  relay_->answered();
}

bool PrivateTerminal::fatal_signal() {
  while (const auto arrival = inbox_.next()) {
    const int signal = arrival->signal;
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT) return true;
  }
  return false;
}

void PrivateTerminal::finish(bool killed) {
  if (!relay_) return;
  while (!relay_->finished() && !fatal_signal()) {
    const RelayNews news = relay_->turn();
    if (news.gone) return relay_->hang_up();
    if (news.may_not_write && !inbox_.stop(SIGTTOU, true)) break;
    relay_->try_writing();
    pollfd wait[] = {{relay_->fd(), POLLIN, 0}, {inbox_.fd(), POLLIN, 0}};
    if (!relay_->finished()) poll(wait, std::size(wait), -1);
  }
  const bool in_front = outer_.foreground() == Foreground::Ours;
  relay_->set_attached(false);
  if (!in_front) {
    outer_.debt().raw = false;
    return;
  }
  if (killed) outer_.undo_modes();
  give_back();
}

}  // namespace fence::launch
