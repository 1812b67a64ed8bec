#include "wording.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "fence/launch/launch.h"
#include "fence/util/text.h"
#include "mount_orders.h"

namespace fence::launch {
namespace {

struct Hint {
  std::string_view fragment;  ///< of bwrap's message
  std::string_view advice;
};

constexpr std::string_view kNamespaceAdvice =
    "user namespaces are restricted here; look at sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone "
    "and "
    "kernel.apparmor_restrict_unprivileged_userns (inside a container: the container's seccomp profile)";

// The first row that fits wins. The words are bwrap's own, of 0.4 to 0.12.
constexpr Hint kHints[] = {
    {"Can't mount proc",
     "parts of this machine's /proc are covered, as in a container, so the kernel refuses a fresh one; for docker: "
     "--security-opt systempaths=unconfined, for podman: --security-opt unmask=ALL"},
    {"No permissions to creat", kNamespaceAdvice},
    {"Creating new namespace failed: No space left",
     "sysctl user.max_user_namespaces (or another user.max_* limit) is reached"},
    {"Creating new namespace failed", kNamespaceAdvice},
    {"setting up uid map", kNamespaceAdvice},
    {"setting up gid map", kNamespaceAdvice},
    {"loopback:", kNamespaceAdvice},
    {"Can't find source path", "it vanished after fence looked at it; run the command again"},
    {"Race condition binding", "it was exchanged after fence looked at it; run the command again"},
    {"Can't chdir to", "the working directory is not visible inside; `fence plan` shows what is"},
    {"Exceeded maximum number of arguments", "bwrap takes at most 9000 words; use fewer rules or variables"},
    {"PR_SET_SECCOMP", "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)"},
    {"execvp /proc/self/fd/", "is /proc part of the plan, and does sysctl vm.memfd_noexec allow a program in memory?"},
    {"No space left on device",
     "the kernel is out of mounts, inodes or memory for this user; look at sysctl fs.mount-max"},
    {"Too many open files", "raise the limit on descriptors (ulimit -n)"},
};

std::string_view advice_for(std::string_view said) {
  for (const Hint& hint : kHints) {
    if (said.find(hint.fragment) != std::string_view::npos) return hint.advice;
  }
  return {};
}

// bwrap's lines without its prefix, printable.
std::vector<std::string> message_lines(std::string_view said) {
  constexpr std::string_view kPrefix = "bwrap: ";
  std::vector<std::string> lines;
  for (const std::string& line : split(said, '\n')) {
    std::string_view rest = line;
    if (rest.starts_with(kPrefix)) rest.remove_prefix(kPrefix.size());
    if (!rest.empty()) lines.push_back(escape_bytes(rest));
  }
  return lines;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "it was killed by signal " + std::to_string(WTERMSIG(status));
  return "it ended without a word, with exit status " + std::to_string(WEXITSTATUS(status));
}

Error confinement_error(std::string why, int errno_value, std::string hint) {
  return {.kind = ErrorKind::Unsupported,
          .what = "the sandbox is not what was planned",
          .why = std::move(why),
          .errno_value = errno_value,
          .hint = std::move(hint)};
}

Error runtime_dir_error(const SandboxPlan& plan, std::string why, int errno_value) {
  Error error{.kind = ErrorKind::Host,
              .what = "cannot use " + escape_bytes(plan.runtime_dir.value) + " as the runtime directory",
              .why = std::move(why),
              .errno_value = errno_value,
              .origin = plan.runtime_dir.origin,
              .hint = {}};
  if (std::holds_alternative<KeepInherited>(plan.runtime_dir.decision)) {
    error.hint = "set runtimeDir.mode = \"private\" to get a directory of the sandbox's own";
  }
  return error;
}

// A path in a message: printable, and not longer than a few lines.
std::string brief_path(std::string_view path) {
  constexpr std::size_t kEnd = 120;
  if (path.size() <= 2 * kEnd) return escape_bytes(path);
  return escape_bytes(path.substr(0, kEnd)) + "..." + escape_bytes(path.substr(path.size() - kEnd));
}

std::string place_of(const SandboxPlan& plan, std::size_t mount) {
  const std::vector<MountOrder> orders = stage_mount_orders(plan);
  return mount < orders.size() ? brief_path(orders[mount].target) : "an unknown place";
}

Error landlock_error(std::string_view call, const std::string& at, int errno_value, const SandboxPlan& plan) {
  return {.kind = ErrorKind::Host,
          .what = "cannot hold the command with Landlock",
          .why = std::string(call) + at + ": " + errno_text(errno_value),
          .errno_value = errno_value,
          .origin = plan.landlock.mode.origin,
          .hint =
              "`landlock.mode = \"off\"` does without; a seccomp profile of a container may forbid it, and 16 "
              "sandboxes in each other are the most"};
}

Error mount_error(const SandboxPlan& plan, std::size_t mount, const std::string& found, int errno_value) {
  return {.kind = ErrorKind::Host,
          .what = "the sandbox does not show what was planned at " + place_of(plan, mount),
          .why = "something replaced it while the sandbox was being made (" + found + ")",
          .errno_value = errno_value,
          .hint = "start again; if it happens again, a process is changing files in that place"};
}

Error name_error(const SandboxPlan& plan, std::size_t mount) {
  Error error = mount_error(plan, mount, "", 0);
  error.why = "there is a name in it that the plan does not have";
  return error;
}

std::string_view terminal_advice(int errno_value) {
  switch (errno_value) {
    case ENOSPC:
      return "all pseudo-terminals of this machine are in use; raise sysctl kernel.pty.max";
    case EMFILE:
      return "raise the limit on descriptors (ulimit -n)";
    default:
      return "`--terminal shared` does without one, and lets the command read keys that are typed later";
  }
}

// Which of those that the kernel keeps.
Error limit_error(const SandboxPlan& plan, std::size_t which, int errno_value) {
  Error error{.kind = ErrorKind::Host,
              .what = "cannot limit the command",
              .why = errno_text(errno_value),
              .errno_value = errno_value,
              .hint = {}};
  for (const LimitPlan& limit : plan.limits) {
    if (!limit_row(limit.limit).resource || which-- != 0) continue;
    error.what =
        "cannot set limits." + std::string(limit_row(limit.limit).name) + " of " + limit_text(limit.limit, limit.value);
    error.origin = limit.origin;
    break;
  }
  return error;
}

Error internal_error(std::string what, int errno_value) {
  return {.kind = ErrorKind::Internal,
          .what = std::move(what),
          .why = errno_value == 0 ? std::string() : errno_text(errno_value),
          .errno_value = errno_value};
}

}  // namespace

Error bwrap_failure(std::string_view said, int status) {
  Error error{
      .kind = ErrorKind::Host, .what = "bwrap cannot set up the sandbox", .hint = std::string(advice_for(said))};
  std::vector<std::string> lines = message_lines(said);
  if (lines.empty()) {
    error.why = how_it_ended(status);
    return error;
  }
  // The last line is why it gave up; what stands before are warnings.
  error.why = std::move(lines.back());
  lines.pop_back();
  for (std::string& line : lines) error.context.push_back("bwrap: " + std::move(line));
  return error;
}

Error stage_failure(stage::Step step, int errno_value, const SandboxPlan& plan, std::size_t mount) {
  switch (step) {
    case stage::Step::Orders:
      return internal_error("cannot read the orders inside the sandbox", errno_value);
    case stage::Step::Descriptors:
      return internal_error("cannot put the command's descriptors in place", errno_value);
    case stage::Step::Capabilities:
      return internal_error("cannot drop capabilities inside the sandbox", errno_value);
    case stage::Step::NoNewPrivileges:
      return confinement_error("no_new_privs is not set inside", 0, "this bwrap does not set it; use another");
    case stage::Step::Seccomp:
      return confinement_error(
          "the system call filter cannot be loaded inside: " + errno_text(errno_value), errno_value,
          "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER), and without one nothing is run");
    case stage::Step::CapabilitiesLeft:
      return confinement_error("a capability is left inside", 0,
                               plan.executor == Executor::Landlock
                                   ? "root needs CAP_SETPCAP to drop the others; start fence as an ordinary user"
                                   : "this bwrap does not drop what the plan drops");
    case stage::Step::Session:
      return confinement_error(plan.session.kind() == SessionKind::NewSession
                                   ? "the command would not be in a session of its own"
                                   : "the command would be in a session of its own",
                               0, "this bwrap does not treat --new-session as planned");
    case stage::Step::MountPath:
      return mount_error(plan, mount, errno_text(errno_value), errno_value);
    case stage::Step::MountFile:
      return mount_error(plan, mount, "another file is there", 0);
    case stage::Step::MountRoot:
      return mount_error(plan, mount, "the planned mount is not there", 0);
    case stage::Step::MountFlags:
      return mount_error(plan, mount, "the mount there allows more than the plan", 0);
    case stage::Step::MountNames:
      return name_error(plan, mount);
    case stage::Step::RuntimeDir:
      return runtime_dir_error(plan, errno_text(errno_value), errno_value);
    case stage::Step::RuntimeDirOwner:
      return runtime_dir_error(plan, "it belongs to another user", 0);
    case stage::Step::RuntimeDirMode:
      return runtime_dir_error(plan, "its mode is not 0700", 0);
    case stage::Step::RuntimeDirRemote:
      return runtime_dir_error(plan, "it does not lie on a local file system", 0);
    case stage::Step::RuntimeDirWrite:
      return runtime_dir_error(plan, "nothing can be created in it: " + errno_text(errno_value), errno_value);
    case stage::Step::Terminal:
      return {.kind = ErrorKind::Host,
              .what = "cannot make a private terminal",
              .why = errno_text(errno_value),
              .errno_value = errno_value,
              .hint = std::string(terminal_advice(errno_value))};
    case stage::Step::LandlockRuleset:
      return landlock_error("landlock_create_ruleset(2)", "", errno_value, plan);
    case stage::Step::LandlockRule:
      return landlock_error("landlock_add_rule(2)", " at " + place_of(plan, mount), errno_value, plan);
    case stage::Step::LandlockStream:
      return landlock_error("landlock_add_rule(2)", " for descriptor " + std::to_string(mount), errno_value, plan);
    case stage::Step::LandlockRestrict:
      return landlock_error("landlock_restrict_self(2)", "", errno_value, plan);
    case stage::Step::Apart:
      return confinement_error("signals of the sandbox's first process would reach processes outside" +
                                   (errno_value == 0 ? std::string() : ": " + errno_text(errno_value)),
                               errno_value, "Landlock's scope of signals does not work here (Linux 6.12)");
    case stage::Step::Held:
      return confinement_error(errno_value == 0 ? "Landlock lets through what the plan does not grant"
                                                : "Landlock cannot be tried: " + errno_text(errno_value),
                               errno_value, "this kernel's Landlock does not hold what it says; use another executor");
    case stage::Step::Clock:
      return {.kind = ErrorKind::Host,
              .what = "cannot keep limits.wallTime",
              .why = errno_text(errno_value),
              .errno_value = errno_value};
    case stage::Step::Limits:
      return limit_error(plan, mount, errno_value);
    case stage::Step::Fork:
      return {.kind = ErrorKind::Host,
              .what = "cannot start a process inside the sandbox",
              .why = errno_text(errno_value),
              .errno_value = errno_value,
              .hint = errno_value == EAGAIN ? "the limit on processes is reached (ulimit -u, pids.max)" : ""};
  }
  return internal_error("the stage failed in an unknown step", errno_value);
}

}  // namespace fence::launch

namespace fence {

// As timeout(1) has it.
constexpr int kTimeIsUp = 124;

Error time_is_up_error(const SandboxPlan& plan) {
  Error error{.kind = ErrorKind::Host, .what = "the command was ended", .why = "its time is over", .hint = {}};
  const auto limit = std::ranges::find(plan.limits, Limit::WallTime, &LimitPlan::limit);
  if (limit == plan.limits.end()) return error;
  error.why = "limits.wallTime of " + limit_text(limit->limit, limit->value) + " is over";
  error.origin = limit->origin;
  return error;
}

Error limit_reached_error(const SandboxPlan& plan, Limit limit, std::uint64_t times) {
  const auto found = std::ranges::find(plan.limits, limit, &LimitPlan::limit);
  const std::string name = "limits." + std::string(limit_row(limit).name);
  const bool memory = limit == Limit::Memory;
  Error error{.kind = ErrorKind::Host,
              .what = memory ? "the command was killed" : "the command could not start a process or thread",
              .why = name + " is reached",
              .hint = memory ? "" : "it happened " + std::to_string(times) + (times == 1 ? " time" : " times")};
  if (found == plan.limits.end()) return error;
  error.why = name + " of " + limit_text(limit, found->value) + " is reached";
  error.origin = found->origin;
  return error;
}

int exit_status(const Outcome& outcome) noexcept {
  if (outcome.time_is_up) return kTimeIsUp;
  return std::visit(Overloaded{
                        [](const Exited& end) { return end.status; },
                        [](const Killed& end) { return 128 + end.signal; },
                        [](const NotExecuted& end) { return end.found ? 126 : 127; },
                    },
                    outcome.end);
}

Error not_executed_error(std::string_view command, const NotExecuted& failure) {
  Error error{.kind = ErrorKind::Host,
              .what = "cannot run " + escape_bytes(command),
              .why = errno_text(failure.errno_value),
              .errno_value = failure.errno_value,
              .hint = {}};
  if (!failure.found) {
    error.why = "command not found";
    error.hint = command.find('/') == std::string_view::npos
                     ? "no directory of PATH has it inside the sandbox; `fence plan` shows what is visible"
                     : "nothing of that name is visible inside the sandbox; `fence plan` shows what is";
  } else if (failure.errno_value == ENOENT) {
    error.why = "its interpreter or loader was not found";
    error.hint = "the program is there, but what its first line or its ELF header names is not visible inside";
  } else if (failure.errno_value == EACCES) {
    error.hint = "it is a directory, has no execute permission, or lies on a mount without exec";
  } else if (failure.errno_value == E2BIG) {
    error.hint = "arguments and environment together are longer than this kernel allows (ulimit -s)";
  }
  return error;
}

}  // namespace fence
