#include "assignment.h"

#include <algorithm>

#include "fence/config/config.h"
#include "fence/util/text.h"

namespace fence {
namespace {

void stamp_value(Value& value, const Origin& origin) {
  value.origin = origin;
  if (auto* list = std::get_if<ValueArray>(&value.data)) {
    for (Value& element : *list) stamp_value(element, origin);
  }
  if (auto* table = std::get_if<ValueTable>(&value.data)) stamp(*table, origin);
}

/// `text` as the one value that it is in TOML, or as a string.
Value value_of(std::string_view text, const Origin& origin) {
  auto parsed = parse_toml("value = " + std::string(text), origin.source, origin.layer);
  // A line break in `text` could begin another key.
  bool one_value = parsed && parsed->size() == 1 && parsed->front().key == "value";
  // A version of something is more often meant; who wants a number reads it from the string.
  one_value = one_value && !std::holds_alternative<double>(parsed->front().value.data);
  Value value = one_value ? std::move(parsed->front().value) : Value{std::string(text), origin};
  stamp_value(value, origin);
  return value;
}

void join(ValueTable& table, ValueEntry entry);

/// Adds what `more` says to an entry of the same key; false where their types differ.
bool join_entries(ValueEntry& there, ValueEntry& more) {
  if (there.value.data.index() != more.value.data.index()) return false;
  if (auto* list = std::get_if<ValueArray>(&there.value.data)) {
    for (Value& element : std::get<ValueArray>(more.value.data)) list->push_back(std::move(element));
  } else if (auto* table = std::get_if<ValueTable>(&there.value.data)) {
    for (ValueEntry& entry : std::get<ValueTable>(more.value.data)) join(*table, std::move(entry));
  } else {
    there = std::move(more);
  }
  return true;
}

void join(ValueTable& table, ValueEntry entry) {
  for (ValueEntry& there : table) {
    if (there.key == entry.key && join_entries(there, entry)) return;
  }
  table.push_back(std::move(entry));
}

}  // namespace

void stamp(ValueTable& table, const Origin& origin) {
  for (ValueEntry& entry : table) {
    entry.origin = origin;
    stamp_value(entry.value, origin);
  }
}

Result<ValueEntry, Errors> parse_assignment(std::string_view text, const Origin& origin) {
  const auto refused = [&](std::string why) {
    return Errors{{.kind = ErrorKind::Usage,
                   .what = "cannot understand \"" + escape_bytes(text) + "\"",
                   .why = std::move(why),
                   .origin = origin,
                   .hint = "write KEY=VALUE, as in network.mode=host"}};
  };
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return refused("it has no \"=\"");
  const std::string_view key = text.substr(0, equals);
  const std::vector<std::string> parts = split(key, '.');
  if (key.empty() || std::find(parts.begin(), parts.end(), "") != parts.end()) {
    return refused("a part of the key is empty");
  }
  return ValueEntry{std::string(key), origin, value_of(text.substr(equals + 1), origin)};
}

void put_value(ValueTable& table, std::string_view dotted_key, Value value) {
  const Origin origin = value.origin;
  std::vector<std::string> parts = split(dotted_key, '.');
  ValueEntry entry{std::move(parts.back()), origin, std::move(value)};
  for (auto part = parts.rbegin() + 1; part != parts.rend(); ++part) {
    ValueTable inner;
    inner.push_back(std::move(entry));
    entry = {std::move(*part), origin, {std::move(inner), origin}};
  }
  join(table, std::move(entry));
}

}  // namespace fence
