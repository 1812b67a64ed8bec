// cgroup_probe BACKEND DIRECTORY COMMAND...: runs the command as fence does, in a control group made in DIRECTORY, but
// without values in it. So what is done with groups is tried where the kernel has no controllers for them.
#include <cstdio>
#include <string>

#include "fence/bwrap/bwrap.h"
#include "fence/host/probe.h"
#include "fence/launch/launch.h"
#include "fence/native/native.h"

namespace {

using fence::Errors;

int refuse(const Errors& errors) {
  for (const fence::Error& error : errors) std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return 125;
}

fence::Policy everything_shown(fence::Backend backend) {
  fence::Policy policy;
  policy.backend = {backend, {}};
  policy.terminal = {fence::TerminalMode::Shared, {}};
  policy.paths.push_back({.value = {.list = fence::PathList::AllowRead, .path = fence::HostPath::root()}});
  return policy;
}

fence::Result<fence::SandboxPlan, Errors> plan_for(const fence::Policy& policy, const fence::Request& request,
                                                   fence::HostProber& prober, fence::HostFacts& facts) {
  for (;;) {
    fence::Planned planned = try_plan(policy, request, facts);
    if (planned.wanted.empty()) return std::move(planned.plan);
    prober.answer(planned.wanted, facts);
  }
}

fence::Result<fence::Outcome, Errors> carried_out(const fence::SandboxPlan& plan, const fence::HostFacts& facts) {
  if (plan.executor == fence::Executor::Bwrap) {
    FENCE_TRY(const fence::BwrapInvocation invocation, to_bwrap(plan, facts));
    return run_bwrap(plan, invocation, facts);
  }
  FENCE_TRY(fence::ChildProgram program, compile(plan, facts));
  return run_native(plan, std::move(program), facts);
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  const bool by_bwrap = std::string(words[1]) == "bwrap";
  const auto parent = fence::HostPath::parse(words[2]);
  if (!parent) return 2;
  fence::HostProber prober;
  fence::HostFacts facts = prober.basics();
  const fence::Request request{.command = {words + 3, words + count}};
  auto plan =
      plan_for(everything_shown(by_bwrap ? fence::Backend::Bwrap : fence::Backend::Native), request, prober, facts);
  if (!plan) return refuse(plan.error());
  prober.rest();
  plan->cgroup = fence::CgroupPlan{*parent, {}};
  const auto outcome = carried_out(*plan, facts);
  return outcome ? exit_status(*outcome) : refuse(outcome.error());
}
