#include "native_wording.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "plans.h"

namespace fence::launch {
namespace {

using ::testing::HasSubstr;
using testing::op;
using testing::plan;
using testing::shown;

struct World {
  SandboxPlan sandbox = plan({op("/", shown("/", BindMode::ReadOnly)),
                              op("/srv/d", shown("/data", BindMode::ReadWrite)), op("/srv/t", Tmpfs{})});
  ChildProgram program = *compile(sandbox, {});

  Error worded(CallFailure failure, int status = 256) const {
    const std::string_view said(reinterpret_cast<const char*>(&failure), sizeof failure);
    return native_failure(said, status, sandbox, program);
  }
};

TEST(NativeWording, AStepNamesItsOpAndWhoAskedForIt) {
  const Error error = World().worded({Call::Attach, ENOSPC, 1});
  EXPECT_EQ(error.what, "cannot show /data at /srv/d");
  EXPECT_EQ(error.why, "move_mount(2): no space left on device");
  EXPECT_EQ(error.origin, testing::kUserFile);
  EXPECT_THAT(error.hint, HasSubstr("fs.mount-max"));
}

TEST(NativeWording, TheRootOfAPlanWithoutOneIsTheExecutorsOwn) {
  World world;
  world.sandbox = plan();
  world.program = *compile(world.sandbox, {});
  EXPECT_EQ(world.worded({Call::MountFileSystem, ENOMEM, 0}).what, "cannot make the root of the sandbox");
}

TEST(NativeWording, WhatIsNoStepHasItsOwnWords) {
  const Error error = World().worded({Call::Pivot, EINVAL});
  EXPECT_EQ(error.what, "cannot enter the new root");
  EXPECT_THAT(error.hint, HasSubstr("initial ramfs"));
  EXPECT_FALSE(error.origin);
}

TEST(NativeWording, AMissingCallIsNamedWithTheKernelThatHasIt) {
  const Error error = World().worded({Call::Private, ENOSYS});
  EXPECT_EQ(error.kind, ErrorKind::Unsupported);
  EXPECT_THAT(error.hint, HasSubstr("mount_setattr(2) came with Linux 5.12"));
}

TEST(NativeWording, AFileThatWasExchangedIsNoSystemCall) {
  const Error error = World().worded({Call::SourceChanged, 0, 1});
  EXPECT_EQ(error.why, "something replaced it while the sandbox was being made (another file is there)");
}

TEST(NativeWording, EveryCallHasWords) {
  for (auto call = static_cast<std::uint32_t>(Call::Wait); call <= static_cast<std::uint32_t>(Call::Execute); ++call) {
    EXPECT_NE(World().worded({static_cast<Call>(call), EIO}).what, "cannot make the sandbox") << call;
  }
}

TEST(NativeWording, AChildThatSaysNothingIsSaidToHaveEnded) {
  const World world;
  EXPECT_THAT(native_failure("", 9, world.sandbox, world.program).why, HasSubstr("killed by signal 9"));
  EXPECT_THAT(native_failure("xyz", 256, world.sandbox, world.program).why, HasSubstr("exit status 1"));
}

TEST(NativeWording, NamespacesThatAreRefusedNameTheSettings) {
  EXPECT_THAT(clone_error(EPERM, false).hint, HasSubstr("kernel.unprivileged_userns_clone"));
  EXPECT_THAT(clone_error(ENOSPC, false).hint, HasSubstr("user.max_user_namespaces"));
  EXPECT_THAT(clone_error(EAGAIN, false).hint, HasSubstr("ulimit -u"));
  EXPECT_EQ(clone_error(EPERM, false).why, "clone3(2): operation not permitted");
  EXPECT_EQ(clone_error(EPERM, true).why, "clone(2): operation not permitted");
  EXPECT_THAT(ids_error("uid_map", EPERM).hint, HasSubstr("kernel.apparmor_restrict_unprivileged_userns"));
}

TEST(NativeWording, LimitsSayWhichOne) {
  const World world;
  EXPECT_THAT(world.worded({Call::OpenSource, EMFILE, 1}).hint, HasSubstr("ulimit -n"));
  EXPECT_THAT(world.worded({Call::CloneTree, ENOMEM, 1}).hint, HasSubstr("memory"));
  EXPECT_THAT(world.worded({Call::OpenSource, ENOENT, 1}).hint, HasSubstr("vanished"));
}

}  // namespace
}  // namespace fence::launch
