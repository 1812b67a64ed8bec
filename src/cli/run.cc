// The plan carried out, and what is to be said when the command has ended.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "fence/bwrap/bwrap.h"
#include "fence/cli/commands.h"
#include "fence/cli/hints.h"
#include "fence/facts/resolve.h"
#include "fence/host/absent.h"
#include "fence/host/probe.h"
#include "fence/launch/launch.h"
#include "fence/native/native.h"
#include "fence/util/text.h"

namespace fence {
namespace {

void tell_appeared(const SandboxPlan& plan, const Diagnostics& say) {
  FactQueries queries;
  for (const AbsentPath& absent : plan.absent) {
    if (!path_too_long(absent.path.text())) queries.paths.insert(absent.path);
  }
  HostFacts now;
  HostProber().answer(queries, now);
  std::set<HostPath> there;
  std::set<HostPath> may_be_moved;
  for (const AbsentPath& absent : plan.absent) {
    if (!queries.paths.contains(absent.path)) continue;
    const auto path = appeared(absent.path, absent.link_target, now);
    if (!path) continue;
    // One line for a directory that cannot be looked into, whatever is looked for in it.
    const bool first = std::ranges::none_of(there, [&](const HostPath& other) {
      return other.parent() == path->parent() && std::holds_alternative<Unreadable>(now.paths.at(other));
    });
    if (first) there.insert(*path);
    // What a project's file names is not the user's wish to have files moved.
    if (absent.origin.layer != LayerKind::Project) may_be_moved.insert(*path);
  }
  for (const HostPath& path : there) {
    const std::string name = escape_bytes(path.text());
    const auto* unknown = std::get_if<Unreadable>(&now.paths.at(path));
    if (unknown != nullptr && unknown->errno_value == ETIMEDOUT) {
      say.notice("cannot tell whether the command made something that can run code outside the sandbox: " +
                 refusal_text(now, path, ETIMEDOUT));
    } else if (unknown != nullptr) {
      say.notice("the command took away the permission to look into " + escape_bytes(path.parent().text()) +
                 ": look at it before you use it");
    } else if (plan.absent_protected == AbsentProtected::Report || !may_be_moved.contains(path)) {
      say.notice("the command made " + name + ", which can run code outside the sandbox: look at it before you use it");
    } else if (const auto aside = quarantine(path)) {
      say.notice("the command made " + name + ", which can run code outside the sandbox: it was moved to " +
                 escape_bytes(aside->text()));
    } else {
      say.error(aside.error());
    }
  }
}

/// Ends fence as the command ended, so that a shell script around it stops as well. A core file would show fence, not
/// the command.
void die_of(int signal, bool with_group) {
  constexpr rlimit kNoCore{1, 1};  // 0 would not hold back a program that core_pattern pipes to
  ::setrlimit(RLIMIT_CORE, &kNoCore);
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::kill(with_group ? 0 : ::getpid(), signal);
}

void tell_notices(const SandboxPlan& plan, const Diagnostics& say) {
  for (const Remark& remark : plan.remarks) {
    if (remark.kind == RemarkKind::Notice) say.notice(remark.text);
  }
}

Result<Outcome, Errors> carry_out(const SandboxPlan& plan, const HostFacts& facts, const Diagnostics& say) {
  switch (plan.executor) {
    case Executor::Bwrap: {
      FENCE_TRY(const BwrapInvocation invocation, to_bwrap(plan, facts));
      tell_notices(plan, say);
      return run_bwrap(plan, invocation, facts);
    }
    case Executor::Native: {
      FENCE_TRY(ChildProgram program, compile(plan, facts));
      tell_notices(plan, say);
      return run_native(plan, std::move(program), facts);
    }
    case Executor::Landlock:
      tell_notices(plan, say);
      return run_landlock(plan, facts);
  }
  return Errors{Error{ErrorKind::Internal, "the plan names no executor"}};
}

}  // namespace

Result<int, Errors> run(const SandboxPlan& plan, const HostFacts& facts, const Diagnostics& say) {
  FENCE_TRY(const Outcome outcome, carry_out(plan, facts, say));
  if (const auto* failure = std::get_if<NotExecuted>(&outcome.end)) {
    say.error(not_executed_error(plan.command.front(), *failure));
  }
  if (outcome.ended_by_fence) say.error(*outcome.ended_by_fence);
  if (outcome.time_is_up) say.error(time_is_up_error(plan));
  for (const auto& [limit, times] : outcome.limits_reached) say.error(limit_reached_error(plan, limit, times));
  tell_appeared(plan, say);
  const int status = exit_status(outcome);
  if (!std::holds_alternative<Killed>(outcome.end) && !outcome.time_is_up) {
    for (const std::string& hint : failure_hints(plan, status)) say.hint(hint);
  }
  if (outcome.die_of) die_of(*outcome.die_of, outcome.die_with_group);
  return status;
}

}  // namespace fence
