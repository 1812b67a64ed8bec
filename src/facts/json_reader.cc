#include "json_reader.h"

#include <algorithm>
#include <optional>
#include <set>

#include "fence/util/text.h"

namespace fence {
namespace {

using nlohmann::json;

Error bad_document(std::string why) {
  return Error{.kind = ErrorKind::Config, .what = "cannot read the facts", .why = std::move(why)};
}

std::string member_place(const std::string& object, std::string_view name) {
  return (object.empty() ? "" : object + ".") + std::string(name);
}

}  // namespace

Result<JsonDocument> parse_json(std::string_view text) {
  std::vector<std::set<std::string>> open_objects;
  std::optional<std::string> twice;
  const auto note_names = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == json::parse_event_t::object_end) open_objects.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!open_objects.back().insert(name).second && !twice) twice = name;
    }
    return true;
  };
  try {
    JsonDocument document{json::parse(text, note_names)};
    if (twice) return bad_document("the name " + in_quotes(*twice) + " stands twice in one object");
    return document;
  } catch (const json::parse_error& error) {
    return bad_document("it is no JSON at byte " + std::to_string(error.byte));
  } catch (const json::out_of_range&) {
    return bad_document("a number in it is too large");
  }
}

Error JsonNode::error(std::string why) const {
  return bad_document((place_.empty() ? "the document" : place_) + " " + std::move(why));
}

Result<JsonObject> JsonNode::object(std::initializer_list<std::string_view> names) const {
  if (!value_.is_object()) return error("is no object");
  for (const auto& [name, value] : value_.items()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return JsonNode(value, member_place(place_, escape_bytes(name))).error("is no member that fence knows");
    }
  }
  for (const std::string_view name : names) {
    if (!value_.contains(name)) return JsonNode(value_, member_place(place_, name)).error("is missing");
  }
  return JsonObject(value_, place_);
}

Result<JsonNode> JsonNode::member(std::string_view name) const {
  if (!value_.is_object()) return error("is no object");
  const auto found = value_.find(name);
  JsonNode node(found == value_.end() ? value_ : *found, member_place(place_, name));
  if (found == value_.end()) return node.error("is missing");
  return node;
}

Result<std::vector<std::pair<std::string, JsonNode>>> JsonNode::entries() const {
  if (!value_.is_object()) return error("is no object");
  std::vector<std::pair<std::string, JsonNode>> out;
  for (const auto& [spelling, value] : value_.items()) {
    const std::optional<std::string> key = unescape_bytes(spelling);
    // The spelling is escaped once already; where it is not, it must not reach a message as it is.
    JsonNode node(value, place_ + "[\"" + (key ? spelling : escape_bytes(spelling)) + "\"]");
    if (!key) return node.error("is not escaped as fence writes names");
    out.emplace_back(*key, std::move(node));
  }
  return out;
}

Result<std::vector<JsonNode>> JsonNode::elements() const {
  if (!value_.is_array()) return error("is no list");
  std::vector<JsonNode> out;
  for (const json& element : value_) out.emplace_back(element, place_ + "[" + std::to_string(out.size()) + "]");
  return out;
}

Result<bool> JsonNode::boolean() const {
  if (!value_.is_boolean()) return error("is neither true nor false");
  return value_.get<bool>();
}

Result<std::string> JsonNode::bytes() const {
  if (!value_.is_string()) return error("is no string");
  std::optional<std::string> text = unescape_bytes(value_.get_ref<const std::string&>());
  if (!text) return error("is not escaped as fence writes strings");
  return *std::move(text);
}

Result<std::string> JsonNode::c_string() const {
  FENCE_TRY(std::string text, bytes());
  if (text.find('\0') != std::string::npos) return error("has a NUL byte in it");
  return text;
}

Result<std::uint64_t> JsonNode::number(std::uint64_t most, std::uint64_t least) const {
  if (!value_.is_number_unsigned()) return error("is no whole number");
  const auto value = value_.get<std::uint64_t>();
  if (value < least || value > most) {
    return error("is not between " + std::to_string(least) + " and " + std::to_string(most));
  }
  return value;
}

JsonNode JsonObject::operator[](std::string_view name) const { return {value_.at(name), member_place(place_, name)}; }

}  // namespace fence
