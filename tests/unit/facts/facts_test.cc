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

}  // namespace
}  // namespace fence
