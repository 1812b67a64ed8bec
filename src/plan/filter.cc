// Which groups of system calls are refused, by the settings and then by name.
#include "fence/plan/filter.h"

#include <errno.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "fence/util/text.h"

namespace fence {
namespace {

FilterLevel level_of(SeccompProfile profile) {
  switch (profile) {
    case SeccompProfile::Minimal:
      return FilterLevel::Minimal;
    case SeccompProfile::Default:
      return FilterLevel::Default;
    case SeccompProfile::Strict:
      return FilterLevel::Strict;
  }
  return FilterLevel::Strict;
}

std::string_view word_of(SeccompProfile profile) {
  switch (profile) {
    case SeccompProfile::Minimal:
      return "minimal";
    case SeccompProfile::Default:
      return "default";
    case SeccompProfile::Strict:
      return "strict";
  }
  return "";
}

/// By `network.mode` alone.
constexpr std::string_view kNetworkGroup = "network";

/// The command is in the host's namespaces.
bool shares_namespaces(const Policy& policy) { return policy.backend.value == Backend::Landlock; }

/// What leads to Windows is opened together (windows.h).
constexpr std::string_view kWindowsGroup = "windows";

/// An entry of seccomp.allow or .deny.
struct NamedCall {
  const Ranked<CallRule>* entry = nullptr;
  bool refused = true;
};

// An enforced denial stands before all, then the layer decides, then the denial.
bool stronger(const NamedCall& a, const NamedCall& b) {
  const auto key = [](const NamedCall& named) {
    return std::tuple(named.refused && named.entry->enforced, named.entry->rank, named.refused);
  };
  return key(a) > key(b);
}

/// By name, the strongest entry for each.
using NamedCalls = std::map<std::string_view, NamedCall>;

bool has_row(const FilterGroup& group, std::string_view syscall) {
  return std::ranges::find(group.rows, syscall, &FilterRow::syscall) != group.rows.end();
}

bool names_call(std::string_view name) {
  if (find_call(name) != nullptr) return true;
  return std::ranges::any_of(filter_groups(), [&](const FilterGroup& group) { return has_row(group, name); });
}

Error never_open(const Ranked<CallRule>& entry) {
  Error error{ErrorKind::Config, "cannot take \"" + escape_bytes(entry.value.name) + "\" in seccomp.allow",
              "nothing opens this group"};
  error.origin = entry.origin;
  error.hint = "what it refuses has no use but to type for the user";
  return error;
}

Error unknown_name(std::string_view key, const Ranked<CallRule>& entry) {
  std::vector<std::string_view> names;
  for (const FilterGroup& group : filter_groups()) names.push_back(group.name);
  for (const SystemCall& call : known_calls()) names.push_back(call.name);
  Error error{ErrorKind::Config, "cannot take \"" + escape_bytes(entry.value.name) + "\" in " + std::string(key),
              "there is no such group, and no such system call on this machine"};
  error.origin = entry.origin;
  const auto meant = did_you_mean(entry.value.name, names);
  error.hint = meant ? "did you mean \"" + *meant + "\"?" : "docs/system-calls.md lists the groups";
  return error;
}

void take_entries(std::string_view key, const std::vector<Ranked<CallRule>>& entries, bool refused, NamedCalls& named,
                  Errors& errors) {
  for (const Ranked<CallRule>& entry : entries) {
    const std::string_view name = entry.value.name;
    const FilterGroup* group = find_filter_group(name);
    if (group == nullptr && !names_call(name)) {
      errors.push_back(unknown_name(key, entry));
      continue;
    }
    if (group != nullptr && group->level == FilterLevel::Always && !refused) {
      errors.push_back(never_open(entry));
      continue;
    }
    const NamedCall one{&entry, refused};
    const auto [at, added] = named.try_emplace(name, one);
    if (!added && !stronger(at->second, one)) at->second = one;
  }
}

std::string reason_of(const NamedCall& named) {
  const std::string& why = named.entry->value.why;
  return std::string(named.refused ? "seccomp.deny" : "seccomp.allow") + (why.empty() ? "" : ": " + why);
}

FilterGroupPlan group_plan(const FilterGroup& group, const Policy& policy, const NamedCalls& named) {
  const std::string name(group.name);
  if (const auto found = named.find(group.name); found != named.end()) {
    return {name, found->second.refused, reason_of(found->second), found->second.entry->origin};
  }
  if (group.level == FilterLevel::Shared) {
    if (group.name == kNetworkGroup && policy.network.value == NetworkMode::Host) {
      return {name, false, "network.mode = \"host\"", policy.network.origin};
    }
    return {name, true, "the command is in the host's namespaces", policy.backend.origin};
  }
  if (group.needed_to_nest && policy.nesting.value) return {name, false, "nesting needs it", policy.nesting.origin};
  if (group.name == kWindowsGroup && policy.windows_interop.value) {
    return {name, false, "wsl.interop needs it", policy.windows_interop.origin};
  }
  const bool refused = group.level <= level_of(policy.seccomp.value);
  return {name, refused, "profile " + std::string(word_of(policy.seccomp.value)), policy.seccomp.origin};
}

/// A group that is named by a stronger entry speaks for the call as well.
bool outdone(std::string_view call, const NamedCall& named, const NamedCalls& all) {
  return std::ranges::any_of(filter_groups(), [&](const FilterGroup& group) {
    const auto found = all.find(group.name);
    return found != all.end() && has_row(group, call) && found->second.refused != named.refused &&
           stronger(found->second, named);
  });
}

/// Whether the plan speaks of the group: of those that only matter in the host's namespaces, only there or by name.
bool is_planned(const FilterGroup& group, const Policy& policy, const NamedCalls& named) {
  return group.level != FilterLevel::Shared || shares_namespaces(policy) || named.contains(group.name);
}

const FilterCallPlan* find_plan(const FilterPlan& plan, std::string_view call) {
  const auto found = std::ranges::find(plan.calls, call, &FilterCallPlan::name);
  return found == plan.calls.end() ? nullptr : &*found;
}

}  // namespace

Result<FilterPlan, Errors> decide_filter(const Policy& policy) {
  NamedCalls named;
  Errors errors;
  take_entries("seccomp.allow", policy.seccomp_allow, false, named, errors);
  take_entries("seccomp.deny", policy.seccomp_deny, true, named, errors);
  if (!errors.empty()) return errors;
  FilterPlan plan;
  for (const FilterGroup& group : filter_groups()) {
    if (is_planned(group, policy, named)) plan.groups.push_back(group_plan(group, policy, named));
  }
  for (const auto& [name, entry] : named) {
    if (find_filter_group(name) != nullptr || outdone(name, entry, named)) continue;
    plan.calls.push_back({std::string(name), entry.refused, reason_of(entry), entry.entry->origin});
  }
  return plan;
}

std::vector<Remark> filter_dangers(const FilterPlan& plan) {
  std::vector<Remark> dangers;
  for (const FilterGroupPlan& group : plan.groups) {
    const FilterGroup* table = find_filter_group(group.name);
    // What `network.mode` opens is told of as a danger of its own.
    const bool told = group.name == kNetworkGroup || table->level == FilterLevel::Strict;
    if (group.refused || told) continue;
    dangers.push_back(
        {RemarkKind::Danger, "system calls, group " + group.name + ": " + std::string(table->danger), group.origin});
  }
  for (const FilterCallPlan& call : plan.calls) {
    if (call.refused) continue;
    for (const FilterGroupPlan& group : plan.groups) {
      const FilterGroup* table = find_filter_group(group.name);
      if (!group.refused || table->level == FilterLevel::Always || !has_row(*table, call.name)) continue;
      dangers.push_back({RemarkKind::Danger,
                         "system call " + call.name + " of group " + group.name + ": " + std::string(table->danger),
                         call.origin});
    }
  }
  return dangers;
}

std::vector<BpfInstruction> command_filter(const FilterPlan& plan) {
  FilterRules rules;
  rules.refuse_unknown = false;
  for (const FilterCallPlan& call : plan.calls) {
    const SystemCall* known = find_call(call.name);
    if (call.refused && known != nullptr) rules.refusals.push_back({known->number, {}, EPERM});
  }
  for (const FilterGroup& group : filter_groups()) {
    // One that the plan does not speak of is refused, but those that only matter in the host's namespaces.
    const auto planned = std::ranges::find(plan.groups, group.name, &FilterGroupPlan::name);
    if (planned == plan.groups.end() ? group.level == FilterLevel::Shared : !planned->refused) continue;
    if (group.unknown_calls) rules.refuse_unknown = true;
    for (const FilterRow& row : group.rows) {
      const FilterCallPlan* own = find_plan(plan, row.syscall);
      const bool open = own != nullptr && !own->refused && group.level != FilterLevel::Always;
      if (!open && row.number >= 0) rules.refusals.push_back({row.number, row.tests, row.error});
    }
  }
  return compile_filter(rules);
}

}  // namespace fence
