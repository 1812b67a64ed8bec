#include "fence/launch/launch.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "bwrap_process.h"
#include "cgroup.h"
#include "descriptors.h"
#include "fence/plan/filter.h"
#include "handed.h"
#include "inspect.h"
#include "landlock_process.h"
#include "native_process.h"
#include "private_terminal.h"
#include "processes.h"
#include "supervise.h"
#include "wording.h"

namespace fence {
namespace launch {
namespace {

Errors missing_options(const HostFacts& facts) {
  Errors errors;
  for (const char* option : {"--args", "--as-pid-1"}) {
    if (facts.bwrap && facts.bwrap->options.contains(option)) continue;
    errors.push_back({.kind = ErrorKind::Unsupported,
                      .what = "cannot run a sandbox with this bwrap",
                      .why = std::string("it has no option ") + option,
                      .hint = "bubblewrap 0.3.1 has it"});
  }
  return errors;
}

stage::Place command_place(const SessionPlan& session, const Terminal& terminal) {
  if (session.kind() == SessionKind::NewSession) return stage::Place::OwnSession;
  if (session.terminal() == TerminalKind::Private) return stage::Place::OwnTerminal;
  return session.restore_foreground() && terminal.can_hand_over() ? stage::Place::OwnGroup : stage::Place::SharedGroup;
}

StageOrders stage_orders(const SandboxPlan& plan, const HostFacts& facts, const SignalInbox& inbox, stage::Place place,
                         const PrivateTerminal* own) {
  StageOrders orders;
  orders.header.uid = plan.identity.uid;
  orders.header.place = place;
  if (own != nullptr) {
    orders.header.private_terminal = 1;
    orders.header.in_front = own->starts_in_front() ? 1 : 0;
    for (std::size_t stream = 0; stream < 3; ++stream) {
      if (plan.session.relayed()[stream]) orders.header.streams[stream] = stage::kPrivateTerminal;
    }
  }
  orders.header.ignored = inbox.ignored_bits();
  orders.header.blocked = inbox.blocked_bits();
  orders.filter = filter_bytes(command_filter(plan.filter));
  for (const LimitPlan& limit : plan.limits) {
    const auto resource = limit_row(limit.limit).resource;
    if (resource) orders.limits.push_back({static_cast<std::uint64_t>(*resource), limit.value});
    if (limit.limit == Limit::WallTime) orders.header.wall_seconds = limit.value;
  }
  orders.kept = plan.keep_descriptors;
  orders.arguments = plan.command;
  orders.mounts = stage_mount_orders(plan);
  orders.header.handled = plan.landlock.handled;
  orders.header.handled_for_input = plan.landlock.handled_for_input;
  orders.header.scoped = plan.landlock.scoped;
  orders.header.handled_net = plan.landlock.handled_net;
  if (plan.executor == Executor::Landlock) {
    orders.header.alone = 1;
    orders.header.root_closed = plan.mounts.find(SandboxPath::root()) == nullptr ? 1 : 0;
  }
  orders.header.handed_readable = plan.landlock.handed_readable;
  orders.header.handed_writable = plan.landlock.handed_writable;
  for (const auto& [name, value] : child_environment(plan.environment, facts.environment)) {
    orders.variables.push_back(name + "=" + value);
  }
  if (!std::holds_alternative<NoRuntimeDir>(plan.runtime_dir.decision)) orders.runtime_dir = plan.runtime_dir.value;
  return orders;
}

/// One run from fork to the last process.
class Launch {
 public:
  Launch(const SandboxPlan& plan, SignalInbox& inbox, Terminal terminal, PrivateTerminal* own, stage::Place place,
         const SandboxGroup* group, SandboxProcess process)
      : plan_(plan),
        inbox_(inbox),
        terminal_(std::move(terminal)),
        own_(own),
        place_(place),
        group_(group),
        process_(std::move(process)),
        link_(std::move(process_.control)) {}
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  Result<Outcome, Errors> run() {
    FENCE_TRY(const std::optional<Outcome> interrupted, set_up());
    if (interrupted) return *interrupted;
    if (own_ != nullptr) {
      if (auto adopted = own_->adopt(link_.take_descriptor()); !adopted) {
        end();
        return Errors{std::move(adopted).error()};
      }
    }
    return supervise();
  }

 private:
  // Nothing: the command may start. An outcome: a signal ended the launch before.
  Result<std::optional<Outcome>, Errors> set_up() {
    for (;;) {
      pollfd wait[] = {{inbox_.fd(), POLLIN, 0}, {link_.fd(), POLLIN, 0}, {process_.messages.get(), POLLIN, 0}};
      poll(wait, std::size(wait), -1);
      read_messages();
      const auto report = link_.next();
      // Before Go is given: who pressed Ctrl-C by now does not want the command.
      if (auto interrupted = early_signals()) return std::optional(abandon(*interrupted));
      if (report && report->kind != stage::ReportKind::Ready) return Errors{stage_error(*report)};
      if (link_.gone() || monitor_ended_) return Errors{set_up_error()};
      if (!report) continue;
      if (Result<Ok> inspected = inspect(); !inspected) return Errors{std::move(inspected).error()};
      return std::optional<Outcome>();
    }
  }

  Result<Ok> inspect() {
    if (group_ != nullptr) {
      if (auto inside = group_->confirm(link_.stage()); !inside) {
        end();
        return std::move(inside).error();
      }
    }
    auto guard = inspect_sandbox(link_.stage(), plan_);
    if (guard) {
      if (*guard) guard_.emplace(*std::move(*guard));
      return Ok{};
    }
    end();
    return std::move(guard).error();
  }

  Result<Outcome, Errors> supervise() {
    if (!link_.order(stage::OrderKind::Go)) {
      const int error = errno;
      end();
      return Errors{system_error("cannot tell the sandbox to run the command", error)};
    }
    if (own_ != nullptr) own_->begin(link_);
    for (const int signal : early_) link_.order(stage::OrderKind::Signal, signal);
    release_pipes();
    malloc_trim(0);
    Supervisor supervisor(inbox_, link_, terminal_, own_, place_, process_.pid, guard_ ? &*guard_ : nullptr);
    const auto report = supervisor.run();
    end();
    guard_.reset();
    Outcome outcome = outcome_of(report);
    outcome.ended_by_fence = supervisor.ended_because();
    outcome.time_is_up = supervisor.time_is_up();
    const auto* killed = std::get_if<Killed>(&outcome.end);
    const bool cut_off = killed != nullptr || outcome.time_is_up;
    if (own_ != nullptr) own_->finish(cut_off);
    if (report && report->kind == stage::ReportKind::Failed) {
      return Errors{stage_failure(static_cast<stage::Step>(report->value), report->extra, plan_, report->mount)};
    }
    if (plan_.session.restore_foreground()) terminal_.give_back_foreground();
    if (cut_off) terminal_.restore_modes();
    if (killed != nullptr && !outcome.time_is_up) choose_death(supervisor, killed->signal, outcome);
    return outcome;
  }

  void choose_death(const Supervisor& supervisor, int signal, Outcome& outcome) const {
    if (signal != SIGINT && signal != SIGQUIT) return;
    // The key was relayed, so that neither fence nor who waits for it in its group has got the signal.
    outcome.die_with_group = own_ != nullptr && own_->was_key(signal);
    // A command with the foreground gets the key without fence.
    const bool meant = supervisor.terminal_sent(signal) || outcome.die_with_group ||
                       (place_ == stage::Place::OwnGroup && terminal_.was_in_foreground());
    if (meant) outcome.die_of = signal;
  }

  // Without a last word the stage was killed, and the command with it.
  static Outcome outcome_of(const std::optional<stage::Report>& report) {
    if (!report) return {.end = Killed{SIGKILL}};
    switch (report->kind) {
      case stage::ReportKind::Exited:
        return {.end = Exited{report->value}};
      case stage::ReportKind::ExecFailed:
        return {.end = NotExecuted{report->value, report->extra != 0}};
      case stage::ReportKind::Killed:
        return {.end = Killed{report->value}};
      case stage::ReportKind::Ready:
      case stage::ReportKind::Stopped:
      case stage::ReportKind::TimeUp:
      case stage::ReportKind::Failed:
        break;
    }
    return {.end = Killed{SIGKILL}};
  }

  struct Interruption {
    int signal;
    bool by_terminal;
  };

  std::optional<Interruption> early_signals() {
    while (const auto arrival = inbox_.next()) {
      switch (arrival->signal) {
        case SIGINT:
        case SIGQUIT:
        case SIGTERM:
        case SIGHUP:
          return Interruption{arrival->signal, arrival->sender == Sender::Terminal};
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
          inbox_.stop(arrival->signal, false);
          terminal_.look_again();
          break;
        case SIGUSR1:
        case SIGUSR2:
          early_.push_back(arrival->signal);
          break;
        case SIGCHLD:
          monitor_ended_ = has_ended(process_.pid);
          break;
        default:  // SIGCONT, SIGWINCH: nothing runs yet that could want them
          break;
      }
    }
    return std::nullopt;
  }

  Outcome abandon(const Interruption& interruption) {
    kill_child(process_.pid, process_.pidfd);
    end();
    Outcome outcome{.end = Killed{interruption.signal}};
    const bool by_key = interruption.signal == SIGINT || interruption.signal == SIGQUIT;
    if (by_key && interruption.by_terminal) outcome.die_of = interruption.signal;
    return outcome;
  }

  Error stage_error(const stage::Report& report) {
    end();
    return stage_failure(static_cast<stage::Step>(report.value), report.extra, plan_, report.mount);
  }

  Error set_up_error() {
    const int status = end();
    read_messages();
    return process_.explain(said_, status);
  }

  // Returns when no process of the sandbox is left, with the process's wait(2) status. The end of the stage is the end
  // of its pid namespace, or of all that it has ended before; who waits for it is fence, or bwrap's monitor, or fence
  // again where that one was killed.
  int end() {
    link_.close();
    int status = 0;
    while (waitpid(process_.pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!WIFSIGNALED(status)) return status;
    if (group_ != nullptr) {
      group_->end_all();
    } else if (process_.end_rest != nullptr) {
      process_.end_rest();
    }
    return status;
  }

  void read_messages() {
    char buffer[4096];
    for (;;) {
      const ssize_t got = read(process_.messages.get(), buffer, sizeof buffer);
      if (got <= 0) {
        if (got == 0) process_.messages.reset();
        return;
      }
      constexpr std::size_t kEnough = 65536;
      if (said_.size() < kEnough) said_.append(buffer, static_cast<std::size_t>(got));
    }
  }

  static void release_pipes() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) {
      if (isatty(stream) == 0) silence_stream(stream);
    }
  }

  const SandboxPlan& plan_;
  SignalInbox& inbox_;
  Terminal terminal_;
  PrivateTerminal* own_;
  stage::Place place_;
  const SandboxGroup* group_;
  SandboxProcess process_;
  StageLink link_;
  std::optional<Guard> guard_;
  std::vector<int> early_;
  std::string said_;
  bool monitor_ended_ = false;
};

/// Orphans of the sandbox become fence's children while this lives.
class Subreaper {
 public:
  Subreaper() { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  ~Subreaper() { prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
};

template <class T>
Result<T, Errors> one_error(Result<T> result) {
  if (result) return *std::move(result);
  return Errors{std::move(result).error()};
}

/// What of its group's limits the sandbox has reached goes into what is said of its end, or of its failure to start.
void add_reached(const SandboxGroup& group, const SandboxPlan& plan, Result<Outcome, Errors>& outcome) {
  auto reached = group.reached();
  std::erase_if(reached, [&](const auto& entry) {
    return std::ranges::find(plan.limits, entry.first, &LimitPlan::limit) == plan.limits.end();
  });
  if (outcome) {
    outcome->limits_reached = std::move(reached);
    return;
  }
  for (const auto& [limit, times] : reached) outcome.error().push_back(limit_reached_error(plan, limit, times));
}

// `start` makes the process of which the stage comes.
template <class Start>
Result<Outcome, Errors> run(const SandboxPlan& plan, const HostFacts& facts, Start start) {
  FENCE_TRY([[maybe_unused]] Ok reserved, one_error(reserve_standard_streams()));
  FENCE_TRY(SignalInbox inbox, one_error(SignalInbox::open(facts.ignored_signals)));
  const auto& streams = facts.terminal.streams;
  std::optional<SandboxGroup> group;
  if (plan.cgroup) {
    FENCE_TRY(SandboxGroup made, one_error(SandboxGroup::make(*plan.cgroup)));
    group.emplace(std::move(made));
  }
  const SandboxGroup* const inside = group ? &*group : nullptr;
  const bool open_streams[3] = {streams[0].open, streams[1].open, streams[2].open};
  Terminal terminal;
  if (plan.session.terminal() == TerminalKind::Shared) terminal = Terminal::open_controlling();
  std::unique_ptr<PrivateTerminal> own;
  if (plan.session.terminal() == TerminalKind::Private) {
    FENCE_TRY(own, one_error(PrivateTerminal::open(plan.session, inbox)));
  }
  const stage::Place place = command_place(plan.session, terminal);
  FENCE_TRY(SandboxProcess process,
            one_error(start(stage_orders(plan, facts, inbox, place, own.get()), open_streams, inbox, inside)));
  auto outcome = Launch(plan, inbox, std::move(terminal), own.get(), place, inside, std::move(process)).run();
  if (group) add_reached(*group, plan, outcome);
  return outcome;
}

}  // namespace
}  // namespace launch

Result<Outcome, Errors> run_bwrap(const SandboxPlan& plan, const BwrapInvocation& invocation, const HostFacts& facts) {
  using namespace launch;
  Errors errors = missing_options(facts);
  for (Error& error : refused_descriptors(plan)) errors.push_back(std::move(error));
  if (!errors.empty()) return errors;
  const Subreaper subreaper;
  return run(
      plan, facts,
      [&](StageOrders orders, const bool(&open_streams)[3], const SignalInbox& inbox, const SandboxGroup* group) {
        return start_bwrap(invocation, std::move(orders), open_streams, inbox, group);
      });
}

Result<Outcome, Errors> run_native(const SandboxPlan& plan, ChildProgram program, const HostFacts& facts) {
  using namespace launch;
  if (Errors errors = refused_descriptors(plan); !errors.empty()) return errors;
  return run(
      plan, facts,
      [&](StageOrders orders, const bool(&open_streams)[3], const SignalInbox& inbox, const SandboxGroup* group) {
        return start_native(plan, std::move(program), std::move(orders), open_streams, inbox, group);
      });
}

Result<Outcome, Errors> run_landlock(const SandboxPlan& plan, const HostFacts& facts) {
  using namespace launch;
  if (Errors errors = refused_descriptors(plan); !errors.empty()) return errors;
  const Subreaper subreaper;
  return run(
      plan, facts,
      [&](StageOrders orders, const bool(&open_streams)[3], const SignalInbox& inbox, const SandboxGroup* group) {
        return start_landlock(plan, std::move(orders), open_streams, inbox, group);
      });
}

}  // namespace fence
