// What a plan on WSL hides and opens.
#include "fence/plan/windows.h"

#include <gmock/gmock.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "fence/plan/filter.h"
#include "support/fake_host.h"

namespace fence::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class OnWindows : public ::testing::Test {
 protected:
  OnWindows() {
    fake.dir("/mnt", 0).dir("/mnt/c", 1000, 0777).dir("/mnt/c/work", 1000, 0777).dir("/run/WSL", 0, 0777);
    fake.special("/run/WSL/8_interop", PathKind::Socket, FsKind::Tmpfs, 0);
    fake.facts().kernel.release = "5.15.153.1-microsoft-standard-WSL2";
    fake.facts().kernel.windows_drives = {host("/mnt/c")};
    fake.facts().listening_sockets = {host("/run/WSL/8_interop")};
    policy.allow_read("/");
  }

  SandboxPlan plan() {
    auto made = fake.plan(policy);
    EXPECT_TRUE(made) << all_texts(made.error());
    return *std::move(made);
  }
  static std::vector<std::string> dangers(const SandboxPlan& plan) {
    std::vector<std::string> texts;
    for (const Remark& remark : plan.remarks) {
      if (remark.kind == RemarkKind::Danger) texts.push_back(remark.text);
    }
    return texts;
  }
  static bool refuses_vsock(const SandboxPlan& plan) {
    SyscallData call;
    call.number = SYS_socket;
    call.architecture = native_architecture();
    call.arguments[0] = AF_VSOCK;
    return evaluate_filter(command_filter(plan.filter), call) != SECCOMP_RET_ALLOW;
  }
  static std::vector<std::string> hidden(const SandboxPlan& plan) {
    std::vector<std::string> paths;
    for (const HiddenPath& path : plan.hidden) paths.push_back(path.path.text());
    return paths;
  }
  static std::string fate(const SandboxPlan& plan, std::string_view name) {
    for (const VariablePlan& variable : plan.environment.variables) {
      if (variable.name == name) return std::holds_alternative<Dropped>(variable.fate) ? variable.reason : "passed";
    }
    return "absent";
  }

  FakeHost fake;
  PolicyBuilder policy;
};

TEST_F(OnWindows, DrivesAndTheSocketsOfInteropAreHidden) {
  const SandboxPlan closed = plan();
  EXPECT_THAT(hidden(closed), Contains("/mnt/c"));
  EXPECT_THAT(hidden(closed), Contains("/run/WSL"));
  EXPECT_FALSE(closed.windows_interop.value);
  EXPECT_TRUE(refuses_vsock(closed));
}

TEST_F(OnWindows, TheSocketsAreHiddenWhereNothingElseTellsOfWsl) {
  fake.facts().kernel.release = "6.18.33";
  fake.facts().kernel.windows_drives.clear();
  EXPECT_THAT(hidden(plan()), Contains("/run/WSL"));
}

TEST_F(OnWindows, AGrantOfADriveShowsIt) {
  policy.allow_read("/mnt/c");
  const SandboxPlan shown = plan();
  EXPECT_THAT(hidden(shown), Not(Contains("/mnt/c")));
  EXPECT_THAT(dangers(shown), Not(Contains(HasSubstr("drive of Windows"))));
}

TEST_F(OnWindows, AWritableDirectoryOnADriveIsADanger) {
  policy.allow_write("/mnt/c/work");
  const SandboxPlan shown = plan();
  EXPECT_THAT(own_ops(shown), Contains("rw /mnt/c/work"));
  EXPECT_THAT(dangers(shown), Contains(HasSubstr("/mnt/c/work is writable and lies on a drive of Windows (/mnt/c)")));
  fake.facts().kernel.windows_drives.clear();
  EXPECT_THAT(dangers(plan()), Not(Contains(HasSubstr("drive of Windows"))));
}

TEST_F(OnWindows, InteropOpensAllOfItTogether) {
  policy.policy().windows_interop = {true, {LayerKind::User, "settings.toml", 5, 3}};
  policy.scratch("/run");
  fake.variable("WSL_INTEROP", "/run/WSL/8_interop").variable("WSLENV", "A/p").variable("WSL_DISTRO_NAME", "Debian");
  const SandboxPlan open = plan();
  EXPECT_THAT(hidden(open), IsEmpty());
  EXPECT_THAT(own_ops(open), Contains("ro /run/WSL"));
  EXPECT_THAT(own_ops(open), Not(Contains(HasSubstr("8_interop"))));
  EXPECT_FALSE(refuses_vsock(open));
  EXPECT_THAT(dangers(open), Contains(HasSubstr("Windows programs can be started")));
  for (const char* name : {"WSL_INTEROP", "WSLENV", "WSL_DISTRO_NAME"}) EXPECT_EQ(fate(open, name), "passed") << name;
}

TEST_F(OnWindows, AHiddenPathOfTheUsersStaysHiddenWithInterop) {
  policy.policy().windows_interop = {true, {LayerKind::User, "settings.toml", 5, 3}};
  policy.deny_read("/run/WSL", 3);
  EXPECT_THAT(hidden(plan()), ElementsAre("/run/WSL"));
}

TEST_F(OnWindows, ItsVariablesAreDropped) {
  fake.variable("WSL_INTEROP", "/run/WSL/8_interop").variable("WSLENV", "A/p").variable("WSL_DISTRO_NAME", "Debian");
  const SandboxPlan closed = plan();
  for (const char* name : {"WSL_INTEROP", "WSLENV", "WSL_DISTRO_NAME"}) {
    EXPECT_THAT(fate(closed, name), HasSubstr("and wsl.interop is false")) << name;
  }
}

}  // namespace
}  // namespace fence::testing
