#include "fence/util/glob.h"

#include <fnmatch.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "fence/util/path.h"

namespace fence {
namespace {

bool matches(std::string_view component, std::string_view name) {
  EXPECT_EQ(pattern_fault(component), std::nullopt) << component;
  return ComponentPattern(std::string(component)).matches(name);
}

TEST(HasPattern, SeesEachOfTheThreeCharacters) {
  EXPECT_TRUE(has_pattern("*.pem"));
  EXPECT_TRUE(has_pattern("a?"));
  EXPECT_TRUE(has_pattern("[ab]"));
  EXPECT_FALSE(has_pattern("a]b\\{c,d}!"));
  EXPECT_FALSE(has_pattern(""));
}

TEST(ComponentPattern, MatchesLiteralsByBytes) {
  EXPECT_TRUE(matches("id_rsa", "id_rsa"));
  EXPECT_FALSE(matches("id_rsa", "ID_RSA"));
  EXPECT_FALSE(matches("id_rsa", "id_rsa.pub"));
  EXPECT_TRUE(ComponentPattern("id_rsa").literal());
  EXPECT_FALSE(ComponentPattern("id_*").literal());
}

TEST(ComponentPattern, MatchesALeadingDot) {
  EXPECT_TRUE(matches("*", ".env"));
  EXPECT_TRUE(matches("?env", ".env"));
  EXPECT_TRUE(matches("[.]env", ".env"));
}

TEST(ComponentPattern, TakesAnythingForAStar) {
  EXPECT_TRUE(matches("*.pem", ".pem"));
  EXPECT_TRUE(matches("*.pem", "a.pem.pem"));
  EXPECT_FALSE(matches("*.pem", "a.pem.bak"));
  EXPECT_TRUE(matches(".env*", ".env.local"));
  EXPECT_FALSE(matches(".env*", "x.env"));
  EXPECT_TRUE(matches("a*b*c", "a-bb-b-c"));
  EXPECT_FALSE(matches("a*b*c", "a-c-b"));
  EXPECT_TRUE(matches("*a*", "\xff\n\x61"));
}

TEST(ComponentPattern, TakesOneByteForAQuestionMark) {
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_FALSE(matches("?", "\xc3\xa4")) << "two bytes";
}

TEST(ComponentPattern, KnowsSets) {
  EXPECT_TRUE(matches("[a-cx]", "b"));
  EXPECT_TRUE(matches("[a-cx]", "x"));
  EXPECT_FALSE(matches("[a-cx]", "d"));
  EXPECT_TRUE(matches("[!a-c]", "d"));
  EXPECT_FALSE(matches("[!a-c]", "a"));
  EXPECT_FALSE(matches("[^a-c]", "a")) << "as in sh";
  EXPECT_TRUE(matches("[]a]", "]"));
  EXPECT_FALSE(matches("[!]a]", "]"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[*?]", "*"));
  EXPECT_FALSE(matches("[*?]", "a"));
  EXPECT_TRUE(matches("[\x80-\xff]", "\xe4"));
}

TEST(ComponentPattern, TakesABackslashForItself) {
  EXPECT_TRUE(matches("\\*", "\\abc"));
  EXPECT_FALSE(matches("\\*", "*"));
  EXPECT_TRUE(matches("[\\]", "\\"));
}

TEST(ComponentPattern, DoesNotBacktrackForEver) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  EXPECT_FALSE(matches(pattern + "b", std::string(255, 'a')));
}

TEST(PatternFault, SaysWhatCannotBeHonoured) {
  for (const std::string_view pattern : {"a**", "**b/c", "a/***", "[ab", "a/[b/c]", "[]", "[!]", "[^]", "[z-a]",
                                         "[[:alpha:]]", "*/../x", "./*", "*/.", "", "/*", "*/", "a//b"}) {
    EXPECT_NE(pattern_fault(pattern), std::nullopt) << pattern;
  }
  EXPECT_NE(pattern_fault(std::string_view("a\0b", 3)), std::nullopt);
  for (const std::string_view pattern : {"**", "**/.env", "a/**/b", "*", "[]]", "[a-z]*", "...", "{a,b}"}) {
    EXPECT_EQ(pattern_fault(pattern), std::nullopt) << pattern;
  }
}

TEST(PatternFault, CountsWhatANameWouldHave) {
  EXPECT_EQ(pattern_fault(std::string(kMaxNameBytes, 'a') + "*"), std::nullopt);
  EXPECT_NE(pattern_fault(std::string(kMaxNameBytes + 1, '?')), std::nullopt);
  EXPECT_EQ(pattern_fault("[" + std::string(kMaxNameBytes, 'a') + "]"), std::nullopt) << "one byte";
}

TEST(PatternFault, EscapesWhatItShows) { EXPECT_EQ(pattern_fault("[\x1b"), "'[' in [\\x1b has no ']'"); }

TEST(ParsePattern, KeepsTheOrder) {
  const auto components = parse_pattern("a/**/*.pem");
  ASSERT_EQ(components.size(), 3U);
  EXPECT_TRUE(components[0].literal());
  EXPECT_TRUE(components[1].any_depth());
  EXPECT_EQ(components[2].text(), "*.pem");
}

TEST(PatternMatches, CountsComponents) {
  EXPECT_TRUE(pattern_matches("*/*.pem", "a/b.pem"));
  EXPECT_FALSE(pattern_matches("*/*.pem", "b.pem"));
  EXPECT_FALSE(pattern_matches("*/*.pem", "a/b/c.pem"));
  EXPECT_FALSE(pattern_matches("*", "a/b")) << "a star is one name";
}

TEST(PatternMatches, TakesAnyNumberOfComponentsForTwoStars) {
  EXPECT_TRUE(pattern_matches("**/.env", ".env"));
  EXPECT_TRUE(pattern_matches("**/.env", "a/b/.env"));
  EXPECT_FALSE(pattern_matches("**/.env", "a/.env/b"));
  EXPECT_TRUE(pattern_matches("a/**/b", "a/b"));
  EXPECT_TRUE(pattern_matches("a/**/b/**/c", "a/x/b/b/y/c"));
  EXPECT_FALSE(pattern_matches("a/**/b/**/c", "a/x/c/b"));
  EXPECT_FALSE(pattern_matches("a/**", "a")) << "what is in it, and not itself";
  EXPECT_TRUE(pattern_matches("a/**", "a/b"));
  EXPECT_TRUE(pattern_matches("a/**", "a/b/c"));
  EXPECT_TRUE(pattern_matches("**/**", "a"));
}

std::string any_text(const std::string& alphabet, int longest) {
  const int size = *rc::gen::inRange(0, longest);
  std::string text;
  for (int i = 0; i < size; ++i) text += *rc::gen::elementOf(alphabet);
  return text;
}

RC_GTEST_PROP(ComponentPatternProperty, AgreesWithFnmatch, ()) {
  const std::string pattern = any_text("ab-*?[]!^\\.\xe4", 12);
  RC_PRE(!pattern_fault(pattern) && !ComponentPattern(pattern).any_depth());
  for (int i = 0; i < 20; ++i) {
    const std::string name = any_text("ab-[]!^\\.\xe4", 8);
    if (name.empty()) continue;
    // The tests run in the C locale: setlocale(3) is never called.
    const bool expected = ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
    RC_LOG() << "pattern " << pattern << " name " << name;
    RC_ASSERT(ComponentPattern(pattern).matches(name) == expected);
  }
}

/// "**" by its definition: tried with none, one, two, ... names.
bool matches_by_definition(const std::vector<ComponentPattern>& pattern, std::size_t at,
                           const std::vector<std::string>& names, std::size_t from) {
  if (at == pattern.size()) return from == names.size();
  if (pattern[at].any_depth()) {
    // At the end it is what is in a directory, and not the directory itself.
    const std::size_t least = at + 1 == pattern.size() ? 1 : 0;
    for (std::size_t to = from + least; to <= names.size(); ++to) {
      if (matches_by_definition(pattern, at + 1, names, to)) return true;
    }
    return false;
  }
  return from < names.size() && pattern[at].matches(names[from]) &&
         matches_by_definition(pattern, at + 1, names, from + 1);
}

RC_GTEST_PROP(PatternMatchesProperty, AgreesWithTheDefinition, ()) {
  const auto words_of = [](const std::vector<std::string>& words, int most) {
    const int size = *rc::gen::inRange(1, most + 1);
    std::vector<std::string> out;
    for (int i = 0; i < size; ++i) out.push_back(*rc::gen::elementOf(words));
    return out;
  };
  const auto join = [](const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : "/") + word;
    return out;
  };
  const auto pattern = words_of({"**", "a", "*", "b*", "ab"}, 5);
  const auto names = words_of({"a", "b", "ab", "ba"}, 7);
  RC_ASSERT(pattern_matches(join(pattern), join(names)) ==
            matches_by_definition(parse_pattern(join(pattern)), 0, names, 0));
}

}  // namespace
}  // namespace fence
