// The invariants that holding a MountPlan proves, and the words for the parts of a plan.
#include <algorithm>
#include <set>

#include "fence/plan/plan.h"
#include "fence/util/text.h"

namespace fence {
namespace {

// What can lie below an op's target.
enum class Inside { Nothing, Host, Own, Dev, Proc };

Inside inside_of(const MountAction& action) {
  return std::visit(
      Overloaded{
          [](const Bind& bind) { return bind.kind == PathKind::Directory ? Inside::Host : Inside::Nothing; },
          [](const Tmpfs&) { return Inside::Own; },
          [](const MakeDir&) { return Inside::Own; },
          [](const Dev&) { return Inside::Dev; },
          [](const Proc&) { return Inside::Proc; },
          [](const LockReadOnly&) { return Inside::Nothing; },
          [](const MaskFile&) { return Inside::Nothing; },
          [](const WriteFile&) { return Inside::Nothing; },
          [](const Symlink&) { return Inside::Nothing; },
      },
      action);
}

// Made by mkdir(2) and symlink(2): there is no mount to put on something that exists.
bool makes_its_own_name(const MountAction& action) {
  return std::holds_alternative<MakeDir>(action) || std::holds_alternative<Symlink>(action);
}

Error broken(const MountOp& op, const std::string& rule) {
  Error error{ErrorKind::Internal, "the plan breaks a rule at " + escape_bytes(op.target.text()), rule};
  error.origin = op.why.winner;
  return error;
}

std::optional<Error> check_op(const MountOp& op, const MountOp* nearest) {
  const bool locks = std::holds_alternative<LockReadOnly>(op.action);
  if (op.target.is_root()) {
    const bool whole = inside_of(op.action) == Inside::Host || std::holds_alternative<Tmpfs>(op.action);
    return whole ? std::nullopt : std::optional(broken(op, "the root is a directory of the host or a tmpfs"));
  }
  // Without an op at "/" the root is the executor's own empty tmpfs.
  const Inside around = nearest == nullptr ? Inside::Own : inside_of(nearest->action);
  const SandboxPath at = nearest == nullptr ? SandboxPath::root() : nearest->target;
  switch (around) {
    case Inside::Nothing:
      return broken(op, "nothing can lie below " + escape_bytes(at.text()));
    case Inside::Host:
      if (op.at == MountPoint::Create) return broken(op, "a mount point is never created on the host");
      break;
    case Inside::Own:
      if (op.at == MountPoint::Exists) return broken(op, "nothing exists on a new tmpfs");
      if (at != op.target.parent()) return broken(op, "its parent directory is not planned");
      break;
    case Inside::Dev:
      if (op.at == MountPoint::Create && at != op.target.parent())
        return broken(op, "its parent directory is not planned");
      break;
    case Inside::Proc:
      if (!locks) return broken(op, "the private /proc is only ever locked");
      break;
  }
  if (locks && around != Inside::Proc) return broken(op, "only a part of the private /proc is locked in place");
  if (const auto* bind = std::get_if<Bind>(&op.action);
      bind != nullptr && bind->may_vanish && op.at == MountPoint::Exists)
    return broken(op, "what it covers would show if its source vanished");
  if (makes_its_own_name(op.action) && op.at == MountPoint::Exists) return broken(op, "it makes its own name");
  return std::nullopt;
}

std::optional<Error> check_seal(const SandboxPath& seal, const MountPlan& plan) {
  const MountOp* op = plan.find(seal);
  const bool ours = op == nullptr
                        ? seal.is_root()
                        : std::holds_alternative<Tmpfs>(op->action) || std::holds_alternative<Dev>(op->action);
  if (ours) return std::nullopt;
  return Error{ErrorKind::Internal, "the plan breaks a rule at " + escape_bytes(seal.text()),
               "only a tmpfs of ours is sealed"};
}

}  // namespace

Result<MountPlan> check_plan(std::vector<MountOp> ops, std::vector<SandboxPath> seals) {
  std::ranges::stable_sort(ops, {}, &MountOp::target);
  std::vector<const MountOp*> above;  // the planned ancestors of the op at hand, outermost first
  for (const MountOp& op : ops) {
    if (!above.empty() && above.back()->target == op.target) return broken(op, "two ops have this target");
    while (!above.empty() && !above.back()->target.contains(op.target)) above.pop_back();
    if (auto error = check_op(op, above.empty() ? nullptr : above.back())) return *std::move(error);
    above.push_back(&op);
  }
  // Deepest first, so that sealing a directory never comes before something below it.
  std::ranges::sort(seals, std::ranges::greater());
  seals.erase(std::unique(seals.begin(), seals.end()), seals.end());
  MountPlan plan(std::move(ops), {});
  for (const SandboxPath& seal : seals) {
    if (auto error = check_seal(seal, plan)) return *std::move(error);
  }
  plan.seals_ = std::move(seals);
  return plan;
}

const MountOp* MountPlan::find(const SandboxPath& target) const noexcept {
  const auto found = std::ranges::lower_bound(ops_, target, {}, &MountOp::target);
  return found != ops_.end() && found->target == target ? &*found : nullptr;
}

std::string_view because_text(Because because) noexcept {
  switch (because) {
    case Because::OnlyRule:
      return "the only wish";
    case Because::DeeperPath:
      return "the deeper path";
    case Because::HigherLayer:
      return "the higher layer";
    case Because::StricterAccess:
      return "the stricter wish of its layer";
    case Because::Composed:
      return "holds a hidden name, so it is put together anew";
    case Because::ComposedEntry:
      return "shown in a directory put together anew";
    case Because::Hidden:
      return "hidden in a writable tree";
    case Because::Protected:
      return "protected in a writable tree";
    case Because::Pinned:
      return "pinned: what is protected below cannot be renamed away";
    case Because::Parent:
      return "on the way to a deeper path";
    case Because::PrivateProc:
      return "the private /proc";
    case Because::PrivateDev:
      return "the private /dev";
    case Because::RuntimeDir:
      return "the private runtime directory";
    case Because::LinkOnTheWay:
      return "a link that a wish goes through";
    case Because::Needed:
      return "programs need it";
    case Because::Mended:
      return "so that everyday tools do not break";
  }
  return "";
}

std::string_view action_name(const MountAction& action) noexcept {
  return std::visit(Overloaded{
                        [](const Bind& bind) -> std::string_view {
                          switch (bind.mode) {
                            case BindMode::ReadOnly:
                              return "read-only";
                            case BindMode::ReadWrite:
                              return "writable";
                            case BindMode::Device:
                              return "device";
                          }
                          return "";
                        },
                        [](const Tmpfs&) -> std::string_view { return "tmpfs"; },
                        [](const Proc&) -> std::string_view { return "proc"; },
                        [](const Dev&) -> std::string_view { return "dev"; },
                        [](const LockReadOnly&) -> std::string_view { return "lock"; },
                        [](const MaskFile&) -> std::string_view { return "mask"; },
                        [](const MakeDir&) -> std::string_view { return "directory"; },
                        [](const WriteFile&) -> std::string_view { return "file"; },
                        [](const Symlink&) -> std::string_view { return "link"; },
                    },
                    action);
}

}  // namespace fence
