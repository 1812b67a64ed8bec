#include <gtest/gtest.h>
#include <sys/socket.h>

#include "supervise.h"

namespace fence::launch {
namespace {

struct Ends {
  StageLink fence;
  UniqueFd stage;
};

Ends link() {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  return {StageLink(UniqueFd(ends[0])), UniqueFd(ends[1])};
}

void report_exit(const UniqueFd& stage, int status) {
  const stage::Report report{stage::ReportKind::Exited, status, 0, 0, 0};
  EXPECT_EQ(send(stage.get(), &report, sizeof report, 0), static_cast<ssize_t>(sizeof report));
}

TEST(StageLink, HasTheLastReportOfAStageThatHasLeftAnOrderUnread) {
  Ends ends = link();
  report_exit(ends.stage, 7);
  EXPECT_TRUE(ends.fence.order(stage::OrderKind::Back));
  ends.stage.reset();
  const auto report = ends.fence.next();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->value, 7);
  EXPECT_FALSE(ends.fence.next().has_value());
  EXPECT_TRUE(ends.fence.gone());
}

TEST(StageLink, IsNotGoneWhereNothingHasCome) {
  Ends ends = link();
  EXPECT_FALSE(ends.fence.next().has_value());
  EXPECT_FALSE(ends.fence.gone());
}

TEST(StageLink, TakesReportsOlderThanTheLastResumeForStale) {
  Ends ends = link();
  report_exit(ends.stage, 0);
  const auto report = ends.fence.next();
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(ends.fence.is_current(*report));
  ends.fence.resume();
  EXPECT_FALSE(ends.fence.is_current(*report));
}

}  // namespace
}  // namespace fence::launch
