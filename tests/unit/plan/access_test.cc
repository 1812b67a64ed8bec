// Wishes on paths: which one holds.
#include "fence/plan/access.h"

#include <gtest/gtest.h>

#include "support/fake_host.h"

namespace fence::testing {
namespace {

Wish show(std::string_view path, int rank, std::optional<bool> writable = {}) {
  Wish wish{inside(path), HostContent{host(path)}, writable};
  wish.rank = rank;
  wish.origin.line = static_cast<std::uint32_t>(rank);
  return wish;
}
Wish hide(std::string_view path, int rank) {
  Wish wish{inside(path), HideContent{}, false};
  wish.rank = rank;
  return wish;
}
Wish deny(std::string_view path, int rank, bool protect = false) {
  Wish wish{inside(path), std::nullopt, false};
  wish.rank = rank;
  wish.protect = protect;
  return wish;
}

Access at(std::vector<Wish> wishes, std::string_view path) {
  // The tree owns the wishes that an Access points to.
  static std::vector<AccessTree> keep;
  auto tree = AccessTree::build(std::move(wishes));
  EXPECT_TRUE(tree);
  keep.push_back(*std::move(tree));
  return keep.back().at(inside(path));
}

TEST(Access, WithoutAWishNothingIsShown) { EXPECT_TRUE(at({}, "/a").hidden()); }

TEST(Access, BelowAReadGrantTheHostIsShownReadOnly) {
  const Access access = at({show("/a", 1)}, "/a/b");
  EXPECT_FALSE(access.hidden());
  EXPECT_FALSE(access.writable_host());
  EXPECT_EQ(access.host(inside("/a/b")), host("/a/b"));
}

TEST(Access, AReadGrantDoesNotTakeWritingAway) {
  EXPECT_TRUE(at({show("/a", 1, true), show("/a/b", 6)}, "/a/b").writable_host());
}

TEST(Access, WhatIsShownAgainBelowAHiddenPathIsReadOnly) {
  const Access access = at({show("/a", 1, true), hide("/a/b", 1), show("/a/b/c", 1)}, "/a/b/c");
  EXPECT_FALSE(access.hidden());
  EXPECT_FALSE(access.writable_host());
}

TEST(Access, OnOnePathTheHigherLayerWinsWhicheverComesFirst) {
  EXPECT_FALSE(at({hide("/a", 1), show("/a", 6)}, "/a").hidden());
  EXPECT_FALSE(at({show("/a", 6), hide("/a", 1)}, "/a").hidden());
  EXPECT_TRUE(at({hide("/a", 6), show("/a", 1)}, "/a").hidden());
}

TEST(Access, InOneLayerDenyWins) {
  EXPECT_TRUE(at({show("/a", 1), hide("/a", 1)}, "/a").hidden());
  EXPECT_FALSE(at({show("/a", 1, true), deny("/a", 1)}, "/a").writable_host());
}

TEST(Access, AProtectionGivesWayToAnExactGrantOfItsOwnLayerAndAPlainDenyDoesNot) {
  EXPECT_TRUE(at({show("/a", 1, true), deny("/a", 1, true)}, "/a").writable_host());
  EXPECT_TRUE(at({deny("/a", 1, true), show("/a", 1, true)}, "/a").writable_host());
  EXPECT_FALSE(at({deny("/a", 1, false), show("/a", 1, true)}, "/a").writable_host());
  EXPECT_FALSE(at({deny("/a", 6, true), show("/a", 1, true)}, "/a").writable_host());
}

TEST(Access, ANeighbourWithTheSameBeginningIsNotBelow) { EXPECT_TRUE(at({show("/a", 1)}, "/a-b").hidden()); }

}  // namespace
}  // namespace fence::testing
