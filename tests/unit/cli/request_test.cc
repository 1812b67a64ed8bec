#include "fence/cli/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace fence {
namespace {

using ::testing::ElementsAre;

HostFacts facts_in(std::string_view directory) {
  HostFacts facts;
  facts.working_directory = *HostPath::parse(directory);
  return facts;
}

CommandLine start_in(std::string directory) {
  CommandLine line;
  line.command = {"ls"};
  line.directory =
      Sourced<std::string>{std::move(directory), {.layer = LayerKind::CommandLine, .source = "--directory"}};
  return line;
}

std::string started_in(std::string directory, std::string_view from = "/home/u/p") {
  const auto request = make_request(start_in(std::move(directory)), facts_in(from));
  return request ? request->directory->value.text() : "refused: " + request.error().front().what;
}

std::vector<int> kept(const CommandLine& line, std::set<int> open) {
  HostFacts facts = facts_in("/");
  facts.open_descriptors = std::move(open);
  std::vector<int> out;
  const auto request = make_request(line, facts);
  for (const Sourced<int>& each : request->keep_descriptors) out.push_back(each.value);
  return out;
}

TEST(DescriptorArgument, IsWhatAShellPutsInPlaceOfAProcessSubstitution) {
  EXPECT_EQ(descriptor_argument("/dev/fd/63"), 63);
  EXPECT_EQ(descriptor_argument("/proc/self/fd/11"), 11);
  EXPECT_EQ(descriptor_argument("--from-file=/dev/fd/62"), 62);
}

TEST(DescriptorArgument, IsNothingElse) {
  for (const char* word : {"", "=", "/dev/fd/", "/dev/fd/x", "/dev/fd/6/x", "/dev/fd/-1", "/dev/fd/99999999999",
                           "dev/fd/6", "x/dev/fd/6", "/x=/dev/fd/6", "/dev/fd/6 "}) {
    EXPECT_EQ(descriptor_argument(word), std::nullopt) << word;
  }
}

TEST(MakeRequest, KeepsOpenDescriptorsThatTheCommandNames) {
  CommandLine line;
  line.command = {"diff", "/dev/fd/63", "/dev/fd/62", "/dev/fd/1", "/dev/fd/5"};
  EXPECT_THAT(kept(line, {62, 63, 70}), ElementsAre(63, 62));
}

TEST(MakeRequest, KeepsDescriptorsOfTheOption) {
  CommandLine line;
  line.command = {"ls"};
  line.keep_descriptors = {{0, {}}, {9, {}}};
  EXPECT_THAT(kept(line, {9}), ElementsAre(9));
}

TEST(MakeRequest, RefusesToKeepWhatIsNotOpen) {
  CommandLine line;
  line.command = {"ls"};
  line.keep_descriptors = {{9, {.layer = LayerKind::CommandLine, .source = "--keep-fd"}}, {10, {}}};
  const auto request = make_request(line, facts_in("/"));
  ASSERT_FALSE(request);
  ASSERT_EQ(request.error().size(), 2U);
  EXPECT_EQ(to_string(request.error()[0]), "fence: cannot keep descriptor 9: it is not open\n  asked for by --keep-fd");
}

TEST(MakeRequest, ReadsTheStartDirectoryFromTheWorkingDirectory) {
  EXPECT_EQ(started_in("/srv/x/"), "/srv/x");
  EXPECT_EQ(started_in("a//b"), "/home/u/p/a/b");
  EXPECT_EQ(started_in("."), "/home/u/p");
  EXPECT_EQ(started_in("./a"), "/home/u/p/a");
  EXPECT_EQ(started_in(".."), "/home/u");
  EXPECT_EQ(started_in("../../v"), "/home/v");
  EXPECT_EQ(started_in("../..", "/"), "/");
  EXPECT_EQ(started_in("a [1] $b ~"), "/home/u/p/a [1] $b ~");
}

TEST(MakeRequest, RefusesAStartDirectoryThatNeedsTheHostToBeUnderstood) {
  EXPECT_THAT(started_in("a/../b"), ::testing::StartsWith("refused: "));
  EXPECT_THAT(started_in(""), ::testing::StartsWith("refused: "));
}

TEST(MakeRequest, RefusesADeletedWorkingDirectory) {
  HostFacts facts;
  facts.working_directory = Unreadable{ENOENT};
  CommandLine line;
  line.command = {"ls"};
  const auto request = make_request(line, facts);
  ASSERT_FALSE(request);
  EXPECT_EQ(to_string(request.error().front()),
            "fence: cannot tell the working directory: no such file or directory\n"
            "  hint: change to a directory that exists");
}

TEST(ConfigRequest, CarriesTheCommandLine) {
  CommandLine line;
  line.no_settings = true;
  line.settings_file = "s.toml";
  HostFacts facts = facts_in("/w");
  facts.environment = {{"HOME", "/h"}};
  facts.caller.home = "/home/nss";
  const ConfigRequest request = config_request(line, facts);
  EXPECT_TRUE(request.no_settings);
  EXPECT_EQ(request.settings_file, "s.toml");
  EXPECT_EQ(request.environment, facts.environment);
  EXPECT_EQ(request.home_by_nss, "/home/nss");
  EXPECT_EQ(request.working_directory.text(), "/w");
}

TEST(ConfigRequest, StartsWhereTheCommandDoes) {
  CommandLine line = start_in("sub");
  line.trust_project = true;
  HostFacts facts = facts_in("/h/p");
  facts.environment = {{"HOME", "/h"}};
  const ConfigRequest request = config_request(line, facts);
  EXPECT_EQ(request.start_directory->text(), "/h/p/sub");
  EXPECT_EQ(request.working_directory.text(), "/h/p");
  EXPECT_TRUE(request.trust_project);
}

TEST(ConfigRequest, ResolvesTheLinksThatTheFactsKnow) {
  HostFacts facts = facts_in("/disk/u/p");
  facts.environment = {{"HOME", "/h"}};
  facts.paths[HostPath::root()] = Present{.kind = PathKind::Directory};
  facts.paths[*HostPath::parse("/h")] = Link{"/disk/u"};
  facts.paths[*HostPath::parse("/disk")] = Present{.kind = PathKind::Directory};
  facts.paths[*HostPath::parse("/disk/u")] = Present{.kind = PathKind::Directory};
  EXPECT_EQ(config_request({}, facts).real_home->text(), "/disk/u");
  facts.paths.clear();
  EXPECT_EQ(config_request({}, facts).real_home->text(), "/h") << "nothing is known of links";
}

TEST(ConfigQueries, AskOnlyWhereTheSpellingsDoNotSuffice) {
  HostFacts facts = facts_in("/h/p");
  facts.environment = {{"HOME", "/h"}};
  EXPECT_TRUE(config_queries({}, facts).empty());
  EXPECT_THAT(config_queries(start_in("x"), facts).paths, ElementsAre(*HostPath::parse("/h/p/x")));
  facts.working_directory = *HostPath::parse("/disk/u/p");
  EXPECT_THAT(config_queries({}, facts).paths, ElementsAre(*HostPath::parse("/disk/u/p"), *HostPath::parse("/h")));
  facts.working_directory = Unreadable{ENOENT};
  EXPECT_TRUE(config_queries({}, facts).empty());
}

}  // namespace
}  // namespace fence
