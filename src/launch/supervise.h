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
  /// The command goes on; reports of stops before it are stale from now on.
  void resume();
  [[nodiscard]] bool is_current(const stage::Report& report) const noexcept { return report.resumes == resumes_; }
  /// The next report; nothing where none has come. gone() tells whether any can come.
  std::optional<stage::Report> next();
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  /// What came with a report, once.
  UniqueFd take_descriptor() { return std::move(received_); }
  /// The stage's pid, as fence's own pid namespace has it; 0 before its first report.
  [[nodiscard]] pid_t stage() const noexcept { return stage_; }
  /// The stage takes this for fence's death, and ends everything.
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  UniqueFd received_;
  std::uint32_t resumes_ = 0;
  bool gone_ = false;
  pid_t stage_ = 0;
};

class PrivateTerminal;

/// Waits for the command and does for it what a shell's job control expects of fence.
class Supervisor {
 public:
  /// `terminal` is the user's, where the command shares it; `own` the command's, where it has one; `own` and `guard`
  /// may be null.
  Supervisor(SignalInbox& inbox, StageLink& link, Terminal& terminal, PrivateTerminal* own, stage::Place place,
             pid_t monitor, Guard* guard)
      : inbox_(inbox), link_(link), terminal_(terminal), own_(own), place_(place), monitor_(monitor), guard_(guard) {}

  /// Returns the report with which the command ended; nothing where the stage or bwrap was killed.
  std::optional<stage::Report> run();

  /// Why the guard wanted the sandbox to end, if it did.
  [[nodiscard]] const std::optional<Error>& ended_because() const { return ended_because_; }

  /// The stage has ended the command because its wall time was over.
  [[nodiscard]] bool time_is_up() const noexcept { return time_is_up_; }

  /// The terminal sent this signal while the command ran.
  [[nodiscard]] bool terminal_sent(int signal) const { return from_terminal_.contains(signal); }

 private:
  void guard_mounts();
  [[nodiscard]] bool guard_is_due() const;
  void take_signals();
  void take_signal(const Arrival& arrival);
  /// True where the private terminal has taken it.
  bool own_takes(const Arrival& arrival);
  void take_own_turn();
  std::optional<stage::Report> take_reports();
  void start_grace();
  void stop_with_command(int signal);
  [[nodiscard]] int wait_ms() const;

  SignalInbox& inbox_;
  StageLink& link_;
  Terminal& terminal_;
  PrivateTerminal* own_;
  stage::Place place_;
  pid_t monitor_;
  Guard* guard_;
  std::optional<Error> ended_because_;
  Insistence insistence_;
  std::set<int> from_terminal_;
  bool monitor_ended_ = false;
  bool terminal_gone_ = false;
  bool time_is_up_ = false;
  std::optional<std::int64_t> kill_at_ms_;
};

}  // namespace fence::launch
