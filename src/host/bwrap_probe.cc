#include "bwrap_probe.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "children.h"
#include "fence/facts/resolve.h"
#include "fence/util/text.h"
#include "parse.h"

namespace fence {
namespace {

constexpr std::chrono::seconds kHelpTime{5};
constexpr std::string_view kUsualPlace = "usr/bin/bwrap";  ///< below the root

bool only_root_can_change(const Present& fact, bool owners_count) {
  if (!owners_count) return fact.mount.read_only;
  return fact.uid == 0 && (fact.mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Precondition: no component of `path` is a link, and all of them are known.
bool only_root_can_change(const HostFacts& facts, HostPath path) {
  const bool owners_count = maps_root(facts.caller);
  while (true) {
    const auto known = facts.paths.find(path);
    const auto* fact = known == facts.paths.end() ? nullptr : std::get_if<Present>(&known->second);
    if (fact == nullptr || !only_root_can_change(*fact, owners_count)) return false;
    if (path.is_root()) return true;
    path = path.parent();
  }
}

/// By its permission bits (path_resolution(7)): of files that only root can change the owner is root.
bool may_execute(const Present& file, const CallerFacts& caller) {
  if (file.mount.noexec) return false;
  if (caller.uid == 0) return (file.mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  if (caller.uid == file.uid) return (file.mode & S_IXUSR) != 0;
  const bool member = caller.gid == file.gid || std::ranges::count(caller.groups, file.gid) > 0;
  return (file.mode & (member ? S_IXGRP : S_IXOTH)) != 0;
}

}  // namespace

std::optional<HostPath> trusted_program(const HostFacts& facts, const HostPath& place) {
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, place);
  const auto* found = std::get_if<Found>(&resolution);
  const bool program =
      found != nullptr && found->fact.kind == PathKind::Regular && may_execute(found->fact, facts.caller);
  if (!program || !only_root_can_change(facts, found->real)) return std::nullopt;
  return found->real;
}

std::vector<HostPath> bwrap_places(const Environment& environment) {
  const std::string* path = find_variable(environment, "PATH");
  std::vector<HostPath> places;
  for (const std::string& entry : split(path == nullptr ? "" : *path, ':')) {
    if (const Result<HostPath> directory = HostPath::parse(entry)) places.push_back(directory->child("bwrap"));
  }
  places.push_back(HostPath::root().below(kUsualPlace));
  return places;
}

std::optional<BwrapFacts> probe_bwrap(const HostFacts& facts, const std::vector<HostPath>& places) {
  const std::array<std::string, 1> help = {"--help"};
  for (const HostPath& place : places) {
    const std::optional<HostPath> program = trusted_program(facts, place);
    if (!program) continue;
    const Present& file = std::get<Present>(facts.paths.at(*program));
    return BwrapFacts{.path = program->text(),
                      .options = parse_help_options(program_output(program->text(), help, kHelpTime)),
                      .setuid = (file.mode & S_ISUID) != 0};
  }
  return std::nullopt;
}

}  // namespace fence
