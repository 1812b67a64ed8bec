#include "fence/util/text.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace fence {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

/// One code point of valid UTF-8 at the start of a text; `length` 0 where there is none.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};

struct Utf8Form {
  unsigned char mask, lead;
  std::size_t length;
  char32_t least;  ///< smaller values have a shorter form: not valid (RFC 3629)
};
constexpr std::array kUtf8Forms = {
    Utf8Form{0x80, 0x00, 1, 0},
    Utf8Form{0xe0, 0xc0, 2, 0x80},
    Utf8Form{0xf0, 0xe0, 3, 0x800},
    Utf8Form{0xf8, 0xf0, 4, 0x10000},
};

CodePoint decode_utf8(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  for (const Utf8Form& form : kUtf8Forms) {
    if ((lead & form.mask) != form.lead) continue;
    if (text.size() < form.length) return {};
    auto value = static_cast<char32_t>(lead & static_cast<unsigned char>(~form.mask));
    for (const char c : text.substr(1, form.length - 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xc0) != 0x80) return {};
      value = (value << 6) | (byte & 0x3fU);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < form.least || value > 0x10ffff || surrogate ? CodePoint{} : CodePoint{value, form.length};
  }
  return {};
}

struct HiddenRange {
  char32_t first, last;
  std::string_view reason;
};
/// Code points that act on a terminal or a reader instead of being seen.
constexpr std::array kHidden = {
    HiddenRange{0x00, 0x1f, "C0 controls: newline, ESC"},
    HiddenRange{0x7f, 0x9f, "DEL and the C1 controls: U+009B starts a control sequence"},
    HiddenRange{0x200e, 0x200f, "direction marks: reorder what is seen"},
    HiddenRange{0x2028, 0x202e, "line and paragraph separator, direction embeddings and overrides"},
    HiddenRange{0x2066, 0x2069, "direction isolates"},
};

bool is_hidden(char32_t c) noexcept {
  return std::any_of(kHidden.begin(), kHidden.end(), [c](const HiddenRange& r) { return c >= r.first && c <= r.last; });
}

void append_hex(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 0x0f];
  }
}

bool is_plain(char c) noexcept { return c >= ' ' && c <= '~' && c != '\\'; }

std::string escaped(std::string_view bytes, std::string_view backslash) {
  if (std::ranges::all_of(bytes, is_plain)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = decode_utf8(bytes);
    const std::string_view piece = bytes.substr(0, std::max<std::size_t>(point.length, 1));
    if (piece == "\\") {
      out += backslash;
    } else if (point.length == 0 || is_hidden(point.value)) {
      append_hex(out, piece);
    } else {
      out += piece;
    }
    bytes.remove_prefix(piece.size());
  }
  return out;
}

/// Any spelling with "\\" and "\xHH", not only the one that escape_bytes chooses.
std::optional<std::string> unescape_loosely(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    if (text.substr(at, 2) == "\\\\") {
      out += '\\';
      at += 2;
      continue;
    }
    if (text.substr(at, 2) != "\\x" || text.size() - at < 4) return std::nullopt;
    const auto high = kHexDigits.find(text[at + 2]);
    const auto low = kHexDigits.find(text[at + 3]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    at += 4;
  }
  return out;
}

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// True where no POSIX shell changes the word, in command position too.
bool is_plain_word(std::string_view word) noexcept {
  constexpr std::string_view kPlainMarks = "_-+,./:@%=";
  const bool plain = std::all_of(word.begin(), word.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || kPlainMarks.find(c) != std::string_view::npos;
  });
  if (!plain || word.empty()) return false;
  // "A=b" before a command is an assignment; "--a=b" and "./a=b" are not.
  const bool may_assign = is_letter(word.front()) || word.front() == '_';
  return !may_assign || word.find('=') == std::string_view::npos;
}

/// Insertions, deletions, substitutions and exchanges of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitute});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string escape_bytes(std::string_view bytes) { return escaped(bytes, "\\\\"); }

std::string escape_controls(std::string_view text) { return escaped(text, "\\"); }

std::optional<std::string> unescape_bytes(std::string_view text) {
  std::optional<std::string> bytes = unescape_loosely(text);
  if (bytes && escape_bytes(*bytes) != text) return std::nullopt;
  return bytes;
}

std::string shell_quote(std::string_view word) {
  if (is_plain_word(word)) return std::string(word);
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  std::size_t limit = std::max<std::size_t>(word.size() / 3, 1);
  std::optional<std::string> best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance > limit || (best && distance == limit)) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

bool wildcard_match(std::string_view pattern, std::string_view name) noexcept {
  std::size_t p = 0, n = 0;
  // Where the last '*' stood, and the first byte of the name that it does not swallow yet.
  std::size_t star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string in_quotes(std::string_view text) { return "\"" + escape_bytes(text) + "\""; }

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKiB = 1024;
  if (bytes >= kKiB * kKiB && bytes % (kKiB * kKiB) == 0) return std::to_string(bytes / (kKiB * kKiB)) + " MiB";
  if (bytes >= kKiB && bytes % kKiB == 0) return std::to_string(bytes / kKiB) + " KiB";
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string octal_mode(std::uint32_t mode) {
  std::string text;
  for (const unsigned shift : {9U, 6U, 3U, 0U}) text += static_cast<char>('0' + ((mode >> shift) & 7U));
  return text;
}

std::string join_words(std::span<const std::string> words, std::string_view last_separator) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? last_separator : std::string_view(", ");
    out += words[i];
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

}  // namespace fence
