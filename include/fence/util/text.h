#pragma once
// Text helpers shared by messages, dumps and shell lines. No locale, no system call.
#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fence {

/// Bytes as printable text: a backslash becomes "\\", control bytes and what is not valid UTF-8 become "\xHH", and so
/// do the Unicode controls that act on a terminal or reorder what is seen (C1, line separators, directions). Reversible
/// by unescape_bytes. Used wherever a name may hold any byte (JSON, facts dumps, messages), so that no control sequence
/// of a file name reaches the terminal.
std::string escape_bytes(std::string_view bytes);

/// A message whose parts are escaped already: like escape_bytes, but a backslash stays as it is, so that no part is
/// escaped twice. Not reversible.
std::string escape_controls(std::string_view text);

/// The inverse of escape_bytes; nothing where `text` is not such a spelling.
std::optional<std::string> unescape_bytes(std::string_view text);

/// `word` as one word of a POSIX shell: unchanged where safe, else in single quotes.
std::string shell_quote(std::string_view word);

/// The candidate nearest to `word` by edit distance, where near enough (at most a third of its length, at
/// least 1) to be what was meant.
std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// fnmatch-like match of one name against a pattern of '*' and '?' and literal bytes, case-sensitive.
bool wildcard_match(std::string_view pattern, std::string_view name) noexcept;

/// `text` in double quotes, with the bytes of escape_bytes.
std::string in_quotes(std::string_view text);

/// Permission bits as four octal digits: "0755".
std::string octal_mode(std::uint32_t mode);

/// A number of bytes: "64 MiB", "2 KiB", "100 bytes".
std::string size_text(std::uint64_t bytes);

/// "a, b and c".
std::string join_words(std::span<const std::string> words, std::string_view last_separator = " and ");

/// All of `text` as a number, without a plus sign or blanks; nothing where it is none, or none that an Int holds.
template <std::integral Int = std::uint64_t>
std::optional<Int> parse_number(std::string_view text, int base = 10) noexcept {
  Int number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number, base);
  if (failure != std::errc() || rest != end) return std::nullopt;
  return number;
}

/// Takes the part up to the next `separator` off `text`, and the separator; all of it where there is none.
inline std::string_view take_part(std::string_view& text, char separator) noexcept {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

/// The parts between separators, empty ones too: n separators give n + 1 parts.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace fence
