#include <gmock/gmock.h>

#include "fence/plan/filter.h"
#include "fence/seccomp/seccomp.h"
#include "plans.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::facts;
using ::testing::HasSubstr;
using testing::host;
using testing::inside;
using ::testing::IsEmpty;
using testing::op;
using testing::plan;
using testing::shown;
using ::testing::SizeIs;
using testing::words;

using Words = std::vector<std::string>;

const Words kBeforeMounts = {"--unshare-user",    "--disable-userns", "--unshare-ipc",
                             "--unshare-pid",     "--unshare-uts",    "--unshare-net",
                             "--die-with-parent", "--seccomp",        "<0>"};

BwrapInvocation translated(const SandboxPlan& plan, const HostFacts& host_facts = facts()) {
  auto result = to_bwrap(plan, host_facts);
  if (!result) throw std::logic_error(to_string(result.error().front()));
  return *std::move(result);
}

Errors refused(const SandboxPlan& plan, const HostFacts& host_facts = facts()) {
  auto result = to_bwrap(plan, host_facts);
  return result ? Errors{} : result.error();
}

/// The words of the mounts alone.
Words mount_words(std::vector<MountOp> ops, std::vector<SandboxPath> seals = {}) {
  Words all = words(translated(plan(std::move(ops), std::move(seals))));
  EXPECT_TRUE(std::equal(kBeforeMounts.begin(), kBeforeMounts.end(), all.begin()));
  return {all.begin() + static_cast<std::ptrdiff_t>(kBeforeMounts.size()), all.end() - 2};
}

const std::string& data(const BwrapInvocation& invocation, std::size_t index) {
  return std::get<DataPayload>(invocation.payloads.at(index)).bytes;
}

std::string filter_text(const FilterPlan& filter) {
  const auto bytes = filter_bytes(command_filter(filter));
  return {bytes.begin(), bytes.end()};
}

TEST(ToBwrap, AnEmptyPlanStillIsolatesAndFilters) {
  const auto invocation = translated(plan());
  EXPECT_THAT(words(invocation),
              ElementsAre("--unshare-user", "--disable-userns", "--unshare-ipc", "--unshare-pid", "--unshare-uts",
                          "--unshare-net", "--die-with-parent", "--seccomp", "<0>", "--chdir", "/"));
  EXPECT_EQ(invocation.program, "/usr/bin/bwrap");
  EXPECT_THAT(invocation.command, ElementsAre("true"));
  EXPECT_EQ(data(invocation, 0), filter_text({}));
}

TEST(ToBwrap, AnOpenGroupOfCallsTakesAnotherFilter) {
  SandboxPlan open = plan();
  open.filter.groups = {{"windows", false, "", {}}};
  EXPECT_EQ(data(translated(open), 0), filter_text(open.filter));
  EXPECT_NE(filter_text(open.filter), filter_text({}));
}

TEST(ToBwrap, EachDecisionHasItsOption) {
  SandboxPlan all = plan({}, {}, SessionKind::NewSession);
  all.identity.nested_user_namespaces = true;
  all.network.value = NetworkMode::Host;
  all.cgroup_namespace = true;
  all.directory = inside("/srv/it's");
  EXPECT_THAT(words(translated(all)),
              ElementsAre("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup",
                          "--die-with-parent", "--new-session", "--seccomp", "<0>", "--chdir", "/srv/it's"));
}

TEST(ToBwrap, RootWithItsOwnIdsLosesItsCapabilities) {
  SandboxPlan root = plan();
  root.identity = {.uid = 0, .gid = 0, .map = MapOwnIds{}};
  const Words all = words(translated(root));
  EXPECT_THAT(Words(all.begin(), all.begin() + 4),
              ElementsAre("--unshare-user", "--disable-userns", "--cap-drop", "ALL"));
}

TEST(ToBwrap, RootWithAllIdsGetsANamespaceOfTheLaunchers) {
  SandboxPlan root = plan();
  const MapAllIds map{{{0, 0, 4294967295}}, {{0, 0, 1000}, {2000, 2000, 1}}};
  root.identity = {.uid = 0, .gid = 0, .map = map};
  const auto invocation = translated(root);
  EXPECT_THAT(words(invocation),
              ElementsAre("--userns", "<0>", "--sync-fd", "<0>", "--cap-drop", "ALL", "--unshare-ipc", "--unshare-pid",
                          "--unshare-uts", "--unshare-net", "--die-with-parent", "--seccomp", "<1>", "--chdir", "/"));
  const auto& made = std::get<UserNamespacePayload>(invocation.payloads.at(0));
  EXPECT_EQ(made.map, map);
  EXPECT_FALSE(made.nested_user_namespaces);
}

TEST(ToBwrap, VariablesAreSetAndTakenAwayAndWithheldFromBwrapItself) {
  SandboxPlan changed = plan();
  changed.environment.variables = {{"AWS_SECRET", Dropped{}, "a credential", {}},
                                   {"HOME", Passed{}, "", {}},
                                   {"TMPDIR", Replaced{"/tmp"}, "private", {}}};
  const auto invocation = translated(changed);
  const Words all = words(invocation);
  EXPECT_THAT(Words(all.begin() + 9, all.end()),
              ElementsAre("--unsetenv", "AWS_SECRET", "--setenv", "TMPDIR", "/tmp", "--chdir", "/"));
  EXPECT_THAT(invocation.withheld_variables, ElementsAre("AWS_SECRET", "TMPDIR"));
}

TEST(ToBwrap, DescriptorsThatTheCommandKeepsAreNamed) {
  SandboxPlan keeping = plan();
  keeping.keep_descriptors = {3, 7};
  EXPECT_THAT(translated(keeping).keep_descriptors, ElementsAre(3, 7));
}

TEST(ToBwrap, EachBindModeHasItsOption) {
  EXPECT_THAT(
      mount_words({op("/", shown("/", BindMode::ReadOnly)), op("/home/u/w", shown("/home/u/w", BindMode::ReadWrite)),
                   op("/srv", shown("/data/x", BindMode::Device))}),
      ElementsAre("--ro-bind", "/", "/", "--bind", "/home/u/w", "/home/u/w", "--dev-bind", "/data/x", "/srv"));
}

TEST(ToBwrap, WhatMayVanishIsTried) {
  Bind notes = shown("/home/u/notes", BindMode::ReadOnly, PathKind::Regular);
  Bind cache = shown("/home/u/cache", BindMode::ReadWrite);
  notes.may_vanish = cache.may_vanish = true;
  EXPECT_THAT(mount_words({op("/home", Tmpfs{0755, {}}, MountPoint::Create),
                           op("/home/cache", cache, MountPoint::Create), op("/home/notes", notes, MountPoint::Create)}),
              ElementsAre("--perms", "0755", "--tmpfs", "/home", "--bind-try", "/home/u/cache", "/home/cache",
                          "--ro-bind-try", "/home/u/notes", "/home/notes"));
}

TEST(ToBwrap, TheRootCanBeATmpfsOfOurs) {
  EXPECT_THAT(mount_words({op("/", Tmpfs{0755, {}}), op("/usr", shown("/usr", BindMode::ReadOnly), MountPoint::Create),
                           op("/bin", Symlink{"usr/bin"}, MountPoint::Create)},
                          {SandboxPath::root()}),
              ElementsAre("--perms", "0755", "--tmpfs", "/", "--symlink", "usr/bin", "/bin", "--ro-bind", "/usr",
                          "/usr", "--remount-ro", "/"));
}

TEST(ToBwrap, PrivateProcAndDevAreWhole) {
  EXPECT_THAT(
      mount_words({op("/", shown("/", BindMode::ReadOnly)), op("/dev", Dev{}), op("/dev/shm", Tmpfs{01777, 1 << 20}),
                   op("/proc", Proc{}), op("/proc/sys", LockReadOnly{})}),
      ElementsAre("--ro-bind", "/", "/", "--dev", "/dev", "--perms", "1777", "--size", "1048576", "--tmpfs", "/dev/shm",
                  "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"));
}

TEST(ToBwrap, AComposedDirectoryIsSealedWhenAllIsInPlace) {
  const auto invocation = translated(plan(
      {op("/", shown("/", BindMode::ReadOnly)), op("/home/u", Tmpfs{0700, {}}),
       op("/home/u/.netrc", MaskFile{}, MountPoint::Create), op("/home/u/d", MakeDir{0750}, MountPoint::Create),
       op("/home/u/d/t", Tmpfs{}, MountPoint::Create), op("/home/u/f", WriteFile{"text", 0444}, MountPoint::Create),
       op("/home/u/l", Symlink{"-to"}, MountPoint::Create)},
      {inside("/home/u"), inside("/home/u/d/t")}));
  const Words all = words(invocation);
  EXPECT_THAT(Words(all.begin() + 9, all.end()),
              ElementsAre("--ro-bind", "/", "/", "--perms", "0700", "--tmpfs", "/home/u", "--ro-bind", "/dev/null",
                          "/home/u/.netrc", "--perms", "0750", "--dir", "/home/u/d", "--perms", "0755", "--tmpfs",
                          "/home/u/d/t", "--perms", "0444", "--ro-bind-data", "<1>", "/home/u/f", "--symlink", "-to",
                          "/home/u/l", "--remount-ro", "/home/u/d/t", "--remount-ro", "/home/u", "--chdir", "/"));
  EXPECT_EQ(data(invocation, 1), "text");
}

TEST(ToBwrap, RefusesWhereThereIsNoBwrap) {
  HostFacts without = facts();
  without.bwrap.reset();
  const Errors errors = refused(plan(), without);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].why, "bwrap is not installed");
  EXPECT_THAT(errors[0].hint, HasSubstr("apt install bubblewrap"));
}

TEST(ToBwrap, ABwrapThatCouldNotBeAskedIsNotCalledOld) {
  HostFacts mute = facts();
  mute.bwrap->options.clear();
  const Errors errors = refused(plan(), mute);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].what, "cannot ask bwrap what it can do");
  EXPECT_EQ(errors[0].why, "`/usr/bin/bwrap --help` printed nothing");
  EXPECT_THAT(errors[0].hint, HasSubstr("ulimit -u"));
}

TEST(ToBwrap, RefusesASetuidBwrap) {
  HostFacts setuid = facts();
  setuid.bwrap->setuid = true;
  const Errors errors = refused(plan(), setuid);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].why, HasSubstr("set-user-id"));
  EXPECT_THAT(errors[0].hint, HasSubstr("chmod u-s /usr/bin/bwrap"));
}

TEST(ToBwrap, NamesEachOptionThatThisBwrapLacksOnce) {
  HostFacts old = facts();
  old.bwrap->options.erase("--disable-userns");
  old.bwrap->options.erase("--perms");
  const Errors errors =
      refused(plan({op("/a", Tmpfs{}, MountPoint::Create), op("/b", Tmpfs{}, MountPoint::Create)}), old);
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_EQ(errors[0].why, "this bwrap has no option --disable-userns");
  EXPECT_EQ(errors[1].why, "this bwrap has no option --perms");
  for (const auto& error : errors) EXPECT_EQ(error.kind, ErrorKind::Unsupported);
}

TEST(ToBwrap, AnOptionThatIsNotUsedIsNotMissed) {
  HostFacts old = facts();
  old.bwrap->options.erase("--size");
  EXPECT_THAT(refused(plan({op("/a", Tmpfs{}, MountPoint::Create)}), old), IsEmpty());
}

std::string path_of(std::size_t bytes) {
  std::string path;
  while (path.size() + 201 <= bytes) path += "/" + std::string(200, 'd');
  if (path.size() + 1 < bytes) path += "/" + std::string(bytes - path.size() - 1, 'e');
  return path;
}

TEST(ToBwrap, TakesPathsThatStillFitBehindBwrapsPrefix) {
  const std::string path = path_of(4087);
  ASSERT_EQ(path.size(), 4087U);
  EXPECT_THAT(refused(plan({op("/", shown("/", BindMode::ReadOnly)), op(path, shown(path, BindMode::ReadWrite))})),
              IsEmpty());
}

TEST(ToBwrap, RefusesPathsThatBwrapWouldMakeTooLong) {
  const std::string path = path_of(4088);
  const Errors as_target = refused(plan({op("/", shown("/", BindMode::ReadOnly)), op(path, MaskFile{})}));
  ASSERT_THAT(as_target, SizeIs(1));
  EXPECT_THAT(as_target[0].what, HasSubstr(path));
  EXPECT_EQ(as_target[0].origin, testing::kUserFile);
  const Errors as_source = refused(plan({op("/srv", shown(path, BindMode::ReadOnly), MountPoint::Create)}));
  ASSERT_THAT(as_source, SizeIs(1));
  EXPECT_THAT(as_source[0].what, HasSubstr(path));
}

std::vector<VariablePlan> dropped_variables(std::size_t count) {
  std::vector<VariablePlan> variables;
  for (std::size_t i = 0; i < count; ++i) variables.push_back({"V" + std::to_string(i), Dropped{}, "", {}});
  return variables;
}

TEST(ToBwrap, RefusesMoreWordsThanBwrapTakes) {
  SandboxPlan longest = plan();
  longest.environment.variables = dropped_variables((9000 - 16 - 11) / 2);  // 11 words without any variable
  EXPECT_THAT(refused(longest), IsEmpty());
  longest.environment.variables.push_back({"ONE_MORE", Dropped{}, "", {}});
  longest.patterns = {
      {"filesystem.denyRead", "/srv/**/.env", std::vector(100, *HostPath::parse("/srv/.env")), {}},
      {"filesystem.denyRead", "/srv/*.key", std::vector(2, *HostPath::parse("/srv/a.key")), {}},
  };
  const Errors errors = refused(longest);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].why, HasSubstr("no more than 9000"));
  EXPECT_THAT(errors[0].context, ::testing::ElementsAre(HasSubstr("/srv/**/.env in filesystem.denyRead matches 100 ")));
}

TEST(ToBwrap, ALongCommandIsNoMatterOfBwraps) {
  SandboxPlan long_command = plan();
  long_command.command.assign(20000, "word");
  EXPECT_THAT(translated(long_command).command, SizeIs(20000));
}

TEST(ToBwrap, LimitsAreSetByProgramsInFrontOfTheCommand) {
  SandboxPlan limited = plan();
  limited.limits = {{Limit::OpenFiles, 100, {}}, {Limit::CoreSize, 1, {}}, {Limit::WallTime, 600, {}}};
  EXPECT_THAT(translated(limited).command, ElementsAre("timeout", "--foreground", "--kill-after=5", "600", "prlimit",
                                                       "--nofile=100:100", "--", "true"));
  EXPECT_THAT(translated(limited).outer_words, ElementsAre("prlimit", "--core=1:1", "--"));
  limited.limits.clear();
  EXPECT_THAT(translated(limited).command, ElementsAre("true"));
  EXPECT_THAT(translated(limited).outer_words, ElementsAre());
}

TEST(ToBwrap, TellsAllThatIsWrongAtOnce) {
  HostFacts old = facts();
  old.bwrap->options.erase("--new-session");
  const std::string path = path_of(4090);
  SandboxPlan wrong =
      plan({op("/", shown("/", BindMode::ReadOnly)), op(path, MaskFile{})}, {}, SessionKind::NewSession);
  wrong.environment.variables = dropped_variables(4500);
  EXPECT_THAT(refused(wrong, old), SizeIs(3));
}

}  // namespace
}  // namespace fence
