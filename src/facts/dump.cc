#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fence/facts/facts.h"
#include "fence/util/text.h"
#include "names.h"

namespace fence {
namespace {

using nlohmann::json;

/// Parts of a variable's name (upper case) that say its value opens a door.
constexpr std::array<std::string_view, 8> kCredentialWords = {"TOKEN",      "SECRET",  "PASSWORD", "PASSWD",
                                                              "CREDENTIAL", "API_KEY", "APIKEY",   "PRIVATE_KEY"};
constexpr std::string_view kCredentialEnd = "_KEY";
constexpr std::string_view kRemoved = "<removed>";

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool looks_like_credential(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), upper);
  const bool has_word = std::any_of(kCredentialWords.begin(), kCredentialWords.end(),
                                    [&](std::string_view word) { return name.find(word) != std::string::npos; });
  return has_word || name.ends_with(kCredentialEnd);
}

template <class Enum, std::size_t N>
std::string_view word_for(const std::array<std::pair<Enum, std::string_view>, N>& table, Enum value) {
  return std::find_if(table.begin(), table.end(), [value](const auto& row) { return row.first == value; })->second;
}

json json_of(const MountFlags& flags) {
  json out = json::array();
  for (const auto& [flag, word] : facts_names::kMountFlags) {
    if (flags.*flag) out.push_back(word);
  }
  return out;
}

json json_of(const Unreadable& fact) { return {{"errno", fact.errno_value}}; }

json json_of(const PathFact& fact) {
  return std::visit(Overloaded{[](const Present& present) -> json {
                                 return {{"kind", word_for(facts_names::kPathKinds, present.kind)},
                                         {"fs", word_for(facts_names::kFsKinds, present.fs)},
                                         {"device", present.id.device},
                                         {"inode", present.id.inode},
                                         {"uid", present.uid},
                                         {"gid", present.gid},
                                         {"mode", octal_mode(present.mode)},
                                         {"rdev", present.rdev},
                                         {"mount", json_of(present.mount)}};
                               },
                               [](const Link& link) -> json {
                                 return {{"kind", facts_names::kLinkKind}, {"target", escape_bytes(link.target)}};
                               },
                               [](const Absent&) -> json {
                                 return {{"kind", facts_names::kAbsentKind}};
                               },
                               [](const Unreadable& unreadable) -> json {
                                 return {{"kind", facts_names::kUnreadableKind}, {"errno", unreadable.errno_value}};
                               }},
                    fact);
}

json json_of(const ListingFact& fact) {
  return std::visit(Overloaded{[](const std::vector<std::string>& names) {
                                 json out = json::array();
                                 for (const std::string& name : names) out.push_back(escape_bytes(name));
                                 return out;
                               },
                               [](const Unreadable& unreadable) { return json_of(unreadable); }},
                    fact);
}

json json_of(const TextFact& fact) {
  return std::visit(Overloaded{[](const std::string& text) { return json(escape_bytes(text)); },
                               [](const Absent&) { return json(nullptr); },
                               [](const Unreadable& unreadable) { return json_of(unreadable); }},
                    fact);
}

json json_of(const std::vector<IdExtent>& map) {
  json out = json::array();
  for (const IdExtent& extent : map) out.push_back({extent.inside, extent.outside, extent.count});
  return out;
}

json json_of(const std::map<Limit, std::uint64_t>& limits) {
  json out = json::object();
  for (const auto& [limit, value] : limits) out[std::string(limit_row(limit).name)] = value;
  return out;
}

json json_of(const CallerFacts& caller) {
  return {{"uid", caller.uid},
          {"gid", caller.gid},
          {"groups", caller.groups},
          {"user", escape_bytes(caller.user)},
          {"home", escape_bytes(caller.home)},
          {"passwd_line", escape_bytes(caller.passwd_line)},
          {"in_etc_passwd", caller.in_etc_passwd},
          {"uid_map", json_of(caller.uid_map)},
          {"gid_map", json_of(caller.gid_map)},
          {"hard_limits", json_of(caller.hard_limits)}};
}

json json_of(const Environment& environment, bool secrets) {
  json out = json::array();
  for (const auto& [name, value] : environment) {
    const bool shown = secrets || !looks_like_credential(name);
    out.push_back(json::array({escape_bytes(name), shown ? escape_bytes(value) : std::string(kRemoved)}));
  }
  return out;
}

json json_of(const WorkingDirectory& directory) {
  return std::visit(Overloaded{[](const HostPath& path) { return json(escape_bytes(path.text())); },
                               [](const Unreadable& unreadable) { return json_of(unreadable); }},
                    directory);
}

json json_of(const TerminalFacts& terminal) {
  json streams = json::array();
  for (const StreamFacts& stream : terminal.streams) {
    streams.push_back({{"open", stream.open}, {"terminal", stream.terminal}, {"rdev", stream.rdev}});
  }
  return {{"streams", std::move(streams)}, {"controlling", terminal.controlling}, {"foreground", terminal.foreground}};
}

json json_of(const std::vector<HostPath>& paths) {
  json out = json::array();
  for (const HostPath& path : paths) out.push_back(escape_bytes(path.text()));
  return out;
}

json json_of(const KernelFacts& kernel) {
  return {{"release", escape_bytes(kernel.release)},
          {"machine", escape_bytes(kernel.machine)},
          {"legacy_tiocsti", kernel.legacy_tiocsti ? json(*kernel.legacy_tiocsti) : json(nullptr)},
          {"cgroup_namespace", kernel.cgroup_namespace},
          {"max_user_namespaces", kernel.max_user_namespaces},
          {"covered_proc", json_of(kernel.covered_proc)},
          {"windows_drives", json_of(kernel.windows_drives)},
          {"process_mounts", json_of(kernel.process_mounts)},
          {"machine_mounts", json_of(kernel.machine_mounts)}};
}

json json_of(const std::pair<const GlobQuery, GlobFact>& entry) {
  json out{{"base", escape_bytes(entry.first.base.text())}, {"pattern", escape_bytes(entry.first.pattern)}};
  std::visit(Overloaded{[&](const Globbed& globbed) {
                          out["matches"] = json_of(globbed.matches);
                          out["closed"] = json_of(globbed.closed);
                        },
                        [&](const WalkBound& bound) {
                          out["bound"] = word_for(facts_names::kWalkBounds, bound.which);
                          out["entries"] = bound.entries;
                          out["at"] = escape_bytes(bound.at.text());
                        }},
             entry.second);
  return out;
}

json json_of(const std::pair<const Ability, AbilityFact>& entry) {
  json out{{"name", ability_row(entry.first).name}};
  std::visit(Overloaded{[&](const AbilityGiven& given) {
                          out["version"] = {given.version.major, given.version.minor};
                          out["by_bwrap"] = given.by_bwrap;
                        },
                        [&](const AbilityLacking& lacking) {
                          out["step"] = escape_bytes(lacking.step);
                          out["errno"] = lacking.errno_value;
                        }},
             entry.second);
  return out;
}

json json_of(const std::pair<const HostPath, StalledMount>& entry) {
  return {{"at", escape_bytes(entry.first.text())},
          {"type", escape_bytes(entry.second.type)},
          {"source", escape_bytes(entry.second.source)}};
}

/// One line an entry.
template <class Map>
std::string list_of(const Map& entries) {
  std::string out = "[";
  std::string_view separator = "\n";
  for (const auto& entry : entries) {
    out += separator;
    out += "  " + json_of(entry).dump();
    separator = ",\n";
  }
  return out + (entries.empty() ? "]" : "\n]");
}

json json_of(const std::map<std::string, std::string>& values) {
  json out = json::object();
  for (const auto& [name, value] : values) out[escape_bytes(name)] = escape_bytes(value);
  return out;
}

json json_of(const std::set<std::string>& words) {
  json out = json::array();
  for (const std::string& word : words) out.push_back(escape_bytes(word));
  return out;
}

json bwrap_of(const HostFacts& facts) {
  if (!facts.bwrap_known) return facts_names::kUnknown;
  if (!facts.bwrap) return nullptr;
  return {{"path", escape_bytes(facts.bwrap->path)},
          {"options", json_of(facts.bwrap->options)},
          {"setuid", facts.bwrap->setuid}};
}

json json_of(const CgroupDirectory& group) {
  return {{"path", escape_bytes(group.path.text())},
          {"type", escape_bytes(group.type)},
          {"controllers", json_of(group.controllers)},
          {"enabled", json_of(group.enabled)},
          {"make_error", group.make_error},
          {"move_error", group.move_error},
          {"max_depth", group.max_depth ? json(*group.max_depth) : json(nullptr)},
          {"max_descendants", group.max_descendants ? json(*group.max_descendants) : json(nullptr)},
          {"descendants", group.descendants}};
}

json cgroups_of(const HostFacts& facts) {
  if (!facts.cgroups) return facts_names::kUnknown;
  json groups = json::array();
  for (const CgroupDirectory& group : facts.cgroups->groups) groups.push_back(json_of(group));
  return {{"own", facts.cgroups->own ? json(escape_bytes(*facts.cgroups->own)) : json(nullptr)},
          {"v1_controllers", json_of(facts.cgroups->v1_controllers)},
          {"groups", std::move(groups)},
          {"swap", facts.cgroups->swap}};
}

/// One line an entry, in path order, so that two dumps can be compared with diff(1).
template <class Fact>
std::string lines_of(const std::map<HostPath, Fact>& entries) {
  std::string out = "{";
  std::string_view separator = "\n";
  for (const auto& [path, fact] : entries) {
    out += separator;
    out += "  " + json(escape_bytes(path.text())).dump() + ": " + json_of(fact).dump();
    separator = ",\n";
  }
  return out + "\n}";
}

}  // namespace

std::string dump_facts(const HostFacts& facts, bool secrets) {
  const std::vector<std::pair<std::string_view, std::string>> members = {
      {"schema", json(facts_names::kSchema).dump()},
      {"caller", json_of(facts.caller).dump()},
      {"working_directory", json_of(facts.working_directory).dump()},
      {"terminal", json_of(facts.terminal).dump()},
      {"kernel", json_of(facts.kernel).dump()},
      {"bwrap", bwrap_of(facts).dump()},
      {"cgroups", cgroups_of(facts).dump()},
      {"environment", json_of(facts.environment, secrets).dump()},
      {"listening_sockets", json_of(facts.listening_sockets).dump()},
      {"open_descriptors", json(facts.open_descriptors).dump()},
      {"ignored_signals", json(facts.ignored_signals).dump()},
      {"sysctls", json_of(facts.sysctls).dump()},
      {"abilities", list_of(facts.abilities)},
      {"stalled", list_of(facts.stalled)},
      {"globs", list_of(facts.globs)},
      {"paths", lines_of(std::map<HostPath, PathFact>(facts.paths.begin(), facts.paths.end()))},
      {"listings", lines_of(facts.listings)},
      {"texts", lines_of(facts.texts)},
  };
  std::string out;
  for (const auto& [name, text] : members) {
    out += (out.empty() ? "{\n\"" : ",\n\"") + std::string(name) + "\": " + text;
  }
  return out + "\n}\n";
}

}  // namespace fence
