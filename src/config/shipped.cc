#include "shipped.h"

#include <bit>

namespace fence {
namespace {

class ShippedReader {
 public:
  ShippedReader(const ShippedTable& shipped, const std::string& source, LayerKind layer)
      : shipped_(shipped), source_(source), layer_(layer) {}

  ValueTable read() { return table(next().number); }

 private:
  const ShippedValue& next() { return shipped_.values[at_++]; }

  [[nodiscard]] std::string text(std::uint32_t at, std::uint64_t length) const {
    return std::string(shipped_.pool.substr(at, length));
  }

  [[nodiscard]] Origin origin(std::uint32_t line, std::uint32_t column) const {
    return {layer_, source_, line, column};
  }

  ValueTable table(std::int64_t entries) {
    ValueTable out;
    out.reserve(static_cast<std::size_t>(entries));
    for (; entries > 0; --entries) {
      const ShippedValue& from = next();
      out.push_back({text(from.key_at, from.key_length), origin(from.key_line, from.key_column), value(from)});
    }
    return out;
  }

  ValueArray array(std::int64_t values) {
    ValueArray out;
    out.reserve(static_cast<std::size_t>(values));
    for (; values > 0; --values) out.push_back(value(next()));
    return out;
  }

  Value value(const ShippedValue& from) {
    Value out{.data = false, .origin = origin(from.line, from.column)};
    switch (from.kind) {
      case ShippedKind::Boolean:
        out.data = from.number != 0;
        break;
      case ShippedKind::Number:
        out.data = from.number;
        break;
      case ShippedKind::Fraction:
        out.data = std::bit_cast<double>(from.number);
        break;
      case ShippedKind::Text:
        out.data = text(from.text_at, static_cast<std::uint64_t>(from.number));
        break;
      case ShippedKind::Array:
        out.data = array(from.number);
        break;
      case ShippedKind::Table:
        out.data = table(from.number);
        break;
    }
    return out;
  }

  const ShippedTable& shipped_;
  const std::string& source_;
  LayerKind layer_;
  std::size_t at_ = 0;
};

}  // namespace

ValueTable table_of(const ShippedTable& shipped, const std::string& source, LayerKind layer) {
  return ShippedReader(shipped, source, layer).read();
}

}  // namespace fence
