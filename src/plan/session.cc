// Who leads which session, and which terminal the command gets.
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

std::optional<Error> refuse_private(const Policy& policy) {
  if (policy.terminal.value != TerminalMode::Private) return std::nullopt;
  Error error{ErrorKind::Unsupported, "cannot give the command a private terminal"};
  error.origin = policy.terminal.origin;
  error.hint = "leave terminal.mode at \"auto\": the command then shares the terminal, and TIOCSTI is refused";
  if (policy.backend.value == Backend::Bwrap) {
    error.kind = ErrorKind::Conflict;
    error.why = "the bwrap executor can only share the caller's terminal";
    error.context.push_back("backend = \"bwrap\" is asked for by " + to_string(policy.backend.origin));
  } else {
    error.why = "this build of fence can only share the caller's terminal";
  }
  return error;
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
  SessionPlan plan;
  plan.kind_ = parts.kind;
  plan.terminal_ = parts.terminal;
  plan.restore_foreground_ = parts.restore_foreground;
  plan.reason_ = std::move(parts.reason);
  plan.origin_ = std::move(parts.origin);
  plan.overruled_ = std::move(parts.overruled);
  return plan;
}

Result<SessionPlan, Errors> decide_session(const Policy& policy, const TerminalFacts& terminal) {
  if (auto error = refuse_private(policy)) return Errors{*std::move(error)};

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
  // bwrap leaves the caller's descriptors in place, with --new-session as well.
  parts.terminal = any_terminal(terminal) ? TerminalKind::Shared : TerminalKind::None;
  parts.restore_foreground = parts.kind == SessionKind::TiocstiFilter && parts.terminal == TerminalKind::Shared &&
                             terminal.controlling && terminal.foreground;
  auto plan = SessionPlan::make(std::move(parts));
  if (!plan) return Errors{std::move(plan).error()};
  return *std::move(plan);
}

}  // namespace fence
