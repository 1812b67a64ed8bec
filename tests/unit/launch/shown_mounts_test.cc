// bwrap makes one sandbox, and the stage is told of another: what a process that exchanges files would bring about.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "fence/launch/launch.h"

namespace fence {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kBwrap = "/usr/bin/bwrap";

MountOp op(const std::string& target, MountAction action) {
  return {.target = *SandboxPath::parse(target), .at = MountPoint::Create, .action = std::move(action), .why = {}};
}

Bind bind_of(const char* source, PathKind kind, BindMode mode) {
  struct stat status {};
  EXPECT_EQ(stat(source, &status), 0) << source;
  return {.source = *HostPath::parse(source),
          .kind = kind,
          .expect = {status.st_dev, status.st_ino},
          .mode = mode,
          .may_vanish = false};
}

MountPlan mounts(std::vector<MountOp> more, const std::vector<std::string>& sealed = {"/"}) {
  more.push_back(op("/proc", Proc{}));
  std::vector<SandboxPath> seals;
  for (const std::string& path : sealed) seals.push_back(*SandboxPath::parse(path));
  return *check_plan(std::move(more), std::move(seals));
}

SandboxPlan plan_with(MountPlan shown) {
  SandboxPlan plan{.mounts = std::move(shown),
                   .session = *SessionPlan::make({.kind = SessionKind::TiocstiFilter,
                                                  .terminal = TerminalKind::None,
                                                  .restore_foreground = false,
                                                  .reason = {},
                                                  .origin = {},
                                                  .overruled = {}})};
  plan.identity.uid = geteuid();
  plan.identity.gid = getegid();
  plan.command = {"/no/such/command"};
  return plan;
}

HostFacts facts() {
  HostFacts facts;
  facts.bwrap = BwrapFacts{.path = kBwrap,
                           .options = {"--args",           "--as-pid-1",        "--bind",
                                       "--cap-drop",       "--chdir",           "--dev",
                                       "--dev-bind",       "--die-with-parent", "--dir",
                                       "--disable-userns", "--perms",           "--proc",
                                       "--remount-ro",     "--ro-bind",         "--ro-bind-data",
                                       "--ro-bind-try",    "--seccomp",         "--size",
                                       "--symlink",        "--tmpfs",           "--unshare-ipc",
                                       "--unshare-net",    "--unshare-pid",     "--unshare-user",
                                       "--unshare-uts"},
                           .setuid = false};
  return facts;
}

std::string outcome_text(const SandboxPlan& planned, const BwrapInvocation& made) {
  const auto outcome = run_bwrap(planned, made, facts());
  if (outcome) return std::holds_alternative<NotExecuted>(outcome->end) ? "started" : "ended otherwise";
  const Error& error = outcome.error().front();
  return error.what + ": " + error.why;
}

/// "started" where the sandbox that bwrap made as `made` says passed for the `planned` one, else the refusal. In a
/// process of its own, because a launch leads its standard streams elsewhere.
std::string launch(MountPlan made, MountPlan planned) {
  const auto invocation = to_bwrap(plan_with(std::move(made)), facts());
  if (!invocation) return invocation.error().front().what + ": " + invocation.error().front().why;
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    const std::string text = outcome_text(plan_with(std::move(planned)), *invocation);
    _exit(write(pipe_ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(pipe_ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

std::string launch(const std::vector<MountOp>& made, const std::vector<MountOp>& planned) {
  return launch(mounts(made), mounts(planned));
}

class ShownMounts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (access(kBwrap, X_OK) != 0) GTEST_SKIP() << "no bwrap";
    const std::string text = launch({}, {});
    if (text.starts_with("bwrap cannot set up")) GTEST_SKIP() << text;
    ASSERT_EQ(text, "started");
  }
  static std::string refusal(const std::string& place, const std::string& found) {
    return "the sandbox does not show what was planned at " + place +
           ": something replaced it while the sandbox was being made (" + found + ")";
  }
};

TEST_F(ShownMounts, EveryKindOfOpPassesForItself) {
  const std::vector<MountOp> ops = {
      op("/b", bind_of("/usr", PathKind::Directory, BindMode::ReadOnly)),
      op("/c", bind_of("/etc/passwd", PathKind::Regular, BindMode::ReadWrite)),
      op("/d", bind_of("/dev/null", PathKind::CharDevice, BindMode::Device)),
      op("/e", Tmpfs{.mode = 0700, .size = 65536}),
      op("/f", MakeDir{.mode = 0755}),
      op("/f/g", MaskFile{}),
      op("/h", WriteFile{.content = "x", .mode = 0444}),
      op("/i", Symlink{.points_to = "no/such"}),
      op("/j\x1b\xff", MakeDir{}),
      op("/dev", Dev{}),
      {.target = *SandboxPath::parse("/proc/sys"), .at = MountPoint::Exists, .action = LockReadOnly{}, .why = {}},
  };
  EXPECT_EQ(launch(mounts(ops, {"/", "/e", "/dev"}), mounts(ops, {"/", "/e", "/dev"})), "started");
}

TEST_F(ShownMounts, AnotherInodeOrDeviceIsRefused) {
  const Bind usr = bind_of("/usr", PathKind::Directory, BindMode::ReadOnly);
  for (const FileId other :
       {FileId{usr.expect.device, usr.expect.inode + 1}, FileId{usr.expect.device + 1, usr.expect.inode}}) {
    Bind expected = usr;
    expected.expect = other;
    EXPECT_EQ(launch({op("/u", usr)}, {op("/u", expected)}), refusal("/u", "another file is there"));
  }
}

TEST_F(ShownMounts, AnotherKindOfFileIsRefused) {
  Bind expected = bind_of("/usr", PathKind::Directory, BindMode::ReadOnly);
  const Bind usr = expected;
  expected.kind = PathKind::Regular;
  EXPECT_EQ(launch({op("/u", usr)}, {op("/u", expected)}), refusal("/u", "another file is there"));
}

TEST_F(ShownMounts, AMountThatAllowsMoreIsRefused) {
  struct statvfs outside {};
  ASSERT_EQ(statvfs("/usr", &outside), 0);
  if ((outside.f_flag & (ST_RDONLY | ST_NODEV)) != 0) GTEST_SKIP() << "nothing can allow more than /usr does already";
  const auto usr = [](BindMode mode) { return op("/u", bind_of("/usr", PathKind::Directory, mode)); };
  const std::string refused = refusal("/u", "the mount there allows more than the plan");
  EXPECT_EQ(launch({usr(BindMode::ReadWrite)}, {usr(BindMode::ReadOnly)}), refused);
  EXPECT_EQ(launch({usr(BindMode::Device)}, {usr(BindMode::ReadWrite)}), refused);
  EXPECT_EQ(launch({usr(BindMode::ReadOnly)}, {usr(BindMode::ReadWrite)}), "started");
}

TEST_F(ShownMounts, ATmpfsThatIsNotSealedIsRefused) {
  const std::vector<MountOp> ops = {op("/t", Tmpfs{})};
  EXPECT_EQ(launch(mounts(ops, {}), mounts(ops, {"/t"})), refusal("/t", "the mount there allows more than the plan"));
  EXPECT_EQ(launch(mounts(ops, {}), mounts(ops, {"/"})), refusal("/", "the mount there allows more than the plan"));
}

TEST_F(ShownMounts, ADirectoryIsNoMount) {
  EXPECT_EQ(launch({op("/t", MakeDir{})}, {op("/t", Tmpfs{})}), refusal("/t", "the planned mount is not there"));
}

TEST_F(ShownMounts, AnotherFileSystemThanOurTmpfsIsRefused) {
  EXPECT_EQ(launch({op("/t", Proc{})}, {op("/t", Tmpfs{})}), refusal("/t", "the planned mount is not there"));
}

TEST_F(ShownMounts, ALinkToElsewhereAndALinkInsteadOfADirectoryAreRefused) {
  EXPECT_EQ(launch({op("/l", Symlink{"a"})}, {op("/l", Symlink{"ab"})}), refusal("/l", "another file is there"));
  EXPECT_EQ(launch({op("/d", MakeDir{}), op("/l", Symlink{"d"})}, {op("/d", MakeDir{}), op("/l", MakeDir{})}),
            refusal("/l", "another file is there"));
}

TEST_F(ShownMounts, AMaskThatCanBeOpenedIsRefused) {
  EXPECT_THAT(launch({op("/m", bind_of("/dev/null", PathKind::CharDevice, BindMode::Device))}, {op("/m", MaskFile{})}),
              StartsWith("the sandbox does not show what was planned at /m:"));
  EXPECT_EQ(launch({op("/m", bind_of("/etc/passwd", PathKind::Regular, BindMode::ReadOnly))}, {op("/m", MaskFile{})}),
            refusal("/m", "another file is there"));
}

TEST_F(ShownMounts, WhatIsNotThereIsRefusedUnlessItMayHaveVanished) {
  Bind gone = bind_of("/usr", PathKind::Directory, BindMode::ReadOnly);
  EXPECT_EQ(launch({}, {op("/u", gone)}), refusal("/u", "no such file or directory"));
  gone.may_vanish = true;
  EXPECT_EQ(launch({}, {op("/u", gone)}), "started");
}

TEST_F(ShownMounts, TheRefusalIsPrintableAndShort) {
  std::string path;
  std::vector<MountOp> ops;
  for (int depth = 0; depth < 16; ++depth) {
    path += "/" + std::string(kMaxNameBytes - 1, '\x1b');
    ops.push_back(op(path, MakeDir{}));
  }
  const std::vector<MountOp> planned = ops;
  ops.pop_back();
  const std::string text = launch(ops, planned);
  EXPECT_THAT(text, HasSubstr("no such file or directory"));
  EXPECT_LT(text.size(), 1500U);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(ShownMounts, ThousandsOfPlacesAreLookedAt) {
  Bind gone = bind_of("/usr", PathKind::Directory, BindMode::ReadOnly);
  gone.may_vanish = true;
  std::vector<MountOp> planned;
  for (int i = 0; i < 8000; ++i) planned.push_back(op("/" + std::to_string(i), gone));
  EXPECT_EQ(launch({}, planned), "started");
  planned.push_back(op("/z", MakeDir{}));
  EXPECT_EQ(launch({}, planned), refusal("/z", "no such file or directory"));
}

}  // namespace
}  // namespace fence
