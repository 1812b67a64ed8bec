#include "expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fence {
namespace {

/// Home /home/u, base /base/dir, and the variables given.
class ExpandPath : public ::testing::Test {
 protected:
  ExpansionContext context() {
    return {.base = *HostPath::parse("/base/dir"),
            .variable = [this](std::string_view name) -> const std::string* {
              const auto found = variables_.find(std::string(name));
              return found == variables_.end() ? nullptr : &found->second;
            },
            .home = home_};
  }

  static std::string text_of(const RulePath& path) {
    return std::visit(Overloaded{
                          [](const HostPath& host) { return host.text(); },
                          [](const InWorkspace& in) { return "workspace:" + in.relative; },
                          [](const InEveryWritableTree& in) { return "every:" + in.relative; },
                      },
                      path);
  }
  static std::string text_of(const std::variant<Expanded, Unset, Error>& outcome) {
    return std::visit(Overloaded{
                          [](const Expanded& expanded) { return text_of(expanded.path) + " | " + expanded.pattern; },
                          [](const Unset& unset) { return "unset: " + unset.name; },
                          [](const Error& error) { return to_string(error); },
                      },
                      outcome);
  }

  /// The path that comes out; an error as its text.
  std::string expand(std::string_view text) {
    const auto result = expand_path(text, context());
    return result ? text_of(*result) : to_string(result.error());
  }
  /// "PATH | PATTERN", where patterns have a meaning.
  std::string split(std::string_view text, Relative relative = Relative::BelowBase) {
    return text_of(fence::expand({.text = text, .patterns = true, .relative = relative}, context()));
  }

  std::map<std::string, std::string> variables_{
      {"DIR", "/var/data"}, {"NAME", "x*y"}, {"EMPTY", ""}, {"UP", "/a/../b"}};
  std::string home_ = "/home/u";
};

TEST_F(ExpandPath, AbsoluteIsMadeCanonical) {
  EXPECT_EQ(expand("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(expand("/"), "/");
}

TEST_F(ExpandPath, RelativeIsBelowTheBase) {
  EXPECT_EQ(expand("a/b"), "/base/dir/a/b");
  EXPECT_EQ(expand("./a"), "/base/dir/a");
  EXPECT_EQ(expand("."), "/base/dir");
}

TEST_F(ExpandPath, DotDotInFrontOfARelativePathGoesUp) {
  EXPECT_EQ(expand("../x"), "/base/x");
  EXPECT_EQ(expand("./../../x"), "/x");
  EXPECT_EQ(expand("../../../../x"), "/x");
  EXPECT_EQ(expand(".."), "/base");
}

TEST_F(ExpandPath, DotDotAfterANameIsRefused) {
  const std::string why = ": \"..\" means another place when a link comes before it";
  EXPECT_EQ(expand("a/../b"), "fence: cannot use the path \"a/../b\"" + why);
  EXPECT_EQ(expand("/a/../b"), "fence: cannot use the path \"/a/../b\"" + why);
  EXPECT_EQ(expand("~/../b"), "fence: cannot use the path \"~/../b\"" + why);
  EXPECT_EQ(expand("$UP/c"), "fence: cannot use the path \"$UP/c\"" + why);
}

TEST_F(ExpandPath, TildeIsTheHomeDirectory) {
  EXPECT_EQ(expand("~"), "/home/u");
  EXPECT_EQ(expand("~/.ssh"), "/home/u/.ssh");
  EXPECT_EQ(expand("/a/~"), "/a/~");
}

TEST_F(ExpandPath, TildeOfAnotherUserIsRefused) {
  EXPECT_EQ(expand("~root/x"),
            "fence: cannot use the path \"~root/x\": \"~\" followed by a name is not supported\n"
            "  hint: write the path out");
}

TEST_F(ExpandPath, TildeWithoutAHomeIsAnError) {
  home_.clear();
  EXPECT_EQ(expand("~/x"),
            "fence: cannot use the path \"~/x\": the home directory is not known\n"
            "  hint: set HOME");
}

TEST_F(ExpandPath, VariablesAreReplacedAnywhere) {
  EXPECT_EQ(expand("$DIR"), "/var/data");
  EXPECT_EQ(expand("${DIR}base/x"), "/var/database/x");
  EXPECT_EQ(expand("/x/${DIR}/y"), "/x/var/data/y");
}

TEST_F(ExpandPath, AVariablesValueIsTakenAsItStands) { EXPECT_EQ(expand("/a/$NAME"), "/a/x*y"); }

TEST_F(ExpandPath, AnUnsetOrEmptyVariableIsAnError) {
  EXPECT_EQ(expand("$GONE/x"),
            "fence: cannot use the path \"$GONE/x\": $GONE is not set\n"
            "  hint: add `optional = true` to skip the entry where it is not set");
  EXPECT_EQ(expand("${EMPTY}/x"),
            "fence: cannot use the path \"${EMPTY}/x\": $EMPTY is not set\n"
            "  hint: add `optional = true` to skip the entry where it is not set");
}

TEST_F(ExpandPath, ADollarWithoutANameIsRefused) {
  for (const std::string text : {"/a/$", "/a/$1", "/a/${", "/a/${}", "/a/${DIR:-x}", "/a/$(id)"}) {
    EXPECT_EQ(expand(text), "fence: cannot use the path \"" + text +
                                "\": a \"$\" without a variable's name\n"
                                "  hint: for a name that has this character write {path = \"...\", literal = true}");
  }
}

TEST_F(ExpandPath, PatternsAreRefusedWhereOnePathIsMeant) {
  for (const std::string text : {"/a/*", "/a/?", "/a/[b]", "~/**/x"}) {
    EXPECT_EQ(expand(text), "fence: cannot use the path \"" + text +
                                "\": patterns have a meaning only in the path lists, tmpfs and devices.allow\n"
                                "  hint: for a name that has this character write {path = \"...\", literal = true}");
  }
}

TEST_F(ExpandPath, APatternBeginsAtTheFirstComponentThatHasOne) {
  EXPECT_EQ(split("/a/b/*.pem"), "/a/b | *.pem");
  EXPECT_EQ(split("/*"), "/ | *");
  EXPECT_EQ(split("/a/b[12]c/d"), "/a | b[12]c/d");
  EXPECT_EQ(split("~/src/**/.env"), "/home/u/src | **/.env");
  EXPECT_EQ(split("~/*"), "/home/u | *");
  EXPECT_EQ(split("*.c"), "/base/dir | *.c");
  EXPECT_EQ(split("../x/?"), "/base/x | ?");
  EXPECT_EQ(split("$DIR/*/y"), "/var/data | */y");
  EXPECT_EQ(split("$FENCE_WORKSPACE/**/*.key"), "workspace: | **/*.key");
  EXPECT_EQ(split("$FENCE_WORKSPACE/a/*"), "workspace:a | *");
  EXPECT_EQ(split("/a/b"), "/a/b | ");
}

TEST_F(ExpandPath, APatternIsMadeCanonical) { EXPECT_EQ(split("/a//**/.//x/"), "/a | **/x"); }

TEST_F(ExpandPath, PatternCharactersOfAVariableStandForThemselves) {
  EXPECT_EQ(split("/a/$NAME"), "/a/x*y | ");
  EXPECT_EQ(split("/a/$NAME/*.c"), "/a/x*y | *.c");
  EXPECT_EQ(split("/a/$NAME*"), "/a | x[*]y*");
  EXPECT_EQ(split("/a/*/${NAME}"), "/a | */x[*]y");
  variables_["NAME"] = "[a]?";
  EXPECT_EQ(split("/a/*$NAME"), "/a | *[[]a][?]");
}

TEST_F(ExpandPath, PatternCharactersOfTheHomeDirectoryStandForThemselves) {
  home_ = "/home/[u]";
  EXPECT_EQ(split("~/*"), "/home/[u] | *");
  EXPECT_EQ(split("~/x"), "/home/[u]/x | ");
}

TEST_F(ExpandPath, AVariableInASetIsRefused) {
  EXPECT_EQ(split("/a/[$NAME]"),
            "fence: cannot use the path \"/a/[$NAME]\": a variable cannot stand between \"[\" and \"]\"");
  EXPECT_EQ(split("/a/[b]$NAME"), "/a | [b]x[*]y");
}

TEST_F(ExpandPath, DotDotAfterAPatternIsRefused) {
  for (const std::string text : {"/a/*/../b", "/a/*/..", "*/../b"}) {
    EXPECT_THAT(split(text), ::testing::StartsWith("fence: cannot use the path \"" + text + "\": \"..\" means"));
  }
  EXPECT_THAT(split("/a/../*"), ::testing::StartsWith("fence: cannot use the path \"/a/../*\": \"..\" means"));
}

TEST_F(ExpandPath, APatternIsARelativeProtectionOfEveryTree) {
  EXPECT_EQ(split("**/.env", Relative::InEveryTree), "every: | **/.env");
  EXPECT_EQ(split("a/*.c", Relative::InEveryTree), "every:a | *.c");
  EXPECT_THAT(split("../*", Relative::InEveryTree), ::testing::HasSubstr("\"..\" leads out of the directory"));
}

TEST_F(ExpandPath, ALiteralSpellingHasNoPattern) {
  EXPECT_EQ(text_of(fence::expand({.text = "/a/*", .literal = true, .patterns = true}, context())), "/a/* | ");
}

TEST_F(ExpandPath, TheWorkspaceIsKnownLater) {
  EXPECT_EQ(expand("$FENCE_WORKSPACE"), "workspace:");
  EXPECT_EQ(expand("${FENCE_WORKSPACE}/"), "workspace:");
  EXPECT_EQ(expand("$FENCE_WORKSPACE/a//b"), "workspace:a/b");
}

TEST_F(ExpandPath, AVariableCannotMoveTheWorkspace) {
  variables_["FENCE_WORKSPACE"] = "/";
  EXPECT_EQ(expand("$FENCE_WORKSPACE/a"), "workspace:a");
}

TEST_F(ExpandPath, TheWorkspaceElsewhereIsRefused) {
  for (const std::string text : {"/a/$FENCE_WORKSPACE", "${FENCE_WORKSPACE}x"}) {
    EXPECT_EQ(expand(text),
              "fence: cannot use the path \"" + text + "\": $FENCE_WORKSPACE can only be the first component");
  }
}

TEST_F(ExpandPath, OutOfTheWorkspaceIsRefused) {
  EXPECT_EQ(
      expand("$FENCE_WORKSPACE/../x"),
      "fence: cannot use the path \"$FENCE_WORKSPACE/../x\": \"..\" leads out of the directory that it is meant for");
}

TEST_F(ExpandPath, EmptyAndNulAreRefused) {
  EXPECT_EQ(expand(""), "fence: cannot use the path \"\": it is empty");
  EXPECT_EQ(expand(std::string_view("a\0b", 3)), "fence: cannot use the path \"a\\x00b\": it has a NUL byte in it");
}

}  // namespace
}  // namespace fence
