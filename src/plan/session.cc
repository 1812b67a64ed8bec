// Who leads which session, and which terminal the command gets.
#include <algorithm>

#include "fence/plan/decide.h"
#include "fence/util/text.h"

namespace fence {
namespace {

bool any_terminal(const TerminalFacts& terminal) {
  return terminal.streams[0].terminal || terminal.streams[1].terminal || terminal.streams[2].terminal;
}

/// "descriptor 0 is a terminal", "descriptors 0 and 1 are terminals".
std::string terminals_text(const TerminalFacts& terminal) {
  std::vector<std::string> numbers;
  for (std::size_t fd = 0; fd < 3; ++fd) {
    if (terminal.streams[fd].terminal) numbers.push_back(std::to_string(fd));
  }
  if (numbers.empty()) return "none of the descriptors 0 to 2 is a terminal";
  if (numbers.size() == 1) return "descriptor " + numbers.front() + " is a terminal";
  return "descriptors " + join_words(numbers) + " are terminals";
}

/// "--force-new-session", or "forceNewSession = false in settings.toml:3".
std::string wish_text(bool wanted, const Origin& origin) {
  if (origin.source == "--force-new-session" || origin.source == "--no-force-new-session") return origin.source;
  const bool option = origin.layer == LayerKind::CommandLine;
  return std::string("forceNewSession = ") + (wanted ? "true" : "false") + (option ? " by " : " in ") +
         to_string(origin);
}

/// "--terminal", or "terminal.mode = \"private\" in settings.toml:3".
std::string mode_text(std::string_view mode, const Origin& origin) {
  if (origin.source == "--terminal") return "--terminal " + std::string(mode);
  const bool option = origin.layer == LayerKind::CommandLine;
  return "terminal.mode = \"" + std::string(mode) + '"' + (option ? " by " : " in ") + to_string(origin);
}

// A pty of the host's devpts would have to be granted by name, and whatever gets its number later with it.
std::string_view only_shares(Executor executor) {
  return executor == Executor::Landlock ? "without a devpts of the sandbox's own the caller's terminal is shared"
                                        : "the bwrap executor can only share the caller's terminal";
}

// Only the native executor's child can open a pty of the sandbox's devpts and hand it out.
std::optional<Error> refuse_private(const Policy& policy, Executor executor) {
  if (policy.terminal.value != TerminalMode::Private || executor == Executor::Native) return std::nullopt;
  Error error{ErrorKind::Unsupported, "cannot give the command a private terminal", std::string(only_shares(executor))};
  error.origin = policy.terminal.origin;
  error.hint = "leave terminal.mode at \"auto\": the command then shares the terminal, and TIOCSTI is refused";
  if (policy.backend.value != Backend::Auto) {
    error.kind = ErrorKind::Conflict;
    const std::string name = executor == Executor::Landlock ? "landlock" : "bwrap";
    error.context.push_back("backend = \"" + name + "\" is asked for by " + to_string(policy.backend.origin));
  }
  return error;
}

struct TerminalChoice {
  TerminalKind kind;
  std::string reason;
  Origin origin;
};

TerminalChoice choose_terminal(const Policy& policy, const TerminalFacts& terminal, Executor executor) {
  if (!any_terminal(terminal)) return {TerminalKind::None, terminals_text(terminal), {}};
  const Origin& origin = policy.terminal.origin;
  switch (policy.terminal.value) {
    case TerminalMode::Private:
      return {TerminalKind::Private, mode_text("private", origin), origin};
    case TerminalMode::Shared:
      return {TerminalKind::Shared, mode_text("shared", origin), origin};
    case TerminalMode::Auto:
      break;
  }
  if (executor == Executor::Native) {
    return {TerminalKind::Private, "default of the native executor: " + terminals_text(terminal), {}};
  }
  return {TerminalKind::Shared, std::string(only_shares(executor)), {}};
}

/// The streams that are one terminal: that of the first one that is any.
std::array<bool, 3> streams_of_one_terminal(const TerminalFacts& terminal) {
  std::array<bool, 3> relayed{};
  std::optional<std::uint64_t> device;
  for (std::size_t fd = 0; fd < relayed.size(); ++fd) {
    const StreamFacts& stream = terminal.streams[fd];
    if (!stream.terminal) continue;
    if (!device) device = stream.rdev;
    relayed[fd] = stream.rdev == *device;
  }
  return relayed;
}

}  // namespace

Result<SessionPlan> SessionPlan::make(Parts parts) {
  if (parts.restore_foreground && parts.kind == SessionKind::NewSession) {
    // tcsetpgrp(3) by a process of another session is ENOTTY.
    return Error{ErrorKind::Internal, "the session plan breaks a rule", "a new session cannot give a foreground back"};
  }
  if (parts.restore_foreground && parts.terminal != TerminalKind::Shared) {
    return Error{ErrorKind::Internal, "the session plan breaks a rule", "without a terminal there is no foreground"};
  }
  const bool relays = std::ranges::find(parts.relayed, true) != parts.relayed.end();
  if (relays != (parts.terminal == TerminalKind::Private)) {
    return Error{ErrorKind::Internal, "the session plan breaks a rule", "only a private terminal is relayed"};
  }
  if (parts.deferred && (parts.terminal != TerminalKind::Private || parts.kind == SessionKind::NewSession)) {
    // SIGTTIN and SIGTTOU, by which the command asks, are those of a controlling terminal.
    return Error{ErrorKind::Internal, "the session plan breaks a rule", "nobody could ask for the keyboard"};
  }
  SessionPlan plan;
  plan.kind_ = parts.kind;
  plan.terminal_ = parts.terminal;
  plan.terminal_reason_ = std::move(parts.terminal_reason);
  plan.terminal_origin_ = std::move(parts.terminal_origin);
  plan.relayed_ = parts.relayed;
  plan.deferred_ = parts.deferred;
  plan.restore_foreground_ = parts.restore_foreground;
  plan.reason_ = std::move(parts.reason);
  plan.origin_ = std::move(parts.origin);
  plan.overruled_ = std::move(parts.overruled);
  return plan;
}

Result<SessionPlan, Errors> decide_session(const Policy& policy, const TerminalFacts& terminal, Executor executor) {
  if (auto error = refuse_private(policy, executor)) return Errors{*std::move(error)};

  SessionPlan::Parts parts;
  if (policy.force_new_session) {
    const Ranked<bool>& wish = *policy.force_new_session;
    parts.kind = wish.value ? SessionKind::NewSession : SessionKind::TiocstiFilter;
    parts.reason = wish_text(wish.value, wish.origin);
    parts.origin = wish.origin;
    for (const Sourced<bool>& loser : policy.force_new_session_overruled) parts.overruled.push_back(loser.origin);
  } else {
    parts.kind = any_terminal(terminal) ? SessionKind::TiocstiFilter : SessionKind::NewSession;
    parts.reason = "default: " + terminals_text(terminal);
  }
  TerminalChoice chosen = choose_terminal(policy, terminal, executor);
  parts.terminal = chosen.kind;
  parts.terminal_reason = std::move(chosen.reason);
  parts.terminal_origin = std::move(chosen.origin);
  if (parts.terminal == TerminalKind::Private) parts.relayed = streams_of_one_terminal(terminal);
  parts.deferred = policy.terminal_attach.value == TerminalAttach::Deferred &&
                   parts.terminal == TerminalKind::Private && parts.kind == SessionKind::TiocstiFilter;
  parts.restore_foreground = parts.kind == SessionKind::TiocstiFilter && parts.terminal == TerminalKind::Shared &&
                             terminal.controlling && terminal.foreground;
  auto plan = SessionPlan::make(std::move(parts));
  if (!plan) return Errors{std::move(plan).error()};
  return *std::move(plan);
}

}  // namespace fence
