#include "abilities.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <stop_token>
#include <thread>

#include "scratch.h"
#include "tries.h"

namespace fence {
namespace {

HostFacts tried(const std::set<Ability>& abilities) {
  HostProber prober;
  HostFacts facts = prober.basics();
  prober.answer({.abilities = abilities}, facts);
  return facts;
}

std::set<Ability> all_abilities() {
  std::set<Ability> all;
  for (const AbilityRow& row : ability_table()) all.insert(row.ability);
  // Not tried.
  for (const Ability ability : {Ability::Metadata, Ability::Protect, Ability::Kernel, Ability::Delegation})
    all.erase(ability);
  return all;
}

const AbilityLacking* lacking(const HostFacts& facts, Ability ability) {
  return std::get_if<AbilityLacking>(&facts.abilities.at(ability));
}

void expect_all(const HostFacts& facts) {
  for (const Ability ability : all_abilities()) {
    const AbilityLacking* lacks = lacking(facts, ability);
    EXPECT_EQ(lacks, nullptr) << ability_row(ability).name << ": " << (lacks == nullptr ? "" : lacks->step) << " "
                              << (lacks == nullptr ? 0 : lacks->errno_value);
  }
}

/// Whether a plain unshare(2) is possible here: the tests of what is given need it.
bool has_user_namespaces() {
  const HostFacts facts = as_ordinary_user([] {
    HostFacts seen;
    seen.kernel.cgroup_namespace = ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    return seen;
  });
  return facts.kernel.cgroup_namespace;
}

TEST(Abilities, AreFoundByRoot) {
  if (!has_user_namespaces()) GTEST_SKIP() << "no user namespaces here";
  const HostFacts facts = tried(all_abilities());
  expect_all(facts);
  EXPECT_EQ(facts.sysctls, (std::map<std::string, std::string>{})) << "read only where something lacks";
}

TEST(Abilities, AreFoundByAnOrdinaryUser) {
  if (!has_user_namespaces()) GTEST_SKIP() << "no user namespaces here";
  const HostFacts facts = as_ordinary_user([] { return tried(all_abilities()); });
  expect_all(facts);
  EXPECT_EQ(facts.abilities.at(Ability::UserNamespace), AbilityFact(AbilityGiven{})) << "not by bubblewrap";
}

TEST(Abilities, LeaveTheCallerAsItWas) {
  const auto state = [] {
    std::string text;
    for (const char* name : {"user", "mnt", "pid_for_children", "net", "ipc", "uts", "cgroup"}) {
      text += std::filesystem::read_symlink(std::string("/proc/self/ns/") + name).string() + " ";
    }
    return text + std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) +
           std::to_string(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
  };
  const std::string before = state();
  static_cast<void>(tried(all_abilities()));
  EXPECT_EQ(state(), before);
}

/// From now on that system call fails with EPERM in this process and its children.
void refuse_call(std::uint32_t number) {
  std::array<sock_filter, 4> refuse = {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{.len = refuse.size(), .filter = refuse.data()};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

/// Without bubblewrap, which may make namespaces in other ways.
HostFacts tried_without(std::uint32_t call, const std::set<Ability>& abilities) {
  return as_ordinary_user([&] {
    refuse_call(call);
    HostFacts facts;
    facts.bwrap_known = true;
    HostProber().answer({.abilities = abilities}, facts);
    return facts;
  });
}

TEST(Abilities, LackWhereUnshareIsRefused) {
  const std::set<Ability> namespaces = {Ability::UserNamespace, Ability::Proc, Ability::DevPts, Ability::Network,
                                        Ability::Ipc,           Ability::Uts,  Ability::Cgroup};
  const HostFacts facts = tried_without(SYS_unshare, namespaces);
  for (const Ability ability : namespaces) {
    const AbilityLacking* lacks = lacking(facts, ability);
    ASSERT_NE(lacks, nullptr) << ability_row(ability).name;
    EXPECT_EQ(*lacks, (AbilityLacking{"unshare(CLONE_NEWUSER)", EPERM})) << ability_row(ability).name;
  }
  EXPECT_TRUE(facts.sysctls.contains("user.max_user_namespaces"));
}

TEST(Abilities, LackWhereMountingIsRefused) {
  if (!has_user_namespaces()) GTEST_SKIP() << "no user namespaces here";
  const HostFacts facts = tried_without(SYS_mount, {Ability::UserNamespace, Ability::Proc, Ability::Network});
  EXPECT_EQ(*lacking(facts, Ability::UserNamespace), (AbilityLacking{"mounting a new tmpfs", EPERM}));
  EXPECT_EQ(*lacking(facts, Ability::Proc), (AbilityLacking{"mounting a new proc", EPERM}));
  EXPECT_EQ(lacking(facts, Ability::Network), nullptr) << "which mounts nothing";
}

TEST(Abilities, LackWhereLandlockIsRefused) {
  const HostFacts facts = tried_without(SYS_landlock_create_ruleset, {Ability::Landlock, Ability::Seccomp});
  ASSERT_NE(lacking(facts, Ability::Landlock), nullptr);
  EXPECT_EQ(lacking(facts, Ability::Seccomp), nullptr);
}

TEST(Abilities, AreGivenByBubblewrapWhereItAloneMay) {
  const Scratch scratch("/var/lib");
  // A program that says what bubblewrap would say from inside.
  scratch.file("bwrap", "#!/bin/sh\necho bubblewrap 1.0\n", 0755);
  const HostFacts facts = as_ordinary_user([&] {
    refuse_call(SYS_unshare);
    HostFacts seen;
    seen.bwrap_known = true;
    seen.bwrap = BwrapFacts{.path = scratch.at("bwrap").text()};
    HostProber().answer({.abilities = {Ability::Network, Ability::Seccomp, Ability::Bwrap}}, seen);
    return seen;
  });
  EXPECT_EQ(facts.abilities.at(Ability::Network), AbilityFact(AbilityGiven{.by_bwrap = true}));
  EXPECT_EQ(facts.abilities.at(Ability::Bwrap), AbilityFact(AbilityGiven{.by_bwrap = true}));
  EXPECT_EQ(facts.abilities.at(Ability::Seccomp), AbilityFact(AbilityGiven{})) << "never for another program";
}

TEST(Abilities, LackABubblewrapThatIsNotThereOrDoesNotWork) {
  std::optional<BwrapFacts> bwrap;
  const FindBwrap find = [&bwrap]() -> const std::optional<BwrapFacts>& { return bwrap; };
  EXPECT_EQ(std::get<AbilityLacking>(AbilityTry(Ability::Bwrap).result(find)).errno_value, ENOENT);
  bwrap = BwrapFacts{.path = "/bin/false"};
  EXPECT_TRUE(std::holds_alternative<AbilityLacking>(AbilityTry(Ability::Bwrap).result(find)));
}

TEST(Abilities, ACallOfTheNativeExecutorThatIsRefusedIsNamed) {
  if (!has_user_namespaces()) GTEST_SKIP() << "no user namespaces here";
  struct Case {
    long number;
    const char* step;
  };
  for (const Case& row :
       {Case{SYS_unshare, "unshare(CLONE_NEWUSER)"}, Case{SYS_openat2, "openat2(2)"},
        Case{SYS_open_tree, "open_tree(2)"}, Case{SYS_mount_setattr, "mount_setattr(2)"}, Case{SYS_fsopen, "fsopen(2)"},
        Case{SYS_fsconfig, "fsconfig(2)"}, Case{SYS_fsmount, "fsmount(2)"}, Case{SYS_move_mount, "move_mount(2)"}}) {
    const HostFacts facts = tried_without(static_cast<std::uint32_t>(row.number), {Ability::Native});
    ASSERT_NE(lacking(facts, Ability::Native), nullptr) << row.step;
    EXPECT_EQ(*lacking(facts, Ability::Native), (AbilityLacking{row.step, EPERM}));
  }
}

TEST(Bwrap, IsLookedForOnlyWhereItIsAskedFor) {
  HostProber prober;
  HostFacts facts = prober.basics();
  prober.answer({.abilities = {Ability::Native, Ability::UserNamespace}}, facts);
  EXPECT_FALSE(facts.bwrap_known);
  prober.answer({.bwrap = true}, facts);
  EXPECT_TRUE(facts.bwrap_known);
}

/// In a user namespace of the test's own, whose limits bind what is below it and nothing else.
TEST(Abilities, LackWhereTheNamespacesAreUsedUp) {
  if (!has_user_namespaces()) GTEST_SKIP() << "no user namespaces here";
  const auto with_limit = [](const std::string& limit) {
    return as_ordinary_user([&] {
      const auto write = [](const char* path, const std::string& text) { std::ofstream(path) << text; };
      const uid_t uid = ::geteuid();
      HostFacts facts;
      if (::unshare(CLONE_NEWUSER) != 0) return facts;
      write("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
      write("/proc/sys/user/max_user_namespaces", limit);
      HostProber().answer({.abilities = {Ability::UserNamespace}}, facts);
      return facts;
    });
  };
  const HostFacts facts = with_limit("0");
  ASSERT_NE(lacking(facts, Ability::UserNamespace), nullptr);
  EXPECT_EQ(*lacking(facts, Ability::UserNamespace), (AbilityLacking{"unshare(CLONE_NEWUSER)", ENOSPC}));
  EXPECT_EQ(facts.sysctls.at("user.max_user_namespaces"), "0");
}

TEST(Attempt, IsGivenUpInTime) {
  const AttemptResult result = attempt(
      [] {
        ::pause();
        return AttemptResult{};
      },
      std::chrono::milliseconds(50));
  EXPECT_EQ(std::get<AbilityLacking>(result).errno_value, ETIMEDOUT);
}

/// Keeps every processor busy.
class BusyMachine {
 public:
  BusyMachine() {
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
      busy_.emplace_back([](const std::stop_token& stop) {
        while (!stop.stop_requested()) continue;
      });
    }
  }

 private:
  std::vector<std::jthread> busy_;
};

TEST(Attempt, LeavesNoProcessOnABusyMachine) {
  const BusyMachine busy;
  const AttemptResult result = attempt(
      [] {
        // Gets a turn where nobody else wants one, and otherwise hardly ever: not to end, either.
        const sched_param none{};
        ::sched_setscheduler(0, SCHED_IDLE, &none);
        for (volatile bool forever = true; forever;) continue;
        return AttemptResult{};
      },
      std::chrono::milliseconds(50));
  EXPECT_EQ(std::get<AbilityLacking>(result).errno_value, ETIMEDOUT);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

TEST(Attempt, GivesWhatWasFound) {
  const auto second = std::chrono::seconds(1);
  EXPECT_EQ(std::get<std::uint32_t>(attempt([] { return AttemptResult(6U); }, second)), 6U);
  const AttemptResult lacks = attempt([] { return AttemptResult(AbilityLacking{"a step of words", 13}); }, second);
  EXPECT_EQ(std::get<AbilityLacking>(lacks), (AbilityLacking{"a step of words", 13}));
  const AttemptResult died = attempt([]() -> AttemptResult { ::_exit(3); }, second);
  EXPECT_TRUE(std::holds_alternative<AbilityLacking>(died));
}

}  // namespace
}  // namespace fence
