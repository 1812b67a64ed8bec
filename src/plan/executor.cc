#include <algorithm>
#include <array>
#include <cerrno>

#include "fence/plan/abilities.h"
#include "fence/plan/decide.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// What an old kernel, a container's seccomp profile or a security module answers to what native asks for; anything
/// else is a shortage.
constexpr std::array kRefusals = {EPERM, EACCES, ENOSYS, EINVAL, ENODEV, EOPNOTSUPP};

/// The first kernel with a call of try_native() (their manual pages).
struct CallRow {
  std::string_view step;
  std::string_view since;
};
constexpr std::array kCalls = {
    CallRow{"openat2(2)", "5.6"},    CallRow{"open_tree(2)", "5.2"}, CallRow{"mount_setattr(2)", "5.12"},
    CallRow{"fsopen(2)", "5.2"},     CallRow{"fsconfig(2)", "5.2"},  CallRow{"fsmount(2)", "5.2"},
    CallRow{"move_mount(2)", "5.2"},
};

/// Null where native is possible, or where only the launch can tell.
const AbilityLacking* refused_native(FactLens& lens) {
  const auto* lacking = std::get_if<AbilityLacking>(&lens.ability(Ability::Native));
  if (lacking == nullptr || std::ranges::find(kRefusals, lacking->errno_value) == kRefusals.end()) return nullptr;
  return lacking;
}

std::string native_refusal(const AbilityLacking& lacking, const KernelFacts& kernel) {
  std::string text = refusal_text(lacking);
  const auto* call = std::ranges::find(kCalls, lacking.step, &CallRow::step);
  if (call == kCalls.end() || lacking.errno_value != ENOSYS) return text;
  return text + " (Linux " + std::string(call->since) + " has it, this is " + escape_bytes(kernel.release) + ")";
}

Result<ExecutorChoice, Errors> require_native(const Origin& origin, FactLens& lens) {
  const AbilityLacking* refused = refused_native(lens);
  if (refused == nullptr) return ExecutorChoice{Executor::Native, "native, as asked"};
  Error error{ErrorKind::Unsupported, "cannot make the sandbox without bwrap",
              native_refusal(*refused, lens.host().kernel), refused->errno_value};
  error.origin = origin;
  explain_lacking(error, Ability::Native, lens.host());
  if (lens.bwrap()) error.hint += "; or leave backend at \"auto\"";
  return Errors{std::move(error)};
}

/// The first ABI by which signals to processes outside are refused. Without that the command could end the stage, and
/// the stage could not tell the command's processes from the caller's others.
constexpr std::uint32_t kScopesAbi = 6;

Result<ExecutorChoice, Errors> require_landlock(const Origin& origin, FactLens& lens) {
  const AbilityFact& fact = lens.ability(Ability::Landlock);
  Error error{ErrorKind::Unsupported, "cannot make a sandbox by Landlock alone"};
  error.origin = origin;
  error.hint = "it takes Linux 6.12 with Landlock; where namespaces can be made, leave backend at \"auto\"";
  if (const auto* lacking = std::get_if<AbilityLacking>(&fact)) {
    error.why = refusal_text(*lacking);
    error.errno_value = lacking->errno_value;
    error.hint = "it takes " + std::string(ability_row(Ability::Landlock).remedy);
    return Errors{std::move(error)};
  }
  const std::uint32_t abi = std::get<AbilityGiven>(fact).version.major;
  if (abi >= kScopesAbi) return ExecutorChoice{Executor::Landlock, "landlock, as asked: no namespaces, no mounts"};
  error.why = "this kernel has ABI " + std::to_string(abi) + ", and signals to processes outside are held from ABI " +
              std::to_string(kScopesAbi) + " on";
  return Errors{std::move(error)};
}

Result<ExecutorChoice, Errors> prefer_native(FactLens& lens) {
  const AbilityLacking* refused = refused_native(lens);
  if (refused == nullptr) return ExecutorChoice{Executor::Native, "native, the default"};
  Error error{ErrorKind::Host, "cannot make a sandbox", native_refusal(*refused, lens.host().kernel),
              refused->errno_value};
  explain_lacking(error, Ability::Native, lens.host());
  if (lens.bwrap()) {
    std::string reason = "bwrap, since native is refused here: " + error.why;
    for (const std::string& setting : error.context) reason += "; " + setting;
    return ExecutorChoice{Executor::Bwrap, std::move(reason)};
  }
  error.context.emplace_back("no bwrap is installed that could make it instead");
  error.hint += "; or install the package bubblewrap";
  return Errors{std::move(error)};
}

}  // namespace

Result<ExecutorChoice, Errors> decide_executor(const Sourced<Backend>& backend, FactLens& lens) {
  switch (backend.value) {
    case Backend::Auto:
      return prefer_native(lens);
    case Backend::Bwrap:
      static_cast<void>(lens.bwrap());
      return ExecutorChoice{Executor::Bwrap, "bwrap, as asked"};
    case Backend::Landlock:
      return require_landlock(backend.origin, lens);
    case Backend::Native:
      return require_native(backend.origin, lens);
  }
  return Errors{Error{ErrorKind::Internal, "a backend that is none"}};
}

}  // namespace fence
