#pragma once
// Runs a plan: makes the sandbox, supervises the command in it, and says how it ended.
//
//     fence (supervisor) ── bwrap (monitor) ══ stage, pid 1 inside ── the command      by bwrap
//     fence (supervisor) ═════════════════════ stage, pid 1 inside ── the command      by fence itself (native)
//     fence (supervisor) ───────────────────── stage, in the host's namespaces ── the command      (landlock)
//              └────────── control socket ──────────┘
//
// The stage is a small static program of ours that starts in the command's stead, from a sealed memfd. It proves
// that the sandbox is what the plan says, starts the command only when the supervisor says so, and takes everything
// with it when the command or the supervisor ends (docs/adr/0003-stage-as-init.md).
#include <map>
#include <optional>
#include <string_view>
#include <variant>

#include "fence/bwrap/bwrap.h"
#include "fence/facts/facts.h"
#include "fence/native/native.h"
#include "fence/plan/plan.h"
#include "fence/util/result.h"

namespace fence {

/// The command ended by itself.
struct Exited {
  int status = 0;  ///< 0 to 255
  friend bool operator==(const Exited&, const Exited&) = default;
};
/// A signal ended the command, or fence before the command had started.
struct Killed {
  int signal = 0;
  friend bool operator==(const Killed&, const Killed&) = default;
};
/// The sandbox was ready, but execve(2) refused the command.
struct NotExecuted {
  int errno_value = 0;
  bool found = false;  ///< a file of that name exists inside; false: PATH (or the path) leads to nothing
  friend bool operator==(const NotExecuted&, const NotExecuted&) = default;
};

/// How a run ended.
struct Outcome {
  std::variant<Exited, Killed, NotExecuted> end;
  /// The signal by which fence should end itself, so that a shell script around it stops as well: SIGINT or SIGQUIT
  /// that the terminal sent and that the command died of. A shell looks only at how its child died, not at 130.
  std::optional<int> die_of{};
  /// The key was typed into the command's own terminal: nobody in fence's process group has got the signal, and all of
  /// it should.
  bool die_with_group = false;
  /// Why fence killed the sandbox itself while the command ran: a protection was lost and could not be put back.
  std::optional<Error> ended_by_fence{};
  /// The limit on the wall time was over before the command had ended.
  bool time_is_up = false;
  /// Limits of the sandbox's control group that were reached, each with how often.
  std::map<Limit, std::uint64_t> limits_reached{};
};

/// The exit status of fence for an outcome: 124 where the wall time was over, as of timeout(1), else the command's own,
/// 128 + signal, 126 (found, not executable) or 127 (not found). Pure.
int exit_status(const Outcome& outcome) noexcept;

/// What to tell the user where the command could not be executed. Pure.
Error not_executed_error(std::string_view command, const NotExecuted& failure);

/// What to tell the user where the wall time was over. Precondition: the plan has such a limit. Pure.
Error time_is_up_error(const SandboxPlan& plan);

/// What to tell the user of a limit that was reached so often. Precondition: the plan has that limit. Pure.
Error limit_reached_error(const SandboxPlan& plan, Limit limit, std::uint64_t times);

/// Runs `invocation` (made from `plan`) and returns when nothing of the sandbox is left.
///
/// From `plan` come the command's environment (with `facts.environment` as the inherited one), descriptors, session,
/// runtime directory and identity; from `facts` the dispositions of signals that the command gets back, which of
/// descriptors 0 to 2 were open, and the options that bwrap has.
///
/// The command is in a session of its own, in fence's process group, or, where fence alone is an interactive shell's
/// foreground job, in a group of its own that has the foreground.
///
/// While it runs: signals that users send to fence (INT TERM HUP QUIT USR1 USR2 WINCH CONT TSTP) go on to the command,
/// those of the terminal only where the kernel has not already sent them there; fence stops and continues as the
/// command does; a second TERM or INT from a user at least half a second after the first, or 3 seconds after a hang-up,
/// kills the sandbox. At the end the terminal's foreground and, where a signal killed the command, its modes are as
/// they were. A private terminal (docs/adr/0017-a-private-terminal.md) leaves the caller's as it was in any case.
///
/// Descriptors 0 and 1 of the caller lead to /dev/null afterwards where they are no terminal, so that the other end of
/// a pipe sees the command close it. Call it once, from a single-threaded process; it is not reentrant.
///
/// Errors: whatever kept the command from being started; it has then not run. bwrap's own messages are among them,
/// worded with what to do; nothing is ever printed.
Result<Outcome, Errors> run_bwrap(const SandboxPlan& plan, const BwrapInvocation& invocation, const HostFacts& facts);

/// The same without bwrap: `program` (made from `plan`) is carried out by a child of fence, which then becomes the
/// stage. Needs Linux 5.12 (mount_setattr(2)).
///
/// Errors: as of run_bwrap; what the kernel refused names the op and who asked for it.
Result<Outcome, Errors> run_native(const SandboxPlan& plan, ChildProgram program, const HostFacts& facts);

/// The same without namespaces: nothing is mounted, and Landlock (ABI 6), the filter and the stage hold the command.
/// The stage is the reaper of all that comes of it (PR_SET_CHILD_SUBREAPER), reaches nobody else by signals, and ends
/// them all when the command or fence ends. Precondition: plan.executor is Executor::Landlock.
///
/// Errors: as of run_bwrap.
Result<Outcome, Errors> run_landlock(const SandboxPlan& plan, const HostFacts& facts);

}  // namespace fence
