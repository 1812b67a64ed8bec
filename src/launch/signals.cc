#include "signals.h"

#include <csignal>

namespace fence::launch {
namespace {

constexpr std::int64_t kOneWishMs = 500;
constexpr int kHandled[] = {SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT, SIGUSR1, SIGUSR2,
                            SIGCONT, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU};

}  // namespace

std::span<const int> handled_signals() noexcept { return kHandled; }

SignalAction signal_action(int signal, Sender sender, stage::Place place) noexcept {
  // Sent to fence's group because the command read or wrote in the background; the command stopped, and its stop is
  // reported.
  if (signal == SIGTTIN || signal == SIGTTOU) return SignalAction::Nothing;
  if (signal == SIGCONT) return SignalAction::Resume;
  if (signal == SIGTSTP && place == stage::Place::OwnSession) return SignalAction::Freeze;
  // The whole job stops, as by the key.
  if (signal == SIGTSTP && place == stage::Place::OwnTerminal) return SignalAction::ForwardGroup;
  switch (sender) {
    case Sender::Terminal:
      return place == stage::Place::SharedGroup ? SignalAction::Nothing : SignalAction::ForwardGroup;
    case Sender::User:
      return SignalAction::Forward;
  }
  return SignalAction::Nothing;
}

bool Insistence::insists(int signal, std::int64_t now_ms) noexcept {
  if (signal != SIGINT && signal != SIGTERM) return false;
  std::int64_t& first = signal == SIGINT ? first_interrupt_ : first_terminate_;
  if (first < 0) {
    first = now_ms;
    return false;
  }
  return now_ms - first >= kOneWishMs;
}

}  // namespace fence::launch
