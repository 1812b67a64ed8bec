#include "fence/cli/commands.h"

#include <unistd.h>

#include <algorithm>

#include "fence/cli/files.h"
#include "fence/cli/read_settings.h"
#include "fence/cli/request.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// More rounds than any chain of links, gitdir files and listings needs; past it the planner asks in a circle.
constexpr int kMaxRounds = 100;

void append(Errors& errors, Errors more) { std::ranges::move(more, std::back_inserter(errors)); }

Error unanswered(std::string_view question, const HostPath& path) {
  return facts_do_not_tell(std::string(question) + " " + escape_bytes(path.text()));
}

Errors unanswered(const FactQueries& queries) {
  Errors errors;
  for (const HostPath& path : queries.paths) errors.push_back(unanswered("what is at", path));
  for (const HostPath& path : queries.listings) errors.push_back(unanswered("what is in the directory", path));
  for (const HostPath& path : queries.texts) errors.push_back(unanswered("the content of", path));
  for (const GlobQuery& query : queries.globs) {
    errors.push_back(unanswered("what matches \"" + escape_bytes(query.pattern) + "\" below", query.base));
  }
  for (const Ability ability : queries.abilities) {
    errors.push_back(facts_do_not_tell("whether the host has the ability " + std::string(ability_row(ability).name)));
  }
  if (queries.bwrap) errors.push_back(facts_do_not_tell("whether bwrap is installed"));
  if (queries.cgroups) errors.push_back(facts_do_not_tell("which control groups there are around the caller"));
  return errors;
}

/// What the planner wants to know, and what the output takes besides: a dump is replayed in every form.
FactQueries questions(const CommandLine& line, FactQueries queries, const HostFacts& facts) {
  const bool shows_bwrap = line.format == PlanFormat::Bwrap || line.format == PlanFormat::Facts;
  if (line.subcommand == Subcommand::Plan && shows_bwrap && !facts.bwrap_known) queries.bwrap = true;
  return queries;
}

std::string count(std::size_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

void finish(SandboxPlan& plan, std::vector<std::string> profiles, const Diagnostics& say) {
  plan.profiles = std::move(profiles);
  say.detail("plan: " + count(plan.mounts.ops().size(), "mount") + ", " + count(plan.remarks.size(), "remark") + ", " +
             plan.backend_reason);
}

/// A set-user-id launcher is a hole of its own: it would read files and make mounts with rights that its caller has
/// not.
Error borrowed_rights() {
  return {.kind = ErrorKind::Host,
          .what = "cannot run as a set-user-id or set-group-id program",
          .why = "it would have rights that you have not",
          .hint = "chmod u-s,g-s its file: fence needs no privilege"};
}

}  // namespace

Result<HostFacts, Errors> first_facts(const CommandLine& line, HostProber& prober) {
  if (::getuid() != ::geteuid() || ::getgid() != ::getegid()) return Errors{borrowed_rights()};
  if (!line.facts_file) return prober.basics();
  const auto text = read_input(*line.facts_file);
  if (!text) return Errors{text.error()};
  auto facts = parse_facts(*text).context("in " + escape_bytes(*line.facts_file));
  if (!facts) return Errors{std::move(facts).error()};
  return *std::move(facts);
}

Result<Wishes, Errors> read_wishes(const CommandLine& line, HostProber& prober, HostFacts& facts,
                                   const Diagnostics& say) {
  const auto request = make_request(line, facts);
  if (std::holds_alternative<Unreadable>(facts.working_directory)) return request.error();
  const Result<LoadedConfig, Errors> config = read_settings(line, prober, facts, say).config;
  Errors errors;
  if (!request) append(errors, request.error());
  if (!config) append(errors, config.error());
  if (!errors.empty()) return errors;
  if (config->user_file) say.detail("settings: " + escape_bytes(config->user_file->text()));
  say.detail("profiles: " + join_words(config->profiles));
  return Wishes{merge(config->layers), *request, config->profiles};
}

Result<Decided, Errors> decide(const CommandLine& line, Wishes wishes, HostProber& prober, HostFacts facts,
                               const Diagnostics& say) {
  for (int round = 1; round <= kMaxRounds; ++round) {
    Planned planned = try_plan(wishes.policy, wishes.request, facts);
    const FactQueries queries = questions(line, std::move(planned.wanted), facts);
    if (queries.empty()) {
      prober.rest();
      if (planned.plan) finish(*planned.plan, std::move(wishes.profiles), say);
      return Decided{std::move(facts), std::move(planned.plan)};
    }
    if (line.facts_file) return unanswered(queries);
    say.detail("round " + std::to_string(round) + ": asking for " + count(queries.paths.size(), "path") + ", " +
               count(queries.listings.size(), "listing") + " and " + count(queries.texts.size(), "text"));
    prober.answer(queries, facts);
  }
  return Errors{{.kind = ErrorKind::Internal,
                 .what = "the planner asks for ever",
                 .context = {"after " + std::to_string(kMaxRounds) + " rounds of questions"}}};
}

}  // namespace fence
