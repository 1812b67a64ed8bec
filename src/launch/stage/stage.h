#pragma once
// The parts of the stage. Nothing here allocates, throws or prints.
#include <sys/types.h>

#include "stage_protocol.h"

namespace fence::stage {

/// The payload, mapped.
struct Orders {
  const PayloadHeader* header = nullptr;
  const LimitRecord* limits = nullptr;
  const std::int32_t* kept = nullptr;
  const void* filter = nullptr;  ///< struct sock_filter[]
  char** arguments = nullptr;    ///< ends with nullptr
  char** variables = nullptr;    ///< ends with nullptr
  const char* runtime_dir = nullptr;
  const char* mounts = nullptr;  ///< the first MountRecord, not aligned
};

/// What went wrong; `failed` false: nothing.
struct Failure {
  bool failed = false;
  Step step = Step::Orders;
  int error = 0;
  std::uint32_t mount =
      0;  ///< which MountRecord, in the Mount... steps and LandlockRule; which descriptor, in LandlockStream
};
inline Failure failure(Step step, int error) { return {true, step, error, 0}; }

/// Maps the payload at `fd`.
Failure read_orders(int fd, Orders& orders);
/// Puts those of 0 to 2 in place that the command gets, keeps the kept ones, of which execve closes the control
/// socket, and closes all others.
Failure place_descriptors(const Orders& orders);

/// What Landlock is to hold, before it is in force.
struct Ruleset {
  int fd = -1;  ///< -1: nothing
  std::uint64_t handled = 0;
};
/// Makes one, if the orders want it. Precondition: the command's descriptors are in place, but for a private terminal.
Failure make_ruleset(const Orders& orders, Ruleset& ruleset);
/// Grants `rights` at and below what is open as `fd`.
Failure grant(const Ruleset& ruleset, int fd, std::uint64_t rights);
/// Grants what the command is handed open: what it may read or write anyway, it may open anew (/dev/stdout).
/// Precondition: its descriptors are in place.
Failure grant_descriptors(const Orders& orders, const Ruleset& ruleset);
/// Puts it in force, for this process and all that come of it. Precondition: no_new_privs.
Failure restrict_self(Ruleset& ruleset);
/// Without a pid namespace: from now on signals reach this process and those that come of it, and no other, so that
/// kill(-1, ...) means what it means to pid 1. Orphans among them become this process's children. Proves it.
/// Precondition: no_new_privs.
Failure stand_apart();
/// Tries what `ruleset`, now in force in the command's process, must refuse: a signal to the stage, and to list the
/// root where no rule grants that.
Failure try_restriction(const Orders& orders);

/// What must be at each place of the plan is there; grants what Landlock grants there. Precondition: the capability to
/// search every directory (root's) is not dropped yet.
Failure verify_mounts(const Orders& orders, const Ruleset& ruleset);
/// Empties all five capability sets as far as this process may.
Failure drop_capabilities();
/// What must hold before anything of the user's runs.
Failure verify_confinement(const Orders& orders);
/// XDG base directory specification: a directory of the user's own, mode 0700, local, in which files can be made.
Failure confirm_runtime_dir(const char* path, std::uint32_t uid);

/// A pty of the sandbox's own devpts.
struct PrivateTerminal {
  int master = -1;  ///< for fence
  int slave = -1;   ///< the stage's own, by which it moves the foreground; above 2, closes on exec
};
/// Makes one, if the orders want it: the session's controlling terminal (Place::OwnTerminal), and what stands for
/// kPrivateTerminal in the command's streams.
Failure make_terminal(const Orders& orders, PrivateTerminal& terminal);

/// The process group that has the foreground of a private terminal.
class Front {
 public:
  Front(int slave, pid_t command) : slave_(slave), had_it_(command), command_(command) {}
  /// Nobody has it: whoever reads, or sets modes, is stopped.
  void take();
  /// To the group that had it, if it is still there; else, or with `to_command`, to the command's.
  void give(bool to_command);
  /// The group that has it, or had it before take(); the command's where there is no such group.
  [[nodiscard]] pid_t group() const;

 private:
  [[nodiscard]] pid_t remembered() const;

  int slave_;
  pid_t had_it_;
  pid_t command_;
};

/// The time that the command may take, by a clock that no stop and no suspend holds up (CLOCK_BOOTTIME).
class WallClock {
 public:
  /// False, with errno set, where there is none to be had.
  bool open();
  /// False, with errno set, where the kernel takes no such time.
  [[nodiscard]] bool start(std::uint64_t seconds) const;
  /// Readable when the time is over; -1 where the clock was never opened.
  [[nodiscard]] int fd() const { return fd_; }
  /// Whether it is over, once for each start().
  [[nodiscard]] bool over() const;

 private:
  int fd_ = -1;
};

/// The command's process.
struct Command {
  pid_t pid = -1;
  int exec_result = -1;  ///< readable: an ExecResult if there is no command, end of file if there is
};
struct ExecResult {
  std::int32_t error;
  std::int32_t found;  ///< 1: execve was refused, and the file exists
  Step before;         ///< what was refused before execve could be tried; Step::Orders: nothing
  std::int32_t limit;  ///< with Step::Limits: which LimitRecord
};
/// `slave` is that of the private terminal, or -1. A `ruleset` that is not in force yet becomes so in the command's
/// process, and is closed here. Precondition: every signal is blocked, so that none is lost while
/// the dispositions change.
Failure start_command(const Orders& orders, int slave, Ruleset& ruleset, Command& command);

}  // namespace fence::stage
