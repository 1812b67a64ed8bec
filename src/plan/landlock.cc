// The second layer: what Landlock holds of the plan. It only ever grants, to everything below a place, so it cannot be
// as narrow as the mounts; it holds what gets past them.
#include <algorithm>
#include <array>

#include "fence/plan/abilities.h"
#include "fence/plan/decide.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::uint64_t kReading = landlock::kReadFile | landlock::kReadDir | landlock::kExecute;
constexpr std::uint64_t kChangingFiles = landlock::kWriteFile | landlock::kTruncate;
/// Renaming between directories is refused by every ruleset for files, also by one that does not handle it.
constexpr std::uint64_t kWriting = kChangingFiles | landlock::kRefer;
constexpr std::uint64_t kAll = kReading | kWriting | landlock::kMaking | landlock::kIoctlDev;

/// The kernel looks at every open(2), also for reading, whether ftruncate(2) is granted, which takes half as long again
/// as opening itself (security/landlock/fs.c, hook_file_open).
constexpr std::uint64_t kCostsReaders = landlock::kTruncate;

constexpr std::uint32_t kReferAbi = 2;

/// What a mode handles, were the kernel new enough.
std::uint64_t wanted_rights(LandlockMode mode, bool nesting) {
  switch (mode) {
    case LandlockMode::Off:
      return 0;
    case LandlockMode::Auto:
      return nesting ? 0 : kWriting;
    case LandlockMode::Full:
      return kAll;
  }
  return 0;
}

template <std::size_t N>
std::uint64_t bits_of(const std::array<landlock::Bit, N>& rows, std::uint32_t abi) {
  std::uint64_t bits = 0;
  for (const landlock::Bit& row : rows) bits |= row.abi <= abi ? row.bit : 0;
  return bits;
}

/// What is lost on a kernel before `abi`.
struct Loss {
  std::uint64_t right;
  std::uint64_t scope;
  std::uint32_t abi;
  std::string_view text;
};
constexpr std::array kLosses = {
    Loss{landlock::kTruncate, 0, 3, "truncate(2) of a file that is the command's input"},
    Loss{landlock::kIoctlDev, 0, 5, "ioctl(2) on devices"},
    Loss{0, landlock::kScopeSignal, 6, "signals to processes outside (of the caller's process group)"},
    Loss{0, landlock::kScopeAbstractUnixSocket, 6, "connections to abstract sockets of processes outside"},
};

std::string abi_text(std::uint32_t needed, std::uint32_t abi) {
  return " (takes ABI " + std::to_string(needed) + ", this kernel has " + std::to_string(abi) + ")";
}

/// What the op grants at its place, of all rights; `sealed`: it is a tmpfs that becomes read-only.
std::uint64_t granted(const MountAction& action, bool sealed) {
  return std::visit(
      Overloaded{
          [](const Bind& bind) {
            std::uint64_t rights = kReading;
            if (bind.mode != BindMode::ReadOnly) rights |= kWriting | landlock::kMaking;
            if (bind.mode == BindMode::Device) rights |= landlock::kIoctlDev;
            return bind.kind == PathKind::Directory ? rights : rights & landlock::kFileRights;
          },
          // Each file on it has a rule of its own.
          [&](const Tmpfs&) { return sealed ? landlock::kReadDir : kReading | kWriting | landlock::kMaking; },
          [](const Proc&) { return landlock::kReadFile | landlock::kReadDir | kWriting; },
          [](const Dev&) { return kAll; },
          [](const LockReadOnly&) { return std::uint64_t{0}; },
          [](const MaskFile&) { return std::uint64_t{0}; },
          [](const MakeDir&) { return std::uint64_t{0}; },
          [](const WriteFile&) { return landlock::kReadFile | landlock::kExecute; },
          [](const Symlink&) { return std::uint64_t{0}; },
      },
      action);
}

std::string rule_reason(const MountAction& action, bool sealed) {
  if (std::holds_alternative<Tmpfs>(action) && sealed) return "a directory of the sandbox's own, read-only";
  return std::string(action_name(action));
}

/// Collects the rules on the way down; the ops come parents first.
class Rules {
 public:
  explicit Rules(std::uint64_t handled) : handled_(handled) {}

  void add(const SandboxPath& path, const MountAction& action, bool sealed) {
    while (!above_.empty() && !above_.back().path.contains(path)) above_.pop_back();
    const std::uint64_t inherited = above_.empty() ? 0 : above_.back().rights;
    const std::uint64_t rights = granted(action, sealed) & handled_;
    if ((rights & ~inherited) == 0) return;
    rules_.push_back({path, rights, rule_reason(action, sealed)});
    above_.push_back({path, rights | inherited});
  }

  std::vector<LandlockRule> take() && { return std::move(rules_); }

 private:
  struct Above {
    SandboxPath path;
    std::uint64_t rights;
  };
  std::uint64_t handled_;
  std::vector<Above> above_;
  std::vector<LandlockRule> rules_;
};

std::vector<LandlockRule> make_rules(const MountPlan& mounts, std::uint64_t handled, Executor executor) {
  // Deepest first: sorted in reverse.
  const auto sealed = [&](const SandboxPath& path) {
    return std::ranges::binary_search(mounts.seals(), path, std::ranges::greater());
  };
  Rules rules(handled);
  const SandboxPath root = SandboxPath::root();
  // Without an op the root is the executor's own tmpfs, or, where nothing is mounted, the host's, which is not granted.
  if (executor != Executor::Landlock && mounts.find(root) == nullptr) rules.add(root, Tmpfs{}, sealed(root));
  for (const MountOp& op : mounts.ops()) rules.add(op.target, op.action, sealed(op.target));
  return std::move(rules).take();
}

void note_losses(LandlockPlan& plan, std::uint64_t wanted, bool nesting) {
  if (plan.mode.value == LandlockMode::Auto && nesting) {
    plan.without.emplace_back("writing to what is not writable (nesting needs mounts, and those would be refused)");
  }
  if ((wanted & landlock::kWriteFile) != 0 && plan.abi < kReferAbi) {
    plan.without.push_back(plan.mode.value == LandlockMode::Full
                               ? "renaming between directories, which fails" + abi_text(kReferAbi, plan.abi)
                               : "writing to what is not writable: nothing could be renamed between directories" +
                                     abi_text(kReferAbi, plan.abi));
  }
  for (const Loss& loss : kLosses) {
    const bool is_wanted = loss.scope != 0 || (loss.right & wanted) != 0;
    if (is_wanted && plan.abi < loss.abi) plan.without.push_back(std::string(loss.text) + abi_text(loss.abi, plan.abi));
  }
}

}  // namespace

LandlockPlan decide_landlock(const Policy& policy, const MountPlan& mounts, Executor executor, FactLens& lens) {
  LandlockPlan plan{.mode = policy.landlock};
  const bool alone = executor == Executor::Landlock;
  if (alone) plan.mode = {LandlockMode::Full, policy.backend.origin};
  if (plan.mode.value == LandlockMode::Off) return plan;
  const AbilityFact& fact = lens.ability(Ability::Landlock);
  if (const auto* lacking = std::get_if<AbilityLacking>(&fact)) {
    plan.without.push_back("everything: " + refusal_text(*lacking));
    return plan;
  }
  plan.abi = std::get<AbilityGiven>(fact).version.major;
  const std::uint64_t wanted = wanted_rights(plan.mode.value, policy.nesting.value);
  note_losses(plan, wanted, policy.nesting.value);
  plan.scoped = bits_of(landlock::kScopes, plan.abi);
  // A command that cannot rename is worse off than without Landlock: only who asks for all of it gets that.
  const bool holds_files = plan.abi >= kReferAbi || plan.mode.value == LandlockMode::Full;
  const std::uint64_t handled = holds_files ? wanted & bits_of(landlock::kRights, plan.abi) : 0;
  // bwrap's mounts are slaves: there what the host mounts later can be written by its name.
  const bool by_input_only = plan.mode.value == LandlockMode::Auto && executor == Executor::Native;
  plan.handled_for_input = by_input_only ? handled & kCostsReaders : 0;
  plan.handled = handled & ~plan.handled_for_input;
  plan.rules = make_rules(mounts, handled, executor);
  // What is handed over is a socket already; the filter has none made.
  if (alone && policy.network.value == NetworkMode::None) plan.handled_net = bits_of(landlock::kNetRights, plan.abi);
  plan.handed_readable = handled & (kReading | landlock::kIoctlDev);
  plan.handed_writable = handled & (kChangingFiles | landlock::kIoctlDev);
  return plan;
}

}  // namespace fence
