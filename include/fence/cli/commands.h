#pragma once
// The steps of the program, in the order of main().
#include <string>
#include <vector>

#include "fence/cli/diagnostics.h"
#include "fence/cli/options.h"
#include "fence/facts/facts.h"
#include "fence/host/probe.h"
#include "fence/plan/plan.h"
#include "fence/policy/policy.h"

namespace fence {

/// What is asked for.
struct Wishes {
  Policy policy;
  Request request;
  std::vector<std::string> profiles;  ///< in force, in order
};

/// Subcommands that need nothing of the host: help, version, profiles. Nothing for all others.
std::optional<Result<int, Errors>> answer(const CommandLine& line);

/// What every launch needs to know: of this host, or of the host that --facts describes.
Result<HostFacts, Errors> first_facts(const CommandLine& line, HostProber& prober);

/// True of the subcommands that about_settings() carries out.
bool is_about_settings(Subcommand subcommand) noexcept;

/// `fence settings` (but for `keys`) and `fence init`. `facts` are those of first_facts().
Result<int, Errors> about_settings(const CommandLine& line, HostProber& prober, HostFacts& facts,
                                   const Diagnostics& say);

/// Reads the settings, and checks the request; all errors of both. The files that were read are added to `facts`.
Result<Wishes, Errors> read_wishes(const CommandLine& line, HostProber& prober, HostFacts& facts,
                                   const Diagnostics& say);

/// All that the planner wanted to know, and what it made of it.
struct Decided {
  HostFacts facts;
  Result<SandboxPlan, Errors> plan;
};
/// Asks for what the planner wants to know besides `facts`, in rounds, and plans. With --facts, what they do not tell
/// is an error. Errors: the facts cannot be had.
Result<Decided, Errors> decide(const CommandLine& line, Wishes wishes, HostProber& prober, HostFacts facts,
                               const Diagnostics& say);

/// `fence plan`: writes the plan, or with --format facts what it is made from.
Result<int, Errors> show(const CommandLine& line, const Result<SandboxPlan, Errors>& plan, const HostFacts& facts);

/// Carries the plan out. Gives the status to exit with; ends fence itself by a signal where the command's end asks for
/// it.
Result<int, Errors> run(const SandboxPlan& plan, const HostFacts& facts, const Diagnostics& say);

}  // namespace fence
