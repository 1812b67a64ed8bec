#include "wording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace fence::launch {
namespace {

using ::testing::HasSubstr;

constexpr int kExited1 = 1 << 8;

SandboxPlan some_plan() {
  return {.mounts = *check_plan({}, {}),
          .session = *SessionPlan::make({.kind = SessionKind::TiocstiFilter,
                                         .terminal = TerminalKind::None,
                                         .restore_foreground = false,
                                         .reason = {},
                                         .origin = {},
                                         .overruled = {}})};
}

TEST(StageFailure, APrivateTerminalThatCannotBeHadNamesTheLimit) {
  const Error full = stage_failure(stage::Step::Terminal, ENOSPC, some_plan(), 0);
  EXPECT_EQ(full.what, "cannot make a private terminal");
  EXPECT_THAT(full.hint, HasSubstr("kernel.pty.max"));
  EXPECT_THAT(stage_failure(stage::Step::Terminal, EMFILE, some_plan(), 0).hint, HasSubstr("ulimit -n"));
}

SandboxPlan limited_plan() {
  SandboxPlan plan = some_plan();
  const Origin place{LayerKind::User, "s.toml", 4, 0};
  plan.limits = {{Limit::OpenFiles, 100, place}, {Limit::CoreSize, 0, {}}, {Limit::WallTime, 600, place}};
  return plan;
}

TEST(StageFailure, ALimitThatTheKernelRefusesIsNamed) {
  const Error refused = stage_failure(stage::Step::Limits, EPERM, limited_plan(), 0);
  EXPECT_EQ(to_string(refused),
            "fence: cannot set limits.nofile of 100: operation not permitted\n  asked for by s.toml:4");
  EXPECT_EQ(stage_failure(stage::Step::Limits, EPERM, limited_plan(), 1).what, "cannot set limits.core of 0 bytes");
}

TEST(TimeIsUpError, NamesTheLimitAndWhoAskedForIt) {
  EXPECT_EQ(to_string(time_is_up_error(limited_plan())),
            "fence: the command was ended: limits.wallTime of 10 min is over\n  asked for by s.toml:4");
}

TEST(BwrapFailure, MaskedProcNamesTheFlagsThatHelp) {
  const Error error = bwrap_failure("bwrap: Can't mount proc on /newroot/proc: Operation not permitted\n", kExited1);
  EXPECT_EQ(error.what, "bwrap cannot set up the sandbox");
  EXPECT_EQ(error.why, "Can't mount proc on /newroot/proc: Operation not permitted");
  EXPECT_THAT(error.hint, HasSubstr("systempaths=unconfined"));
}

TEST(BwrapFailure, RefusedNamespacesNameTheSysctls) {
  for (const char* said :
       {"bwrap: Creating new namespace failed: Operation not permitted\n",
        "bwrap: No permissions to create a new namespace, likely because the kernel does not allow it\n",
        "bwrap: setting up uid map: Permission denied\n"}) {
    EXPECT_THAT(bwrap_failure(said, kExited1).hint, HasSubstr("apparmor_restrict_unprivileged_userns")) << said;
  }
}

TEST(BwrapFailure, ExhaustedNamespacesAreNotForbiddenOnes) {
  const Error error = bwrap_failure("bwrap: Creating new namespace failed: No space left on device\n", kExited1);
  EXPECT_THAT(error.hint, HasSubstr("is reached"));
}

TEST(BwrapFailure, VanishedSource) {
  EXPECT_THAT(bwrap_failure("bwrap: Can't find source path /a: No such file or directory\n", kExited1).hint,
              HasSubstr("vanished"));
}

TEST(BwrapFailure, UnknownMessageIsQuotedWithoutAHint) {
  const Error error = bwrap_failure("bwrap: something new\n", kExited1);
  EXPECT_EQ(error.why, "something new");
  EXPECT_EQ(error.hint, "");
}

TEST(BwrapFailure, LastLineIsTheReasonAndWarningsAreContext) {
  const Error error = bwrap_failure("bwrap: first\nsecond\nbwrap: last\n", kExited1);
  EXPECT_EQ(error.why, "last");
  EXPECT_EQ(error.context, (std::vector<std::string>{"bwrap: first", "bwrap: second"}));
}

TEST(BwrapFailure, NoControlByteReachesTheTerminal) {
  EXPECT_EQ(bwrap_failure("bwrap: Can't find source path /\x1b]0;x\a: gone", kExited1).why,
            "Can't find source path /\\x1b]0;x\\x07: gone");
}

TEST(BwrapFailure, SilenceIsDescribed) {
  EXPECT_EQ(bwrap_failure("", kExited1).why, "it ended without a word, with exit status 1");
  EXPECT_EQ(bwrap_failure("", 9).why, "it was killed by signal 9");
}

TEST(StageFailure, EveryStepHasWords) {
  const SandboxPlan plan = some_plan();
  for (auto step = stage::Step::Orders; step <= stage::Step::Fork;
       step = static_cast<stage::Step>(static_cast<std::uint32_t>(step) + 1)) {
    const Error error = stage_failure(step, EPERM, plan);
    EXPECT_NE(error.what, "");
    EXPECT_NE(error.why, "") << error.what;
  }
}

TEST(StageFailure, LandlockNamesTheCallThePlaceAndTheWayOut) {
  const Error error = stage_failure(stage::Step::LandlockRule, EINVAL, some_plan(), 0);
  EXPECT_THAT(error.why, ::testing::StartsWith("landlock_add_rule(2) at /"));
  EXPECT_THAT(error.why, HasSubstr("invalid argument"));
  EXPECT_THAT(error.hint, HasSubstr("landlock.mode"));
  EXPECT_THAT(stage_failure(stage::Step::LandlockStream, EINVAL, some_plan(), 2).why, HasSubstr("descriptor 2"));
}

TEST(StageFailure, KeptRuntimeDirectoryHasAWayOut) {
  SandboxPlan plan = some_plan();
  plan.runtime_dir = {.decision = KeepInherited{}, .value = "/run/user/7", .reason = {}, .origin = {}, .note = {}};
  const Error error = stage_failure(stage::Step::RuntimeDirWrite, EROFS, plan);
  EXPECT_EQ(error.what, "cannot use /run/user/7 as the runtime directory");
  EXPECT_EQ(error.why, "nothing can be created in it: read-only file system");
  EXPECT_THAT(error.hint, HasSubstr("private"));
}

TEST(StageFailure, MissingFilterIsNeverRunWithout) {
  const Error error = stage_failure(stage::Step::Seccomp, EINVAL, some_plan());
  EXPECT_EQ(error.kind, ErrorKind::Unsupported);
  EXPECT_EQ(error.why, "the system call filter cannot be loaded inside: invalid argument");
}

}  // namespace
}  // namespace fence::launch
