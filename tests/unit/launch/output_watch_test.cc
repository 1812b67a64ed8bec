#include "output_watch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace fence::launch {
namespace {

bool asks(std::string_view output) {
  OutputWatch watch;
  watch.look(output);
  return watch.asked();
}

std::string undo_of(std::string_view output) {
  OutputWatch watch;
  watch.look(output);
  return undo_text(watch.changed_modes());
}

// What a terminal that turns "\n" into "\r\n" shows of `bytes`, cut where `pieces` says.
std::string cooked(std::string_view bytes, bool last) {
  std::string out;
  for (;;) {
    const Piece piece = next_cooked_piece(bytes, last);
    if (piece.write == 0 && piece.skip == 0) return out;
    out += bytes.substr(0, piece.write);
    bytes.remove_prefix(piece.write + piece.skip);
  }
}

TEST(OutputWatch, KnowsWhatTerminalsAnswer) {
  for (const char* query : {"\x1b[6n",
                            "\x1b[?6n",
                            "\x1b[5n",
                            "\x1b[c",
                            "\x1b[0c",
                            "\x1b[>c",
                            "\x1b[=c",
                            "\x1b[x",
                            "\x1b[?2026$p",
                            "\x1b[4$p",
                            "\x1b[>q",
                            "\x1b[>0q",
                            "\x1b[?u",
                            "\x1b[14t",
                            "\x1b[18t",
                            "\x1b[21t",
                            "\x1bZ",
                            "\x1bP+q544e\x1b\\",
                            "\x1bP$qm\x1b\\",
                            "\x1b]11;?\a",
                            "\x1b]4;1;?\x1b\\",
                            "\x1b]52;c;?\a",
                            "\x1b_Gi=1,a=q;AAAA\x1b\\"}) {
    EXPECT_TRUE(asks(query)) << (query + 1);
    EXPECT_TRUE(asks("some text " + std::string(query) + " more")) << (query + 1);
  }
}

TEST(OutputWatch, KnowsWhatTheyDoNotAnswer) {
  for (const char* text : {"", "plain text ? 6n\r\n", "\x1b[1;31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[?25l", "\x1b[?0c",
                           "\x1b[22;0;0t", "\x1b[8;24;80t", "\x1b[2 q", "\x1b[!p", "\x1b[4S", "\x1b[1;24r",
                           "\x1b]0;a title\a", "\x1b]8;;https://x/\x1b\\", "\x1b(B", "\x1b=", "\x1b[u"}) {
    EXPECT_FALSE(asks(text)) << text;
  }
}

TEST(OutputWatch, ForgetsAQuestionThatWasAnswered) {
  OutputWatch watch;
  watch.look(std::string_view("\x1b[6n"));
  watch.answered();
  EXPECT_FALSE(watch.asked());
  watch.look(std::string_view("x"));
  EXPECT_FALSE(watch.asked());
}

TEST(OutputWatch, UndoesTheModesOfAnEditorThatWasKilled) {
  EXPECT_EQ(undo_of("\x1b[?1049h\x1b[?2004h\x1b[?25l"), "\x1b[?2004l\x1b[?25h\x1b[?1049l");
  EXPECT_EQ(undo_of("\x1b[?1000;1006h"), "\x1b[?1000l\x1b[?1006l");
}

TEST(OutputWatch, UndoesNothingThatWasPutBack) {
  EXPECT_EQ(undo_of("\x1b[?1049h\x1b[?25l text \x1b[?25h\x1b[?1049l"), "");
  EXPECT_EQ(undo_of("\x1b[4h\x1b[?7h"), "");
}

TEST(OutputWatch, IsNotConfusedByGarbage) {
  const std::string long_sequence = "\x1b[" + std::string(200, '1') + "n";
  EXPECT_FALSE(asks(long_sequence));
  EXPECT_TRUE(asks(long_sequence + "\x1b[6n"));
  EXPECT_TRUE(asks("\x1b\x1b[6n"));
  EXPECT_TRUE(asks("\x1b]0;never ended \x1b[6n"));
  EXPECT_FALSE(asks("\x1b[6\x18n"));
}

RC_GTEST_PROP(OutputWatch, SeesTheSameHoweverTheStreamIsCut, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::element('\x1b', '[', ']', '?', '6', 'n', 'h', '1', '0', '4', '9', ';', '\a', 'P', '\\', 'x'));
  OutputWatch whole, cut;
  whole.look(text);
  for (const char c : text) cut.look({&c, 1});
  RC_ASSERT(whole.asked() == cut.asked());
  RC_ASSERT(whole.changed_modes() == cut.changed_modes());
}

TEST(CookedPiece, LeavesOutTheReturnThatTheInnerTerminalHasPutBeforeANewline) {
  EXPECT_EQ(cooked("a\r\nb\r\n", true), "a\nb\n");
  EXPECT_EQ(cooked("a\r\r\nb", true), "a\r\nb");
  EXPECT_EQ(cooked("50%\r60%", true), "50%\r60%");
  EXPECT_EQ(cooked("\n\n", true), "\n\n");
}

TEST(CookedPiece, WaitsForWhatFollowsALastReturn) {
  EXPECT_EQ(cooked("a\r", false), "a");
  EXPECT_EQ(cooked("a\r", true), "a\r");
}

RC_GTEST_PROP(CookedPiece, UndoesWhatTheKernelDoes, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element('\r', '\n', 'a', 'b'));
  std::string translated;  // OPOST | ONLCR
  for (const char c : text) translated += c == '\n' ? std::string("\r\n") : std::string(1, c);
  RC_ASSERT(cooked(translated, true) == text);
}

}  // namespace
}  // namespace fence::launch
