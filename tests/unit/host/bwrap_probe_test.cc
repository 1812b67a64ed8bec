#include "bwrap_probe.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <optional>

#include "children.h"
#include "scratch.h"

namespace fence {
namespace {

constexpr std::string_view kHelp = "#!/bin/sh\necho '    --bind SRC DEST'\necho '    --args FD'\n";

/// Everybody may write there, though not remove what others have.
constexpr const char* kSharedPlace = "/tmp";
/// Where only root can change anything.
constexpr const char* kRootsPlace = "/var/lib";

bool only_roots(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 && status.st_uid == 0 && (status.st_mode & 022) == 0;
}

/// With that environment.
std::optional<BwrapFacts> found_in(const Environment& environment) {
  HostProber prober;
  HostFacts facts = prober.basics();
  facts.environment = environment;
  const std::vector<HostPath> places = bwrap_places(environment);
  prober.answer({.paths = {places.begin(), places.end()}}, facts);
  return probe_bwrap(facts, places);
}

std::string help_output(const std::string& program) {
  return program_output(program, std::vector<std::string>{"--help"}, std::chrono::seconds(5));
}

/// Tests that put a program where only root can: another user, or root of a user namespace, cannot.
class TrustedBwrap : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !only_roots("/") || !only_roots("/var") || !only_roots(kRootsPlace)) {
      GTEST_SKIP() << "needs root of the host";
    }
    scratch_.emplace(kRootsPlace);
    scratch_->directory("bin");
    scratch_->file("bin/bwrap", kHelp, 0755);
  }
  [[nodiscard]] const Scratch& scratch() const { return *scratch_; }
  [[nodiscard]] std::string at(std::string_view name) const { return scratch_->at(name).text(); }
  void own(std::string_view name, uid_t user) const { EXPECT_EQ(::chown(at(name).c_str(), user, 0), 0) << name; }

  /// The one found with `first` before the trusted one in PATH.
  [[nodiscard]] std::string found_behind(std::string_view first) const {
    const auto bwrap = found_in({{"PATH", at(first) + ":" + at("bin")}});
    return bwrap ? bwrap->path : "none";
  }

  std::optional<Scratch> scratch_;
};

TEST_F(TrustedBwrap, IsTheFirstExecutableOfPath) {
  for (const char* name : {"no", "later"}) scratch().directory(name);
  scratch().file("no/bwrap", kHelp, 0644);
  scratch().file("later/bwrap", kHelp, 0755);
  const auto bwrap = found_in({{"PATH", at("no") + "::" + at("bin") + "/:" + at("later")}});
  ASSERT_TRUE(bwrap);
  EXPECT_EQ(bwrap->path, at("bin/bwrap"));
  EXPECT_EQ(bwrap->options, (std::set<std::string>{"--args", "--bind"}));
  EXPECT_FALSE(bwrap->setuid);
}

TEST_F(TrustedBwrap, MayHaveTheSetUserIdBit) {
  ASSERT_EQ(::chmod(at("bin/bwrap").c_str(), 04755), 0);
  const auto bwrap = found_in({{"PATH", at("bin")}});
  ASSERT_TRUE(bwrap);
  EXPECT_TRUE(bwrap->setuid);
}

TEST_F(TrustedBwrap, IsNotTakenFromARelativeEntry) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(at(""));
  const auto bwrap = found_in({{"PATH", "bin:./bin:.:"}});
  std::filesystem::current_path(before);
  EXPECT_TRUE(!bwrap || bwrap->path == "/usr/bin/bwrap");
}

TEST_F(TrustedBwrap, ThatPrintsNoHelpIsThereWithoutOptions) {
  scratch().file("bin/bwrap", "#!/bin/sh\nexit 1\n", 0755);
  const auto bwrap = found_in({{"PATH", at("bin")}});
  ASSERT_TRUE(bwrap);
  EXPECT_EQ(bwrap->path, at("bin/bwrap"));
  EXPECT_TRUE(bwrap->options.empty());
}

TEST_F(TrustedBwrap, IsNotAFileThatOthersCanWrite) {
  scratch().directory("other");
  scratch().file("other/bwrap", kHelp, 0755);
  EXPECT_EQ(found_behind("other"), at("other/bwrap")) << "the control: root's alone";
  for (const mode_t mode : {0775U, 0757U, 0777U}) {
    ASSERT_EQ(::chmod(at("other/bwrap").c_str(), mode), 0);
    EXPECT_EQ(found_behind("other"), at("bin/bwrap")) << std::oct << mode;
  }
  ASSERT_EQ(::chmod(at("other/bwrap").c_str(), 0755), 0);
  own("other/bwrap", kOrdinaryUser);
  EXPECT_EQ(found_behind("other"), at("bin/bwrap"));
}

TEST_F(TrustedBwrap, IsNotBelowADirectoryThatOthersCanChange) {
  scratch().directory("project");
  scratch().directory("project/bin");
  scratch().file("project/bin/bwrap", kHelp, 0755);
  EXPECT_EQ(found_behind("project/bin"), at("project/bin/bwrap")) << "the control: root's alone";
  for (const char* name : {"project", "project/bin"}) {
    for (const mode_t mode : {0775U, 0757U, 01777U}) {
      ASSERT_EQ(::chmod(at(name).c_str(), mode), 0);
      EXPECT_EQ(found_behind("project/bin"), at("bin/bwrap")) << name << " " << std::oct << mode;
    }
    ASSERT_EQ(::chmod(at(name).c_str(), 0755), 0);
    own(name, kOrdinaryUser);
    EXPECT_EQ(found_behind("project/bin"), at("bin/bwrap")) << name;
    own(name, 0);
  }
}

TEST_F(TrustedBwrap, IsJudgedByWhereLinksLead) {
  const Scratch shared(kSharedPlace);
  shared.file("bwrap", kHelp, 0755);
  scratch().directory("links");
  scratch().link("links/bwrap", shared.at("bwrap").text());
  EXPECT_EQ(found_behind("links"), at("bin/bwrap")) << "root's link to what is not root's";
  const Scratch pointing(kSharedPlace);
  pointing.link("bwrap", at("bin/bwrap"));
  const auto bwrap = found_in({{"PATH", pointing.at("").text()}});
  ASSERT_TRUE(bwrap);
  EXPECT_EQ(bwrap->path, at("bin/bwrap")) << "not the link, which can be changed before the launch";
}

TEST_F(TrustedBwrap, IsNoDirectory) {
  scratch().directory("odd");
  scratch().directory("odd/bwrap");
  EXPECT_EQ(found_behind("odd"), at("bin/bwrap"));
}

/// A bwrap in a directory that others can change, which leaves a mark when it is run.
class UntrustedBwrap : public ::testing::Test {
 protected:
  void SetUp() override {
    scratch_.directory("bin", 0777);
    scratch_.file("bin/bwrap", "#!/bin/sh\ntouch '" + mark() + "'\necho '  --bind SRC DEST'\n", 0755);
    environment_ = {{"PATH", scratch_.at("bin").text()}};
  }
  [[nodiscard]] std::string mark() const { return scratch_.at("bin/mark").text(); }

  Scratch scratch_{kSharedPlace};
  Environment environment_;
};

TEST_F(UntrustedBwrap, IsNeitherRunNorTaken) {
  ASSERT_EQ(help_output(scratch_.at("bin/bwrap").text()), "  --bind SRC DEST\n");
  ASSERT_TRUE(std::filesystem::remove(mark())) << "the control: it runs, and leaves its mark";
  const auto bwrap = found_in(environment_);
  EXPECT_FALSE(std::filesystem::exists(mark()));
  EXPECT_TRUE(!bwrap || bwrap->path == "/usr/bin/bwrap");
}

TEST_F(UntrustedBwrap, GivesWayToTheSystemsForAnOrdinaryUser) {
  for (const char* path : {"/", "/usr", "/usr/bin", "/usr/bin/bwrap"}) {
    if (!only_roots(path)) GTEST_SKIP() << path << " is not there, or not root's alone";
  }
  const HostFacts facts = as_ordinary_user([this] {
    HostFacts seen;
    seen.bwrap_known = true;
    seen.bwrap = found_in(environment_);
    return seen;
  });
  ASSERT_TRUE(facts.bwrap);
  EXPECT_EQ(facts.bwrap->path, "/usr/bin/bwrap");
  EXPECT_TRUE(facts.bwrap->options.contains("--bind"));
  EXPECT_FALSE(std::filesystem::exists(mark()));
}

TEST(ProgramOutput, GivesStandardOutputOnly) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\necho \"$1\"\necho no >&2\n", 0755);
  EXPECT_EQ(help_output(scratch.at("program").text()), "--help\n");
}

TEST(ProgramOutput, HasNoInputAndNoOtherDescriptor) {
  const Scratch scratch;
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));
  scratch.file("program", "#!/bin/sh\ncat\nls /proc/self/fd\n", 0755);
  EXPECT_EQ(help_output(scratch.at("program").text()), "0\n1\n2\n3\n") << "3 is the directory that ls reads";
}

TEST(ProgramOutput, IsEmptyWhereNothingCanBeStarted) { EXPECT_EQ(help_output("/nonexistent/bwrap"), ""); }

TEST(ProgramOutput, IsBounded) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\nexec yes\n", 0755);
  EXPECT_GE(help_output(scratch.at("program").text()).size(), 256U << 10);
}

TEST(ProgramOutput, KillsAProgramThatClosesItsOutputAndStays) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\necho '--a'\nexec >&-\nexec sleep 1000\n", 0755);
  EXPECT_EQ(help_output(scratch.at("program").text()), "--a\n");
}

TEST(ProgramOutput, WorksWhereChildrenAreIgnored) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\necho yes\n", 0755);
  struct sigaction ignore {
  }, before{}, after{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
  EXPECT_EQ(help_output(scratch.at("program").text()), "yes\n");
  ASSERT_EQ(::sigaction(SIGCHLD, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, SIG_IGN) << "put back as it was";
}

}  // namespace
}  // namespace fence
