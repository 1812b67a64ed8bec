#pragma once
// Values of a facts dump that stand in more than one place of it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fence/util/path.h"
#include "json_reader.h"

namespace fence {

inline constexpr std::uint64_t kMaxErrno = 4095;  ///< MAX_ERRNO (linux/err.h)

template <class T>
using Reader = Result<T> (*)(const JsonNode&);

template <class T>
Result<std::vector<T>> list_of(const JsonNode& node, Reader<T> read) {
  FENCE_TRY(const std::vector<JsonNode> elements, node.elements());
  std::vector<T> out;
  for (const JsonNode& element : elements) {
    FENCE_TRY(T value, read(element));
    out.push_back(std::move(value));
  }
  return out;
}

/// As list_of, for what is sorted and has nothing twice.
template <class T>
Result<std::vector<T>> ascending_list_of(const JsonNode& node, Reader<T> read) {
  FENCE_TRY(std::vector<T> out, list_of(node, read));
  const auto not_ascending = [](const T& a, const T& b) { return !(a < b); };
  if (std::adjacent_find(out.begin(), out.end(), not_ascending) != out.end()) {
    return node.error("is not sorted, or has something twice");
  }
  return out;
}

template <class T>
Result<std::set<T>> set_of(const JsonNode& node, Reader<T> read) {
  FENCE_TRY(const std::vector<T> values, ascending_list_of(node, read));
  return std::set<T>(values.begin(), values.end());
}

template <class Enum, std::size_t N>
Result<Enum> word_of(const JsonNode& node, const std::array<std::pair<Enum, std::string_view>, N>& table) {
  FENCE_TRY(const std::string word, node.bytes());
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.second == word; });
  if (row == table.end()) return node.error("is no word that fence knows here");
  return row->first;
}

template <class Int>
Result<Int> number_of(const JsonNode& node, std::uint64_t most = std::uint64_t{std::numeric_limits<Int>::max()},
                      std::uint64_t least = 0) {
  FENCE_TRY(const std::uint64_t value, node.number(most, least));
  return static_cast<Int>(value);
}

inline Result<std::string> c_string(const JsonNode& node) { return node.c_string(); }

inline Result<HostPath> path_from(const JsonNode& node, std::string_view text) {
  Result<HostPath> path = HostPath::parse(text);
  if (!path) return node.error("is no path: " + path.error().why);
  if (path->text() != text) return node.error("is no path in canonical spelling");
  return path;
}

inline Result<HostPath> path(const JsonNode& node) {
  FENCE_TRY(const std::string text, node.bytes());
  return path_from(node, text);
}

}  // namespace fence
