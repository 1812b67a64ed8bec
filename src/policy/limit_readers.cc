// The reader of the keys below `limits`.
#include <cmath>
#include <limits>

#include "fence/util/text.h"
#include "readers.h"
#include "units.h"

namespace fence {
namespace {

std::optional<std::uint64_t> amount_of(LimitUnit unit, std::string_view text) {
  switch (unit) {
    case LimitUnit::Count:
      return std::nullopt;
    case LimitUnit::Bytes:
      return bytes_of(text);
    case LimitUnit::Seconds:
      return seconds_of(text);
    case LimitUnit::Processors:
      return std::nullopt;
  }
  return std::nullopt;
}

/// What a number of a settings file can be, and the time_t of the clock that keeps a wall time.
constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// What cpu.max takes with the usual period: a quota of a millisecond at least, and for many more processors than there
/// are.
constexpr std::uint64_t kFewestThousandths = 10, kMostThousandths = 100'000 * kThousandths;

std::optional<std::uint64_t> number_in_thousandths(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return thousandths_of(*text);
  double wanted = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value.data)) {
    wanted = static_cast<double>(*whole);
  } else if (const auto* fraction = std::get_if<double>(&value.data)) {
    wanted = *fraction;
  }
  const double thousandths = wanted * static_cast<double>(kThousandths);
  // What is no number is in no range.
  if (!(thousandths >= 0 && thousandths <= static_cast<double>(kMostThousandths))) return std::nullopt;
  const double whole = std::round(thousandths);
  constexpr double kAlmostWhole = 1e-6;
  if (std::abs(thousandths - whole) > kAlmostWhole) return std::nullopt;
  return static_cast<std::uint64_t>(whole);
}

std::optional<std::uint64_t> processors_of(const Value& value) {
  const auto wanted = number_in_thousandths(value);
  return wanted && *wanted >= kFewestThousandths && *wanted <= kMostThousandths ? wanted : std::nullopt;
}

std::optional<std::uint64_t> limit_of(const Value& value, Limit limit) {
  const auto* word = std::get_if<std::string>(&value.data);
  if (word != nullptr && *word == kNoLimitWord) return kNoLimit;
  if (limit_row(limit).unit == LimitUnit::Processors) return processors_of(value);
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return *number > 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
  }
  if (word == nullptr) return std::nullopt;
  const auto amount = amount_of(limit_row(limit).unit, *word);
  return amount && *amount != 0 && *amount <= kMost ? amount : std::nullopt;
}

std::string written(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value.data)) return in_quotes(*text);
  return std::string(type_name(value));
}

}  // namespace

void read_limit(const Reading& in, Limit limit) {
  if (const auto value = limit_of(in.value, limit)) {
    in.layer.limits[limit] = {*value, in.value.origin};
    return;
  }
  report(in, in.value.origin,
         std::string(in.row.key) + " must be " + std::string(in.row.type) + ", not " + written(in.value));
}

}  // namespace fence
