#include "attachment.h"

#include <gtest/gtest.h>

namespace fence::launch {
namespace {

using enum AttachAction;
using Actions = std::vector<AttachAction>;
constexpr Foreground kOurs = Foreground::Ours;
constexpr Foreground kOthers = Foreground::Others;

Attachment started(AttachWish wish, Foreground foreground) {
  Attachment attachment(wish);
  attachment.next(AttachEvent::Started, foreground);
  return attachment;
}

TEST(Attachment, AForegroundJobHasTheKeyboardFromTheStart) {
  Attachment eager(AttachWish::Eager);
  EXPECT_EQ(eager.next(AttachEvent::Started, kOurs), (Actions{CopyModes, GoRaw, InFront}));
  EXPECT_TRUE(eager.attached());
}

TEST(Attachment, ModesThatAForegroundJobHasAlreadyAreItsOwn) {
  Attachment eager(AttachWish::Eager);
  eager.meet();
  EXPECT_EQ(eager.next(AttachEvent::Started, kOurs), (Actions{GoRaw, InFront}));
}

TEST(Attachment, APipelineLeavesTheTerminalAloneUntilTheCommandAsks) {
  Attachment deferred(AttachWish::Deferred);
  EXPECT_EQ(deferred.next(AttachEvent::Started, kOurs), Actions{InBack});
  EXPECT_FALSE(deferred.attached());
  EXPECT_FALSE(deferred.has_to_look());
  EXPECT_EQ(deferred.next(AttachEvent::Asked, kOurs), (Actions{CopyModes, GoRaw, InFront, Resume}));
}

TEST(Attachment, ABackgroundJobThatAsksStopsUntilItIsBroughtBack) {
  Attachment job = started(AttachWish::Eager, kOthers);
  EXPECT_TRUE(job.has_to_look());
  EXPECT_EQ(job.next(AttachEvent::Asked, kOthers), Actions{StopGroup});
  EXPECT_FALSE(job.has_to_look());
  EXPECT_EQ(job.next(AttachEvent::Continued, kOurs), (Actions{CopyModes, GoRaw, InFront, Resume}));
}

TEST(Attachment, ABackgroundJobThatIsContinuedThereDoesNotTouchTheTerminal) {
  Attachment job = started(AttachWish::Eager, kOthers);
  job.next(AttachEvent::Asked, kOthers);
  EXPECT_EQ(job.next(AttachEvent::Continued, kOthers), (Actions{InBack, Resume}));
  EXPECT_FALSE(job.attached());
}

TEST(Attachment, WhoAsksWhereNobodyCanEverAnswerIsHungUp) {
  Attachment orphan = started(AttachWish::Deferred, kOthers);
  orphan.next(AttachEvent::Asked, kOthers);
  EXPECT_EQ(orphan.next(AttachEvent::NotStopped, kOthers), Actions{HangUp});
}

TEST(Attachment, ASuspendedJobGivesTheTerminalBackAndTakesItAgain) {
  Attachment job = started(AttachWish::Eager, kOurs);
  EXPECT_EQ(job.next(AttachEvent::Stopped, kOurs), (Actions{Restore, StopGroup}));
  EXPECT_FALSE(job.attached());
  // The private terminal's modes are its own by now.
  EXPECT_EQ(job.next(AttachEvent::Continued, kOurs), (Actions{GoRaw, InFront, Resume}));
}

TEST(Attachment, ASuspendKeyThatStopsNobodyIsForgotten) {
  Attachment job = started(AttachWish::Eager, kOurs);
  job.next(AttachEvent::Stopped, kOurs);
  EXPECT_EQ(job.next(AttachEvent::NotStopped, kOurs), (Actions{GoRaw, InFront, Resume}));
}

TEST(Attachment, ASuspendedJobThatGoesOnInTheBackgroundIsLookedAfter) {
  Attachment job = started(AttachWish::Eager, kOurs);
  job.next(AttachEvent::Stopped, kOurs);
  EXPECT_EQ(job.next(AttachEvent::Continued, kOthers), (Actions{InBack, Resume}));
  ASSERT_TRUE(job.has_to_look());
  EXPECT_EQ(job.next(AttachEvent::Looked, kOthers), Actions{});
  EXPECT_EQ(job.next(AttachEvent::Looked, kOurs), (Actions{GoRaw, InFront}));
}

TEST(Attachment, FenceAloneIsStoppedWhereItsGroupHasHadTheKey) {
  Attachment deferred = started(AttachWish::Deferred, kOurs);
  EXPECT_EQ(deferred.next(AttachEvent::Stopped, kOurs), Actions{StopSelf});
  EXPECT_EQ(deferred.next(AttachEvent::Continued, kOurs), Actions{Resume});
}

TEST(Attachment, WhoeverTookTheForegroundHasSetTheModes) {
  Attachment job = started(AttachWish::Eager, kOurs);
  EXPECT_EQ(job.next(AttachEvent::Continued, kOthers), (Actions{LetGo, InBack, Resume}));
  EXPECT_FALSE(job.attached());
}

TEST(Attachment, AGroupInsideThatKeepsTheForegroundIsOverruled) {
  Attachment job = started(AttachWish::Eager, kOurs);
  EXPECT_EQ(job.next(AttachEvent::Asked, kOurs), (Actions{GoRaw, CommandInFront, Resume}));
}

TEST(Attachment, APipelineThatOnceAskedHasTheKeyboardAgainAfterASuspend) {
  Attachment deferred = started(AttachWish::Deferred, kOurs);
  deferred.next(AttachEvent::Asked, kOurs);
  EXPECT_EQ(deferred.next(AttachEvent::Stopped, kOurs), (Actions{Restore, StopGroup}));
  EXPECT_EQ(deferred.next(AttachEvent::Continued, kOurs), (Actions{GoRaw, InFront, Resume}));
}

}  // namespace
}  // namespace fence::launch
