// By what a program, or a prompt, knows that it runs inside, and in which plan.
#include <algorithm>
#include <cstdio>

#include "fence/plan/decide.h"
#include "fence/plan/show.h"

namespace fence {
namespace {

constexpr std::string_view kSandbox = "FENCE_SANDBOX";
constexpr std::string_view kPlan = "FENCE_PLAN";

// FNV-1a, 64 bits (draft-eastlake-fnv): a label that is the same for the same plan, no proof of anything.
std::string label(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

// An inherited one is of the sandbox outside, or somebody's invention.
void set_variable(EnvironmentPlan& plan, std::string_view name, std::string value, std::string reason) {
  const auto at = std::ranges::lower_bound(plan.variables, name, {}, &VariablePlan::name);
  VariablePlan variable{std::string(name), Replaced{std::move(value)}, std::move(reason), {}};
  if (at != plan.variables.end() && at->name == name) {
    *at = std::move(variable);
  } else {
    plan.variables.insert(at, std::move(variable));
  }
}

}  // namespace

void mark_plan(SandboxPlan& plan) {
  set_variable(plan.environment, kSandbox, "1", "tells programs and prompts that they run in fence");
  set_variable(plan.environment, kPlan, {}, "the hash of this plan");
  plan.hash.clear();
  plan.hash = label(plan_json(plan));
  set_variable(plan.environment, kPlan, plan.hash, "the hash of this plan");
}

}  // namespace fence
