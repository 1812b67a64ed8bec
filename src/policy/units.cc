#include "units.h"

#include <array>
#include <limits>
#include <span>

#include "fence/util/text.h"

namespace fence {
namespace {

struct Unit {
  char letter;
  std::uint64_t factor;
};
constexpr std::array kSizeUnits{Unit{'K', 1U << 10}, Unit{'M', 1U << 20}, Unit{'G', 1U << 30}};
constexpr std::array kTimeUnits{Unit{'s', 1}, Unit{'m', 60}, Unit{'h', 3600}};

std::optional<std::uint64_t> amount(std::string_view text, std::span<const Unit> units) noexcept {
  std::uint64_t factor = 1;
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.letter)) continue;
    factor = unit.factor;
    text.remove_suffix(1);
    break;
  }
  const auto number = parse_number(text);
  if (!number || *number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return *number * factor;
}

}  // namespace

std::optional<std::uint64_t> bytes_of(std::string_view text) noexcept { return amount(text, kSizeUnits); }

std::optional<std::uint64_t> seconds_of(std::string_view text) noexcept { return amount(text, kTimeUnits); }

std::optional<std::uint64_t> thousandths_of(std::string_view text) noexcept {
  constexpr std::size_t kMostDecimals = 3;
  constexpr std::uint64_t kOne = 1000, kMost = std::numeric_limits<std::uint64_t>::max() / kOne - 1;
  const auto dot = text.find('.');
  const auto whole = parse_number(text.substr(0, dot));
  if (!whole || *whole > kMost) return std::nullopt;
  if (dot == std::string_view::npos) return *whole * kOne;
  const std::string_view decimals = text.substr(dot + 1);
  const auto rest = parse_number(decimals);
  if (!rest || decimals.size() > kMostDecimals) return std::nullopt;
  std::uint64_t thousandths = *rest;
  for (std::size_t missing = kMostDecimals - decimals.size(); missing > 0; --missing) thousandths *= 10;
  return *whole * kOne + thousandths;
}

}  // namespace fence
