#pragma once
// A settings value before it has a type: what a TOML file, an option or --set wrote, each with its place.
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fence/util/origin.h"

namespace fence {

struct Value;
using ValueArray = std::vector<Value>;

/// One `key = value` of a table; the origin is the key's.
struct ValueEntry;
using ValueTable = std::vector<ValueEntry>;

struct Value {
  std::variant<bool, std::int64_t, std::string, ValueArray, ValueTable, double> data;
  Origin origin;
};
struct ValueEntry {
  std::string key;
  Origin origin;
  Value value;
};

/// "a string", "a whole number", "true or false", "a list", "a table", "a number with a fraction".
std::string_view type_name(const Value& value) noexcept;

}  // namespace fence
