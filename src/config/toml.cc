// The only place that knows the TOML library.
#include <toml++/toml.h>

#include <algorithm>

#include "fence/config/config.h"
#include "key_depth.h"

namespace fence {
namespace {

class Converter {
 public:
  Converter(const std::string& source, LayerKind layer, Errors& errors)
      : source_(source), layer_(layer), errors_(errors) {}

  [[nodiscard]] Origin origin(const toml::source_position& at) const { return {layer_, source_, at.line, at.column}; }

  ValueTable table(const toml::table& from) {
    ValueTable out;
    for (const auto& [key, node] : from) {
      out.push_back({std::string(key.str()), origin(key.source().begin), value(node)});
    }
    // toml++ sorts by name.
    std::stable_sort(out.begin(), out.end(), [](const ValueEntry& a, const ValueEntry& b) {
      return std::pair(a.origin.line, a.origin.column) < std::pair(b.origin.line, b.origin.column);
    });
    return out;
  }

 private:
  Value value(const toml::node& node) {
    Value out{.data = false, .origin = origin(node.source().begin)};
    switch (node.type()) {
      case toml::node_type::table:
        out.data = table(*node.as_table());
        break;
      case toml::node_type::array:
        out.data = array(*node.as_array());
        break;
      case toml::node_type::string:
        out.data = node.as_string()->get();
        break;
      case toml::node_type::integer:
        out.data = node.as_integer()->get();
        break;
      case toml::node_type::boolean:
        out.data = node.as_boolean()->get();
        break;
      case toml::node_type::floating_point:
        out.data = node.as_floating_point()->get();
        break;
      case toml::node_type::date:
      case toml::node_type::time:
      case toml::node_type::date_time:
        refuse("a date or time", out.origin);
        break;
      case toml::node_type::none:
        refuse("nothing", out.origin);
        break;
    }
    return out;
  }

  ValueArray array(const toml::array& from) {
    ValueArray out;
    for (const toml::node& node : from) out.push_back(value(node));
    return out;
  }

  void refuse(const std::string& type, const Origin& place) {
    errors_.push_back({.kind = ErrorKind::Config, .what = "no setting has " + type + " as its value", .origin = place});
  }

  const std::string& source_;
  LayerKind layer_;
  Errors& errors_;
};

Error syntax_error(std::string why, const Origin& origin) {
  return {.kind = ErrorKind::Config, .what = "cannot read " + origin.source, .why = std::move(why), .origin = origin};
}

/// The library's words in the form of ours: lower case at the start. It spells control characters itself; should one
/// get through, it does not get further.
std::string words(std::string_view description) {
  std::string text(description);
  if (text.starts_with('E')) text.front() = 'e';
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace

Result<ValueTable, Errors> parse_toml(std::string_view text, const std::string& source, LayerKind layer) {
  if (const auto line = too_deep_key(text)) {
    return Errors{syntax_error("a key has more than " + std::to_string(kMaxKeyParts) + " dotted parts",
                               {layer, source, *line, 0})};
  }
  Errors errors;
  Converter converter(source, layer, errors);
  try {
    ValueTable table = converter.table(toml::parse(text, std::string_view(source)));
    if (!errors.empty()) return errors;
    return table;
  } catch (const toml::parse_error& error) {
    return Errors{syntax_error(words(error.description()), converter.origin(error.source().begin))};
  }
}

}  // namespace fence
