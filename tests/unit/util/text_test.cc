#include "fence/util/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

namespace fence {
namespace {

TEST(ParseNumber, TakesWholeNumbersOnly) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "-1", " 1", "1 ", "1x", "18446744073709551616"})
    EXPECT_EQ(parse_number(text), std::nullopt);
}

TEST(ParseNumber, OfAnotherBaseOrType) {
  EXPECT_EQ(parse_number("0755", 8), 0755U);
  EXPECT_EQ(parse_number("08", 8), std::nullopt);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_number<int>("-1"), -1);
}

TEST(TakePart, TakesUpToTheSeparatorAndTheRestAtLast) {
  std::string_view text = "a,,b";
  EXPECT_EQ(take_part(text, ','), "a");
  EXPECT_EQ(take_part(text, ','), "");
  EXPECT_EQ(take_part(text, ','), "b");
  EXPECT_EQ(take_part(text, ','), "");
  EXPECT_TRUE(text.empty());
}

using namespace std::string_view_literals;

TEST(EscapeBytes, LeavesPrintableTextAlone) { EXPECT_EQ(escape_bytes("plain, größer 日本 😀"), "plain, größer 日本 😀"); }

TEST(EscapeBytes, ShowsControlBytes) {
  EXPECT_EQ(escape_bytes("a\n\x1b[2J\x7f"), "a\\x0a\\x1b[2J\\x7f");
  EXPECT_EQ(escape_bytes("\0"sv), "\\x00");
}

TEST(EscapeBytes, ShowsC1ControlsAndDirectionMarks) {
  EXPECT_EQ(escape_bytes("\xc2\x9b"
                         "2J"),
            "\\xc2\\x9b2J");
  EXPECT_EQ(escape_bytes("a\u202eb"), "a\\xe2\\x80\\xaeb");
  EXPECT_EQ(escape_bytes("a\u2028b"), "a\\xe2\\x80\\xa8b");
}

TEST(EscapeBytes, ShowsWhatIsNotUtf8) {
  EXPECT_EQ(escape_bytes("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(escape_bytes("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(escape_bytes("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(escape_bytes("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
  EXPECT_EQ(escape_bytes("\xe6\x97"), "\\xe6\\x97") << "cut short";
  EXPECT_EQ(escape_bytes("\xe6(a"), "\\xe6(a") << "no continuation byte";
}

TEST(EscapeBytes, DoublesTheBackslash) { EXPECT_EQ(escape_bytes("a\\x0a"), "a\\\\x0a"); }

TEST(EscapeControls, SpellsWhatEscapeBytesSpellsButTheBackslash) {
  EXPECT_EQ(escape_controls("a\n\x1b[2J\x7f\xff\xc2\x9b größer"), "a\\x0a\\x1b[2J\\x7f\\xff\\xc2\\x9b größer");
  EXPECT_EQ(escape_controls("a\\b"), "a\\b");
}

RC_GTEST_PROP(EscapeControlsProperty, LeavesEscapedTextAlone, (const std::string& bytes)) {
  RC_ASSERT(escape_controls(escape_bytes(bytes)) == escape_bytes(bytes));
}

TEST(UnescapeBytes, RefusesWhatEscapeBytesNeverWrites) {
  for (const std::string_view text :
       {"\\"sv, "\\x"sv, "\\x0"sv, "\\xZZ"sv, "\\n"sv, "\\x41"sv, "\\x0A"sv, "\n"sv, "\xff"sv}) {
    EXPECT_FALSE(unescape_bytes(text)) << text;
  }
}

RC_GTEST_PROP(EscapeBytesProperty, IsReversedByUnescape, (const std::string& bytes)) {
  RC_ASSERT(unescape_bytes(escape_bytes(bytes)) == bytes);
}

RC_GTEST_PROP(EscapeBytesProperty, LeavesNoControlByte, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  for (const char c : escape_bytes(bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    RC_ASSERT(byte >= 0x20 && byte != 0x7f);
  }
}

TEST(ShellQuote, LeavesSafeWordsAlone) {
  for (const std::string_view word :
       {"a"sv, "--bind"sv, "/usr/lib/x86_64-linux-gnu"sv, "--opt=x"sv, "a.b:c,d@e%f+g_h"sv}) {
    EXPECT_EQ(shell_quote(word), word);
  }
}

TEST(ShellQuote, QuotesTheRest) {
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote("$HOME"), "'$HOME'");
  EXPECT_EQ(shell_quote("~"), "'~'");
}

TEST(ShellQuote, QuotesWhatWouldBeAnAssignment) { EXPECT_EQ(shell_quote("A=b"), "'A=b'"); }

std::string shell_output(const std::string& line) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "re"), ::pclose);
  std::string out;
  std::array<char, 4096> buffer;
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    out.append(buffer.data(), n);
  return out;
}

TEST(ShellQuote, EveryByteSurvivesAShell) {
  std::string word;
  for (int byte = 1; byte < 256; ++byte) word += static_cast<char>(byte);
  EXPECT_EQ(shell_output("printf %s " + shell_quote(word)), word);
  for (int byte = 1; byte < 256; ++byte) {
    const std::string single(1, static_cast<char>(byte));
    if (shell_quote(single) == single) {
      EXPECT_EQ(shell_output("printf %s " + single), single);
    }
  }
}

constexpr std::array kWords = {"allow_read"sv, "allow_write"sv, "deny"sv, "terminal"sv, "to"sv};

TEST(DidYouMean, FindsANearWord) {
  EXPECT_EQ(did_you_mean("alow_write", kWords), "allow_write");
  EXPECT_EQ(did_you_mean("dney", kWords), "deny");
  EXPECT_EQ(did_you_mean("ot", kWords), "to");
}

TEST(DidYouMean, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(did_you_mean("network", kWords), std::nullopt);
  EXPECT_EQ(did_you_mean("dxyy", kWords), std::nullopt) << "two edits of four letters";
  EXPECT_EQ(did_you_mean("deny", {}), std::nullopt);
}

TEST(DidYouMean, PrefersTheNearest) { EXPECT_EQ(did_you_mean("allow_rite", kWords), "allow_write"); }

TEST(WildcardMatch, TakesStarsAndQuestionMarks) {
  EXPECT_TRUE(wildcard_match("*", ""));
  EXPECT_TRUE(wildcard_match("*_TOKEN", "GITHUB_TOKEN"));
  EXPECT_TRUE(wildcard_match("AWS_*", "AWS_"));
  EXPECT_TRUE(wildcard_match("a*b*c", "axxbyybzc"));
  EXPECT_TRUE(wildcard_match("a?c", "abc"));
  EXPECT_TRUE(wildcard_match("", ""));
  EXPECT_FALSE(wildcard_match("", "a"));
  EXPECT_FALSE(wildcard_match("a?c", "ac"));
  EXPECT_FALSE(wildcard_match("*_TOKEN", "TOKEN"));
  EXPECT_FALSE(wildcard_match("a*b", "abc"));
  EXPECT_FALSE(wildcard_match("AWS_*", "aws_x"));
}

TEST(WildcardMatch, TakesBracketsLiterally) {
  EXPECT_TRUE(wildcard_match("[a]", "[a]"));
  EXPECT_FALSE(wildcard_match("[a]", "a"));
}

TEST(ModeText, HasFourDigits) {
  EXPECT_EQ(octal_mode(0755), "0755");
  EXPECT_EQ(octal_mode(01777), "1777");
  EXPECT_EQ(octal_mode(0), "0000");
}

TEST(JoinWords, ReadsLikeASentence) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(join_words(Words{}), "");
  EXPECT_EQ(join_words(Words{"a"}), "a");
  EXPECT_EQ(join_words(Words{"a", "b"}), "a and b");
  EXPECT_EQ(join_words(Words{"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(join_words(Words{"a", "b", "c"}, " or "), "a, b or c");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
}

}  // namespace
}  // namespace fence
