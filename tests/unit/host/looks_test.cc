#include "looks.h"

#include <gtest/gtest.h>

namespace fence {
namespace {

HostPath path(std::string_view text) { return *HostPath::parse(text); }

TEST(Looks, SayWhatIsLookedAt) {
  LookPage page;
  Looks looks(page, {});
  EXPECT_FALSE(page.looking);
  ASSERT_TRUE(looks.begin(path("/a/long/name")));
  EXPECT_TRUE(page.looking);
  EXPECT_EQ(looked_at(page), path("/a/long/name"));
  ASSERT_TRUE(looks.begin(path("/b")));
  EXPECT_EQ(looked_at(page), path("/b"));
  looks.end();
  EXPECT_FALSE(page.looking);
}

TEST(Looks, AreCountedOneByOne) {
  LookPage page;
  Looks looks(page, {});
  ASSERT_TRUE(looks.begin(path("/a")));
  const auto first = page.count.load();
  looks.go_on();
  EXPECT_NE(page.count.load(), first);
  EXPECT_EQ(looked_at(page), path("/a")) << "the same path";
}

TEST(Looks, AreNotMadeOnAStalledMount) {
  LookPage page;
  Looks looks(page, {path("/mnt/dead")});
  const auto before = page.count.load();
  EXPECT_FALSE(looks.begin(path("/mnt/dead")));
  EXPECT_FALSE(looks.begin(path("/mnt/dead/x/y")));
  EXPECT_EQ(page.count.load(), before);
  EXPECT_FALSE(page.looking);
  EXPECT_TRUE(looks.begin(path("/mnt/dead-not")));
  EXPECT_TRUE(looks.begin(path("/mnt")));
}

TEST(LookedAt, IsUnknownWhileItIsBeingWritten) {
  LookPage page;
  Looks looks(page, {});
  ASSERT_TRUE(looks.begin(path("/a")));
  page.count.fetch_add(1);
  EXPECT_EQ(looked_at(page), std::nullopt);
}

}  // namespace
}  // namespace fence
