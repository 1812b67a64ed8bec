#pragma once
// The settings texts that are compiled into the program, read already: tools/compile_settings.cc writes their
// definitions.
#include <cstdint>
#include <span>
#include <string_view>

#include "fence/config/config.h"

namespace fence {

enum class ShippedKind : std::uint8_t { Boolean, Number, Fraction, Text, Array, Table };

/// A value, before the values in it. The numbers of a constant array cost nothing when the program is loaded; pointers
/// would be relocated.
struct ShippedValue {
  ShippedKind kind;
  std::uint32_t key_at, key_length;  ///< where the name of an entry of a table stands in the pool
  std::uint32_t key_line, key_column;
  std::uint32_t line, column;
  std::uint32_t text_at;  ///< of a Text
  /// Of a Boolean 0 or 1; a Fraction's bits; a Text's length; how many values an Array or Table has.
  std::int64_t number;
};

struct ShippedTable {
  std::string_view name;                 ///< "workspace"
  std::string_view text;                 ///< what the values were read from
  std::span<const ShippedValue> values;  ///< of the outermost table, which is the first one
  std::string_view pool;
};

/// The lowest layer: src/config/builtin.toml.
extern const ShippedTable kBuiltInTable;
/// profiles/*.toml, sorted by name.
extern const std::span<const ShippedTable> kShippedTables;

/// What parse_toml() gives for the text.
ValueTable table_of(const ShippedTable& shipped, const std::string& source, LayerKind layer);

}  // namespace fence
