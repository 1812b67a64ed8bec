#pragma once
// Strict reading of a JSON document: every error names the place, as in `paths["/a"].kind`.
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fence/util/result.h"

namespace fence {

struct JsonDocument {
  nlohmann::json root;
};

/// Parses `text`. A name that stands twice in one object is an error, as what is no JSON is.
Result<JsonDocument> parse_json(std::string_view text);

class JsonObject;

/// A value of a document, and its place. The document must outlive it.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string place) : value_(value), place_(std::move(place)) {}

  [[nodiscard]] bool is_null() const noexcept { return value_.is_null(); }
  [[nodiscard]] bool is_object() const noexcept { return value_.is_object(); }
  [[nodiscard]] bool is_string() const noexcept { return value_.is_string(); }
  [[nodiscard]] Error error(std::string why) const;

  /// Fails where this is no object with the members `names` and no other.
  [[nodiscard]] Result<JsonObject> object(std::initializer_list<std::string_view> names) const;
  /// One member of an object whose other members are not known yet.
  [[nodiscard]] Result<JsonNode> member(std::string_view name) const;
  /// The members of an object that is used as a map, each at `place["key"]`; keys are unescaped.
  [[nodiscard]] Result<std::vector<std::pair<std::string, JsonNode>>> entries() const;
  [[nodiscard]] Result<std::vector<JsonNode>> elements() const;

  [[nodiscard]] Result<bool> boolean() const;
  /// A string's bytes, unescaped.
  [[nodiscard]] Result<std::string> bytes() const;
  /// As bytes(), for what the kernel takes as a C string: no NUL.
  [[nodiscard]] Result<std::string> c_string() const;
  [[nodiscard]] Result<std::uint64_t> number(std::uint64_t most = std::numeric_limits<std::uint64_t>::max(),
                                             std::uint64_t least = 0) const;

 private:
  const nlohmann::json& value_;
  std::string place_;
};

/// An object whose members were checked.
class JsonObject {
 public:
  /// Precondition: `name` is one of the names that the object was asked for with.
  [[nodiscard]] JsonNode operator[](std::string_view name) const;

 private:
  friend class JsonNode;
  JsonObject(const nlohmann::json& value, std::string place) : value_(value), place_(std::move(place)) {}

  const nlohmann::json& value_;
  std::string place_;
};

}  // namespace fence
