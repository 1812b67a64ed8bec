#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fence/facts/facts.h"
#include "support/paths.h"

namespace fence {
namespace {

using testing::host;

using nlohmann::json;
using ::testing::HasSubstr;

// ---- arbitrary facts ------------------------------------------------------------------------------------------

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}

/// 1 to 5 bytes, often ones that JSON, UTF-8 or a terminal would take apart; none of `without`.
std::string any_name(const std::string& without = "") {
  const auto byte = rc::gen::suchThat(
      rc::gen::oneOf(rc::gen::element('a', '\\', '"', '\n', '\xff', '\xc3', '\xa9', '='), rc::gen::arbitrary<char>()),
      [without](char c) { return c != '\0' && without.find(c) == std::string::npos; });
  const int size = *rc::gen::inRange(1, 6);
  return *rc::gen::container<std::string>(static_cast<std::size_t>(size), byte);
}

std::string any_file_name() {
  const std::string name = any_name("/");
  return name == "." || name == ".." ? "dots" : name;
}

HostPath any_path() {
  HostPath path = HostPath::root();
  for (int depth = *rc::gen::inRange(0, 4); depth > 0; --depth) path = path.child(any_file_name());
  return path;
}

template <class Make>
auto some(Make make) {
  std::vector<decltype(make())> out;
  for (int count = *rc::gen::inRange(0, 4); count > 0; --count) out.push_back(make());
  return out;
}

template <class Make>
auto some_ascending(Make make) {
  auto out = some(make);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

template <class Make>
auto some_set(Make make) {
  const auto values = some(make);
  return std::set<typename decltype(values)::value_type>(values.begin(), values.end());
}

Unreadable any_refusal() { return Unreadable{*rc::gen::inRange(1, 134)}; }
IdExtent any_extent() { return {any<std::uint32_t>(), any<std::uint32_t>(), any<std::uint32_t>()}; }
StreamFacts any_stream() { return {any<bool>(), any<bool>(), any<std::uint64_t>()}; }

Present any_present() {
  return {.kind = static_cast<PathKind>(*rc::gen::inRange(0, 6)),
          .fs = static_cast<FsKind>(*rc::gen::inRange(0, 7)),
          .id = {any<std::uint64_t>(), any<std::uint64_t>()},
          .uid = any<std::uint32_t>(),
          .gid = any<std::uint32_t>(),
          .mode = *rc::gen::inRange<std::uint32_t>(0, 010000),
          .rdev = any<std::uint64_t>(),
          .mount = {any<bool>(), any<bool>(), any<bool>(), any<bool>()}};
}

PathFact any_path_fact() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return Link{any_name()};
    case 1:
      return Absent{};
    case 2:
      return any_refusal();
    default:
      return any_present();
  }
}

ListingFact any_listing() {
  if (any<bool>()) return any_refusal();
  return some_ascending(any_file_name);
}

TextFact any_text() {
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return any<std::string>() + std::string(1, '\0');
    case 1:
      return Absent{};
    default:
      return any_refusal();
  }
}

template <class Make>
auto by_path(Make make) {
  std::map<HostPath, decltype(make())> out;
  for (const HostPath& path : some(any_path)) out.insert_or_assign(path, make());
  return out;
}

GlobFact any_glob() {
  if (any<bool>()) {
    return WalkBound{static_cast<WalkBound::Which>(*rc::gen::inRange(0, 2)), any<std::uint64_t>(), any_path()};
  }
  return Globbed{some_ascending(any_path), some_ascending(any_path)};
}

AbilityFact any_ability() {
  if (any<bool>()) return AbilityLacking{any_name(), *rc::gen::inRange(0, 134)};
  return AbilityGiven{{any<std::uint32_t>(), any<std::uint32_t>()}, any<bool>()};
}

void add_answers(HostFacts& facts) {
  for (const HostPath& base : some(any_path)) facts.globs.insert_or_assign({base, any_name("/[*")}, any_glob());
  for (const AbilityRow& row : ability_table()) {
    if (any<bool>()) facts.abilities.emplace(row.ability, any_ability());
  }
  for (int count = *rc::gen::inRange(0, 3); count > 0; --count) facts.sysctls[any_name()] = any_name();
  for (const HostPath& mount : some(any_path))
    facts.stalled.insert_or_assign(mount, StalledMount{any_name(), any_name()});
}

CgroupDirectory any_cgroup() {
  const auto any_words = [] { return some_set([] { return any_name(); }); };
  CgroupDirectory group{.path = any_path(), .type = any_name(), .controllers = any_words(), .enabled = any_words()};
  group.make_error = *rc::gen::inRange(0, 134);
  group.move_error = *rc::gen::inRange(0, 134);
  if (any<bool>()) group.max_depth = any<std::uint64_t>();
  if (any<bool>()) group.max_descendants = any<std::uint64_t>();
  group.descendants = any<std::uint64_t>();
  return group;
}

CgroupFacts any_cgroups() {
  CgroupFacts facts;
  if (any<bool>()) facts.own = any_name();
  facts.v1_controllers = some_set([] { return any_name(); });
  facts.groups = some(any_cgroup);
  facts.swap = any<bool>();
  return facts;
}

HostFacts any_facts() {
  HostFacts facts;
  add_answers(facts);
  const auto paths = by_path(any_path_fact);
  facts.paths.insert(paths.begin(), paths.end());
  facts.listings = by_path(any_listing);
  facts.texts = by_path(any_text);
  facts.caller = {.uid = any<std::uint32_t>(),
                  .gid = any<std::uint32_t>(),
                  .groups = some(any<std::uint32_t>),
                  .user = any_name(),
                  .home = any_name(),
                  .passwd_line = any_name(),
                  .in_etc_passwd = any<bool>(),
                  .uid_map = some(any_extent),
                  .gid_map = some(any_extent)};
  if (any<bool>()) facts.caller.hard_limits = {{Limit::OpenFiles, any<std::uint64_t>()}, {Limit::CoreSize, 0}};
  facts.environment = some([] { return std::pair(any_name("="), any_name()); });
  if (any<bool>()) facts.working_directory = any_path();
  for (StreamFacts& stream : facts.terminal.streams) stream = any_stream();
  facts.terminal.controlling = any<bool>();
  facts.terminal.foreground = any<bool>();
  facts.kernel = {.release = any_name(), .machine = any_name()};
  if (any<bool>()) facts.kernel.legacy_tiocsti = *rc::gen::inRange(0, 3);
  facts.kernel.cgroup_namespace = any<bool>();
  facts.kernel.max_user_namespaces = any<std::uint64_t>();
  facts.kernel.covered_proc = some_ascending(any_path);
  facts.kernel.windows_drives = some_ascending(any_path);
  facts.kernel.process_mounts = some_ascending(any_path);
  facts.kernel.machine_mounts = some_ascending(any_path);
  facts.bwrap_known = any<bool>();
  if (facts.bwrap_known && any<bool>()) {
    facts.bwrap =
        BwrapFacts{.path = any_path().text(), .options = some_set([] { return any_name(); }), .setuid = any<bool>()};
  }
  if (any<bool>()) facts.cgroups = any_cgroups();
  facts.listening_sockets = some_ascending(any_path);
  facts.open_descriptors = some_set([] { return *rc::gen::inRange(3, 100000); });
  facts.ignored_signals = some_set([] { return *rc::gen::inRange(1, 65); });
  return facts;
}

RC_GTEST_PROP(FactsDumpProperty, IsReadBackAsItWas, ()) {
  const HostFacts facts = any_facts();
  const std::string dump = dump_facts(facts, true);
  const Result<HostFacts> read = parse_facts(dump);
  if (!read) RC_FAIL(to_string(read.error()) + "\n" + dump);
  RC_ASSERT(*read == facts);
  RC_ASSERT(dump_facts(*read, true) == dump);
}

RC_GTEST_PROP(FactsDumpProperty, HasNoControlByteButNewlines, ()) {
  for (const char c : dump_facts(any_facts(), true)) {
    const auto byte = static_cast<unsigned char>(c);
    RC_ASSERT(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
  }
}

TEST(FactsDump, OfNothingIsReadBack) {
  const Result<HostFacts> read = parse_facts(dump_facts(HostFacts{}));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, HostFacts{});
}

TEST(FactsDump, HasOneLineForEachPath) {
  HostFacts facts;
  facts.paths.emplace(host("/b/c"), Absent{});
  facts.paths.emplace(host("/b"), Link{"x\xff"});
  facts.paths.emplace(host("/b-1"), Present{.kind = PathKind::Directory, .fs = FsKind::Tmpfs, .mode = 01777});
  EXPECT_THAT(dump_facts(facts),
              HasSubstr("  \"/b\": {\"kind\":\"link\",\"target\":\"x\\\\xff\"},\n"
                        "  \"/b/c\": {\"kind\":\"absent\"},\n"
                        "  \"/b-1\": {\"device\":0,\"fs\":\"tmpfs\",\"gid\":0,\"inode\":0,\"kind\":\"directory\","
                        "\"mode\":\"1777\",\"mount\":[],\"rdev\":0,\"uid\":0}\n"));
}

TEST(FactsDump, HasOneLineForEachPatternAndAbility) {
  HostFacts facts;
  facts.globs[{host("/home"), "**/.env"}] = Globbed{{host("/home/.env")}, {}};
  facts.globs[{host("/srv"), "*"}] = WalkBound{WalkBound::Which::Seconds, 7, host("/srv/x")};
  facts.abilities[Ability::Landlock] = AbilityGiven{{7, 0}, false};
  facts.abilities[Ability::Proc] = AbilityLacking{"mount", 1};
  EXPECT_THAT(
      dump_facts(facts),
      HasSubstr("\"abilities\": [\n  {\"errno\":1,\"name\":\"proc\",\"step\":\"mount\"},\n"
                "  {\"by_bwrap\":false,\"name\":\"landlock\",\"version\":[7,0]}\n],\n\"stalled\": [],\n\"globs\": [\n"
                "  {\"base\":\"/home\",\"closed\":[],\"matches\":[\"/home/.env\"],\"pattern\":\"**/.env\"},\n"
                "  {\"at\":\"/srv/x\",\"base\":\"/srv\",\"bound\":\"seconds\",\"entries\":7,\"pattern\":\"*\"}\n]"));
}

// ---- secrets --------------------------------------------------------------------------------------------------

TEST(FactsDump, LeavesOutCredentials) {
  for (const char* name : {"GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "x_passwd", "My_Credentials",
                           "OPENAI_API_KEY", "apikey2", "SSH_PRIVATE_KEY_FILE", "deploy_key"}) {
    HostFacts facts;
    facts.environment = {{name, "hunter2"}};
    const Result<HostFacts> read = parse_facts(dump_facts(facts));
    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->environment, (Environment{{name, "<removed>"}}));
    EXPECT_EQ(*parse_facts(dump_facts(facts, true)), facts) << "asked for with its secrets: " << name;
  }
}

TEST(FactsDump, KeepsOrdinaryVariables) {
  for (const char* name : {"PATH", "HOME", "KEYBOARD", "XDG_RUNTIME_DIR", "MONKEY", "_KEYS"}) {
    HostFacts facts;
    facts.environment = {{name, "value"}};
    EXPECT_EQ(*parse_facts(dump_facts(facts)), facts) << name;
  }
}

// ---- errors name the place ------------------------------------------------------------------------------------

HostFacts sample() {
  HostFacts facts;
  facts.paths.emplace(host("/"), Present{.kind = PathKind::Directory});
  facts.paths.emplace(host("/a"), Present{.mode = 0644});
  facts.paths.emplace(host("/l"), Link{"a"});
  facts.listings.emplace(host("/"), std::vector<std::string>{"a", "l"});
  facts.texts.emplace(host("/a"), "text");
  facts.environment = {{"HOME", "/"}};
  facts.open_descriptors = {3, 9};
  return facts;
}

/// The reason why the sample is refused once the value at `pointer` (RFC 6901) is `value`.
std::string refusal_with(const std::string& pointer, const json& value) {
  json document = json::parse(dump_facts(sample()));
  document[json::json_pointer(pointer)] = value;
  const Result<HostFacts> read = parse_facts(document.dump());
  return read ? "accepted" : read.error().why;
}

std::string refusal_without(const std::string& pointer) {
  json document = json::parse(dump_facts(sample()));
  const json::json_pointer place(pointer);
  document.at(place.parent_pointer()).erase(place.back());
  const Result<HostFacts> read = parse_facts(document.dump());
  return read ? "accepted" : read.error().why;
}

TEST(FactsParse, NamesThePlaceOfAnError) {
  EXPECT_EQ(refusal_with("/paths/~1a/kind", "file"), "paths[\"/a\"].kind is no word that fence knows here");
  EXPECT_EQ(refusal_with("/paths/~1a/uid", -1), "paths[\"/a\"].uid is no whole number");
  EXPECT_EQ(refusal_with("/paths/~1a/uid", 1.5), "paths[\"/a\"].uid is no whole number");
  EXPECT_EQ(refusal_with("/paths/~1a/uid", 4294967296), "paths[\"/a\"].uid is not between 0 and 4294967295");
  EXPECT_EQ(refusal_with("/paths/~1a/mode", "0888"), "paths[\"/a\"].mode is not four octal digits");
  EXPECT_EQ(refusal_with("/paths/~1a/mount", {"nosuid", "nosuid"}), "paths[\"/a\"].mount[1] stands twice");
  EXPECT_EQ(refusal_with("/paths/~1l/target", ""), "paths[\"/l\"].target is empty");
  EXPECT_EQ(refusal_with("/paths/~1l/target", "a\\x00"), "paths[\"/l\"].target has a NUL byte in it");
  EXPECT_EQ(refusal_with("/paths/~1l/target", "a\\q"), "paths[\"/l\"].target is not escaped as fence writes strings");
  EXPECT_EQ(refusal_with("/listings/~1/1", "a"), "listings[\"/\"] is not sorted, or has something twice");
  EXPECT_EQ(refusal_with("/listings/~1/1", "b/c"), "listings[\"/\"][1] is no file name");
  EXPECT_EQ(refusal_with("/texts/~1a", 1), "texts[\"/a\"] is no string");
  EXPECT_EQ(refusal_with("/environment/0", {"A=B", "c"}), "environment[0] has a name that none can have");
  EXPECT_EQ(refusal_with("/open_descriptors/0", 2), "open_descriptors[0] is not between 3 and 2147483647");
  EXPECT_EQ(refusal_with("/ignored_signals", {65}), "ignored_signals[0] is not between 1 and 64");
  EXPECT_EQ(refusal_with("/terminal/streams", json::array()), "terminal.streams has not three streams");
  EXPECT_EQ(refusal_with("/caller/uid_map", {{0, 0}}),
            "caller.uid_map[0] is not three numbers: inside, outside, count");
  EXPECT_EQ(refusal_with("/caller/hard_limits", {{"wallTime", 1}}),
            "caller.hard_limits[\"wallTime\"] is no limit of setrlimit(2) that fence knows");
  EXPECT_EQ(refusal_with("/caller/hard_limits", {{"nofile", -1}}), "caller.hard_limits[\"nofile\"] is no whole number");
  EXPECT_EQ(refusal_with("/working_directory", "a"), "working_directory is no path: it is not absolute");
  EXPECT_EQ(refusal_with("/bwrap", true), "bwrap is no object");
  EXPECT_EQ(refusal_with("/bwrap", "none"), "bwrap is neither an object nor \"unknown\"");
}

TEST(FactsParse, RefusesUnknownAndMissingMembers) {
  EXPECT_EQ(refusal_with("/extra", 1), "extra is no member that fence knows");
  EXPECT_EQ(refusal_with("/paths/~1a/size", 1), "paths[\"/a\"].size is no member that fence knows");
  EXPECT_EQ(refusal_with("/paths/~1l/uid", 1), "paths[\"/l\"].uid is no member that fence knows");
  EXPECT_EQ(refusal_without("/kernel"), "kernel is missing");
  EXPECT_EQ(refusal_without("/paths/~1a/kind"), "paths[\"/a\"].kind is missing");
  EXPECT_EQ(refusal_without("/caller/home"), "caller.home is missing");
}

TEST(FactsParse, RefusesPathsThatAreNotCanonical) {
  const json absent = {{"kind", "absent"}};
  EXPECT_EQ(refusal_with("/paths/~1a~1", absent), "paths[\"/a/\"] is no path in canonical spelling");
  EXPECT_THAT(refusal_with("/paths/~1a~1..", absent), HasSubstr("paths[\"/a/..\"] is no path"));
  EXPECT_THAT(refusal_with("/paths/a", absent), HasSubstr("paths[\"a\"] is no path"));
}

TEST(FactsParse, RefusesBadPatternsAndAbilities) {
  const json glob = {{"base", "/"}, {"pattern", "a**b"}, {"matches", json::array()}, {"closed", json::array()}};
  EXPECT_THAT(refusal_with("/globs", json::array({glob})), HasSubstr("globs[0].pattern is no pattern"));
  json good = glob;
  good["pattern"] = "**/a";
  EXPECT_EQ(refusal_with("/globs", json::array({good})), "accepted");
  EXPECT_EQ(refusal_with("/globs", json::array({good, good})), "globs[1] stands twice");
  good["bound"] = "patience";
  EXPECT_THAT(refusal_with("/globs", json::array({good})), HasSubstr("globs[0]"));
  const json ability = {{"name", "magic"}, {"version", {1, 0}}, {"by_bwrap", false}};
  EXPECT_EQ(refusal_with("/abilities", json::array({ability})), "abilities[0].name is no ability that fence knows");
}

TEST(FactsParse, RefusesAnotherSchema) {
  EXPECT_EQ(refusal_with("/schema", "fence-facts/1"), "schema is not fence-facts/5");
}

TEST(FactsParse, RefusesWhatIsNoJson) {
  for (const std::string_view text :
       {"", "{", "[]", "null", "{\"schema\":1}", "{\"schema\":\"fence-facts/5\"}", "\xff"}) {
    EXPECT_FALSE(parse_facts(text)) << text;
  }
  EXPECT_EQ(parse_facts("{\"schema\": x}").error().why, "it is no JSON at byte 12");
  EXPECT_FALSE(parse_facts(std::string(200000, '['))) << "deep nesting";
  EXPECT_FALSE(parse_facts("{\"schema\":1e999}"));
}

TEST(FactsParse, RefusesANameThatStandsTwice) {
  std::string dump = dump_facts(sample());
  dump.insert(dump.find("\"paths\": {") + 10, "\"/a\": {\"kind\":\"absent\"},");
  const Result<HostFacts> read = parse_facts(dump);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().why, "the name \"/a\" stands twice in one object");
}

TEST(FactsParse, ShowsNoControlByteOfABadName) {
  const std::string why = refusal_with("/paths/~1\x1b", {{"kind", "absent"}});
  EXPECT_EQ(why, "paths[\"/\\x1b\"] is not escaped as fence writes names");
}

}  // namespace
}  // namespace fence
