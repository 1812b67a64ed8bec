#include <gtest/gtest.h>

#include "words.h"

namespace fence::bwrapline {
namespace {

constexpr Caller kUser{1000, 1000, true, true};
constexpr Caller kRoot{0, 0, true, true};

std::string conflict(const std::vector<std::string>& words, const Caller& caller = kRoot) {
  const auto settled = settle(invocation(words), caller);
  return settled ? "" : settled.error().text;
}

Invocation settled(const std::vector<std::string>& words, const Caller& caller) {
  auto result = settle(invocation(words), caller);
  return result ? *std::move(result) : Invocation{};
}

TEST(Settled, AnOrdinaryUserGetsAUserNamespace) {
  EXPECT_TRUE(settled({"x"}, kUser).namespaces.user);
  EXPECT_FALSE(settled({"x"}, kRoot).namespaces.user);
  EXPECT_FALSE(settled({"--userns", "5", "x"}, kUser).namespaces.user);
}

TEST(Settled, WhatIsTriedDependsOnTheKernel) {
  EXPECT_TRUE(settled({"--unshare-user-try", "x"}, kRoot).namespaces.user);
  EXPECT_FALSE(settled({"--unshare-user-try", "x"}, {0, 0, false, true}).namespaces.user);
  EXPECT_EQ(settled({"--unshare-cgroup-try", "x"}, kRoot).namespaces.cgroup, Unshare::Yes);
  EXPECT_EQ(settled({"--unshare-cgroup-try", "x"}, {0, 0, true, false}).namespaces.cgroup, Unshare::Try);
  EXPECT_EQ(conflict({"--unshare-cgroup", "x"}, {0, 0, true, false}),
            "Cannot create new cgroup namespace because the kernel does not support it");
}

TEST(Settled, IdsAreTheCallersUnlessGiven) {
  EXPECT_EQ(settled({"x"}, kUser).uid, 1000U);
  EXPECT_EQ(settled({"--uid", "5", "x"}, kUser).uid, 5U);
  EXPECT_EQ(settled({"--gid", "5", "x"}, kUser).gid, 5U);
}

TEST(Conflicts, AreSaidInBwrapsWords) {
  EXPECT_EQ(conflict({"--uid", "5", "x"}), "Specifying --uid requires --unshare-user or --userns");
  EXPECT_EQ(conflict({"--gid", "5", "x"}), "Specifying --gid requires --unshare-user or --userns");
  EXPECT_EQ(conflict({"--uid", "0", "x"}), "");
  EXPECT_EQ(conflict({"--hostname", "h", "x"}), "Specifying --hostname requires --unshare-uts");
  EXPECT_EQ(conflict({"--as-pid-1", "x"}), "Specifying --as-pid-1 requires --unshare-pid");
  EXPECT_EQ(conflict({"--unshare-pid", "--as-pid-1", "--lock-file", "/l", "x"}),
            "Specifying --as-pid-1 and --lock-file is not permitted");
  EXPECT_EQ(conflict({"--userns", "5", "--unshare-user", "x"}), "--userns not compatible --unshare-user");
  EXPECT_EQ(conflict({"--userns", "5", "--unshare-all", "x"}), "--userns not compatible --unshare-user-try");
  EXPECT_EQ(conflict({"--disable-userns", "x"}, kUser), "--disable-userns requires --unshare-user");
  EXPECT_EQ(conflict({"--userns-block-fd", "5", "x"}), "--userns-block-fd requires --unshare-user");
  EXPECT_EQ(conflict({"--unshare-user", "--userns-block-fd", "5", "x"}), "--userns-block-fd requires --info-fd");
  EXPECT_EQ(conflict({"--unshare-user", "--disable-userns", "--info-fd", "6", "--userns-block-fd", "5", "x"}),
            "--disable-userns is not compatible with  --userns-block-fd");
}

}  // namespace
}  // namespace fence::bwrapline
