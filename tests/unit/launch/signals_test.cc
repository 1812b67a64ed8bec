#include "signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace fence::launch {
namespace {

using stage::Place;

TEST(SignalAction, KeysReachACommandInTheSameGroupByThemselves) {
  for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP}) {
    EXPECT_EQ(signal_action(signal, Sender::Terminal, Place::SharedGroup), SignalAction::Nothing) << signal;
  }
}

TEST(SignalAction, KeysReachACommandInItsOwnSessionThroughFence) {
  for (const int signal : {SIGINT, SIGQUIT, SIGWINCH, SIGHUP}) {
    EXPECT_EQ(signal_action(signal, Sender::Terminal, Place::OwnSession), SignalAction::ForwardGroup) << signal;
  }
}

TEST(SignalAction, KeysThatFenceGetsInsteadOfTheCommandsGroupGoOn) {
  for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH}) {
    EXPECT_EQ(signal_action(signal, Sender::Terminal, Place::OwnGroup), SignalAction::ForwardGroup) << signal;
  }
}

TEST(SignalAction, SuspendFreezesACommandInItsOwnSession) {
  EXPECT_EQ(signal_action(SIGTSTP, Sender::Terminal, Place::OwnSession), SignalAction::Freeze);
  EXPECT_EQ(signal_action(SIGTSTP, Sender::User, Place::OwnSession), SignalAction::Freeze);
}

TEST(SignalAction, ACommandWithATerminalOfItsOwnIsStoppedAsAJob) {
  EXPECT_EQ(signal_action(SIGTSTP, Sender::Terminal, Place::OwnTerminal), SignalAction::ForwardGroup);
  EXPECT_EQ(signal_action(SIGTSTP, Sender::User, Place::OwnTerminal), SignalAction::ForwardGroup);
  EXPECT_EQ(signal_action(SIGINT, Sender::Terminal, Place::OwnTerminal), SignalAction::ForwardGroup);
  EXPECT_EQ(signal_action(SIGINT, Sender::User, Place::OwnTerminal), SignalAction::Forward);
  EXPECT_EQ(signal_action(SIGTTIN, Sender::Terminal, Place::OwnTerminal), SignalAction::Nothing);
}

TEST(SignalAction, WhatAUserSendsGoesOnToTheCommandAlone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH}) {
    for (const Place place : {Place::SharedGroup, Place::OwnGroup, Place::OwnSession}) {
      EXPECT_EQ(signal_action(signal, Sender::User, place), SignalAction::Forward) << signal;
    }
  }
}

TEST(SignalAction, ContinuedByAnybodyMeansResume) {
  for (const Sender sender : {Sender::Terminal, Sender::User}) {
    EXPECT_EQ(signal_action(SIGCONT, sender, Place::SharedGroup), SignalAction::Resume);
    EXPECT_EQ(signal_action(SIGCONT, sender, Place::OwnSession), SignalAction::Resume);
  }
}

TEST(SignalAction, BackgroundReadAndWriteAreReportedByTheStage) {
  for (const Sender sender : {Sender::Terminal, Sender::User}) {
    EXPECT_EQ(signal_action(SIGTTIN, sender, Place::SharedGroup), SignalAction::Nothing);
    EXPECT_EQ(signal_action(SIGTTOU, sender, Place::OwnSession), SignalAction::Nothing);
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
