#include "scout.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "scratch.h"

namespace fence {
namespace {

wire::Answer answered(Scout& scout, const wire::Request& request) {
  ScoutOutcome outcome = scout.ask(request, std::chrono::milliseconds(kLookMilliseconds), {});
  EXPECT_TRUE(std::holds_alternative<wire::Answer>(outcome));
  return std::holds_alternative<wire::Answer>(outcome) ? std::get<wire::Answer>(outcome) : wire::Answer{};
}

/// The children of this process: numbers and states.
std::vector<std::string> children() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto name_end = text.rfind(") ");
    if (name_end == std::string::npos) continue;
    const std::string state = text.substr(name_end + 2, 1);
    if (std::stoi(text.substr(name_end + 4)) == ::getpid()) found.push_back(entry.path().filename().string() + state);
  }
  return found;
}

TEST(Scout, EndsWithItsObject) {
  HostFacts facts;
  {
    Scout scout(facts);
    EXPECT_EQ(children().size(), 1U);
  }
  EXPECT_EQ(children(), std::vector<std::string>{});
}

TEST(Scout, AnswersWhatIsNew) {
  const Scratch scratch;
  scratch.file("a");
  HostFacts facts;
  Scout scout(facts);
  const wire::Request request{.paths = {scratch.at("a")}};
  EXPECT_EQ(answered(scout, request).paths.size(), scratch.at("a").components().size() + 1);
  EXPECT_EQ(answered(scout, request).paths.size(), 0U) << "known since the first time";
  EXPECT_EQ(answered(scout, {.paths = {scratch.at("b")}}).paths.size(), 1U);
}

TEST(Scout, HasNoDescriptorOfItsParents) {
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));
  HostFacts facts;
  Scout scout(facts);
  const auto answer = answered(scout, {.listings = {HostPath::root().child("proc").child("self").child("fd")}});
  // "self" is a link to the scout's own number, under which the listing's path is known, too.
  const auto& listing = answer.listings.begin()->second;
  ASSERT_TRUE(std::holds_alternative<std::vector<std::string>>(listing));
  EXPECT_LE(std::get<std::vector<std::string>>(listing).size(), 3U)
      << "its socket, the directory that it came through, and the one that it lists";
}

TEST(Scout, ThatWasKilledDoesNotAnswer) {
  HostFacts facts;
  Scout scout(facts);
  ASSERT_EQ(children().size(), 1U);
  ASSERT_EQ(::kill(std::stoi(children().front()), SIGKILL), 0);
  const ScoutOutcome outcome = scout.ask({.paths = {HostPath::root()}}, std::chrono::milliseconds(100), {});
  EXPECT_TRUE(std::holds_alternative<ScoutEnded>(outcome));
}

TEST(Scout, LooksAtNothingThatIsKnownToStall) {
  const Scratch scratch;
  scratch.directory("dead");
  scratch.file("dead/file", "x");
  HostFacts facts;
  facts.stalled.emplace(scratch.at("dead"), StalledMount{"fuse", "x"});
  HostProber prober;
  prober.answer(
      {.paths = {scratch.at("dead/file/x")}, .listings = {scratch.at("")}, .texts = {scratch.at("dead/file")}}, facts);
  for (const char* name : {"dead", "dead/file", "dead/file/x"}) {
    EXPECT_EQ(facts.paths.at(scratch.at(name)), PathFact(Unreadable{ETIMEDOUT})) << name;
  }
  EXPECT_EQ(facts.texts.at(scratch.at("dead/file")), TextFact(Unreadable{ETIMEDOUT}));
  EXPECT_EQ(facts.listings.at(scratch.at("")), ListingFact(std::vector<std::string>{"dead"}))
      << "what is above answers";
}

TEST(HostProber, StartsAnotherScoutForOtherFacts) {
  const Scratch scratch;
  scratch.file("file");
  HostProber prober;
  HostFacts first;
  prober.answer({.paths = {scratch.at("file")}}, first);
  HostFacts second;
  second.paths.emplace(scratch.at("l"), Link{"file"});
  prober.answer({.paths = {scratch.at("l")}}, second);
  EXPECT_TRUE(second.paths.contains(scratch.at("file")));
}

TEST(HostProber, HasNoChildWhileItRests) {
  HostProber prober;
  HostFacts facts;
  prober.answer({.paths = {HostPath::root()}}, facts);
  EXPECT_EQ(children().size(), 1U);
  prober.rest();
  EXPECT_EQ(children(), std::vector<std::string>{});
  prober.answer({.paths = {HostPath::root().child("etc")}}, facts);
  EXPECT_TRUE(facts.paths.contains(HostPath::root().child("etc")));
}

TEST(HostProber, WorksWhereChildrenAreIgnored) {
  struct sigaction ignore {
  }, before{}, after{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
  const HostFacts facts = HostProber().basics();
  EXPECT_TRUE(facts.ignored_signals.contains(SIGCHLD)) << "as fence was started";
  ASSERT_EQ(::sigaction(SIGCHLD, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, SIG_IGN) << "put back as it was";
}

TEST(HostProber, TellsOfALongWalk) {
  const Scratch scratch;
  scratch.directory("d");
  // Through itself again and again: 8^7 directories.
  for (int i = 0; i < 8; ++i) scratch.link("d/" + std::to_string(i), ".");
  std::uint64_t told = 0;
  HostProber prober([&](std::uint64_t entries, const HostPath& at) {
    EXPECT_GT(entries, 0U);
    EXPECT_FALSE(at.text().empty());
    ++told;
  });
  HostFacts facts;
  const GlobQuery query{scratch.at("d"), "*/*/*/*/*/*/*/*/*/no"};
  prober.answer({.globs = {query}, .walk_limits = {.seconds = 2}}, facts);
  EXPECT_EQ(std::get<WalkBound>(facts.globs.at(query)).which, WalkBound::Which::Seconds);
  EXPECT_GE(told, 1U);
}

}  // namespace
}  // namespace fence
