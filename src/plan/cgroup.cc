#include "fence/plan/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>

#include "fence/util/text.h"

namespace fence {
namespace {

using Controllers = std::set<std::string>;

/// Below the group in which it is made: the one with the limits, and in that one the sandbox's own, whose files are no
/// limits, so that nothing inside can get at those (cgroup.cc of the launch).
constexpr std::uint64_t kLevels = 2;

Controllers controllers_of(const std::vector<LimitPlan>& limits) {
  Controllers wanted;
  for (const LimitPlan& limit : limits) {
    const std::string_view name = limit_row(limit.limit).controller;
    if (!name.empty()) wanted.emplace(name);
  }
  return wanted;
}

Controllers all_controllers() {
  Controllers all;
  for (const LimitRow& row : limit_table()) {
    if (!row.controller.empty()) all.emplace(row.controller);
  }
  return all;
}

Controllers common(const Controllers& a, const Controllers& b) {
  Controllers both;
  std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
  return both;
}

Controllers without(const Controllers& a, const Controllers& b) {
  Controllers rest;
  std::ranges::set_difference(a, b, std::inserter(rest, rest.end()));
  return rest;
}

std::string words_of(const Controllers& names) {
  std::vector<std::string> words;
  for (const std::string& name : names) words.push_back(escape_bytes(name));
  return join_words(words);
}

/// The limit of a group at or above groups[at] that stands in the way; "" where none does.
std::string full_text(const std::vector<CgroupDirectory>& groups, std::size_t at) {
  for (std::size_t above = at; above < groups.size(); ++above) {
    const CgroupDirectory& group = groups[above];
    const std::uint64_t depth = above - at + kLevels;
    const std::string place = above == at ? "" : " of " + escape_bytes(group.path.text());
    if (group.max_depth && *group.max_depth < depth) {
      return "cgroup.max.depth" + place + " is " + std::to_string(*group.max_depth);
    }
    if (group.max_descendants && *group.max_descendants < group.descendants + kLevels) {
      return "cgroup.max.descendants" + place + " is " + std::to_string(*group.max_descendants);
    }
  }
  return "";
}

/// Why no group with limits can be made in groups[at], whatever its controllers; empty where one can.
std::vector<std::string> obstacles(const std::vector<CgroupDirectory>& groups, std::size_t at) {
  const CgroupDirectory& group = groups[at];
  std::vector<std::string> out;
  // What is made in a threaded group, or in one with threaded ones, holds threads at most.
  if (!group.type.empty() && group.type != "domain") out.push_back("its type is " + escape_bytes(group.type));
  if (group.make_error != 0) out.push_back("no group can be made in it (" + errno_text(group.make_error) + ")");
  if (group.move_error != 0) out.push_back("no process can be moved in it (" + errno_text(group.move_error) + ")");
  if (std::string full = full_text(groups, at); !full.empty()) out.push_back(std::move(full));
  return out;
}

/// What groups[at] lacks for `wanted`: a line of an error.
std::string lacking_text(const std::vector<CgroupDirectory>& groups, std::size_t at, const Controllers& wanted) {
  const CgroupDirectory& group = groups[at];
  std::vector<std::string> lacking = obstacles(groups, at);
  const Controllers missing = without(wanted, group.enabled);
  if (const Controllers given = common(missing, group.controllers); !given.empty()) {
    lacking.push_back(words_of(given) + " not enabled for its children (cgroup.subtree_control)");
  }
  if (const Controllers absent = without(missing, group.controllers); !absent.empty()) {
    lacking.push_back("no controller " + words_of(absent));
  }
  return escape_bytes(group.path.text()) + ": " + join_words(lacking, ", ");
}

struct Place {
  const CgroupDirectory* group = nullptr;  ///< null: none at all
  Controllers kept;                        ///< of those that are wanted
};

/// The one that keeps the most, and of those the nearest.
Place best_place(const CgroupFacts& facts, const Controllers& wanted) {
  Place best;
  for (std::size_t at = 0; at < facts.groups.size(); ++at) {
    if (!obstacles(facts.groups, at).empty()) continue;
    Controllers kept = common(wanted, facts.groups[at].enabled);
    if (kept.size() > best.kept.size()) best = {&facts.groups[at], std::move(kept)};
  }
  return best;
}

// ---- the refusal --------------------------------------------------------------------------------------------

bool in_container(const CgroupFacts& facts) {
  if (facts.groups.empty()) return false;
  // The root of the hierarchy itself has no type; that of a cgroup namespace has.
  const CgroupDirectory& own = facts.groups.front();
  return own.make_error == EROFS || (facts.own == "/" && !own.type.empty());
}

std::string why_none(const CgroupFacts& facts, const Controllers& wanted) {
  if (const Controllers old = common(wanted, facts.v1_controllers); !old.empty()) {
    return "cgroup v1 has the controllers " + words_of(old) + " here, and v1 cannot be divided by its users";
  }
  if (!facts.own) return "this kernel has no cgroup v2, or nothing has mounted it";
  if (facts.groups.empty()) return "no mount shows the caller's control group " + escape_bytes(*facts.own);
  return "in no control group around the caller can one be made that has " + words_of(wanted);
}

std::string way_to_one(const CgroupFacts& facts, const Controllers& wanted, bool as_root) {
  if (!common(wanted, facts.v1_controllers).empty()) {
    return "boot with cgroup v2 alone: systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=all with another init (WSL: "
           "kernelCommandLine in .wslconfig)";
  }
  if (!facts.own) return "it takes Linux 4.15 with CONFIG_CGROUPS, and cgroup2 mounted on /sys/fs/cgroup";
  if (in_container(facts) || facts.groups.empty()) {
    return "limit the container itself: docker run or podman run with --pids-limit, --memory and --cpus";
  }
  return std::string("start it with systemd-run ") + (as_root ? "" : "--user ") + "--scope -p Delegate=yes fence ...";
}

std::string asked_text(const std::vector<LimitPlan>& limits) {
  std::vector<std::string> words;
  for (const LimitPlan& limit : limits) {
    const LimitRow& row = limit_row(limit.limit);
    if (row.controller.empty()) continue;
    words.push_back("limits." + std::string(row.name) + " of " + limit_text(limit.limit, limit.value));
  }
  return join_words(words);
}

Origin first_asker(const std::vector<LimitPlan>& limits) {
  const auto first =
      std::ranges::find_if(limits, [](const LimitPlan& limit) { return !limit_row(limit.limit).controller.empty(); });
  return first == limits.end() ? Origin{} : first->origin;
}

Error refusal(const std::vector<LimitPlan>& limits, const Controllers& wanted, const HostFacts& host,
              const CgroupFacts& facts) {
  Error error{ErrorKind::Unsupported, "cannot set " + asked_text(limits), why_none(facts, wanted)};
  error.origin = first_asker(limits);
  if (common(wanted, facts.v1_controllers).empty()) {
    for (std::size_t at = 0; at < facts.groups.size(); ++at) {
      error.context.push_back(lacking_text(facts.groups, at, wanted));
    }
  }
  const AbilityRow& row = ability_row(Ability::Delegation);
  error.context.push_back("allowDegraded = [\"" + std::string(row.name) + "\"] goes on without what cannot be kept");
  error.hint = way_to_one(facts, wanted, host.caller.uid == 0);
  return error;
}

const Sourced<Ability>* allowed_degraded(const Policy& policy) {
  const bool required = std::ranges::any_of(
      policy.require, [](const auto& requirement) { return requirement.value.ability == Ability::Delegation; });
  const auto allowed = std::ranges::find(policy.allow_degraded, Ability::Delegation, &Sourced<Ability>::value);
  return required || allowed == policy.allow_degraded.end() ? nullptr : &*allowed;
}

// ---- the files ----------------------------------------------------------------------------------------------

/// The kernel's most (PID_MAX_LIMIT, include/linux/threads.h); it takes no number above.
constexpr std::uint64_t kMostPids = 4'194'304;

CgroupSetting pids_setting(std::uint64_t value, Executor executor) {
  // bubblewrap waits outside of the pid namespace, in the same group.
  const std::uint64_t own = executor == Executor::Bwrap ? 2 : 1;
  const std::string whose =
      executor == Executor::Bwrap ? "bwrap and fence's init, which count" : "fence's init, which counts";
  return {"pids.max", std::to_string(std::min(value, kMostPids - own) + own),
          std::to_string(own) + " more, for " + whose + " as well"};
}

/// In each period so many microseconds of processor time can be used.
constexpr std::uint64_t kPeriod = 100'000;

void add_settings(CgroupPlan& plan, const LimitPlan& limit, Executor executor, bool swap) {
  switch (limit.limit) {
    case Limit::Pids:
      plan.settings.push_back(pids_setting(limit.value, executor));
      return;
    case Limit::Memory:
      plan.settings.push_back({"memory.max", std::to_string(limit.value), "in whole pages"});
      plan.settings.push_back({"memory.swap.max", "0", "or the limit would only move memory to the disk", !swap});
      plan.settings.push_back({"memory.oom.group", "1", "past the limit all is killed, not one process of many"});
      return;
    case Limit::Cpus:
      plan.settings.push_back({"cpu.max",
                               std::to_string(limit.value * (kPeriod / kThousandths)) + " " + std::to_string(kPeriod),
                               "microseconds of processor time in each period"});
      return;
    case Limit::OpenFiles:
    case Limit::Processes:
    case Limit::AddressSpace:
    case Limit::FileSize:
    case Limit::CpuTime:
    case Limit::CoreSize:
    case Limit::WallTime:
      return;
  }
}

}  // namespace

Result<CgroupDecision, Errors> decide_cgroup(const Policy& policy, std::vector<LimitPlan> limits, Executor executor,
                                             FactLens& lens) {
  CgroupDecision out{.limits = std::move(limits)};
  const Controllers wanted = controllers_of(out.limits);
  if (wanted.empty()) return out;
  const CgroupFacts& facts = lens.cgroups();
  const Place place = best_place(facts, wanted);
  if (place.kept != wanted) {
    const Sourced<Ability>* allowed = allowed_degraded(policy);
    if (allowed == nullptr) return Errors{refusal(out.limits, wanted, lens.host(), facts)};
    const AbilityRow& row = ability_row(Ability::Delegation);
    const auto lost = [&](const LimitPlan& limit) {
      const std::string controller(limit_row(limit.limit).controller);
      return !controller.empty() && !place.kept.contains(controller);
    };
    std::vector<LimitPlan> gone;
    std::ranges::copy_if(out.limits, std::back_inserter(gone), lost);
    std::erase_if(out.limits, lost);
    out.rows.push_back({std::string(row.name), "lacking: " + why_none(facts, without(wanted, place.kept)),
                        "not kept: " + asked_text(gone), allowed->origin});
  }
  if (place.group == nullptr) return out;
  out.cgroup.emplace(CgroupPlan{place.group->path, {}});
  for (const LimitPlan& limit : out.limits) add_settings(*out.cgroup, limit, executor, facts.swap);
  return out;
}

AbilityFact delegation_fact(FactLens& lens) {
  const Controllers all = all_controllers();
  const CgroupFacts& facts = lens.cgroups();
  if (best_place(facts, all).kept == all) return AbilityGiven{};
  return AbilityLacking{why_none(facts, all), 0};
}

}  // namespace fence
