#include <gtest/gtest.h>

#include "fence/plan/decide.h"

namespace fence {
namespace {

TerminalFacts on_a_terminal() {
  TerminalFacts facts;
  for (StreamFacts& stream : facts.streams) stream = {true, true, 0x8801};
  facts.controlling = true;
  facts.foreground = true;
  return facts;
}

TerminalFacts only_on(std::size_t fd) {
  TerminalFacts facts = on_a_terminal();
  for (std::size_t i = 0; i < 3; ++i) facts.streams[i].terminal = i == fd;
  return facts;
}

TerminalFacts on_pipes() {
  TerminalFacts facts;
  facts.controlling = true;
  facts.foreground = true;
  return facts;
}

Origin option(std::string name) { return {LayerKind::CommandLine, std::move(name), 0, 0}; }
Origin settings_line(std::uint32_t line) { return {LayerKind::User, "~/.config/fence/settings.toml", line, 0}; }

SessionPlan decide(const Policy& policy, const TerminalFacts& terminal, Executor executor = Executor::Bwrap) {
  auto plan = decide_session(policy, terminal, executor);
  EXPECT_TRUE(plan.has_value());
  return *plan;
}

TEST(SessionDefault, KeepsTheSessionWhereAnyStreamIsATerminal) {
  for (const std::size_t fd : {0U, 1U, 2U}) {
    const SessionPlan plan = decide({}, only_on(fd));
    EXPECT_EQ(plan.kind(), SessionKind::TiocstiFilter);
    EXPECT_EQ(plan.terminal(), TerminalKind::Shared);
    EXPECT_EQ(plan.reason(), "default: descriptor " + std::to_string(fd) + " is a terminal");
    EXPECT_EQ(plan.origin(), Origin{});
  }
  EXPECT_EQ(decide({}, on_a_terminal()).reason(), "default: descriptors 0, 1 and 2 are terminals");
}

TEST(SessionDefault, IsANewOneWhereNoStreamIsATerminal) {
  const SessionPlan plan = decide({}, on_pipes());
  EXPECT_EQ(plan.kind(), SessionKind::NewSession);
  EXPECT_EQ(plan.terminal(), TerminalKind::None);
  EXPECT_FALSE(plan.restore_foreground());
  EXPECT_EQ(plan.reason(), "default: none of the descriptors 0 to 2 is a terminal");
}

TEST(SessionChoice, TheCommandLineBeatsTheSettings) {
  Policy policy;
  policy.force_new_session = Ranked<bool>{true, option("--force-new-session"), 3};
  policy.force_new_session_overruled = {{false, settings_line(4)}};
  const SessionPlan plan = decide(policy, on_a_terminal());
  EXPECT_EQ(plan.kind(), SessionKind::NewSession);
  EXPECT_EQ(plan.reason(), "--force-new-session");
  EXPECT_EQ(plan.origin(), option("--force-new-session"));
  EXPECT_EQ(plan.overruled(), std::vector<Origin>{settings_line(4)});
}

TEST(SessionChoice, TheSettingsBeatTheDefaultInBothDirections) {
  Policy policy;
  policy.force_new_session = Ranked<bool>{false, settings_line(3), 2};
  EXPECT_EQ(decide(policy, on_pipes()).kind(), SessionKind::TiocstiFilter);
  EXPECT_EQ(decide(policy, on_pipes()).reason(), "forceNewSession = false in ~/.config/fence/settings.toml:3");
  policy.force_new_session->value = true;
  EXPECT_EQ(decide(policy, on_a_terminal()).kind(), SessionKind::NewSession);
  EXPECT_EQ(decide(policy, on_a_terminal()).reason(), "forceNewSession = true in ~/.config/fence/settings.toml:3");
}

TEST(SessionChoice, NamesTheOptionThatSetIt) {
  Policy policy;
  policy.force_new_session = Ranked<bool>{false, option("--no-force-new-session"), 3};
  EXPECT_EQ(decide(policy, on_pipes()).reason(), "--no-force-new-session");
  policy.force_new_session->origin = option("--set");
  EXPECT_EQ(decide(policy, on_pipes()).reason(), "forceNewSession = false by --set");
}

TEST(SessionTerminal, StaysSharedInANewSession) {
  Policy policy;
  policy.force_new_session = Ranked<bool>{true, option("--force-new-session"), 3};
  EXPECT_EQ(decide(policy, on_a_terminal()).terminal(), TerminalKind::Shared);
}

TEST(SessionForeground, IsGivenBackOnlyByTheForegroundJobOfASharedTerminal) {
  EXPECT_TRUE(decide({}, on_a_terminal()).restore_foreground());

  TerminalFacts background = on_a_terminal();
  background.foreground = false;
  EXPECT_FALSE(decide({}, background).restore_foreground());

  TerminalFacts detached = on_a_terminal();
  detached.controlling = false;
  EXPECT_FALSE(decide({}, detached).restore_foreground());

  Policy strict;
  strict.force_new_session = Ranked<bool>{true, option("--force-new-session"), 3};
  EXPECT_FALSE(decide(strict, on_a_terminal()).restore_foreground());

  Policy kept;
  kept.force_new_session = Ranked<bool>{false, option("--no-force-new-session"), 3};
  EXPECT_FALSE(decide(kept, on_pipes()).restore_foreground());
}

TEST(PrivateTerminal, IsTheDefaultOfTheNativeExecutorOnly) {
  const SessionPlan own = decide({}, on_a_terminal(), Executor::Native);
  EXPECT_EQ(own.terminal(), TerminalKind::Private);
  EXPECT_EQ(own.kind(), SessionKind::TiocstiFilter);
  EXPECT_FALSE(own.restore_foreground());
  EXPECT_EQ(own.relayed(), (std::array{true, true, true}));
  EXPECT_EQ(own.terminal_reason(), "default of the native executor: descriptors 0, 1 and 2 are terminals");

  const SessionPlan shared = decide({}, on_a_terminal(), Executor::Bwrap);
  EXPECT_EQ(shared.terminal(), TerminalKind::Shared);
  EXPECT_EQ(shared.terminal_reason(), "the bwrap executor can only share the caller's terminal");
}

TEST(PrivateTerminal, IsNoneWithoutATerminal) {
  Policy policy;
  policy.terminal = {TerminalMode::Private, option("--terminal")};
  EXPECT_EQ(decide(policy, on_pipes(), Executor::Native).terminal(), TerminalKind::None);
}

TEST(PrivateTerminal, NamesWhoAskedForItOrAgainstIt) {
  Policy policy;
  policy.terminal = {TerminalMode::Private, option("--terminal")};
  EXPECT_EQ(decide(policy, on_a_terminal(), Executor::Native).terminal_reason(), "--terminal private");
  policy.terminal = {TerminalMode::Shared, settings_line(7)};
  const SessionPlan shared = decide(policy, on_a_terminal(), Executor::Native);
  EXPECT_EQ(shared.terminal(), TerminalKind::Shared);
  EXPECT_EQ(shared.terminal_reason(), "terminal.mode = \"shared\" in ~/.config/fence/settings.toml:7");
  EXPECT_EQ(shared.terminal_origin(), settings_line(7));
}

TEST(PrivateTerminal, RelaysOnlyTheStreamsOfOneTerminal) {
  EXPECT_EQ(decide({}, only_on(2), Executor::Native).relayed(), (std::array{false, false, true}));
  TerminalFacts two = on_a_terminal();
  two.streams[1].rdev = 0x8802;
  EXPECT_EQ(decide({}, two, Executor::Native).relayed(), (std::array{true, false, true}));
}

TEST(PrivateTerminal, StaysInANewSession) {
  Policy policy;
  policy.force_new_session = Ranked<bool>{true, option("--force-new-session"), 3};
  const SessionPlan plan = decide(policy, on_a_terminal(), Executor::Native);
  EXPECT_EQ(plan.kind(), SessionKind::NewSession);
  EXPECT_EQ(plan.terminal(), TerminalKind::Private);
}

TEST(PrivateTerminal, WaitsToBeAskedWhereTheUserWantsThatAndTheCommandCanAsk) {
  Policy policy;
  EXPECT_FALSE(decide(policy, on_a_terminal(), Executor::Native).deferred());
  policy.terminal_attach = {TerminalAttach::Deferred, settings_line(7)};
  EXPECT_TRUE(decide(policy, on_a_terminal(), Executor::Native).deferred());
  EXPECT_FALSE(decide(policy, on_a_terminal(), Executor::Bwrap).deferred());
  EXPECT_FALSE(decide(policy, on_pipes(), Executor::Native).deferred());
  policy.force_new_session = Ranked<bool>{true, option("--force-new-session"), 3};
  EXPECT_FALSE(decide(policy, on_a_terminal(), Executor::Native).deferred());
}

TEST(PrivateTerminal, IsRefusedWhereBwrapWasChosenForUs) {
  Policy policy;
  policy.terminal = {TerminalMode::Private, settings_line(7)};
  const auto refused = decide_session(policy, on_a_terminal(), Executor::Bwrap);
  ASSERT_FALSE(refused.has_value());
  ASSERT_EQ(refused.error().size(), 1U);
  EXPECT_EQ(refused.error()[0].kind, ErrorKind::Unsupported);
  EXPECT_EQ(to_string(refused.error()[0]),
            "fence: cannot give the command a private terminal: the bwrap executor can only share the caller's "
            "terminal\n"
            "  asked for by ~/.config/fence/settings.toml:7\n"
            "  hint: leave terminal.mode at \"auto\": the command then shares the terminal, and TIOCSTI is refused");
}

TEST(PrivateTerminal, ContradictsTheBwrapExecutor) {
  Policy policy;
  policy.terminal = {TerminalMode::Private, option("--terminal")};
  policy.backend = {Backend::Bwrap, settings_line(2)};
  const auto refused = decide_session(policy, on_a_terminal(), Executor::Bwrap);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error()[0].kind, ErrorKind::Conflict);
  EXPECT_EQ(refused.error()[0].context,
            std::vector<std::string>{"backend = \"bwrap\" is asked for by ~/.config/fence/settings.toml:2"});
}

TEST(SessionInvariants, AForegroundNeedsASharedTerminalAndNoNewSession) {
  SessionPlan::Parts parts;
  parts.restore_foreground = true;
  EXPECT_TRUE(SessionPlan::make(parts).has_value());
  parts.kind = SessionKind::NewSession;
  ASSERT_FALSE(SessionPlan::make(parts).has_value());
  EXPECT_EQ(SessionPlan::make(parts).error().kind, ErrorKind::Internal);
  parts.kind = SessionKind::TiocstiFilter;
  parts.terminal = TerminalKind::None;
  EXPECT_FALSE(SessionPlan::make(parts).has_value());
}

TEST(SessionInvariants, OnlyWhoHasAControllingTerminalOfItsOwnIsWaitedFor) {
  SessionPlan::Parts parts;
  parts.deferred = true;
  EXPECT_FALSE(SessionPlan::make(parts).has_value());
  parts.terminal = TerminalKind::Private;
  parts.relayed = {true, true, true};
  EXPECT_TRUE(SessionPlan::make(parts).has_value());
  parts.kind = SessionKind::NewSession;
  EXPECT_FALSE(SessionPlan::make(parts).has_value());
}

TEST(SessionInvariants, AStreamIsRelayedIfAndOnlyIfTheTerminalIsPrivate) {
  SessionPlan::Parts parts;
  parts.terminal = TerminalKind::Private;
  EXPECT_FALSE(SessionPlan::make(parts).has_value());
  parts.relayed = {true, false, false};
  EXPECT_TRUE(SessionPlan::make(parts).has_value());
  parts.terminal = TerminalKind::Shared;
  EXPECT_FALSE(SessionPlan::make(parts).has_value());
}

}  // namespace
}  // namespace fence
