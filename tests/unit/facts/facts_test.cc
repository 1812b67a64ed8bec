#include "fence/facts/facts.h"

#include <gtest/gtest.h>

namespace fence {
namespace {

TEST(FindVariable, TakesTheFirstOfThatName) {
  const Environment environment = {{"A", "1"}, {"B", ""}, {"A", "2"}};
  ASSERT_NE(find_variable(environment, "A"), nullptr);
  EXPECT_EQ(*find_variable(environment, "A"), "1");
  ASSERT_NE(find_variable(environment, "B"), nullptr);
  EXPECT_EQ(*find_variable(environment, "B"), "");
  EXPECT_EQ(find_variable(environment, "C"), nullptr);
  EXPECT_EQ(find_variable({}, ""), nullptr);
}

TEST(OnWsl, IsToldByEachOfItsTraces) {
  const auto with = [](auto change) {
    HostFacts facts;
    facts.kernel.release = "6.1.0-25-amd64";
    change(facts);
    return on_wsl(facts);
  };
  EXPECT_FALSE(with([](HostFacts&) {}));
  EXPECT_TRUE(with([](HostFacts& facts) { facts.kernel.release = "5.15.153.1-microsoft-standard-WSL2"; }));
  EXPECT_TRUE(with([](HostFacts& facts) { facts.kernel.release = "4.4.0-19041-Microsoft"; }));
  EXPECT_TRUE(with([](HostFacts& facts) { facts.kernel.windows_drives = {*HostPath::parse("/mnt/c")}; }));
  EXPECT_TRUE(with([](HostFacts& facts) { facts.environment = {{"WSL_INTEROP", "/run/WSL/8_interop"}}; }));
  EXPECT_TRUE(with([](HostFacts& facts) { facts.environment = {{"WSL_DISTRO_NAME", "Debian"}}; }));
}

}  // namespace
}  // namespace fence
