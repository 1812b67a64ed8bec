#include "key_depth.h"

#include <algorithm>

namespace fence {
namespace {

/// Where the string that opens at `at` ends (TOML 1.0, "String"): past its closing quotes, or for an unclosed one at
/// the end of its line or of the text.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view triple = quote == '"' ? R"(""")" : "'''";
  const bool many_lines = text.substr(at).starts_with(triple);
  const auto closes = [&](std::size_t i) { return many_lines ? text.substr(i).starts_with(triple) : text[i] == quote; };
  at += many_lines ? triple.size() : 1;
  while (at < text.size() && !closes(at)) {
    if (text[at] == '\n' && !many_lines) return at;
    at += quote == '"' && text[at] == '\\' ? 2U : 1U;
  }
  if (!many_lines) return std::min(at + 1, text.size());
  // Up to two quotes may stand right before the closing three.
  at += triple.size();
  for (int extra = 0; extra < 2 && at < text.size() && text[at] == quote; ++extra) ++at;
  return std::min(at, text.size());
}

}  // namespace

std::optional<std::uint32_t> too_deep_key(std::string_view text) {
  const auto line_of = [&](std::size_t at) {
    return static_cast<std::uint32_t>(1 +
                                      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  };
  std::size_t dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '[') dots = 0;
    if (c == '.' && ++dots >= kMaxKeyParts) return line_of(at);
    ++at;
  }
  return std::nullopt;
}

}  // namespace fence
