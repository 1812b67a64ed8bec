#include "fence/plan/dangers.h"

#include <algorithm>

#include "fence/plan/filter.h"
#include "fence/plan/windows.h"

namespace fence {
namespace {

constexpr const char* kControlSequences = "control sequences that the command prints reach the terminal";

class Dangers {
 public:
  Dangers(const Policy& policy, const HostFacts& facts) : policy_(policy), facts_(facts) {}

  std::vector<Remark> of(const SandboxPlan& plan) && {
    add_dangers(plan);
    return std::move(remarks_);
  }

 private:
  void danger(std::string text, const std::optional<Origin>& origin) {
    remarks_.push_back({RemarkKind::Danger, std::move(text), origin});
  }

  void add_terminal_dangers(const SessionPlan& session) {
    const bool new_session = session.kind() == SessionKind::NewSession;
    switch (session.terminal()) {
      case TerminalKind::None:
        return;
      case TerminalKind::Shared:
        danger(new_session
                   ? "the terminal's descriptors stay open inside: what runs there can read keys typed at any time, "
                     "and leave the terminal changed or its answers typed into the shell"
                   : "the terminal is shared: what runs inside can read keys typed while it has the foreground, and "
                     "leave the terminal changed or its answers typed into the shell",
               session.origin());
        danger(kControlSequences, session.terminal_origin());
        return;
      case TerminalKind::Private:
        danger(kControlSequences, session.terminal_origin());
        break;
    }
    if (!session.deferred()) {
      remarks_.push_back({RemarkKind::Note, "keys typed before the command's end that it does not read are lost", {}});
    }
    const TerminalFacts& terminal = facts_.terminal;
    for (std::size_t fd = 0; fd < 3; ++fd) {
      if (!terminal.streams[fd].terminal || session.relayed()[fd]) continue;
      danger("descriptor " + std::to_string(fd) + " is another terminal, which is shared: what runs inside can read " +
                 "keys typed there",
             std::nullopt);
    }
  }

  void add_dangers(const SandboxPlan& plan) {
    for (const AbilityPlan& ability : plan.abilities) {
      if (ability.degraded.empty()) continue;
      // Who asks for a sandbox without namespaces is not told at every start what that is.
      const RemarkKind kind = plan.executor == Executor::Landlock ? RemarkKind::Danger : RemarkKind::Notice;
      remarks_.push_back({kind, "degraded (" + ability.name + "): " + ability.degraded, ability.origin});
    }
    if (plan.network.value == NetworkMode::Host) {
      const bool scoped = (plan.landlock.scoped & landlock::kScopeAbstractUnixSocket) != 0;
      danger(std::string("the host's network is open, ") + (scoped ? "" : "its abstract sockets and ") +
                 "services on localhost included",
             plan.network.origin);
    }
    if (policy_.devices.value == DevicesMode::Host) danger("all devices of the host are shown", policy_.devices.origin);
    std::ranges::move(filter_dangers(plan.filter), std::back_inserter(remarks_));
    std::ranges::move(windows_dangers(plan, facts_), std::back_inserter(remarks_));
    if (!plan.verify_mounts) {
      danger("the mounts are not looked at before the command starts: nobody notices one that differs from this plan",
             policy_.unverified_mounts.origin);
    }
    if (!plan.guard_mounts) {
      danger("a protection that is lost, because its file is replaced outside while the command runs, stays lost",
             policy_.unguarded_mounts.origin);
    }
    if (policy_.landlock.value == LandlockMode::Off) {
      danger("Landlock is off: a file that is the command's input can be opened for writing", policy_.landlock.origin);
    }
    add_terminal_dangers(plan.session);
    if (plan.executor != Executor::Bwrap) return;
    danger(
        "a file system that the host mounts later below a shown directory may appear inside (bwrap keeps mounts as "
        "slaves)",
        std::nullopt);
  }

  const Policy& policy_;
  const HostFacts& facts_;
  std::vector<Remark> remarks_;
};

}  // namespace

std::vector<Remark> plan_dangers(const SandboxPlan& plan, const Policy& policy, const HostFacts& facts) {
  return Dangers(policy, facts).of(plan);
}

}  // namespace fence
