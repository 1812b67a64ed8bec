// git's configuration format, in the spellings that a repository may use to be read differently.
#include "fence/plan/git_config.h"

#include <gtest/gtest.h>

namespace fence {
namespace {

using Entries = std::vector<GitConfigEntry>;

TEST(GitConfig, ReadsSectionsSubsectionsAndKeys) {
  EXPECT_EQ(parse_git_config("[core]\n\tworktree = ../../sub\n[submodule \"A b\"]\npath=x\n"),
            (Entries{{"core", "", "worktree", "../../sub"}, {"submodule", "A b", "path", "x"}}));
}

TEST(GitConfig, AVariableMayStandOnTheLineOfItsSection) {
  EXPECT_EQ(parse_git_config("[submodule \"s\"] path = s"), (Entries{{"submodule", "s", "path", "s"}}));
}

TEST(GitConfig, CaseOfSectionAndKeyDoesNotCount) {
  EXPECT_EQ(parse_git_config("[Core]\nHooksPath = Dir"), (Entries{{"core", "", "hookspath", "Dir"}}));
}

TEST(GitConfig, CommentsEndAValueOutsideQuotes) {
  EXPECT_EQ(parse_git_config("[a]\nb = c ; d\ne = \"f ; g\" # h\n; b = x\n"),
            (Entries{{"a", "", "b", "c"}, {"a", "", "e", "f ; g"}}));
}

TEST(GitConfig, QuotesMayEndInTheMiddleOfAValue) {
  EXPECT_EQ(parse_git_config("[a]\nb = \"s\"5"), (Entries{{"a", "", "b", "s5"}}));
}

TEST(GitConfig, ABackslashContinuesTheLine) {
  EXPECT_EQ(parse_git_config("[a]\nb = c\\\nd\n"), (Entries{{"a", "", "b", "cd"}}));
}

TEST(GitConfig, EscapesAreResolved) {
  EXPECT_EQ(parse_git_config(R"([a]
b = "x\t\"y\\")"),
            (Entries{{"a", "", "b", "x\t\"y\\"}}));
}

TEST(GitConfig, AKeyAloneHasAnEmptyValue) { EXPECT_EQ(parse_git_config("[a]\nb\n"), (Entries{{"a", "", "b", ""}})); }

TEST(GitConfig, WhatGitRefusesEndsTheReading) {
  EXPECT_EQ(parse_git_config("[a]\nb = c\n!\nd = e\n"), (Entries{{"a", "", "b", "c"}}));
  EXPECT_TRUE(parse_git_config("[a\nb = c").empty());
  EXPECT_TRUE(parse_git_config("[a]\nb = \"c\n").empty());
}

TEST(GitConfig, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(parse_git_config("\xef\xbb\xbf[a]\nb=c"), (Entries{{"a", "", "b", "c"}}));
}

}  // namespace
}  // namespace fence
