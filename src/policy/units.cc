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

}  // namespace fence
