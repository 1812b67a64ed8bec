#include <gmock/gmock.h>

#include "words.h"

namespace fence::bwrapline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class Kind>
const Kind& only_op(const Invocation& of) {
  EXPECT_EQ(of.ops.size(), 1U);
  return std::get<Kind>(of.ops.at(0).action);
}

TEST(Words, TheCommandBeginsAtTheFirstWordThatIsNoOption) {
  EXPECT_THAT(invocation({"--dir", "/a", "true", "--dir"}).command, ElementsAre("true", "--dir"));
}

TEST(Words, TwoDashesEndTheOptions) {
  EXPECT_THAT(invocation({"--", "--dir", "/a"}).command, ElementsAre("--dir", "/a"));
  EXPECT_THAT(invocation({"--", "--dir", "/a"}).ops, IsEmpty());
}

TEST(Words, AnEmptyWordIsTheCommand) { EXPECT_THAT(invocation({"", "a"}).command, ElementsAre("", "a")); }

TEST(Words, NoneAtAllIsNoCommand) {
  EXPECT_TRUE(std::holds_alternative<NoCommand>(parse_words({}).outcome));
  EXPECT_THAT(invocation({"--dir", "/a"}).command, IsEmpty());
}

TEST(Words, OpsKeepTheirOrder) {
  const Invocation of = invocation({"--tmpfs", "/t", "--bind", "/a", "/t/b", "--symlink", "x", "/t/l", "true"});
  ASSERT_EQ(of.ops.size(), 3U);
  EXPECT_EQ(of.ops[0], (Op{"/t", Tmpfs{}, 0755}));
  EXPECT_EQ(of.ops[1], (Op{"/t/b", BindPath{"/a", Access::ReadWrite, false}}));
  EXPECT_EQ(of.ops[2], (Op{"/t/l", Symlink{"x"}}));
}

TEST(Words, BindsDifferInAccessAndInWhatMayBeMissing) {
  EXPECT_EQ(only_op<BindPath>(invocation({"--ro-bind-try", "a", "b", "c"})), (BindPath{"a", Access::ReadOnly, true}));
  EXPECT_EQ(only_op<BindPath>(invocation({"--dev-bind", "a", "b", "c"})), (BindPath{"a", Access::Devices, false}));
  EXPECT_EQ(only_op<BindOpen>(invocation({"--ro-bind-fd", "7", "b", "c"})), (BindOpen{7, Access::ReadOnly}));
}

TEST(Modifiers, EachIsForTheNextOpThatTakesIt) {
  const Invocation of = invocation({"--size", "0x10", "--perms", "1777", "--tmpfs", "/a", "--tmpfs", "/b", "true"});
  EXPECT_EQ(std::get<Tmpfs>(of.ops[0].action), (Tmpfs{01777, 16}));
  EXPECT_EQ(std::get<Tmpfs>(of.ops[1].action), (Tmpfs{0755, std::nullopt}));
}

TEST(Modifiers, AnyOtherOptionInBetweenIsRefused) {
  EXPECT_EQ(refusal({"--perms", "0700", "--new-session", "--dir", "/a", "true"}),
            "--perms must be followed by an option that creates a file");
  EXPECT_EQ(refusal({"--size", "1", "--dir", "/a", "true"}), "--size must be followed by --tmpfs");
  EXPECT_EQ(refusal({"--perms", "1", "--perms", "2", "--dir", "/a", "true"}),
            "--perms given twice for the same action");
}

TEST(Modifiers, OneAtTheEndIsForgotten) {
  EXPECT_EQ(refusal({"--perms", "0700", "true"}), "");
  EXPECT_EQ(refusal({"--perms", "0700", "--", "true"}), "");
}

TEST(Modifiers, ParentsCloseWithTheirChild) {
  const auto parents = [](const char* mode) {
    return invocation({"--perms", mode, "--dir", "/a", "x"}).ops.at(0).parents_mode;
  };
  EXPECT_EQ(parents("0755"), 0755U);
  EXPECT_EQ(parents("0710"), 0750U);
  EXPECT_EQ(parents("0604"), 0705U);
  EXPECT_EQ(parents("0000"), 0700U);
  EXPECT_EQ(invocation({"--bind", "/a", "/b", "x"}).ops.at(0).parents_mode, 0700U);
}

TEST(Numbers, AreReadAsStrtolDoesAndCut) {
  EXPECT_EQ(invocation({"--info-fd", "4294967298", "x"}).descriptors.info, 2);
  EXPECT_EQ(invocation({"--info-fd", " 7", "x"}).descriptors.info, 7);
  EXPECT_EQ(invocation({"--userns", "0", "x"}).descriptors.userns, 0);
  for (const char* const word : {"", "x", "-1", "1x", " ", "2147483648"}) {
    EXPECT_EQ(refusal({"--info-fd", word, "x"}), std::string("Invalid fd: ") + word);
    EXPECT_EQ(refusal({"--uid", word, "x"}), std::string("Invalid uid: ") + word);
  }
}

TEST(Overlays, NeedTheirSourcesRightBefore) {
  EXPECT_EQ(
      only_op<Overlay>(invocation({"--overlay-src", "a", "--overlay-src", "b", "--overlay", "u", "w", "/d", "x"})),
      (Overlay{{"a", "b"}, UpperDirectory{"u", "w"}}));
  EXPECT_EQ(only_op<Overlay>(invocation({"--overlay-src", "a", "--tmp-overlay", "/d", "x"})),
            (Overlay{{"a"}, UpperTmpfs{}}));
  EXPECT_EQ(refusal({"--tmp-overlay", "/d", "x"}), "--tmp-overlay requires at least one --overlay-src");
  EXPECT_EQ(refusal({"--overlay-src", "a", "--ro-overlay", "/d", "x"}),
            "--ro-overlay requires at least two --overlay-src");
  const std::string elsewhere =
      "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, or --ro-overlay";
  EXPECT_EQ(refusal({"--overlay-src", "a", "--dir", "/d", "x"}), elsewhere);
  EXPECT_EQ(refusal({"--overlay-src", "a", "x"}), elsewhere);
  EXPECT_EQ(refusal({"--overlay-src", "a", "--", "x"}), elsewhere);
}

TEST(Environment, IsChangedInTheOrderOfTheWords) {
  const std::vector<std::string> before{"A=1", "B=2", "AB=3"};
  EXPECT_THAT(invocation({"--setenv", "A", "9", "--setenv", "C", "", "x"}, {}, before).environment,
              ElementsAre("A=9", "B=2", "AB=3", "C="));
  EXPECT_THAT(invocation({"--unsetenv", "A", "x"}, {}, before).environment, ElementsAre("B=2", "AB=3"));
  EXPECT_THAT(invocation({"--setenv", "C", "1", "--clearenv", "--setenv", "D", "2", "x"}, {}, before).environment,
              ElementsAre("D=2"));
  EXPECT_EQ(refusal({"--setenv", "A=B", "c", "x"}), "setenv failed");
  EXPECT_EQ(refusal({"--unsetenv", "", "x"}), "unsetenv failed");
}

TEST(Again, OnlyTheLastOneCountsAndThatIsSaid) {
  const Parsed parsed =
      parse_words({"--chdir", "/a", "--chdir", "/b", "--level-prefix", "--uid", "1", "--uid", "2", "x"});
  EXPECT_THAT(parsed.warnings,
              ElementsAre(Message{Message::Severity::Warning, "Only the last --chdir option will take effect", false},
                          Message{Message::Severity::Warning, "Only the last --uid option will take effect", true}));
  EXPECT_EQ(std::get<Invocation>(parsed.outcome).directory, "/b");
  EXPECT_EQ(refusal({"--argv0", "a", "--argv0", "b", "x"}), "--argv0 used multiple times");
}

TEST(Again, TheNetworkIsWhatWasSaidLast) {
  EXPECT_FALSE(invocation({"--unshare-all", "--share-net", "x"}).namespaces.net);
  EXPECT_TRUE(invocation({"--share-net", "--unshare-all", "x"}).namespaces.net);
}

TEST(FileOfWords, StandsWhereArgsStands) {
  const Files files{{5, file_of({"--dir", "/b"})}, {6, std::string("--dir\0/c", 8)}};
  const Invocation of = invocation({"--dir", "/a", "--args", "5", "--args", "6", "--dir", "/d", "x"}, files);
  std::vector<std::string> places;
  for (const Op& op : of.ops) places.push_back(op.place);
  EXPECT_THAT(places, ElementsAre("/a", "/b", "/c", "/d"));
}

TEST(FileOfWords, ItsCommandIsNotUsed) {
  const Invocation of = invocation({"--args", "5", "x"}, {{5, file_of({"--dir", "/b", "cmd", "--dir", "/c"})}});
  EXPECT_EQ(of.ops.size(), 1U);
  EXPECT_THAT(of.command, ElementsAre("x"));
}

TEST(FileOfWords, AModifierGoesIntoItAndNotOutOfIt) {
  EXPECT_EQ(only_op<Directory>(invocation({"--perms", "0700", "--args", "5", "x"}, {{5, file_of({"--dir", "/b"})}})),
            Directory{0700});
  EXPECT_EQ(refusal({"--args", "5", "--dir", "/b", "x"}, {{5, file_of({"--perms", "0700"})}}),
            "--perms must be followed by an option that creates a file");
}

TEST(FileOfWords, IsNotInAnother) {
  EXPECT_EQ(refusal({"--args", "5", "x"}, {{5, file_of({"--args", "6"})}, {6, ""}}),
            "--args not supported in arguments file");
  EXPECT_EQ(refusal({"--args", "7", "x"}), "Can't read --args data: Bad file descriptor");
}

TEST(FileOfWords, AllWordsTogetherAreLimited) {
  std::vector<std::string> many(8998, "x");
  many.insert(many.begin(), {"--args", "5"});
  EXPECT_EQ(refusal(many, {{5, ""}}), "");
  EXPECT_EQ(refusal(many, {{5, "--new-session"}}), "Exceeded maximum number of arguments 9000");
  many.emplace_back("x");
  EXPECT_EQ(refusal(many, {{5, ""}}), "Exceeded maximum number of arguments 9000");
}

TEST(Filters, TheTwoKindsExcludeEachOther) {
  const Files files{{5, std::string(8, 'x')}, {6, "odd"}};
  EXPECT_EQ(refusal({"--seccomp", "5", "--add-seccomp-fd", "5", "x"}, files),
            "--add-seccomp-fd cannot be combined with --seccomp");
  EXPECT_EQ(refusal({"--add-seccomp-fd", "5", "--seccomp", "5", "x"}, files),
            "--seccomp cannot be combined with --add-seccomp-fd");
  EXPECT_EQ(refusal({"--add-seccomp-fd", "6", "x"}, files), "Invalid seccomp data, must be multiple of 8");
  EXPECT_EQ(invocation({"--add-seccomp-fd", "5", "x"}, files).filters.size(), 1U);
}

TEST(Capabilities, HaveNamesInAnyCaseAndNumbers) {
  const Invocation of = invocation({"--cap-drop", "all", "--cap-add", "Cap_Net_Admin", "--cap-add", "5", "x"});
  EXPECT_THAT(of.capabilities, ElementsAre(CapabilityChange{false, std::nullopt}, CapabilityChange{true, 12U},
                                           CapabilityChange{true, 5U}));
  EXPECT_EQ(refusal({"--cap-add", "net_admin", "x"}), "unknown cap: net_admin");
  EXPECT_EQ(refusal({"--cap-add", "64", "x"}), "unknown cap: 64");
}

TEST(Messages, BeginAsCallersKnowThem) {
  EXPECT_EQ(to_line({Message::Severity::Fatal, "no", false}), "bwrap: no\n");
  EXPECT_EQ(to_line({Message::Severity::Fatal, "no", true}), "<3>bwrap: no\n");
  EXPECT_EQ(to_line({Message::Severity::Warning, "well", true}), "<4>bwrap: well\n");
}

}  // namespace
}  // namespace fence::bwrapline
