#include "fence/util/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace fence {
namespace {

TEST(LimitTable, HasARowForEachInItsOrder) {
  std::size_t at = 0;
  for (const LimitRow& row : limit_table()) {
    EXPECT_EQ(static_cast<std::size_t>(row.limit), at++);
    EXPECT_EQ(find_limit(row.name), row.limit);
    EXPECT_EQ(&limit_row(row.limit), &row);
    EXPECT_FALSE(row.meaning.empty());
  }
  EXPECT_EQ(at, static_cast<std::size_t>(Limit::Cpus) + 1);
  EXPECT_EQ(find_limit("files"), std::nullopt);
  EXPECT_EQ(limit_row(Limit::OpenFiles).resource, RLIMIT_NOFILE);
  EXPECT_EQ(limit_row(Limit::WallTime).resource, std::nullopt);
  EXPECT_EQ(limit_row(Limit::WallTime).controller, "");
  EXPECT_EQ(limit_row(Limit::Cpus).controller, "cpu");
}

TEST(LimitText, IsInTheLargestUnitThatFits) {
  EXPECT_EQ(limit_text(Limit::OpenFiles, 3600), "3600");
  EXPECT_EQ(limit_text(Limit::AddressSpace, 512U << 20U), "512 MiB");
  EXPECT_EQ(limit_text(Limit::FileSize, 1000), "1000 bytes");
  EXPECT_EQ(limit_text(Limit::CpuTime, 59), "59 s");
  EXPECT_EQ(limit_text(Limit::CpuTime, 90), "90 s");
  EXPECT_EQ(limit_text(Limit::WallTime, 600), "10 min");
  EXPECT_EQ(limit_text(Limit::WallTime, 7200), "2 h");
  EXPECT_EQ(limit_text(Limit::Cpus, 1500), "1.5");
  EXPECT_EQ(limit_text(Limit::Cpus, 2000), "2");
  EXPECT_EQ(limit_text(Limit::Cpus, 10), "0.01");
  EXPECT_EQ(limit_text(Limit::Cpus, 1005), "1.005");
}

}  // namespace
}  // namespace fence
