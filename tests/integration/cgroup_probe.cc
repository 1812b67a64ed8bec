// cgroup_probe BACKEND DIRECTORY COMMAND...: runs the command as fence does, in a control group made in DIRECTORY, but
// without values in it. So what is done with groups is tried where the kernel has no controllers for them.
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>

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

fence::Policy policy_of(fence::Backend backend) {
  fence::Policy policy;
  policy.backend = {backend, {}};
  policy.terminal = {fence::TerminalMode::Shared, {}};
  const auto show = [&policy](std::string_view path) {
    policy.paths.push_back(
        {.value = {.list = fence::PathList::AllowRead, .path = *fence::HostPath::parse(path), .optional = true}});
  };
  if (backend != fence::Backend::Landlock) {
    show("/");
    return policy;
  }
  policy.runtime_dir = {fence::RuntimeDirMode::Unset, {}};
  for (const auto ability : {fence::Ability::Proc, fence::Ability::Cgroup, fence::Ability::Metadata}) {
    policy.allow_degraded.push_back({ability, {}});
  }
  for (const char* path : {"/usr", "/bin", "/lib", "/lib64", "/etc", "/dev/null"}) show(path);
  show(std::filesystem::current_path().string());
  return policy;
}

std::optional<fence::Backend> backend_named(std::string_view name) {
  if (name == "bwrap") return fence::Backend::Bwrap;
  if (name == "native") return fence::Backend::Native;
  if (name == "landlock") return fence::Backend::Landlock;
  return std::nullopt;
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
  if (plan.executor == fence::Executor::Landlock) return run_landlock(plan, facts);
  FENCE_TRY(fence::ChildProgram program, compile(plan, facts));
  return run_native(plan, std::move(program), facts);
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  const auto backend = backend_named(words[1]);
  const auto parent = fence::HostPath::parse(words[2]);
  if (!backend || !parent) return 2;
  fence::HostProber prober;
  fence::HostFacts facts = prober.basics();
  const fence::Request request{.command = {words + 3, words + count}};
  auto plan = plan_for(policy_of(*backend), request, prober, facts);
  if (!plan) return refuse(plan.error());
  prober.rest();
  plan->cgroup = fence::CgroupPlan{*parent, {}};
  const auto outcome = carried_out(*plan, facts);
  return outcome ? exit_status(*outcome) : refuse(outcome.error());
}
