#pragma once
// Amounts as people write them.
#include <cstdint>
#include <optional>
#include <string_view>

namespace fence {

/// "64M" as bytes: a whole number, and K, M or G for 1024 bytes and so on. Nothing where it is none, or too large.
std::optional<std::uint64_t> bytes_of(std::string_view text) noexcept;
/// "10m" as seconds: a whole number, and s, m or h. Nothing where it is none, or too large.
std::optional<std::uint64_t> seconds_of(std::string_view text) noexcept;

/// "1.5" as 1500: a whole number, or one with up to three decimals. Nothing where it is none, or too large.
std::optional<std::uint64_t> thousandths_of(std::string_view text) noexcept;

}  // namespace fence
