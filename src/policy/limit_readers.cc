// The reader of the keys below `limits`.
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
  }
  return std::nullopt;
}

/// What a number of a settings file can be, and the time_t of the clock that keeps a wall time.
constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

std::optional<std::uint64_t> limit_of(const Value& value, Limit limit) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return *number > 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
  }
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) return std::nullopt;
  if (*text == kNoLimitWord) return kNoLimit;
  const auto amount = amount_of(limit_row(limit).unit, *text);
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
