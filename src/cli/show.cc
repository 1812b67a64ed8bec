// What is printed and not run.
#include "fence/plan/show.h"

#include "fence/bwrap/bwrap.h"
#include "fence/cli/commands.h"
#include "fence/cli/files.h"
#include "fence/cli/settings_text.h"
#include "fence/config/config.h"
#include "fence/util/text.h"

namespace fence {
namespace {

Result<int, Errors> list_profiles() {
  std::string out;
  for (const ShippedProfile& profile : shipped_profiles()) out += std::string(profile.name) + "\n";
  return print(out);
}

Result<int, Errors> show_profile(const std::string& name) {
  std::vector<std::string_view> names;
  for (const ShippedProfile& profile : shipped_profiles()) {
    if (profile.name == name) return print(profile.text);
    names.push_back(profile.name);
  }
  const auto meant = did_you_mean(name, names);
  return Errors{{.kind = ErrorKind::Usage,
                 .what = "no profile \"" + escape_bytes(name) + "\" is shipped",
                 .hint = meant ? "did you mean " + *meant + "?" : "`fence profiles` lists them"}};
}

Error no_line_for_a_group() {
  return {.kind = ErrorKind::Unsupported,
          .what = "cannot write this plan as a line for bwrap",
          .why = "limits.pids, limits.memory and limits.cpus take a control group, which no option of bwrap makes",
          .hint =
              "take them back with --set limits.pids=none and the like, and put systemd-run in front of the line: "
              "--user --scope -p TasksMax=... -p MemoryMax=... -p CPUQuota=..."};
}

Result<std::string, Errors> plan_output(PlanFormat format, const Result<SandboxPlan, Errors>& plan,
                                        const HostFacts& facts) {
  // Facts are of most use where there is no plan.
  if (format == PlanFormat::Facts) return dump_facts(facts);
  if (!plan) return plan.error();
  if (format == PlanFormat::Json) return plan_json(*plan);
  if (format == PlanFormat::Text) return plan_text(*plan);
  if (plan->cgroup) return Errors{no_line_for_a_group()};
  FENCE_TRY(const BwrapInvocation invocation, to_bwrap(*plan, facts));
  return shell_line(invocation);
}

}  // namespace

std::optional<Result<int, Errors>> answer(const CommandLine& line) {
  switch (line.subcommand) {
    case Subcommand::Run:
    case Subcommand::Plan:
    case Subcommand::ShowSettings:
    case Subcommand::CheckSettings:
    case Subcommand::ListPlaces:
    case Subcommand::Init:
      return std::nullopt;
    case Subcommand::ListKeys:
      return print(keys_text());
    case Subcommand::ListProfiles:
      return list_profiles();
    case Subcommand::ShowProfile:
      return show_profile(line.profile);
    case Subcommand::Help:
      return print(help_text());
    case Subcommand::Version:
      return print("fence " FENCE_VERSION "\n");
  }
  return std::nullopt;
}

Result<int, Errors> show(const CommandLine& line, const Result<SandboxPlan, Errors>& plan, const HostFacts& facts) {
  FENCE_TRY(std::string text, plan_output(line.format, plan, facts));
  if (!text.ends_with('\n')) text += '\n';
  if (!line.save) return print(text);
  if (auto written = write_file(*line.save, text); !written) return Errors{std::move(written).error()};
  return 0;
}

}  // namespace fence
