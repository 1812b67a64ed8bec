#include "keys.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string_view>

namespace fence::launch {
namespace {

termios cooked_terminal() {
  termios modes{};
  modes.c_iflag = ICRNL | IXON | IUTF8;
  modes.c_oflag = OPOST | ONLCR;
  modes.c_cflag = CS8 | CREAD;
  modes.c_lflag = ISIG | ICANON | IEXTEN | ECHO;
  modes.c_cc[VINTR] = 3;
  modes.c_cc[VQUIT] = 28;
  modes.c_cc[VSUSP] = 26;
  modes.c_cc[VLNEXT] = 22;
  return modes;
}

std::vector<int> signals_of(std::string_view typed, const termios& modes = cooked_terminal()) {
  return key_signals(typed, modes);
}

TEST(KeySignals, AreThoseOfTheTerminalsKeysInOrder) {
  EXPECT_EQ(signals_of("text\r"), std::vector<int>{});
  EXPECT_EQ(signals_of("a\x03 b\x1a\x1c"), (std::vector{SIGINT, SIGTSTP, SIGQUIT}));
}

TEST(KeySignals, AreNoneInRawMode) { EXPECT_EQ(signals_of("\x03", raw_modes(cooked_terminal())), std::vector<int>{}); }

TEST(KeySignals, AQuotedKeyIsText) {
  EXPECT_EQ(signals_of("\x16\x03"), std::vector<int>{});
  EXPECT_EQ(signals_of("\x16\x16\x03"), std::vector{SIGINT});
}

TEST(KeySignals, AKeyThatIsTurnedOffSendsNothing) {
  termios modes = cooked_terminal();
  modes.c_cc[VINTR] = _POSIX_VDISABLE;
  EXPECT_EQ(signals_of(std::string_view("\0\x03", 2), modes), std::vector<int>{});
}

TEST(Modes, RawKeepsCharacterSetAndSpeed) {
  termios modes = cooked_terminal();
  cfsetospeed(&modes, B38400);
  const termios raw = raw_modes(modes);
  EXPECT_EQ(raw.c_lflag & (ICANON | ISIG | ECHO | IEXTEN), 0U);
  EXPECT_EQ(raw.c_iflag & (ICRNL | IXON), 0U);
  EXPECT_EQ(raw.c_oflag & OPOST, 0U);
  EXPECT_NE(raw.c_iflag & IUTF8, 0U);
  EXPECT_EQ(cfgetospeed(&raw), cfgetospeed(&modes));
  EXPECT_EQ(raw.c_cc[VMIN], 1);
}

TEST(Modes, TheInnerTerminalEditsItsLinesItself) {
  termios modes = cooked_terminal();
  modes.c_lflag |= EXTPROC;
  EXPECT_TRUE(same_modes(inner_modes(modes), cooked_terminal()));
  EXPECT_FALSE(same_modes(modes, cooked_terminal()));
}

}  // namespace
}  // namespace fence::launch
