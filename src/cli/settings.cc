// `fence settings` and `fence init`.
#include <cerrno>
#include <optional>

#include "fence/cli/commands.h"
#include "fence/cli/files.h"
#include "fence/cli/init.h"
#include "fence/cli/read_settings.h"
#include "fence/cli/request.h"
#include "fence/cli/settings_text.h"
#include "fence/facts/resolve.h"
#include "fence/plan/filter.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// The writing itself cannot be given up: a file system that does not answer is found out before.
std::optional<Error> unanswered(const HostPath& file, HostProber& prober, HostFacts& facts) {
  prober.answer({.paths = {file}}, facts);
  prober.rest();
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, file);
  const auto* refused = std::get_if<Refused>(&resolution);
  if (refused == nullptr || refused->errno_value != ETIMEDOUT) return std::nullopt;
  return Error{.kind = ErrorKind::Host,
               .what = "cannot write " + escape_bytes(file.text()),
               .why = refusal_text(facts, refused->at, ETIMEDOUT),
               .errno_value = ETIMEDOUT,
               .hint = std::string(kStalledHint)};
}

Result<int, Errors> write_first_settings(const CommandLine& line, HostProber& prober, HostFacts& facts) {
  const ConfigRequest request = config_request(line, facts);
  FENCE_TRY(const HostPath file, user_settings_file(request));
  if (auto error = unanswered(file, prober, facts)) return Errors{*std::move(error)};
  auto written = create_settings(file, home_directory(request), facts.caller.uid, commented_settings());
  if (!written) return Errors{std::move(written).error()};
  return print(escape_bytes(file.text()) + "\n");
}

}  // namespace

bool is_about_settings(Subcommand subcommand) noexcept {
  return subcommand == Subcommand::ShowSettings || subcommand == Subcommand::CheckSettings ||
         subcommand == Subcommand::ListPlaces || subcommand == Subcommand::Init;
}

Result<int, Errors> about_settings(const CommandLine& line, HostProber& prober, HostFacts& facts,
                                   const Diagnostics& say) {
  if (line.subcommand == Subcommand::Init) return write_first_settings(line, prober, facts);
  const ConfigReport report = read_settings(line, prober, facts, say);
  // Where an error is, too.
  if (line.subcommand == Subcommand::ListPlaces) return print(places_text(report.places));
  if (!report.config) return report.config.error();
  if (line.subcommand == Subcommand::ShowSettings) return print(in_force_text(*report.config));
  // Which names there are depends on the build, and not on the text: so it is asked of what makes the filter.
  if (auto filter = decide_filter(merge(report.config->layers)); !filter) return std::move(filter).error();
  return print(files_text(report.places));
}

}  // namespace fence
