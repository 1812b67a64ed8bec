#pragma once
// The signals that reach fence while a command runs.
#include <sys/signalfd.h>

#include <csignal>
#include <optional>
#include <set>

#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "signals.h"

namespace fence::launch {

struct Arrival {
  int signal = 0;
  Sender sender = Sender::User;
};

/// Blocks the handled signals and SIGCHLD for its life and queues them behind a descriptor. Signals that were ignored
/// when fence started (nohup, a background job of a script) stay ignored and never arrive.
class SignalInbox {
 public:
  static Result<SignalInbox> open(std::set<int> ignored);
  SignalInbox(SignalInbox&&) = default;
  SignalInbox& operator=(SignalInbox&&) = delete;
  ~SignalInbox();

  /// For poll(2).
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The next signal that has come; nothing where none has.
  std::optional<Arrival> next();

  /// Stops fence (or, with `whole_group`, its process group) as `signal` would by default, and returns when it was
  /// continued. False where it did not stop: the kernel drops SIGTSTP, SIGTTIN and SIGTTOU in an orphaned group, as it
  /// is nobody's job, and an ignored signal stops nothing.
  bool stop(int signal, bool whole_group) const;

  /// What the command gets back. Bit N-1 stands for signal N.
  [[nodiscard]] std::uint64_t ignored_bits() const noexcept;
  [[nodiscard]] std::uint64_t blocked_bits() const noexcept;

  /// For the child that sets up the sandbox: nothing is blocked, and what the terminal or a user sends to the group is
  /// ignored; it is for the command, and bwrap's monitor must not die of it. Only system calls.
  void prepare_child() const noexcept;

 private:
  SignalInbox() = default;

  UniqueFd fd_;
  std::set<int> ignored_;
  sigset_t before_{};
  struct sigaction child_before_ {};
};

}  // namespace fence::launch
