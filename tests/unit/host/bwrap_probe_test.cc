#include "bwrap_probe.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "scratch.h"

namespace fence {
namespace {

constexpr std::string_view kHelp = "#!/bin/sh\necho '    --bind SRC DEST'\necho '    --args FD'\n";

std::string path_variable(const Scratch& scratch) { return scratch.at("bin").text(); }

TEST(ProbeBwrap, TakesTheFirstExecutableOfPath) {
  const Scratch scratch;
  for (const char* name : {"no", "bin", "later"}) scratch.directory(name);
  scratch.file("no/bwrap", kHelp, 0644);
  scratch.file("bin/bwrap", kHelp, 0755);
  scratch.file("later/bwrap", kHelp, 0755);
  const std::string path = scratch.at("no").text() + "::" + path_variable(scratch) + "/:" + scratch.at("later").text();
  const auto bwrap = probe_bwrap({{"PATH", path}});
  ASSERT_TRUE(bwrap);
  EXPECT_EQ(bwrap->path, scratch.at("bin/bwrap").text());
  EXPECT_EQ(bwrap->options, (std::set<std::string>{"--args", "--bind"}));
  EXPECT_FALSE(bwrap->setuid);
}

TEST(ProbeBwrap, SeesTheSetUserIdBit) {
  const Scratch scratch;
  scratch.directory("bin");
  scratch.file("bin/bwrap", kHelp, 04755);
  const auto bwrap = probe_bwrap({{"PATH", path_variable(scratch)}});
  ASSERT_TRUE(bwrap);
  EXPECT_TRUE(bwrap->setuid);
}

TEST(ProbeBwrap, TakesNoneFromARelativeEntry) {
  const Scratch scratch;
  scratch.directory("bin");
  scratch.file("bin/bwrap", kHelp, 0755);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.at("").text());
  const auto bwrap = probe_bwrap({{"PATH", "bin:./bin:.:"}});
  std::filesystem::current_path(before);
  if (bwrap) {
    EXPECT_EQ(bwrap->path, "/usr/bin/bwrap");
  }
}

TEST(HelpOutput, GivesStandardOutputOnly) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\necho \"$1\"\necho no >&2\n", 0755);
  EXPECT_EQ(help_output(scratch.at("program").text()), "--help\n");
}

TEST(HelpOutput, HasNoInputAndNoOtherDescriptor) {
  const Scratch scratch;
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));
  scratch.file("program", "#!/bin/sh\ncat\nls /proc/self/fd\n", 0755);
  EXPECT_EQ(help_output(scratch.at("program").text()), "0\n1\n2\n3\n") << "3 is the directory that ls reads";
}

TEST(HelpOutput, IsEmptyWhereNothingCanBeStarted) { EXPECT_EQ(help_output("/nonexistent/bwrap"), ""); }

TEST(HelpOutput, IsBounded) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\nexec yes\n", 0755);
  EXPECT_GE(help_output(scratch.at("program").text()).size(), 256U << 10);
}

TEST(HelpOutput, KillsAProgramThatClosesItsOutputAndStays) {
  const Scratch scratch;
  scratch.file("program", "#!/bin/sh\necho '--a'\nexec >&-\nexec sleep 1000\n", 0755);
  EXPECT_EQ(help_output(scratch.at("program").text()), "--a\n");
}

TEST(HelpOutput, WorksWhereChildrenAreIgnored) {
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
