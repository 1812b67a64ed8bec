#include <algorithm>
#include <array>
#include <climits>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fence/facts/facts.h"
#include "fence/util/glob.h"
#include "json_values.h"
#include "names.h"
#include "parse_cgroups.h"

namespace fence {
namespace {

constexpr std::uint64_t kMaxSignal = 64;  ///< the last real-time signal of Linux (signal(7))
constexpr std::uint64_t kMaxDescriptor = INT_MAX;
constexpr std::uint64_t kFirstOwnDescriptor = 3;  ///< 0, 1 and 2 are in TerminalFacts

Result<std::uint32_t> id(const JsonNode& node) { return number_of<std::uint32_t>(node); }
Result<int> descriptor(const JsonNode& node) { return number_of<int>(node, kMaxDescriptor, kFirstOwnDescriptor); }
Result<int> signal_number(const JsonNode& node) { return number_of<int>(node, kMaxSignal, 1); }
Result<std::string> file_name(const JsonNode& node) {
  FENCE_TRY(std::string name, node.c_string());
  const bool one_name = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
  if (!one_name || name.size() > kMaxNameBytes) return node.error("is no file name");
  return name;
}

Result<Unreadable> unreadable_from(const JsonNode& number) {
  FENCE_TRY(const int value, number_of<int>(number, kMaxErrno));
  return Unreadable{value};
}

Result<Unreadable> unreadable(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"errno"}));
  return unreadable_from(object["errno"]);
}

Result<std::uint32_t> mode(const JsonNode& node) {
  FENCE_TRY(const std::string digits, node.bytes());
  const bool octal = digits.size() == 4 && digits.find_first_not_of("01234567") == std::string::npos;
  if (!octal) return node.error("is not four octal digits");
  std::uint32_t out = 0;
  for (const char digit : digits) out = out << 3 | static_cast<std::uint32_t>(digit - '0');
  return out;
}

Result<MountFlags> mount_flags(const JsonNode& node) {
  FENCE_TRY(const std::vector<JsonNode> elements, node.elements());
  MountFlags flags;
  for (const JsonNode& element : elements) {
    FENCE_TRY(const auto flag, word_of(element, facts_names::kMountFlags));
    if (flags.*flag) return element.error("stands twice");
    flags.*flag = true;
  }
  return flags;
}

Result<PathFact> present(const JsonNode& node) {
  FENCE_TRY(const JsonObject object,
            node.object({"kind", "fs", "device", "inode", "uid", "gid", "mode", "rdev", "mount"}));
  Present fact;
  FENCE_TRY(fact.kind, word_of(object["kind"], facts_names::kPathKinds));
  FENCE_TRY(fact.fs, word_of(object["fs"], facts_names::kFsKinds));
  FENCE_TRY(fact.id.device, object["device"].number());
  FENCE_TRY(fact.id.inode, object["inode"].number());
  FENCE_TRY(fact.uid, id(object["uid"]));
  FENCE_TRY(fact.gid, id(object["gid"]));
  FENCE_TRY(fact.mode, mode(object["mode"]));
  FENCE_TRY(fact.rdev, object["rdev"].number());
  FENCE_TRY(fact.mount, mount_flags(object["mount"]));
  return PathFact(fact);
}

Result<PathFact> link(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"kind", "target"}));
  FENCE_TRY(std::string target, object["target"].c_string());
  // symlink(2) makes no empty link.
  if (target.empty()) return object["target"].error("is empty");
  return PathFact(Link{std::move(target)});
}

Result<PathFact> absent(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"kind"}));
  return PathFact(Absent{});
}

Result<PathFact> refused(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"kind", "errno"}));
  FENCE_TRY(const Unreadable fact, unreadable_from(object["errno"]));
  return PathFact(fact);
}

Result<PathFact> path_fact(const JsonNode& node) {
  constexpr std::array<std::pair<Reader<PathFact>, std::string_view>, 3> kOtherKinds = {{
      {link, facts_names::kLinkKind},
      {absent, facts_names::kAbsentKind},
      {refused, facts_names::kUnreadableKind},
  }};
  FENCE_TRY(const JsonNode kind, node.member("kind"));
  const Result<Reader<PathFact>> other = word_of(kind, kOtherKinds);
  return other ? (*other)(node) : present(node);
}

Result<ListingFact> listing_fact(const JsonNode& node) {
  if (node.is_object()) {
    FENCE_TRY(const Unreadable fact, unreadable(node));
    return ListingFact(fact);
  }
  FENCE_TRY(std::vector<std::string> names, ascending_list_of(node, file_name));
  return ListingFact(std::move(names));
}

Result<TextFact> text_fact(const JsonNode& node) {
  if (node.is_null()) return TextFact(Absent{});
  if (node.is_object()) {
    FENCE_TRY(const Unreadable fact, unreadable(node));
    return TextFact(fact);
  }
  FENCE_TRY(std::string text, node.bytes());
  if (text.size() > kMaxTextBytes) return node.error("is longer than any text that fence reads");
  return TextFact(std::move(text));
}

template <class Fact>
Result<std::map<HostPath, Fact>> facts_by_path(const JsonNode& node, Reader<Fact> read) {
  FENCE_TRY(const auto entries, node.entries());
  std::map<HostPath, Fact> out;
  for (const auto& [key, value] : entries) {
    FENCE_TRY(HostPath path, path_from(value, key));
    FENCE_TRY(Fact fact, read(value));
    out.emplace(std::move(path), std::move(fact));
  }
  return out;
}

Result<IdExtent> id_extent(const JsonNode& node) {
  FENCE_TRY(const std::vector<std::uint32_t> numbers, list_of(node, id));
  if (numbers.size() != 3) return node.error("is not three numbers: inside, outside, count");
  return IdExtent{numbers[0], numbers[1], numbers[2]};
}

Result<std::map<Limit, std::uint64_t>> hard_limits(const JsonNode& node) {
  FENCE_TRY(const auto entries, node.entries());
  std::map<Limit, std::uint64_t> out;
  for (const auto& [name, value] : entries) {
    const auto limit = find_limit(name);
    if (!limit || !limit_row(*limit).resource) return value.error("is no limit of setrlimit(2) that fence knows");
    FENCE_TRY(out[*limit], value.number());
  }
  return out;
}

Result<CallerFacts> caller(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"uid", "gid", "groups", "user", "home", "passwd_line",
                                                  "in_etc_passwd", "uid_map", "gid_map", "hard_limits"}));
  CallerFacts facts;
  FENCE_TRY(facts.uid, id(object["uid"]));
  FENCE_TRY(facts.gid, id(object["gid"]));
  FENCE_TRY(facts.groups, list_of(object["groups"], id));
  FENCE_TRY(facts.user, object["user"].c_string());
  FENCE_TRY(facts.home, object["home"].c_string());
  FENCE_TRY(facts.passwd_line, object["passwd_line"].c_string());
  FENCE_TRY(facts.in_etc_passwd, object["in_etc_passwd"].boolean());
  FENCE_TRY(facts.uid_map, list_of(object["uid_map"], id_extent));
  FENCE_TRY(facts.gid_map, list_of(object["gid_map"], id_extent));
  FENCE_TRY(facts.hard_limits, hard_limits(object["hard_limits"]));
  return facts;
}

Result<Environment::value_type> variable(const JsonNode& node) {
  FENCE_TRY(std::vector<std::string> words, list_of(node, c_string));
  if (words.size() != 2) return node.error("is not a name and a value");
  if (words[0].empty() || words[0].find('=') != std::string::npos) return node.error("has a name that none can have");
  return Environment::value_type(std::move(words[0]), std::move(words[1]));
}

Result<WorkingDirectory> working_directory(const JsonNode& node) {
  if (node.is_object()) {
    FENCE_TRY(const Unreadable fact, unreadable(node));
    return WorkingDirectory(fact);
  }
  FENCE_TRY(HostPath directory, path(node));
  return WorkingDirectory(std::move(directory));
}

Result<StreamFacts> stream(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"open", "terminal", "rdev"}));
  StreamFacts facts;
  FENCE_TRY(facts.open, object["open"].boolean());
  FENCE_TRY(facts.terminal, object["terminal"].boolean());
  FENCE_TRY(facts.rdev, object["rdev"].number());
  return facts;
}

Result<TerminalFacts> terminal(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"streams", "controlling", "foreground"}));
  FENCE_TRY(const std::vector<StreamFacts> streams, list_of(object["streams"], stream));
  TerminalFacts facts;
  if (streams.size() != std::size(facts.streams)) return object["streams"].error("has not three streams");
  std::copy(streams.begin(), streams.end(), std::begin(facts.streams));
  FENCE_TRY(facts.controlling, object["controlling"].boolean());
  FENCE_TRY(facts.foreground, object["foreground"].boolean());
  return facts;
}

Result<KernelFacts> kernel(const JsonNode& node) {
  FENCE_TRY(const JsonObject object,
            node.object({"release", "machine", "legacy_tiocsti", "cgroup_namespace", "max_user_namespaces",
                         "covered_proc", "windows_drives", "process_mounts", "machine_mounts"}));
  KernelFacts facts;
  FENCE_TRY(facts.release, object["release"].c_string());
  FENCE_TRY(facts.machine, object["machine"].c_string());
  if (const JsonNode sysctl = object["legacy_tiocsti"]; !sysctl.is_null()) {
    FENCE_TRY(facts.legacy_tiocsti, number_of<int>(sysctl));
  }
  FENCE_TRY(facts.cgroup_namespace, object["cgroup_namespace"].boolean());
  FENCE_TRY(facts.max_user_namespaces, object["max_user_namespaces"].number());
  FENCE_TRY(facts.covered_proc, ascending_list_of(object["covered_proc"], path));
  FENCE_TRY(facts.windows_drives, ascending_list_of(object["windows_drives"], path));
  FENCE_TRY(facts.process_mounts, ascending_list_of(object["process_mounts"], path));
  FENCE_TRY(facts.machine_mounts, ascending_list_of(object["machine_mounts"], path));
  return facts;
}

/// kUnknown, null for none, or what there is.
Result<Ok> read_bwrap(const JsonNode& node, HostFacts& out) {
  if (node.is_string()) {
    FENCE_TRY(const std::string text, node.bytes());
    if (text != facts_names::kUnknown) return node.error("is neither an object nor \"unknown\"");
    return Ok{};
  }
  out.bwrap_known = true;
  if (node.is_null()) return Ok{};
  FENCE_TRY(const JsonObject object, node.object({"path", "options", "setuid"}));
  BwrapFacts facts;
  FENCE_TRY(const HostPath place, path(object["path"]));
  facts.path = place.text();
  FENCE_TRY(facts.options, set_of(object["options"], c_string));
  FENCE_TRY(facts.setuid, object["setuid"].boolean());
  out.bwrap = std::move(facts);
  return Ok{};
}

Result<std::map<std::string, std::string>> sysctls(const JsonNode& node) {
  FENCE_TRY(const auto entries, node.entries());
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : entries) {
    FENCE_TRY(out[name], value.bytes());
  }
  return out;
}

template <class Key, class Value>
using MapEntry = std::pair<const Key, Value>;

/// A list of entries that each have their key in them; a key that stands twice is an error.
template <class Key, class Value>
Result<std::map<Key, Value>> map_of(const JsonNode& node, Reader<MapEntry<Key, Value>> read) {
  FENCE_TRY(const std::vector<JsonNode> elements, node.elements());
  std::map<Key, Value> out;
  for (const JsonNode& element : elements) {
    auto entry = read(element);
    if (!entry) return std::move(entry).error();
    if (!out.insert(*std::move(entry)).second) return element.error("stands twice");
  }
  return out;
}

Result<MapEntry<Ability, AbilityFact>> ability(const JsonNode& node) {
  FENCE_TRY(const JsonNode name, node.member("name"));
  FENCE_TRY(const std::string word, name.bytes());
  const auto known = find_ability(word);
  if (!known) return name.error("is no ability that fence knows");
  if (node.member("step")) {
    FENCE_TRY(const JsonObject object, node.object({"name", "step", "errno"}));
    AbilityLacking lacking;
    FENCE_TRY(lacking.step, object["step"].bytes());
    FENCE_TRY(lacking.errno_value, number_of<int>(object["errno"], kMaxErrno));
    return MapEntry<Ability, AbilityFact>(*known, std::move(lacking));
  }
  FENCE_TRY(const JsonObject object, node.object({"name", "version", "by_bwrap"}));
  FENCE_TRY(const std::vector<std::uint32_t> version, list_of(object["version"], id));
  if (version.size() != 2) return object["version"].error("is not two numbers");
  AbilityGiven given{.version = {version[0], version[1]}};
  FENCE_TRY(given.by_bwrap, object["by_bwrap"].boolean());
  return MapEntry<Ability, AbilityFact>(*known, given);
}

Result<MapEntry<HostPath, StalledMount>> stalled(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"at", "type", "source"}));
  FENCE_TRY(HostPath at, path(object["at"]));
  StalledMount mount;
  FENCE_TRY(mount.type, object["type"].bytes());
  FENCE_TRY(mount.source, object["source"].bytes());
  return MapEntry<HostPath, StalledMount>(std::move(at), std::move(mount));
}

Result<GlobFact> glob_fact(const JsonNode& node) {
  if (node.member("bound")) {
    FENCE_TRY(const JsonObject object, node.object({"base", "pattern", "bound", "entries", "at"}));
    WalkBound bound;
    FENCE_TRY(bound.which, word_of(object["bound"], facts_names::kWalkBounds));
    FENCE_TRY(bound.entries, object["entries"].number());
    FENCE_TRY(bound.at, path(object["at"]));
    return GlobFact(std::move(bound));
  }
  FENCE_TRY(const JsonObject object, node.object({"base", "pattern", "matches", "closed"}));
  Globbed globbed;
  FENCE_TRY(globbed.matches, ascending_list_of(object["matches"], path));
  FENCE_TRY(globbed.closed, ascending_list_of(object["closed"], path));
  return GlobFact(std::move(globbed));
}

Result<MapEntry<GlobQuery, GlobFact>> glob(const JsonNode& node) {
  FENCE_TRY(const JsonNode base, node.member("base"));
  FENCE_TRY(const JsonNode pattern, node.member("pattern"));
  GlobQuery query;
  FENCE_TRY(query.base, path(base));
  FENCE_TRY(query.pattern, pattern.c_string());
  if (const auto fault = pattern_fault(query.pattern)) return pattern.error("is no pattern: " + *fault);
  FENCE_TRY(GlobFact fact, glob_fact(node));
  return MapEntry<GlobQuery, GlobFact>(std::move(query), std::move(fact));
}

Result<HostFacts> host_facts(const JsonNode& document) {
  FENCE_TRY(const JsonNode schema, document.member("schema"));
  FENCE_TRY(const std::string version, schema.bytes());
  if (version != facts_names::kSchema) return schema.error("is not " + std::string(facts_names::kSchema));
  FENCE_TRY(const JsonObject object,
            document.object({"schema", "caller", "working_directory", "terminal", "kernel", "bwrap", "cgroups",
                             "environment", "listening_sockets", "open_descriptors", "ignored_signals", "sysctls",
                             "abilities", "stalled", "globs", "paths", "listings", "texts"}));
  HostFacts facts;
  FENCE_TRY(facts.caller, caller(object["caller"]));
  FENCE_TRY(facts.working_directory, working_directory(object["working_directory"]));
  FENCE_TRY(facts.terminal, terminal(object["terminal"]));
  FENCE_TRY(facts.kernel, kernel(object["kernel"]));
  FENCE_TRY([[maybe_unused]] Ok bwrap, read_bwrap(object["bwrap"], facts));
  FENCE_TRY(facts.cgroups, read_cgroups(object["cgroups"]));
  FENCE_TRY(facts.environment, list_of(object["environment"], variable));
  FENCE_TRY(facts.listening_sockets, ascending_list_of(object["listening_sockets"], path));
  FENCE_TRY(facts.open_descriptors, set_of(object["open_descriptors"], descriptor));
  FENCE_TRY(facts.ignored_signals, set_of(object["ignored_signals"], signal_number));
  FENCE_TRY(facts.sysctls, sysctls(object["sysctls"]));
  FENCE_TRY(facts.abilities, map_of(object["abilities"], ability));
  FENCE_TRY(facts.stalled, map_of(object["stalled"], stalled));
  FENCE_TRY(facts.globs, map_of(object["globs"], glob));
  FENCE_TRY(const auto paths, facts_by_path(object["paths"], path_fact));
  facts.paths.insert(paths.begin(), paths.end());
  FENCE_TRY(facts.listings, facts_by_path(object["listings"], listing_fact));
  FENCE_TRY(facts.texts, facts_by_path(object["texts"], text_fact));
  return facts;
}

}  // namespace

Result<HostFacts> parse_facts(std::string_view json) {
  FENCE_TRY(const JsonDocument document, parse_json(json));
  return host_facts(JsonNode(document.root, ""));
}

}  // namespace fence
