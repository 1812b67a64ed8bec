#include "fence/cli/hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fence {
namespace {

using test::inside;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SandboxPlan a_plan(std::vector<std::string> command, NetworkMode network = NetworkMode::None,
                   std::vector<MountOp> ops = {test::read_only("/")}) {
  return {.mounts = test::plan_of(std::move(ops)),
          .session = *SessionPlan::make({}),
          .runtime_dir = {},
          .environment = {},
          .identity = {},
          .network = {network, {}},
          .directory = inside("/w"),
          .command = std::move(command)};
}

std::vector<MountOp> repository() {
  return {test::read_only("/"), test::writable("/w"),
          test::op("/w/.git", test::bind_of("/w/.git", BindMode::ReadWrite), MountPoint::Exists, Because::Pinned),
          test::op("/w/.git/config", test::bind_of("/w/.git/config", BindMode::ReadOnly, PathKind::Regular),
                   MountPoint::Exists, Because::Protected)};
}

std::vector<std::string> hints_for(std::vector<std::string> command, NetworkMode network = NetworkMode::None,
                                   std::vector<MountOp> ops = {test::read_only("/")}, int status = 1) {
  return failure_hints(a_plan(std::move(command), network, std::move(ops)), status);
}

constexpr const char* kNet = "`--net host`";

TEST(Hints, AreForFailuresOnly) {
  EXPECT_THAT(hints_for({"curl", "x"}, NetworkMode::None, {test::read_only("/")}, 0), IsEmpty());
}

TEST(Hints, ProgramsOfTheNetworkWithoutOne) {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"curl", "https://example.org"},
           {"/usr/bin/wget", "x"},
           {"git", "-C", "dir", "fetch"},
           {"git", "-c", "a=b", "clone", "u"},
           {"npm", "--silent", "ci"},
           {"pip", "install", "x"},
           {"python3", "-m", "pip", "install", "x"},
           {"cargo", "build"},
           {"go", "get", "x"},
       }) {
    EXPECT_THAT(hints_for(command), ElementsAre(HasSubstr(kNet))) << command[0];
    EXPECT_THAT(hints_for(command, NetworkMode::Host), IsEmpty()) << command[0];
  }
}

TEST(Hints, SayNothingOfTheNetworkToCommandsThatNeedNone) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"git", "log"},
                                             {"git", "-C", "fetch", "status"},
                                             {"git"},
                                             {"npm", "run", "x"},
                                             {"pip", "list"},
                                             {"python3", "-m", "venv", "install"},
                                             {"curly"},
                                             {"false"}}) {
    EXPECT_THAT(hints_for(command), IsEmpty()) << command[0];
  }
}

TEST(Hints, PrivilegesAreNotGained) {
  for (const char* program : {"sudo", "su", "doas", "/usr/bin/sudo"}) {
    EXPECT_THAT(hints_for({program, "x"}), ElementsAre(HasSubstr("no_new_privs")));
  }
}

TEST(Hints, GitConfigOfAProtectedRepository) {
  EXPECT_THAT(hints_for({"git", "config", "a", "b"}, NetworkMode::Host, repository()),
              ElementsAre(HasSubstr("read-only")));
  EXPECT_THAT(hints_for({"git", "config", "a", "b"}, NetworkMode::Host), IsEmpty());
  EXPECT_THAT(hints_for({"git", "log"}, NetworkMode::Host, repository()), IsEmpty());
}

TEST(Hints, MovingWhatIsPinned) {
  EXPECT_THAT(hints_for({"mv", ".git", "x"}, NetworkMode::None, repository()), ElementsAre(HasSubstr("protected")));
  EXPECT_THAT(hints_for({"rm", "-rf", "/w"}, NetworkMode::None, repository()), ElementsAre(HasSubstr("protected")));
  EXPECT_THAT(hints_for({"mv", "a", "b"}, NetworkMode::None, repository()), IsEmpty());
}

TEST(Hints, AProgramThatIsHidden) {
  std::vector<MountOp> ops{test::read_only("/"), test::tmpfs("/opt/secret")};
  EXPECT_THAT(
      hints_for({"/opt/secret/bin/x"}, NetworkMode::None, ops, 127),
      ElementsAre("/opt/secret/bin/x is not shown in the sandbox (/opt/secret: fence); `--allow-read` shows it"));
  EXPECT_THAT(hints_for({"/opt/other/x"}, NetworkMode::None, ops, 127), IsEmpty());
  EXPECT_THAT(hints_for({"/opt/secret/bin/x"}, NetworkMode::None, ops, 1), IsEmpty());
  EXPECT_THAT(hints_for({"x"}, NetworkMode::None, ops, 127), IsEmpty());
}

}  // namespace
}  // namespace fence
