#include "fence/cli/request.h"

#include "fence/facts/resolve.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// `text` as an absolute path. The working directory has no link in it (getcwd(3)), so a leading ".." is its parent.
Result<HostPath> start_directory(std::string_view text, HostPath base) {
  if (text.starts_with('/')) return HostPath::parse(text);
  if (text.empty()) return Error{.kind = ErrorKind::Usage, .what = "cannot start in \"\"", .why = "the name is empty"};
  while (text == ".." || text.starts_with("../") || text.starts_with("./")) {
    if (text.starts_with("..")) base = base.parent();
    text.remove_prefix(std::min(text.find('/'), text.size() - 1) + 1);
  }
  return HostPath::parse(base.text() + "/" + std::string(text));
}

/// Where the command starts; the working directory where -C makes no sense, which is an error of make_request().
HostPath spelled_start(const CommandLine& line, const HostPath& here) {
  if (!line.directory) return here;
  auto directory = start_directory(line.directory->value, here);
  return directory ? *std::move(directory) : here;
}

/// `path` with its links resolved, as far as the facts tell.
HostPath without_links(const HostPath& path, const HostFacts& facts) {
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, path);
  const auto* found = std::get_if<Found>(&resolution);
  return found != nullptr && lens.wanted().empty() ? found->real : path;
}

Error unknown_working_directory(const Unreadable& why) {
  return {.kind = ErrorKind::Host,
          .what = "cannot tell the working directory",
          .why = errno_text(why.errno_value),
          .hint = "change to a directory that exists"};
}

}  // namespace

std::optional<int> descriptor_argument(std::string_view word) {
  if (const auto equals = word.find('='); !word.starts_with('/') && equals != std::string_view::npos) {
    word.remove_prefix(equals + 1);
  }
  for (const std::string_view prefix : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!word.starts_with(prefix)) continue;
    const auto number = parse_number<int>(word.substr(prefix.size()));
    if (number && *number >= 0) return number;
  }
  return std::nullopt;
}

Result<Request, Errors> make_request(const CommandLine& line, const HostFacts& facts) {
  const auto* here = std::get_if<HostPath>(&facts.working_directory);
  if (here == nullptr) return Errors{unknown_working_directory(*std::get_if<Unreadable>(&facts.working_directory))};
  Request request{.command = line.command};
  Errors errors;
  if (line.directory) {
    if (auto directory = start_directory(line.directory->value, *here)) {
      request.directory = Sourced<HostPath>{*std::move(directory), line.directory->origin};
    } else {
      errors.push_back(std::move(directory).error());
      errors.back().kind = ErrorKind::Usage;
      errors.back().origin = line.directory->origin;
    }
  }
  // Descriptors 0 to 2 are the command's in any case.
  for (const Sourced<int>& kept : line.keep_descriptors) {
    if (kept.value <= 2) continue;
    if (facts.open_descriptors.contains(kept.value)) {
      request.keep_descriptors.push_back(kept);
    } else {
      errors.push_back({.kind = ErrorKind::Usage,
                        .what = "cannot keep descriptor " + std::to_string(kept.value),
                        .why = "it is not open",
                        .origin = kept.origin});
    }
  }
  for (const std::string& word : line.command) {
    const auto number = descriptor_argument(word);
    if (!number || *number <= 2 || !facts.open_descriptors.contains(*number)) continue;
    request.keep_descriptors.push_back({*number, {.layer = LayerKind::CommandLine, .source = escape_bytes(word)}});
  }
  if (!errors.empty()) return errors;
  return request;
}

FactQueries config_queries(const CommandLine& line, const HostFacts& facts) {
  const auto* here = std::get_if<HostPath>(&facts.working_directory);
  if (here == nullptr) return {};
  FactQueries queries;
  const HostPath start = spelled_start(line, *here);
  const auto home = home_directory(config_request(line, facts));
  if (home && !home->contains(start)) queries.paths = {start, *home};
  if (start != *here) queries.paths.insert(start);
  return queries;
}

ConfigRequest config_request(const CommandLine& line, const HostFacts& facts) {
  const auto* known = std::get_if<HostPath>(&facts.working_directory);
  const HostPath here = known != nullptr ? *known : HostPath::root();
  ConfigRequest request{.settings_file = line.settings_file,
                        .no_settings = line.no_settings,
                        .trust_project = line.trust_project,
                        .command_line = line.settings,
                        .environment = facts.environment,
                        .home_by_nss = facts.caller.home,
                        .working_directory = here,
                        .root = facts.caller.uid == 0,
                        .wsl = on_wsl(facts)};
  request.start_directory = without_links(spelled_start(line, here), facts);
  if (const auto home = home_directory(request)) request.real_home = without_links(*home, facts);
  return request;
}

}  // namespace fence
