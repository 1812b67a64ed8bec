#include "walk.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>

#include "fence/util/glob.h"
#include "scratch.h"

namespace fence {
namespace {

constexpr std::uint64_t kMany = 1'000'000, kMinute = 60'000;

GlobFact walked(const GlobQuery& query, std::uint64_t entries = kMany, std::uint64_t milliseconds = kMinute) {
  LookPage page;
  Looks looks(page, {});
  return walk_patterns({query}, entries, milliseconds, looks).at(query);
}

Globbed globbed(const HostPath& base, const std::string& pattern) {
  const GlobFact fact = walked({base, pattern});
  EXPECT_TRUE(std::holds_alternative<Globbed>(fact));
  return std::holds_alternative<Globbed>(fact) ? std::get<Globbed>(fact) : Globbed{};
}

std::vector<std::string> below(const HostPath& base, const std::vector<HostPath>& paths) {
  std::vector<std::string> names;
  for (const HostPath& path : paths) names.emplace_back(base.relative(path));
  return names;
}

/// The matches' names below the scratch directory.
std::vector<std::string> matches(const Scratch& scratch, const std::string& pattern) {
  return below(scratch.at(""), globbed(scratch.at(""), pattern).matches);
}

using Names = std::vector<std::string>;

TEST(Walk, FindsNamesOfOneLevel) {
  const Scratch scratch;
  for (const char* name : {"a.pem", ".b.pem", "c.txt"}) scratch.file(name);
  scratch.directory("d.pem");
  scratch.file("d.pem/below.pem");
  scratch.link("e.pem", "nowhere");
  EXPECT_EQ(matches(scratch, "*.pem"), (Names{".b.pem", "a.pem", "d.pem", "e.pem"}));
  EXPECT_EQ(matches(scratch, "?.txt"), Names{"c.txt"});
  EXPECT_EQ(matches(scratch, "x*"), Names{});
}

TEST(Walk, FindsNamesAtAnyDepth) {
  const Scratch scratch;
  for (const char* name : {"a", "a/b", "a/b/c"}) scratch.directory(name);
  for (const char* name : {".env", "a/.env", "a/b/c/.env", "a/env"}) scratch.file(name);
  EXPECT_EQ(matches(scratch, "**/.env"), (Names{".env", "a/.env", "a/b/c/.env"}));
  EXPECT_EQ(matches(scratch, "a/**/c"), Names{"a/b/c"});
  EXPECT_EQ(matches(scratch, "*/**/c/*"), Names{"a/b/c/.env"});
}

TEST(Walk, DoesNotGoBelowAMatch) {
  const Scratch scratch;
  for (const char* name : {"x", "x/x", "y", "y/x"}) scratch.directory(name);
  scratch.file("x/file");
  EXPECT_EQ(matches(scratch, "**/x"), (Names{"x", "y/x"}));
  EXPECT_EQ(matches(scratch, "x/**"), (Names{"x/file", "x/x"})) << "what is in it, and not itself";
  EXPECT_EQ(globbed(scratch.at("y"), "**").matches, std::vector<HostPath>{scratch.at("y/x")});
}

TEST(Walk, SpellsMatchesAsTheBaseIsSpelled) {
  const Scratch scratch;
  scratch.directory("real");
  scratch.file("real/a.pem");
  scratch.link("link", "real");
  EXPECT_EQ(globbed(scratch.at("link"), "*.pem").matches, std::vector<HostPath>{scratch.at("link/a.pem")});
}

TEST(Walk, TakesTheBaseLiterally) {
  const Scratch scratch;
  for (const char* name : {"a*", "ab"}) scratch.directory(name);
  scratch.file("a*/x");
  scratch.file("ab/x");
  EXPECT_EQ(globbed(scratch.at("a*"), "?").matches, std::vector<HostPath>{scratch.at("a*/x")});
}

TEST(Walk, FollowsLinksButNotForTwoStars) {
  const Scratch scratch;
  scratch.directory("d");
  scratch.file("d/x");
  scratch.link("l", "d");
  scratch.link("up", ".");
  scratch.link("loop", "loop");
  EXPECT_EQ(matches(scratch, "*/x"), (Names{"d/x", "l/x"}));
  EXPECT_EQ(matches(scratch, "**/x"), Names{"d/x"});
  EXPECT_EQ(matches(scratch, "up/up/d/?"), Names{"up/up/d/x"});
  EXPECT_EQ(matches(scratch, "*/*/x"), (Names{"up/d/x", "up/l/x"})) << "as deep as the pattern";
}

TEST(Walk, AnswersAllPatternsAtOnce) {
  const Scratch scratch;
  for (const char* name : {"a", "a/b"}) scratch.directory(name);
  for (const char* name : {"a/b/k.pem", "a/b/.env"}) scratch.file(name);
  const GlobQuery pem{scratch.at(""), "**/*.pem"}, env{scratch.at("a"), "*/.env"}, no{scratch.at("no"), "*"};
  LookPage page;
  Looks looks(page, {});
  const auto facts = walk_patterns({pem, env, no}, kMany, kMinute, looks);
  EXPECT_EQ(facts.at(pem), GlobFact(Globbed{{scratch.at("a/b/k.pem")}, {}}));
  EXPECT_EQ(facts.at(env), GlobFact(Globbed{{scratch.at("a/b/.env")}, {}}));
  EXPECT_EQ(facts.at(no), GlobFact(Globbed{}));
}

TEST(Walk, LooksOnlyWhereSomethingCanMatch) {
  const Scratch scratch;
  for (const char* name : {"a", "a/b", "c"}) scratch.directory(name);
  for (int i = 0; i < 100; ++i) {
    scratch.file("c/" + std::to_string(i));
    scratch.file("a/" + std::to_string(i));
  }
  scratch.file("a/b/x");
  LookPage page;
  Looks looks(page, {});
  const std::uint64_t base_names = scratch.at("").components().size();
  static_cast<void>(walk_patterns({{scratch.at(""), "a/b/*"}}, kMany, kMinute, looks));
  EXPECT_EQ(page.entries, base_names + 3) << "a, b and x: no directory but b is listed";
  static_cast<void>(walk_patterns({{scratch.at(""), "[ac]/z"}}, kMany, kMinute, looks));
  EXPECT_EQ(page.entries, base_names + 2 + 2) << "nothing is listed below a and c";
}

TEST(Walk, EndsAtItsBounds) {
  const Scratch scratch;
  scratch.directory("d");
  for (int i = 0; i < 50; ++i) scratch.file("d/" + std::to_string(i));
  const GlobQuery query{scratch.at("d"), "*"};
  const GlobFact few = walked(query, 20);
  ASSERT_TRUE(std::holds_alternative<WalkBound>(few));
  EXPECT_EQ(std::get<WalkBound>(few).which, WalkBound::Which::Entries);
  EXPECT_EQ(std::get<WalkBound>(few).at, scratch.at("d"));
  EXPECT_GT(std::get<WalkBound>(few).entries, 20U);
  const GlobFact late = walked(query, kMany, 0);
  ASSERT_TRUE(std::holds_alternative<WalkBound>(late));
  EXPECT_EQ(std::get<WalkBound>(late).which, WalkBound::Which::Seconds);
  EXPECT_TRUE(std::holds_alternative<Globbed>(walked(query, 50 + 20)));
}

TEST(Walk, TellsWhatCannotBeListed) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to own directories that another user walks through";
  const Scratch scratch;
  for (const char* name : {"search", "search/known", "read", "none", "open"}) scratch.directory(name);
  for (const char* name : {"search/x", "search/known/x", "read/x", "none/x", "open/x"}) scratch.file(name);
  for (const auto& [name, mode] : std::map<std::string, mode_t>{{"search", 0711}, {"read", 0744}, {"none", 0700}}) {
    ASSERT_EQ(::chmod(scratch.at(name).text().c_str(), mode), 0);
  }
  const GlobQuery any{scratch.at(""), "**/x"}, known{scratch.at(""), "*/known/x"};
  const HostFacts facts = as_ordinary_user([&] {
    HostFacts seen;
    probe({.globs = {any, known}}, seen);
    return seen;
  });
  const Globbed& found = std::get<Globbed>(facts.globs.at(any));
  EXPECT_EQ(below(scratch.at(""), found.matches), (Names{"open/x", "search/x"}))
      << "which needs no listing to be found";
  EXPECT_EQ(below(scratch.at(""), found.closed), Names{"search"}) << "what cannot be searched nobody reaches";
  EXPECT_EQ(facts.globs.at(known), GlobFact(Globbed{{scratch.at("search/known/x")}, {}}));
}

TEST(Walk, IsClosedByAStalledMount) {
  const Scratch scratch;
  for (const char* name : {"a", "dead", "dead/d"}) scratch.directory(name);
  for (const char* name : {"a/x", "dead/x", "dead/d/x"}) scratch.file(name);
  scratch.link("link", "dead/d");
  LookPage page;
  Looks looks(page, {scratch.at("dead")});
  const GlobQuery deep{scratch.at(""), "**/x"}, linked{scratch.at(""), "link/*"}, other{scratch.at(""), "a/*"};
  const auto facts = walk_patterns({deep, linked, other}, kMany, kMinute, looks);
  EXPECT_EQ(facts.at(deep), GlobFact(Globbed{{scratch.at("a/x")}, {scratch.at("dead")}}));
  EXPECT_EQ(facts.at(linked), GlobFact(Globbed{{}, {scratch.at("link")}}));
  EXPECT_EQ(facts.at(other), GlobFact(Globbed{{scratch.at("a/x")}, {}}));
}

TEST(Walk, EntersFileSystemsOfTheKernelOnlyByTheBase) {
  EXPECT_EQ(globbed(HostPath::root(), "*/self/status").matches, std::vector<HostPath>{});
  EXPECT_EQ(globbed(HostPath::root().child("proc"), "self/status").matches.size(), 1U);
  EXPECT_EQ(globbed(HostPath::root().child("proc").child("self"), "stat?s").matches.size(), 1U);
}

TEST(Walk, ClosesADirectoryWhoseNamesAreLongerThanAnyPathCanBe) {
  const Scratch scratch;
  const std::string name(200, 'd');
  UniqueFd directory(::open(scratch.at("").text().c_str(), O_PATH | O_CLOEXEC));
  for (int depth = 0; depth < 25; ++depth) {
    ASSERT_EQ(::mkdirat(directory.get(), name.c_str(), 0755), 0);
    directory = UniqueFd(::openat(directory.get(), name.c_str(), O_PATH | O_CLOEXEC));
    ASSERT_EQ(::mkdirat(directory.get(), "x", 0755), 0);
  }
  const Globbed found = globbed(scratch.at(""), "**/x");
  ASSERT_EQ(found.closed.size(), 1U);
  EXPECT_FALSE(path_too_long(found.closed.front().text()));
  EXPECT_EQ(found.matches.size(), 20U);
  for (const HostPath& path : found.matches) EXPECT_FALSE(path_too_long(path.text()));
}

TEST(Walk, NeedsFewDescriptorsForADeepTree) {
  const Scratch scratch;
  constexpr int kDepth = 1500;
  UniqueFd directory(::open(scratch.at("").text().c_str(), O_PATH | O_CLOEXEC));
  for (int depth = 0; depth < kDepth; ++depth) {
    // Two at each level, so that the walk comes back to every one of them.
    ASSERT_EQ(::mkdirat(directory.get(), "a", 0755), 0);
    ASSERT_EQ(::mkdirat(directory.get(), "b", 0755), 0);
    directory = UniqueFd(::openat(directory.get(), "a", O_PATH | O_CLOEXEC));
  }
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 128, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Globbed found = globbed(scratch.at(""), "**/b");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(found.matches.size(), static_cast<std::size_t>(kDepth));
  EXPECT_EQ(found.closed, std::vector<HostPath>{});
}

TEST(Walk, ListsALargeDirectoryWhole) {
  const Scratch scratch;
  for (int i = 0; i < 5000; ++i) {
    const UniqueFd file(::open(scratch.at("name-" + std::to_string(i)).text().c_str(), O_CREAT | O_WRONLY, 0644));
  }
  EXPECT_EQ(matches(scratch, "name-1*9").size(), 1U + 10 + 100);
}

// ---- against the definition, on random trees ------------------------------------------------------------------

TEST(WalkProperty, FindsWhatTheDefinitionSays) {
  rc::check([] {
    const Scratch scratch;
    const Names words = {"a", "b", "ab"};
    const Names pattern_words = {"a", "b", "*", "a*", "**", "?"};
    Names paths;
    const int size = *rc::gen::inRange(0, 12);
    for (int i = 0; i < size; ++i) {
      const std::string parent = paths.empty() || *rc::gen::arbitrary<bool>() ? "" : *rc::gen::elementOf(paths) + "/";
      const std::string path = parent + *rc::gen::elementOf(words);
      if (std::ranges::count(paths, path) > 0) continue;
      scratch.directory(path);
      paths.push_back(path);
    }
    std::string pattern = *rc::gen::elementOf(pattern_words);
    const int more = *rc::gen::inRange(0, 3);
    for (int i = 0; i < more; ++i) pattern += "/" + *rc::gen::elementOf(pattern_words);
    std::vector<HostPath> expected;
    if (pattern_matches(pattern, "")) expected.push_back(scratch.at(""));
    for (const std::string& path : paths) {
      if (pattern_matches(pattern, path)) expected.push_back(scratch.at(path));
    }
    std::erase_if(expected, [&](const HostPath& path) {
      return std::ranges::any_of(expected, [&](const HostPath& o) { return o != path && o.contains(path); });
    });
    std::ranges::sort(expected);
    RC_LOG() << pattern;
    RC_ASSERT(globbed(scratch.at(""), pattern).matches == expected);
  });
}

}  // namespace
}  // namespace fence
