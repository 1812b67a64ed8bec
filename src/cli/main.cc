#include <exception>

#include "fence/cli/commands.h"
#include "fence/util/text.h"

namespace {

using namespace fence;  // NOLINT(google-build-using-namespace): the picture below is the program

void tell_of_walk(const Diagnostics& say, std::uint64_t entries, const HostPath& at) {
  say.notice("looking for what the patterns match: " + std::to_string(entries) + " names so far, in " +
             escape_bytes(at.text()));
}

Result<int, Errors> fence_main(const CommandLine& line, const Diagnostics& say) {
  if (auto answered = answer(line)) return *std::move(answered);
  HostProber prober([&say](std::uint64_t entries, const HostPath& at) { tell_of_walk(say, entries, at); });
  FENCE_TRY(HostFacts basics, first_facts(line, prober));
  if (is_about_settings(line.subcommand)) return about_settings(line, prober, basics, say);
  FENCE_TRY(Wishes wishes, read_wishes(line, prober, basics, say));
  FENCE_TRY(Decided decided, decide(line, std::move(wishes), prober, std::move(basics), say));
  auto& [facts, plan] = decided;
  if (line.subcommand == Subcommand::Plan) return show(line, plan, facts);
  if (!plan) return std::move(plan).error();
  // A command may run for days: what was only needed to decide does not stay in memory beside it.
  facts.paths.clear();
  facts.listings.clear();
  facts.texts.clear();
  return run(*plan, facts, say);
}

}  // namespace

int main(int argc, char** argv) {
  const auto [line, errors] = parse_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  const Diagnostics say(line.log_format, line.verbose);
  if (!errors.empty()) return say.refuse(errors, line.subcommand);
  try {
    const auto status = fence_main(line, say);
    return status ? *status : say.refuse(status.error(), line.subcommand);
  } catch (const ProbeFailure& failure) {
    return say.refuse({failure.error()}, line.subcommand);
  } catch (const std::exception& broken) {
    return say.refuse({{.kind = ErrorKind::Internal, .what = "internal error", .why = broken.what()}}, line.subcommand);
  }
}
