// What the command may use at most.
#include <algorithm>

#include "fence/plan/decide.h"

namespace fence {
namespace {

/// Bytes. Smaller than any core file; and with this value, not with 0, the kernel leaves out the program that
/// kernel.core_pattern pipes to (fs/coredump.c, since Linux 2.6.33).
constexpr std::uint64_t kNoCoreFile = 1;

/// The user of whom the kernel counts nothing. A root of a namespace that maps it to another user of the host is held.
bool is_hosts_root(const CallerFacts& caller) {
  if (caller.uid != 0) return false;
  return std::ranges::none_of(caller.uid_map,
                              [](const IdExtent& extent) { return extent.inside == 0 && extent.outside != 0; });
}

/// A caller that may have 0 only keeps that, and its crashes reach such a program as they do without fence.
std::uint64_t core_size(const CallerFacts& caller) {
  const auto hard = caller.hard_limits.find(Limit::CoreSize);
  return hard == caller.hard_limits.end() ? kNoCoreFile : std::min(kNoCoreFile, hard->second);
}

std::string asked_for(const LimitPlan& wanted) {
  return "limits." + std::string(limit_row(wanted.limit).name) + " of " + limit_text(wanted.limit, wanted.value);
}

std::optional<Error> fault_of(const LimitPlan& wanted, const CallerFacts& caller) {
  if (wanted.limit == Limit::Processes && is_hosts_root(caller)) {
    Error error{ErrorKind::Unsupported, "cannot set " + asked_for(wanted), "the kernel does not hold root to it"};
    error.origin = wanted.origin;
    error.hint = "start fence as an ordinary user, or take it back for root with --set limits.nproc=none";
    return error;
  }
  const auto hard = caller.hard_limits.find(wanted.limit);
  if (hard == caller.hard_limits.end() || wanted.value <= hard->second) return std::nullopt;
  Error error{ErrorKind::Conflict, "cannot set " + asked_for(wanted),
              "the caller's own hard limit is " + limit_text(wanted.limit, hard->second)};
  error.origin = wanted.origin;
  error.hint =
      "ask for no more than that, or raise the caller's first (ulimit -H, limits.conf(5), LimitNOFILE= and "
      "the like in systemd.exec(5))";
  return error;
}

}  // namespace

Result<std::vector<LimitPlan>, Errors> decide_limits(const Policy& policy, const CallerFacts& caller) {
  std::vector<LimitPlan> limits;
  Errors errors;
  for (const LimitRow& row : limit_table()) {
    LimitPlan wanted{.limit = row.limit, .value = core_size(caller)};
    if (row.limit != Limit::CoreSize) {
      const auto said = policy.limits.find(row.limit);
      if (said == policy.limits.end() || said->second.value == kNoLimit) continue;
      wanted = {row.limit, said->second.value, said->second.origin};
    }
    if (auto fault = fault_of(wanted, caller)) {
      errors.push_back(*std::move(fault));
    } else {
      limits.push_back(std::move(wanted));
    }
  }
  if (!errors.empty()) return errors;
  return limits;
}

}  // namespace fence
