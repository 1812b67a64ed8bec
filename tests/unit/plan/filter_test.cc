// Which system calls a policy leaves open.
#include "fence/plan/filter.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "support/paths.h"

namespace fence::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Origin kFile{LayerKind::User, "s.toml", 3, 5};
const Origin kProject{LayerKind::Project, ".fence.toml", 2, 1};

Ranked<CallRule> call_entry(std::string name, int rank = 1, bool enforced = false) {
  return {{std::move(name), ""}, rank > 1 ? kProject : kFile, rank, enforced};
}

FilterPlan filter_of(const Policy& policy) {
  auto plan = decide_filter(policy);
  EXPECT_TRUE(plan) << to_string(plan.error().front());
  return *std::move(plan);
}

std::vector<std::string> open_groups(const FilterPlan& plan) {
  std::vector<std::string> names;
  for (const FilterGroupPlan& group : plan.groups) {
    if (!group.refused) names.push_back(group.name);
  }
  return names;
}

std::vector<std::string> danger_texts(const FilterPlan& plan) {
  std::vector<std::string> texts;
  for (const Remark& remark : filter_dangers(plan)) texts.push_back(remark.text);
  return texts;
}

/// The errno that a call gets; 0: it passes.
int result_of(const FilterPlan& plan, long number, std::uint64_t arg0 = 0, std::uint64_t arg1 = 0) {
  SyscallData call;
  call.number = static_cast<std::int32_t>(number);
  call.architecture = native_architecture();
  call.arguments[0] = arg0;
  call.arguments[1] = arg1;
  const std::uint32_t action = evaluate_filter(command_filter(plan), call);
  return action == SECCOMP_RET_ALLOW ? 0 : static_cast<int>(action & SECCOMP_RET_DATA);
}

TEST(DecideFilter, ByDefaultOnlyDebuggersAreOpen) {
  const FilterPlan plan = filter_of({});
  EXPECT_THAT(open_groups(plan), ElementsAre("debug"));
  EXPECT_THAT(plan.calls, IsEmpty());
  EXPECT_THAT(danger_texts(plan), IsEmpty());
  EXPECT_EQ(plan.groups[0], (FilterGroupPlan{"core_files", true, "profile default", {}}));
  EXPECT_EQ(plan.groups[1], (FilterGroupPlan{"debug", false, "profile default", {}}));
  EXPECT_EQ(result_of(plan, SYS_bpf), EPERM);
  EXPECT_EQ(result_of(plan, SYS_ptrace), 0);
  EXPECT_EQ(result_of(plan, 5000), ENOSYS);
}

TEST(DecideFilter, TheOtherProfiles) {
  Policy policy;
  policy.seccomp = {SeccompProfile::Strict, kFile};
  EXPECT_THAT(open_groups(filter_of(policy)), IsEmpty());
  EXPECT_EQ(result_of(filter_of(policy), SYS_ptrace), EPERM);
  policy.seccomp.value = SeccompProfile::Minimal;
  const FilterPlan minimal = filter_of(policy);
  EXPECT_EQ(open_groups(minimal).size(), minimal.groups.size() - 2);
  EXPECT_EQ(danger_texts(minimal).size(), minimal.groups.size() - 3) << "debug is none";
  EXPECT_EQ(filter_dangers(minimal).front().origin, kFile);
  EXPECT_EQ(result_of(minimal, SYS_socket, AF_VSOCK), EPERM);
  EXPECT_EQ(result_of(minimal, SYS_bpf), 0);
  EXPECT_EQ(result_of(minimal, 5000), 0);
}

TEST(DecideFilter, NestingOpensWhatASandboxInsideNeedsAndNothingMore) {
  Policy policy;
  policy.nesting = {true, kFile};
  const FilterPlan plan = filter_of(policy);
  EXPECT_THAT(open_groups(plan), ElementsAre("debug", "mounts", "namespaces", "openat2"));
  EXPECT_EQ(danger_texts(plan).size(), 3U);
  EXPECT_EQ(result_of(plan, SYS_clone3), 0);
  EXPECT_EQ(result_of(plan, SYS_unshare, CLONE_NEWUSER), 0);
  EXPECT_EQ(result_of(plan, SYS_keyctl), ENOSYS);
}

TEST(DecideFilter, InteropWithWindowsOpensItsSocketsOnly) {
  Policy policy;
  policy.windows_interop = {true, kFile};
  const FilterPlan plan = filter_of(policy);
  EXPECT_THAT(open_groups(plan), ElementsAre("debug", "windows"));
  EXPECT_EQ(result_of(plan, SYS_socket, AF_VSOCK), 0);
  EXPECT_EQ(result_of(plan, SYS_socket, AF_ALG), EAFNOSUPPORT);
  EXPECT_EQ(result_of(plan, SYS_io_uring_setup), ENOSYS);
}

TEST(DecideFilter, AGroupThatIsAllowedIsADanger) {
  Policy policy;
  policy.seccomp_allow = {{{"io_uring", "the database needs it"}, kFile, 1, false}};
  const FilterPlan plan = filter_of(policy);
  EXPECT_THAT(open_groups(plan), Contains("io_uring"));
  EXPECT_THAT(danger_texts(plan), ElementsAre(HasSubstr("group io_uring: files and sockets can be opened past")));
  EXPECT_EQ(result_of(plan, SYS_io_uring_setup), 0);
  const auto group = std::ranges::find(plan.groups, "io_uring", &FilterGroupPlan::name);
  EXPECT_EQ(group->reason, "seccomp.allow: the database needs it");
}

TEST(DecideFilter, ACallThatIsAllowedLeavesItsGroupClosed) {
  Policy policy;
  policy.seccomp_allow = {call_entry("perf_event_open")};
  const FilterPlan plan = filter_of(policy);
  EXPECT_THAT(open_groups(plan), ElementsAre("debug"));
  EXPECT_EQ(result_of(plan, SYS_perf_event_open), 0);
  EXPECT_EQ(result_of(plan, SYS_bpf), EPERM);
  EXPECT_THAT(danger_texts(plan), ElementsAre(HasSubstr("perf_event_open of group tracing")));
}

TEST(DecideFilter, ACallThatIsDeniedIsRefusedWhateverItsArguments) {
  Policy policy;
  policy.seccomp_deny = {call_entry("memfd_create"), call_entry("socket"), call_entry("debug")};
  const FilterPlan plan = filter_of(policy);
  EXPECT_EQ(result_of(plan, SYS_memfd_create), EPERM);
  EXPECT_EQ(result_of(plan, SYS_socket, AF_UNIX), EPERM);
  EXPECT_EQ(result_of(plan, SYS_socket, AF_ALG), EPERM) << "not the group's errno";
  EXPECT_EQ(result_of(plan, SYS_ptrace), EPERM);
  EXPECT_THAT(danger_texts(plan), IsEmpty());
}

TEST(DecideFilter, OfTwoLayersTheHigherDecidesAndInOneTheDenial) {
  Policy policy;
  policy.seccomp_allow = {call_entry("mounts", 1)};
  policy.seccomp_deny = {call_entry("mounts", 2)};
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM);
  policy.seccomp_allow.front().rank = 3;
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), 0);
  policy.seccomp_allow.front().rank = 2;
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM);
}

TEST(DecideFilter, ACallIsNamedByItsGroupToo) {
  Policy policy;
  policy.seccomp_allow = {call_entry("mount", 1)};
  policy.seccomp_deny = {call_entry("mounts", 2)};
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM) << "a project closes the group";
  policy.seccomp_deny.front().rank = 1;
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM) << "in one layer the denial decides";
  policy.seccomp_allow.front().rank = 3;
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), 0);
  EXPECT_EQ(result_of(filter_of(policy), SYS_umount2), EPERM);

  policy.seccomp_allow = {call_entry("mounts", 3)};
  policy.seccomp_deny = {call_entry("mount", 1)};
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), 0);
  policy.seccomp_deny.front().rank = 4;
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM);
  EXPECT_EQ(result_of(filter_of(policy), SYS_umount2), 0);
}

TEST(DecideFilter, WhatIsDeniedByForceStaysDenied) {
  Policy policy;
  policy.seccomp_allow = {call_entry("mount", 7)};
  policy.seccomp_deny = {call_entry("mounts", 2, true)};
  policy.nesting = {true, kFile};
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM);
  policy.seccomp_allow = {call_entry("mounts", 7)};
  EXPECT_EQ(result_of(filter_of(policy), SYS_mount), EPERM);
}

TEST(DecideFilter, ADenialBeatsNesting) {
  Policy policy;
  policy.nesting = {true, kFile};
  policy.seccomp_deny = {call_entry("mounts", 2)};
  EXPECT_THAT(open_groups(filter_of(policy)), ElementsAre("debug", "namespaces", "openat2"));
}

TEST(DecideFilter, NamesThatAreNoneAreErrorsWithTheirPlace) {
  Policy policy;
  policy.seccomp_allow = {call_entry("mouts")};
  policy.seccomp_deny = {call_entry("\x1b[2J"), call_entry("ptrac", 2)};
  const auto plan = decide_filter(policy);
  ASSERT_FALSE(plan);
  std::vector<std::string> texts;
  for (const Error& error : plan.error()) texts.push_back(to_string(error));
  EXPECT_THAT(texts,
              ElementsAre("fence: cannot take \"mouts\" in seccomp.allow: there is no such group, and no such system "
                          "call on this machine\n  asked for by s.toml:3:5\n  hint: did you mean \"mounts\"?",
                          HasSubstr("\"\\x1b[2J\" in seccomp.deny"), HasSubstr("did you mean \"ptrace\"?")));
}

TEST(DecideFilter, NothingOpensTheTerminal) {
  Policy policy;
  policy.seccomp_allow = {call_entry("terminal")};
  const auto plan = decide_filter(policy);
  ASSERT_FALSE(plan);
  EXPECT_THAT(to_string(plan.error().front()), HasSubstr("nothing opens this group"));
  policy.seccomp_allow = {call_entry("ioctl")};
  const FilterPlan open = filter_of(policy);
  EXPECT_EQ(result_of(open, SYS_ioctl, 0, 0x5412 /* TIOCSTI */), EPERM);
  EXPECT_EQ(result_of(open, SYS_ioctl, 0, 0x5423 /* TIOCSETD */), 0);
  EXPECT_THAT(danger_texts(open), ElementsAre(HasSubstr("ioctl of group machine")));
}

TEST(CommandFilter, WhatThePlanDoesNotSpeakOfIsRefused) {
  EXPECT_EQ(result_of({}, SYS_bpf), EPERM);
  EXPECT_EQ(result_of({}, SYS_ptrace), EPERM);
  EXPECT_EQ(result_of({}, 5000), ENOSYS);
}

}  // namespace
}  // namespace fence::test
