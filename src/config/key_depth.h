#pragma once
// A limit that the TOML parser does not have.
#include <cstdint>
#include <optional>
#include <string_view>

namespace fence {

/// More parts than any dotted key of a setting has.
inline constexpr std::size_t kMaxKeyParts = 16;

/// The 1-based line of the first key with more than kMaxKeyParts dotted parts. toml++ makes a table of each part and
/// destroys them recursively, so that a key of some ten thousand parts would overflow the stack; nested values it
/// limits itself (256).
std::optional<std::uint32_t> too_deep_key(std::string_view text);

}  // namespace fence
