#pragma once
// From the stage's READY to the end of the command.
#include <sys/types.h>

#include <optional>
#include <set>
#include <vector>

#include "fence/launch/launch.h"
#include "guard.h"
#include "signal_inbox.h"
#include "stage_protocol.h"
#include "terminal.h"

namespace fence::launch {

/// fence's end of the control socket.
class StageLink {
 public:
  explicit StageLink(UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// False, with errno set, where it could not be sent: then the link has ended.
  bool order(stage::OrderKind kind, int signal = 0) const;
  /// The next report; nothing where none has come. gone() tells whether any can come.
  std::optional<stage::Report> next();
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  /// The stage's pid, as fence's own pid namespace has it; 0 before its first report.
  [[nodiscard]] pid_t stage() const noexcept { return stage_; }
  /// The stage takes this for fence's death, and ends everything.
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  bool gone_ = false;
  pid_t stage_ = 0;
};

/// Waits for the command and does for it what a shell's job control expects of fence.
class Supervisor {
 public:
  /// `guard`: may be null.
  Supervisor(SignalInbox& inbox, StageLink& link, Terminal& terminal, stage::Place place, pid_t monitor, Guard* guard)
      : inbox_(inbox), link_(link), terminal_(terminal), place_(place), monitor_(monitor), guard_(guard) {}

  /// Returns the report with which the command ended; nothing where the stage or bwrap was killed.
  std::optional<stage::Report> run();

  /// Why the guard wanted the sandbox to end, if it did.
  [[nodiscard]] const std::optional<Error>& ended_because() const { return ended_because_; }

  /// The terminal sent this signal while the command ran.
  [[nodiscard]] bool terminal_sent(int signal) const { return from_terminal_.contains(signal); }

 private:
  void guard_mounts(bool mounts_changed);
  void take_signals();
  void take_signal(const Arrival& arrival);
  std::optional<stage::Report> take_reports();
  void resume();
  void start_grace();
  void stop_with_command(int signal);
  [[nodiscard]] int wait_ms() const;

  SignalInbox& inbox_;
  StageLink& link_;
  Terminal& terminal_;
  stage::Place place_;
  pid_t monitor_;
  Guard* guard_;
  std::optional<Error> ended_because_;
  Insistence insistence_;
  std::set<int> from_terminal_;
  std::uint32_t resumes_ = 0;
  bool monitor_ended_ = false;
  bool terminal_gone_ = false;
  std::optional<std::int64_t> kill_at_ms_;
};

}  // namespace fence::launch
