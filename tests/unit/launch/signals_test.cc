#include "signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace fence::launch {
namespace {

constexpr auto kShared = SessionKind::TiocstiFilter;
constexpr auto kOwn = SessionKind::NewSession;

TEST(SignalAction, KeysOfASharedTerminalHaveReachedTheCommandAlready) {
  for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP}) {
    EXPECT_EQ(signal_action(signal, Sender::Terminal, kShared), SignalAction::Nothing) << signal;
  }
}

TEST(SignalAction, KeysReachACommandInItsOwnSessionThroughFence) {
  for (const int signal : {SIGINT, SIGQUIT, SIGWINCH, SIGHUP}) {
    EXPECT_EQ(signal_action(signal, Sender::Terminal, kOwn), SignalAction::ForwardGroup) << signal;
  }
}

TEST(SignalAction, SuspendFreezesACommandInItsOwnSession) {
  EXPECT_EQ(signal_action(SIGTSTP, Sender::Terminal, kOwn), SignalAction::Freeze);
  EXPECT_EQ(signal_action(SIGTSTP, Sender::User, kOwn), SignalAction::Freeze);
}

TEST(SignalAction, WhatAUserSendsGoesOnToTheCommandAlone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH}) {
    EXPECT_EQ(signal_action(signal, Sender::User, kShared), SignalAction::Forward) << signal;
    EXPECT_EQ(signal_action(signal, Sender::User, kOwn), SignalAction::Forward) << signal;
  }
}

TEST(SignalAction, WhatTheSandboxSendsToItsGroupIsNotSentTwice) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR1}) {
    EXPECT_EQ(signal_action(signal, Sender::Inside, kShared), SignalAction::Nothing) << signal;
  }
}

TEST(SignalAction, ContinuedByAnybodyMeansResume) {
  for (const Sender sender : {Sender::Terminal, Sender::User, Sender::Inside}) {
    EXPECT_EQ(signal_action(SIGCONT, sender, kShared), SignalAction::Resume);
    EXPECT_EQ(signal_action(SIGCONT, sender, kOwn), SignalAction::Resume);
  }
}

TEST(SignalAction, BackgroundReadAndWriteAreReportedByTheStage) {
  for (const Sender sender : {Sender::Terminal, Sender::User}) {
    EXPECT_EQ(signal_action(SIGTTIN, sender, kShared), SignalAction::Nothing);
    EXPECT_EQ(signal_action(SIGTTOU, sender, kOwn), SignalAction::Nothing);
  }
}

TEST(Insistence, SecondTerminateIsMeant) {
  Insistence insistence;
  EXPECT_FALSE(insistence.insists(SIGTERM, 10'000));
  EXPECT_TRUE(insistence.insists(SIGTERM, 11'000));
}

TEST(Insistence, WhatTimeoutSendsTwiceIsOneWish) {
  Insistence insistence;
  EXPECT_FALSE(insistence.insists(SIGTERM, 10'000));
  EXPECT_FALSE(insistence.insists(SIGTERM, 10'001));
}

TEST(Insistence, EachSignalCountsByItself) {
  Insistence insistence;
  EXPECT_FALSE(insistence.insists(SIGTERM, 0));
  EXPECT_FALSE(insistence.insists(SIGINT, 5'000));
  EXPECT_TRUE(insistence.insists(SIGINT, 6'000));
}

TEST(Insistence, OtherSignalsNeverKill) {
  Insistence insistence;
  for (std::int64_t now = 0; now < 10'000; now += 1'000) EXPECT_FALSE(insistence.insists(SIGUSR1, now));
}

}  // namespace
}  // namespace fence::launch
