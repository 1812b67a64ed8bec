#pragma once
// The decisions of a plan that are not mounts. Each is one pure function with its whole table in it.
#include <string>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

/// tiocsti-filter or new-session, by command line > settings > default (terminal.md A.5), and which terminal.
/// Errors: a private terminal is asked for, and `executor` is not the native one.
Result<SessionPlan, Errors> decide_session(const Policy& policy, const TerminalFacts& terminal, Executor executor);

/// A place where a private runtime directory could be put; the mount planner makes the list, best first.
struct RuntimeDirPlace {
  SandboxPath path;
};

/// The table of terminal.md C.4. `mounts` is the plan without any runtime directory of fence's own.
/// Kept only where mounts make the inherited value a real writable mount of a local directory owned by the caller with
/// mode 0700 and within 60 bytes; else private. mode "inherit" turns "not kept" into an error; "unset" gives
/// NoRuntimeDir. The value of PrivateRuntimeDir is left empty: the caller puts the place in.
Result<RuntimeDirPlan, Errors> decide_runtime_dir(const Policy& policy, const MountPlan& mounts, FactLens& lens);

/// Every variable's fate. `mounts` is the final plan (for PATH entries and dead sockets); `directory` becomes PWD.
EnvironmentPlan decide_environment(const Policy& policy, const RuntimeDirPlan& runtime_dir, const SessionPlan& session,
                                   const MountPlan& mounts, const SandboxPath& directory, FactLens& lens);

/// Who makes the sandbox.
struct ExecutorChoice {
  Executor executor = Executor::Native;
  std::string reason;  ///< a phrase that begins with the executor's name
};
/// Native wherever the kernel does not refuse what it takes (Ability::Native), and bwrap only there, unless one of them
/// is asked for. What is short, but not refused (memory, descriptors, the number of namespaces), is short for bwrap as
/// well: the launch says it. Errors: native is asked for and refused; it is refused and no bwrap is installed.
Result<ExecutorChoice, Errors> decide_executor(const Sourced<Backend>& backend, FactLens& lens);

/// What Landlock holds, of what the plan says (policy.landlock): never less than `mounts` let the command do. Without
/// Landlock nothing; decide_abilities() refuses that where it has to. Precondition: not LandlockMode::Full with
/// nesting.
LandlockPlan decide_landlock(const Policy& policy, const MountPlan& mounts, Executor executor, FactLens& lens);

/// The limits that are asked for, and no core files. Errors: one above the caller's own hard limit, which nobody inside
/// could set; a limit on processes where the caller is the host's root, which the kernel does not hold to it
/// (copy_process() in kernel/fork.c, INIT_USER).
Result<std::vector<LimitPlan>, Errors> decide_limits(const Policy& policy, const CallerFacts& caller);

/// Gives the plan a hash of what it does, and the command FENCE_SANDBOX=1 and the hash as FENCE_PLAN, whatever is
/// inherited or asked for.
void mark_plan(SandboxPlan& plan);

}  // namespace fence
