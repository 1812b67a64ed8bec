#pragma once
// The command's own terminal: the relay, the user's terminal, and job control between both.
#include <memory>
#include <optional>
#include <set>

#include "attachment.h"
#include "fence/plan/plan.h"
#include "relay.h"
#include "signal_inbox.h"
#include "supervise.h"
#include "tty_guard.h"

namespace fence::launch {

class PrivateTerminal {
 public:
  /// Opens the user's terminal; changes nothing there. Precondition: the plan's terminal is private.
  static Result<std::unique_ptr<PrivateTerminal>> open(const SessionPlan& session, SignalInbox& inbox);
  PrivateTerminal(const PrivateTerminal&) = delete;
  PrivateTerminal& operator=(const PrivateTerminal&) = delete;
  ~PrivateTerminal() = default;

  /// The command may start as the foreground of its terminal.
  [[nodiscard]] bool starts_in_front() const;
  /// The stage has made the terminal: it gets the modes and the size of the user's.
  Result<Ok> adopt(UniqueFd master);
  /// The command starts. `link` outlives this.
  void begin(StageLink& link);

  // While the command runs.
  [[nodiscard]] int fd() const noexcept { return relay_ ? relay_->fd() : -1; }
  /// When turn() is to be called without anything at fd(); -1: never.
  [[nodiscard]] int wait_ms() const;
  void turn();
  void stopped(int signal);
  void continued();
  void resized();
  /// The user's terminal has gone: the command is told as by a terminal of its own.
  void hang_up();
  /// The command has been told, and must not live much longer.
  [[nodiscard]] bool wants_end() const noexcept { return wants_end_; }
  /// The user pressed a key that sends this signal.
  [[nodiscard]] bool was_key(int signal) const { return keys_.contains(signal); }

  /// All processes inside have ended: shows the rest of their output, and gives the user's terminal back as it was. A
  /// fatal signal to fence ends the showing. `killed`: by a signal, so that the command could not undo its modes.
  void finish(bool killed);

 private:
  PrivateTerminal(OuterTerminal outer, AttachWish wish, bool controlling, SignalInbox& inbox)
      : outer_(std::move(outer)), attachment_(wish), wish_(wish), controlling_(controlling), inbox_(inbox) {}
  void carry_out(AttachEvent event);
  void act(AttachAction action, std::optional<bool>& stopped);
  void take_keys(const std::vector<int>& keys);
  void terminal_gone();
  void give_back();
  void look();
  [[nodiscard]] bool fatal_signal();

  OuterTerminal outer_;
  Attachment attachment_;
  AttachWish wish_;
  bool controlling_;  ///< it is the controlling terminal of the command's session
  SignalInbox& inbox_;
  StageLink* link_ = nullptr;
  std::optional<Relay> relay_;
  std::optional<TtyGuard> guard_;
  std::set<int> keys_;
  std::int64_t next_look_ms_ = 0;
  int stop_signal_ = 0;
  bool wants_end_ = false;
};

}  // namespace fence::launch
