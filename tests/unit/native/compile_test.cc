#include <gmock/gmock.h>
#include <sys/mount.h>

#include "fence/native/native.h"
#include "plans.h"

namespace fence {
namespace {

using ::testing::ElementsAre;
using testing::inside;
using testing::op;
using testing::plan;
using testing::shown;

using Lines = std::vector<std::string>;

ChildProgram compiled(const SandboxPlan& plan, const HostFacts& facts = {}) {
  auto program = compile(plan, facts);
  if (!program) throw std::logic_error(to_string(program.error().front()));
  return *std::move(program);
}

std::string attributes(const Step& step) {
  std::string text;
  if ((step.attributes & MOUNT_ATTR_RDONLY) != 0) text += ",ro";
  if ((step.attributes & MOUNT_ATTR_NOSUID) != 0) text += ",nosuid";
  if ((step.attributes & MOUNT_ATTR_NODEV) != 0) text += ",nodev";
  if ((step.attributes & MOUNT_ATTR_NOEXEC) != 0) text += ",noexec";
  return text.empty() ? text : " " + text.substr(1);
}

std::string kind_words(const ChildProgram& program, const Step& step) {
  const std::string source = program.text(step.source);
  switch (step.kind) {
    case StepKind::Clone:
      return "clone " + source + (step.may_vanish ? " if there" : "") +
             (step.expect == Expect::Device ? " device " : " file ") + std::to_string(step.device) + ":" +
             std::to_string(step.inode);
    case StepKind::Console:
      return "console";
    case StepKind::Tmpfs:
      return std::string("tmpfs ") + program.text(step.mode) + (source.empty() ? "" : " size " + source);
    case StepKind::Proc:
      return "proc";
    case StepKind::Devpts:
      return "devpts";
    case StepKind::Directory:
      return "directory " + std::to_string(step.permissions);
    case StepKind::Link:
      return "link to " + source;
    case StepKind::Data:
      return "data " + std::string(program.text(step.data), step.length);
    case StepKind::Lock:
      return "lock";
    case StepKind::Seal:
      return "seal";
  }
  return {};
}

std::string place_words(const ChildProgram& program, const Step& step) {
  std::string text = std::string(" at ") + program.text(step.place);
  if (step.name != 0) text += std::string(" + ") + program.text(step.name);
  if (step.make == Make::Directory) text += " (made: directory)";
  if (step.make == Make::File) text += " (made: file)";
  return text;
}

Lines lines(const ChildProgram& program) {
  Lines out;
  for (const Step& step : program.steps) {
    const std::string op = step.op == kNoOp ? "-" : std::to_string(step.op);
    out.push_back(op + " " + kind_words(program, step) + place_words(program, step) + attributes(step));
  }
  return out;
}

Lines mount_lines(std::vector<MountOp> ops, std::vector<SandboxPath> seals = {}) {
  return lines(compiled(plan(std::move(ops), std::move(seals))));
}

Bind bind(std::string_view source, BindMode mode, FileId id, PathKind kind = PathKind::Directory) {
  Bind made = shown(source, mode, kind);
  made.expect = id;
  return made;
}

TEST(Compile, AnEmptyPlanHasARootOfItsOwn) {
  const ChildProgram program = compiled(plan());
  EXPECT_THAT(lines(program), ElementsAre("- tmpfs 0755 at / nosuid,nodev"));
  EXPECT_STREQ(program.text(program.directory), "/");
}

TEST(Compile, EachBindModeHasItsAttributesAndItsFile) {
  EXPECT_THAT(
      mount_lines({op("/", bind("/", BindMode::ReadOnly, {9, 2})),
                   op("/home/u/w", bind("/home/u/w", BindMode::ReadWrite, {9, 77})),
                   op("/srv", bind("/data/x", BindMode::Device, {10, 5}))}),
      ElementsAre("0 clone / file 9:2 at / ro,nosuid,nodev", "1 clone /home/u/w file 9:77 at /home/u/w nosuid,nodev",
                  "2 clone /data/x file 10:5 at /srv nosuid"));
}

TEST(Compile, AComposedDirectoryIsSealedWhenAllIsInPlace) {
  Bind vanishing = bind("/home/u/n", BindMode::ReadOnly, {9, 4}, PathKind::Regular);
  vanishing.may_vanish = true;
  EXPECT_THAT(
      mount_lines(
          {op("/", bind("/", BindMode::ReadOnly, {9, 2})), op("/home/u", Tmpfs{0700, 4096}),
           op("/home/u/.netrc", MaskFile{}, MountPoint::Create), op("/home/u/d", MakeDir{0750}, MountPoint::Create),
           op("/home/u/d/t", Tmpfs{01777, {}}, MountPoint::Create),
           op("/home/u/f", WriteFile{"text", 0444}, MountPoint::Create),
           op("/home/u/l", Symlink{"-to"}, MountPoint::Create), op("/home/u/n", vanishing, MountPoint::Create)},
          {inside("/home/u"), inside("/home/u/d/t")}),
      ElementsAre("0 clone / file 9:2 at / ro,nosuid,nodev", "1 tmpfs 0700 size 4096 at /home/u nosuid,nodev",
                  "2 clone /dev/null device 259:0 at /home/u + .netrc (made: file) ro,nosuid,nodev",
                  "3 directory 488 at /home/u + d", "4 tmpfs 1777 at /home/u/d + t (made: directory) nosuid,nodev",
                  "5 data text at /home/u + f (made: file) ro,nosuid,nodev", "6 link to -to at /home/u + l",
                  "7 clone /home/u/n if there file 9:4 at /home/u + n (made: file) ro,nosuid,nodev",
                  "4 seal at /home/u/d/t ro", "1 seal at /home/u ro"));
}

TEST(Compile, TheExecutorsOwnRootIsSealedToo) {
  EXPECT_THAT(mount_lines({op("/d", MakeDir{0755}, MountPoint::Create)}, {SandboxPath::root()}),
              ElementsAre("- tmpfs 0755 at / nosuid,nodev", "0 directory 493 at / + d", "- seal at / ro"));
}

TEST(Compile, PrivateProcAndDevAreWhole) {
  EXPECT_THAT(
      mount_lines({op("/", bind("/", BindMode::ReadOnly, {9, 2})), op("/dev", Dev{}),
                   op("/dev/shm", Tmpfs{01777, 1 << 20}), op("/proc", Proc{}), op("/proc/sys", LockReadOnly{})}),
      ElementsAre("0 clone / file 9:2 at / ro,nosuid,nodev", "1 tmpfs 0755 at /dev nosuid,nodev",
                  "1 clone /dev/null device 259:0 at /dev + null (made: file) nosuid",
                  "1 clone /dev/zero device 261:0 at /dev + zero (made: file) nosuid",
                  "1 clone /dev/full device 263:0 at /dev + full (made: file) nosuid",
                  "1 clone /dev/random device 264:0 at /dev + random (made: file) nosuid",
                  "1 clone /dev/urandom device 265:0 at /dev + urandom (made: file) nosuid",
                  "1 clone /dev/tty device 1280:0 at /dev + tty (made: file) nosuid",
                  "1 link to /proc/self/fd/0 at /dev + stdin", "1 link to /proc/self/fd/1 at /dev + stdout",
                  "1 link to /proc/self/fd/2 at /dev + stderr", "1 link to /proc/self/fd at /dev + fd",
                  "1 link to /proc/kcore at /dev + core", "1 link to pts/ptmx at /dev + ptmx",
                  "1 directory 493 at /dev + shm", "1 devpts at /dev + pts (made: directory) nosuid,noexec",
                  "2 tmpfs 1777 size 1048576 at /dev/shm nosuid,nodev", "3 proc at /proc nosuid,nodev,noexec",
                  "4 lock at /proc/sys ro,nosuid,nodev"));
}

int console_of(bool out, bool in, bool err) {
  HostFacts facts;
  facts.terminal.streams[0].terminal = in;
  facts.terminal.streams[1].terminal = out;
  facts.terminal.streams[2].terminal = err;
  const ChildProgram program = compiled(plan({op("/dev", Dev{}, MountPoint::Create)}), facts);
  const bool step = program.steps.back().kind == StepKind::Console;
  EXPECT_EQ(step, program.console_stream >= 0);
  return program.console_stream;
}

TEST(Compile, TheConsoleIsTheTerminalOfStandardOutputBeforeOthers) {
  EXPECT_EQ(console_of(true, true, true), 1);
  EXPECT_EQ(console_of(false, true, true), 0);
  EXPECT_EQ(console_of(false, false, true), 2);
  EXPECT_EQ(console_of(false, false, false), -1);
}

TEST(Compile, AStreamThatIsClosedIsNoConsole) {
  HostFacts facts;
  facts.terminal.streams[1] = {.open = false, .terminal = true};
  EXPECT_EQ(compiled(plan(), facts).console_stream, -1);
}

TEST(Compile, APrivateTerminalHasANameOfItsOwnAndASessionOfItsOwn) {
  SandboxPlan own = plan({op("/dev", Dev{}, MountPoint::Create)});
  own.session = *SessionPlan::make({.terminal = TerminalKind::Private, .relayed = {true, true, true}});
  HostFacts facts;
  facts.terminal.streams[1].terminal = true;
  const ChildProgram program = compiled(own, facts);
  EXPECT_EQ(program.console_stream, -1);
  EXPECT_NE(program.steps.back().kind, StepKind::Console);
  EXPECT_TRUE(program.new_session);
}

TEST(Compile, DecisionsOfThePlanAreFlags) {
  SandboxPlan all = plan({}, {}, SessionKind::NewSession);
  all.network.value = NetworkMode::None;
  all.cgroup_namespace = true;
  all.identity.nested_user_namespaces = true;
  all.directory = inside("/srv/it's");
  const ChildProgram program = compiled(all);
  EXPECT_TRUE(program.new_session && program.new_network && program.new_cgroup && program.nested_user_namespaces);
  EXPECT_FALSE(program.as_root || program.tty_group || program.has_data);
  EXPECT_STREQ(program.text(program.directory), "/srv/it's");
  SandboxPlan none = plan();
  none.network.value = NetworkMode::Host;
  const ChildProgram little = compiled(none);
  EXPECT_FALSE(little.new_session || little.new_network || little.new_cgroup || little.nested_user_namespaces);
}

TEST(Compile, ATerminalBelongsToGroupTtyWhereThatIsMapped) {
  SandboxPlan root = plan();
  root.identity = {.uid = 0, .gid = 0, .map = MapAllIds{{{0, 0, 1000}}, {{0, 0, 5}, {7, 7, 100}}}};
  EXPECT_FALSE(compiled(root).tty_group);
  EXPECT_TRUE(compiled(root).as_root);
  std::get<MapAllIds>(root.identity.map).gids = {{0, 0, 6}};
  EXPECT_TRUE(compiled(root).tty_group);
}

TEST(Compile, EqualStringsAreOne) {
  const ChildProgram program =
      compiled(plan({op("/a", MakeDir{}, MountPoint::Create), op("/a/x", MakeDir{}, MountPoint::Create),
                     op("/a/y", MakeDir{}, MountPoint::Create)}));
  EXPECT_EQ(program.steps[2].place, program.steps[3].place);
  EXPECT_NE(program.steps[2].name, program.steps[3].name);
}

TEST(Compile, AnEmptyFileIsShownAsWell) {
  const ChildProgram program = compiled(plan({op("/e", WriteFile{"", 0444}, MountPoint::Create),
                                              op("/f", WriteFile{std::string("a\0b", 3), 0444}, MountPoint::Create)}));
  EXPECT_TRUE(program.has_data);
  EXPECT_EQ(program.steps[1].length, 0U);
  EXPECT_NE(program.steps[1].data, program.steps[2].data);
  EXPECT_EQ(std::string(program.text(program.steps[2].data), program.steps[2].length), std::string("a\0b", 3));
}

}  // namespace
}  // namespace fence
