// A sandbox without namespaces: what is held, and what is refused.
#include "fence/plan/grants.h"

#include <gmock/gmock.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>

#include "fence/plan/filter.h"
#include "fence/plan/show.h"
#include "support/fake_host.h"
#include "support/granted.h"

namespace fence::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const Origin kGrantsLine{LayerKind::User, "settings.toml", 1, 0};

/// All that the pass asks to be named is named.
PolicyBuilder alone() {
  PolicyBuilder builder;
  Policy& policy = builder.policy();
  policy.backend = {Backend::Landlock, kGrantsLine};
  policy.runtime_dir = {RuntimeDirMode::Unset, kGrantsLine};
  for (const Ability ability : {Ability::Proc, Ability::Cgroup, Ability::Metadata, Ability::Protect}) {
    policy.allow_degraded.push_back({ability, kGrantsLine});
  }
  return builder;
}

FakeHost standing_in_the_project() {
  FakeHost fake;
  fake.dir("/home/ann/p").dir("/home/ann/p/.git").file("/home/ann/p/.git/config").dir("/home/ann/p/.git/hooks");
  fake.special("/dev/null", PathKind::CharDevice).special("/dev/tty", PathKind::CharDevice);
  return fake.stand_in("/home/ann/p");
}

PolicyBuilder project_alone() {
  PolicyBuilder builder = alone();
  builder.allow_read("/usr").allow_write("/home/ann/p");
  return builder;
}

SandboxPlan plan_alone(const Policy& policy, const FakeHost& fake = standing_in_the_project()) {
  auto plan = fake.plan(policy);
  EXPECT_TRUE(plan) << all_texts(plan.error());
  return *std::move(plan);
}

std::string refused_with(const Policy& policy, const FakeHost& fake = standing_in_the_project()) {
  const auto plan = fake.plan(policy);
  return plan ? "a plan" : all_texts(plan.error());
}

std::vector<std::string> grants_of(const SandboxPlan& plan) {
  std::vector<std::string> lines;
  for (const MountOp& op : plan.mounts.ops()) {
    if (std::holds_alternative<Bind>(op.action)) lines.push_back(op_line(op));
  }
  return lines;
}

/// Of a call that the filter lets through; 0 is a call that says success and is not made.
constexpr int kPasses = -1;

int call_result(const SandboxPlan& plan, long number, std::uint64_t arg0 = 0, std::uint64_t arg1 = 0,
                std::uint64_t arg2 = 0) {
  SyscallData call;
  call.number = static_cast<std::int32_t>(number);
  call.architecture = native_architecture();
  call.arguments[0] = arg0;
  call.arguments[1] = arg1;
  call.arguments[2] = arg2;
  const std::uint32_t action = evaluate_filter(command_filter(plan.filter), call);
  return action == SECCOMP_RET_ALLOW ? kPasses : static_cast<int>(action & SECCOMP_RET_DATA);
}

TEST(Alone, EveryGrantIsAPlaceUnderItsOwnName) {
  const SandboxPlan plan = plan_alone(project_alone());
  EXPECT_EQ(plan.executor, Executor::Landlock);
  EXPECT_THAT(grants_of(plan), ElementsAre("dev /dev/null", "dev /dev/tty", "rw /home/ann/p", "ro /proc", "ro /usr"));
  EXPECT_TRUE(std::holds_alternative<KeepIds>(plan.identity.map));
  EXPECT_FALSE(plan.cgroup_namespace);
}

TEST(Alone, EveryRightIsHandledAndTheRootIsNoRule) {
  const LandlockPlan landlock = plan_alone(project_alone()).landlock;
  EXPECT_EQ(landlock.handled, 0xffffU);
  EXPECT_EQ(landlock.handled_net, landlock::kBindTcp | landlock::kConnectTcp);
  EXPECT_EQ(landlock.scoped, landlock::kScopeSignal | landlock::kScopeAbstractUnixSocket);
  for (const LandlockRule& rule : landlock.rules) EXPECT_FALSE(rule.path.is_root());
  const auto proc =
      std::ranges::find(landlock.rules, "/proc", [](const LandlockRule& rule) { return rule.path.text(); });
  ASSERT_NE(proc, landlock.rules.end());
  EXPECT_EQ(proc->rights & (landlock::kWriteFile | landlock::kMaking), 0U);
}

TEST(Alone, TheModeIsFullWhateverTheSettingIs) {
  PolicyBuilder policy = project_alone();
  policy.policy().landlock = {LandlockMode::Auto, {}};
  EXPECT_EQ(plan_alone(policy).landlock.mode.value, LandlockMode::Full);
}

TEST(Alone, WhatIsDoneWithoutIsADangerAndNotSaidAtEveryStart) {
  const SandboxPlan plan = plan_alone(project_alone().protect(".git/config"));
  std::vector<std::string> names;
  for (const AbilityPlan& ability : plan.abilities) names.push_back(ability.name);
  EXPECT_THAT(names, ElementsAre("proc", "cgroup", "metadata", "protect"));
  EXPECT_THAT(remark_texts(plan, RemarkKind::Danger), Contains(HasSubstr("degraded (metadata): modes, owners")));
  EXPECT_THAT(remark_texts(plan, RemarkKind::Notice), Not(Contains(HasSubstr("degraded"))));
  EXPECT_THAT(plan_text(plan), HasSubstr("namespaces  none: those of the caller"));
}

struct Named {
  Ability ability;
  std::string_view name;
};
class LeftUnnamed : public ::testing::TestWithParam<Named> {};

TEST_P(LeftUnnamed, IsAnErrorThatSaysWhatItMeans) {
  PolicyBuilder policy = project_alone();
  policy.protect(".git/config");
  std::erase_if(policy.policy().allow_degraded, [](const auto& each) { return each.value == GetParam().ability; });
  EXPECT_THAT(refused_with(policy),
              AllOf(HasSubstr("backend = \"landlock\" makes no namespaces"),
                    HasSubstr("allowDegraded = [\"" + std::string(GetParam().name) + "\"]"),
                    HasSubstr("without: " + std::string(ability_row(GetParam().ability).degraded))));
}

TEST_P(LeftUnnamed, IsNeverDoneWithoutWhereItIsRequired) {
  PolicyBuilder policy = project_alone();
  policy.protect(".git/config");
  policy.policy().require.push_back({{.ability = GetParam().ability}, kGrantsLine, 3});
  EXPECT_THAT(refused_with(policy), HasSubstr("which is required (" + std::string(GetParam().name) + ")"));
}

INSTANTIATE_TEST_SUITE_P(Grants, LeftUnnamed,
                         ::testing::Values(Named{Ability::Proc, "proc"}, Named{Ability::Cgroup, "cgroup"},
                                           Named{Ability::Metadata, "metadata"}, Named{Ability::Protect, "protect"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Alone, NothingProtectedNeedsNoName) {
  PolicyBuilder policy = project_alone();
  std::erase_if(policy.policy().allow_degraded, [](const auto& each) { return each.value == Ability::Protect; });
  EXPECT_THAT(plan_alone(policy).abilities, SizeIs(3));
}

TEST(Alone, WithNamespacesTheNewAbilitiesAreThere) {
  FakeHost fake = standing_in_the_project();
  PolicyBuilder policy;
  policy.allow_read("/");
  for (const Ability ability : {Ability::Metadata, Ability::Protect}) {
    policy.policy().require.push_back({{.ability = ability}, kGrantsLine, 3});
  }
  EXPECT_TRUE(fake.plan(policy));
}

/// Each of these cannot be held.
struct Situation {
  std::string_view name;
  void (*make)(PolicyBuilder& policy, FakeHost& fake);
  std::vector<std::string> said;
};
class CannotBeHeld : public ::testing::TestWithParam<Situation> {};

TEST_P(CannotBeHeld, IsRefusedWithThePlaceThatAskedAndWhatToDo) {
  PolicyBuilder policy = project_alone();
  FakeHost fake = standing_in_the_project();
  GetParam().make(policy, fake);
  const std::string text = refused_with(policy, fake);
  for (const std::string& each : GetParam().said) EXPECT_THAT(text, HasSubstr(each));
  EXPECT_THAT(text, HasSubstr("asked for by"));
  EXPECT_THAT(text, HasSubstr("hint: "));
}

const Situation kUnholdable[] = {
    {"hidden_in_the_project",
     [](PolicyBuilder& policy, FakeHost& fake) {
       fake.file("/home/ann/p/.env");
       policy.deny_read("/home/ann/p/.env", 3);
     },
     {"cannot hide /home/ann/p/.env below /home/ann/p", "/home/ann/p is granted by"}},
    {"hidden_and_not_there_yet",
     [](PolicyBuilder& policy, FakeHost&) { policy.deny_read("/home/ann/p/.env", 3, true); },
     {"cannot hide 1 path below /home/ann/p", "and 1 that are not there yet"}},
    {"read_only_in_the_project",
     [](PolicyBuilder& policy, FakeHost& fake) {
       fake.dir("/home/ann/p/vendor");
       policy.deny_write("/home/ann/p/vendor", 3);
     },
     {"cannot keep from being written /home/ann/p/vendor below /home/ann/p"}},
    {"protected_by_what_is_enforced",
     [](PolicyBuilder& policy, FakeHost&) { policy.protect(".git/config", 9).enforced(); },
     {"cannot keep from being written /home/ann/p/.git/config below /home/ann/p"}},
    {"shared_memory_of_the_host",
     [](PolicyBuilder& policy, FakeHost&) { policy.allow_write("/dev/shm"); },
     {"cannot allow writing to /dev/shm: it would be the host's"}},
    {"all_of_dev",
     [](PolicyBuilder& policy, FakeHost&) { policy.allow_read("/dev"); },
     {"cannot allow reading of /dev: it would be the host's"}},
    {"a_writable_proc",
     [](PolicyBuilder& policy, FakeHost&) { policy.allow_write("/proc/self"); },
     {"cannot allow writing to /proc/self: it is the host's"}},
    {"a_private_tmp",
     [](PolicyBuilder& policy, FakeHost&) { policy.scratch("/tmp"); },
     {"cannot make a private directory at /tmp: it takes a mount", "--deny-read /tmp"}},
    {"another_name",
     [](PolicyBuilder& policy, FakeHost&) { policy.bind("/srv", "/data"); },
     {"cannot show /srv at /data", "grant /srv under its own name"}},
    {"the_whole_host_for_reading",
     [](PolicyBuilder& policy, FakeHost&) { policy.allow_read("/"); },
     {"cannot have / granted with /dev below it: keys typed into your other terminals"}},
    {"the_whole_host_for_writing",
     [](PolicyBuilder& policy, FakeHost&) { policy.allow_write("/"); },
     {"with /proc below it: the host's kernel settings", "with /dev below it"}},
    {"nesting",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().nesting = {true, kGrantsLine};
     },
     {"cannot allow nested sandboxes: what Landlock restricts in files can mount nothing"}},
    {"nesting_as_root",
     [](PolicyBuilder& policy, FakeHost& fake) {
       fake.as_root().dir("/home/ann/p", 0);
       policy.policy().nesting = {true, kGrantsLine};
     },
     {"cannot allow nested sandboxes: what Landlock"}},
    {"landlock_off",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().landlock = {LandlockMode::Off, kGrantsLine};
     },
     {"cannot do without Landlock"}},
    {"a_private_runtime_directory",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().runtime_dir = {RuntimeDirMode::Auto, kGrantsLine};
     },
     {"cannot make a private runtime directory", "runtimeDir.mode = \"unset\""}},
    {"a_private_terminal",
     [](PolicyBuilder& policy, FakeHost& fake) {
       for (auto& stream : fake.facts().terminal.streams) stream = {.open = true, .terminal = true, .rdev = 1};
       policy.policy().terminal = {TerminalMode::Private, kGrantsLine};
     },
     {"cannot give the command a private terminal", "backend = \"landlock\" is asked for by settings.toml:1"}},
    {"windows_programs",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().windows_interop = {true, kGrantsLine};
     },
     {"cannot let the command start Windows programs"}},
    {"io_uring_by_name",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().seccomp_allow = {{{"io_uring", ""}, kGrantsLine, 3}};
     },
     {"cannot open the system calls of group io_uring"}},
    {"io_uring_by_profile",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().seccomp = {SeccompProfile::Minimal, kGrantsLine};
     },
     {"cannot open the system calls of group io_uring"}},
    {"the_network_by_name",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().seccomp_allow = {{{"network", ""}, kGrantsLine, 3}};
     },
     {"cannot open the system calls of group network", "network.mode = \"host\" opens it"}},
    {"sockets_by_call",
     [](PolicyBuilder& policy, FakeHost&) {
       policy.policy().seccomp_allow = {{{"socket", ""}, kGrantsLine, 3}};
     },
     {"cannot open the system call socket"}},
    {"an_old_kernel",
     [](PolicyBuilder&, FakeHost& fake) {
       fake.facts().abilities[Ability::Landlock] = AbilityGiven{.version = {5, 0}};
     },
     {"cannot make a sandbox by Landlock alone: this kernel has ABI 5", "Linux 6.12"}},
    {"no_landlock",
     [](PolicyBuilder&, FakeHost& fake) {
       fake.facts().abilities[Ability::Landlock] = AbilityLacking{"landlock_create_ruleset(2)", EOPNOTSUPP};
     },
     {"cannot make a sandbox by Landlock alone: landlock_create_ruleset(2)", "lsm="}},
};
INSTANTIATE_TEST_SUITE_P(Grants, CannotBeHeld, ::testing::ValuesIn(kUnholdable),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(CannotBeHeld, AllAtOnce) {
  PolicyBuilder policy;
  policy.policy().backend = {Backend::Landlock, kGrantsLine};
  policy.allow_read("/").deny_read("/home/ann/.ssh", 1, true).deny_read("/srv").workspace().protect(".git/config");
  policy.scratch("/tmp").scratch("/run");
  const auto plan = standing_in_the_project().plan(policy);
  ASSERT_FALSE(plan);
  // runtimeDir; /tmp, /run; /dev; what is hidden, by each rule; proc, cgroup, metadata, protect.
  EXPECT_EQ(plan.error().size(), 9U) << all_texts(plan.error());
  EXPECT_THAT(all_texts(plan.error()), HasSubstr("/home/ann/p/.git/config"));
}

TEST(Hidden, WhereNothingAboveIsGrantedThereIsNothingToHold) {
  PolicyBuilder policy = project_alone();
  policy.deny_read("/home/ann/.ssh", 1, true).deny_read("/srv").deny_write("/srv").protect(".git/config");
  EXPECT_THAT(grants_of(plan_alone(policy)), Contains("rw /home/ann/p"));
}

TEST(Alone, WhatEverySandboxHasNeedsNoGrant) {
  PolicyBuilder policy = project_alone();
  policy.allow_read("/proc/cpuinfo").allow_write("/dev/null").allow_write("/dev/stdout");
  const SandboxPlan plan = plan_alone(policy);
  EXPECT_EQ(remark_texts(plan, RemarkKind::Unneeded),
            (std::vector<std::string>{
                "not needed to allow reading of /proc/cpuinfo: without namespaces the host's /proc is shown read-only",
                "not needed to allow writing to /dev/null: every sandbox has it",
                "not needed to allow writing to /dev/stdout: every sandbox has it"}));
}

TEST(Sockets, ThereAreNoneButPairs) {
  const SandboxPlan plan = plan_alone(project_alone());
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_VSOCK, AF_PACKET}) {
    EXPECT_GT(call_result(plan, SYS_socket, static_cast<std::uint64_t>(family)), 0) << family;
  }
  for (const std::uint64_t type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    EXPECT_EQ(call_result(plan, SYS_socketpair, AF_UNIX, type), kPasses) << type;
    EXPECT_EQ(call_result(plan, SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK), kPasses) << type;
  }
  // They can be readdressed.
  for (const std::uint64_t type : {SOCK_DGRAM, SOCK_RAW}) {
    EXPECT_EQ(call_result(plan, SYS_socketpair, AF_UNIX, type), EACCES) << type;
    EXPECT_EQ(call_result(plan, SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC), EACCES) << type;
  }
  PolicyBuilder with_network = project_alone();
  with_network.policy().network = {NetworkMode::Host, kGrantsLine};
  const SandboxPlan open = plan_alone(with_network);
  EXPECT_EQ(call_result(open, SYS_socket, AF_INET), kPasses);
  EXPECT_EQ(call_result(open, SYS_socket, AF_UNIX), EACCES);
  EXPECT_EQ(open.landlock.handled_net, 0U);
  EXPECT_THAT(remark_texts(open, RemarkKind::Danger), Contains(HasSubstr("the host's network is open")));
}

TEST(Sockets, WhoOpensUnixSocketsIsToldWhatThatMeans) {
  PolicyBuilder policy = project_alone();
  policy.policy().seccomp_allow = {{{"unix_sockets", ""}, kGrantsLine, 3}};
  EXPECT_THAT(remark_texts(plan_alone(policy), RemarkKind::Danger), Contains(HasSubstr("docker.sock")));
}

TEST(SharedNamespaces, AreClosedByTheFilter) {
  const SandboxPlan plan = plan_alone(project_alone());
  EXPECT_EQ(call_result(plan, SYS_shmget), ENOSYS);
  EXPECT_EQ(call_result(plan, SYS_mq_open), ENOSYS);
  EXPECT_EQ(call_result(plan, SYS_prlimit64, 1, 0, 4096), EPERM);
  EXPECT_EQ(call_result(plan, SYS_prlimit64, 1, 0, 0), kPasses);
  EXPECT_EQ(call_result(plan, SYS_prlimit64, 0, 0, 4096), kPasses);
  EXPECT_EQ(call_result(plan, SYS_setpriority, 0, 0), kPasses);
  EXPECT_EQ(call_result(plan, SYS_setpriority, 0, 5), EPERM);
  EXPECT_EQ(call_result(plan, SYS_setpriority, 2, 0), EPERM);
  EXPECT_EQ(call_result(plan, SYS_sched_setaffinity, 0), kPasses);
  EXPECT_EQ(call_result(plan, SYS_sched_setaffinity, 7), 0);
  EXPECT_EQ(call_result(plan, SYS_sched_setscheduler, 7), EPERM);
}

TEST(SharedNamespaces, ElsewhereTheirGroupsAreNotSpokenOf) {
  const auto plan = FakeHost().plan(PolicyBuilder().allow_read("/"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(call_result(*plan, SYS_shmget), kPasses);
  EXPECT_EQ(call_result(*plan, SYS_socket, AF_UNIX), kPasses);
  EXPECT_THAT(plan_text(*plan), Not(HasSubstr("unix_sockets")));
}

const VariablePlan* variable_in(const SandboxPlan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.environment.variables, name, &VariablePlan::name);
  return found == plan.environment.variables.end() ? nullptr : &*found;
}

TEST(Temporary, FilesGoToTheWritableDirectoryAround) {
  for (const char* inherited : {"", "/tmp"}) {
    FakeHost fake = standing_in_the_project();
    if (*inherited != '\0') fake.variable("TMPDIR", inherited);
    fake.dir("/home/ann/p/src").stand_in("/home/ann/p/src");
    const SandboxPlan plan = plan_alone(project_alone(), fake);
    const VariablePlan* variable = variable_in(plan, "TMPDIR");
    ASSERT_NE(variable, nullptr);
    EXPECT_EQ(std::get<Replaced>(variable->fate).value, "/home/ann/p");
  }
}

TEST(Temporary, AnOwnOneThatMayBeWrittenIsKept) {
  FakeHost fake = standing_in_the_project();
  fake.dir("/srv/scratch").variable("TMPDIR", "/srv/scratch");
  const SandboxPlan plan = plan_alone(project_alone().allow_write("/srv/scratch"), fake);
  EXPECT_TRUE(std::holds_alternative<Passed>(variable_in(plan, "TMPDIR")->fate));
}

TEST(Temporary, WithNamespacesNothingIsSet) {
  const auto plan = standing_in_the_project().plan(PolicyBuilder().allow_read("/").allow_write("/home/ann/p"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(variable_in(*plan, "TMPDIR"), nullptr);
}

TEST(Alone, WhatMayBeWrittenIsNamed) {
  FakeHost fake = standing_in_the_project();
  const Policy policy = project_alone();
  HostFacts facts = fake.questioned();
  const auto plan = fake.plan_from(policy, {.command = {"true"}, .directory = {}, .keep_descriptors = {}}, facts);
  ASSERT_TRUE(plan);
  FactLens lens(facts);
  EXPECT_EQ(granted_by_nothing(*plan, policy, lens), std::nullopt);
  // The control: a rule of nobody's is found.
  SandboxPlan more = *plan;
  more.landlock.rules.push_back({*SandboxPath::parse("/srv"), landlock::kWriteFile, ""});
  EXPECT_EQ(granted_by_nothing(more, policy, lens), "/srv");
}

}  // namespace
}  // namespace fence::testing
