#pragma once
// What the rows of the keys below `limits` have in common.
#include <string_view>

#include "readers.h"
#include "shown.h"

namespace fence {

inline constexpr std::string_view kCountLimit = R"(a whole number above 0, or "none")";
inline constexpr std::string_view kBytesLimit =
    R"(a number of bytes above 0, as in 65536 or "64M" (K, M, G), or "none")";
inline constexpr std::string_view kProcessorsLimit =
    R"(a number from 0.01 to 100000 with at most three decimals, as in 2 or 1.5, or "none")";
inline constexpr std::string_view kTimeLimit = R"(a number of seconds above 0, as in 90 or "10m" (s, m, h), or "none")";

template <Limit limit>
void read_limit(const Reading& in) {
  read_limit(in, limit);
}
template <Limit limit>
ShownValues shown_limit(const InForce& now) {
  return shown_limit(now, limit);
}

}  // namespace fence
