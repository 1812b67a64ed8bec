#include "entry.h"

#include <algorithm>

#include "fence/util/text.h"

namespace fence {
Entry::Entry(const Reading& in, const Value& element, std::string_view main_field)
    : in_(in),
      element_(element),
      main_field_(main_field),
      table_(std::get_if<ValueTable>(&element.data)),
      right_shape_(table_ != nullptr || (!main_field.empty() && std::holds_alternative<std::string>(element.data))) {
  if (right_shape_) return;
  const std::string_view shape = main_field.empty() ? "a table" : "a string or a table";
  fail(element.origin, {.what = "an entry of " + std::string(in.row.key) + " must be " + std::string(shape) + ", not " +
                                std::string(type_name(element))});
}

const Value* Entry::field(std::string_view name) {
  known_.push_back(name);
  if (!right_shape_) return nullptr;
  if (table_ == nullptr) return name == main_field_ ? &element_ : nullptr;
  const auto found = std::find_if(table_->begin(), table_->end(), [&](const ValueEntry& e) { return e.key == name; });
  return found == table_->end() ? nullptr : &found->value;
}

const std::string* Entry::text(std::string_view name) {
  const Value* value = field(name);
  if (value == nullptr) return nullptr;
  const auto* text = std::get_if<std::string>(&value->data);
  if (text == nullptr) wrong_field(name, "a string", *value);
  return text;
}

const std::string* Entry::required_text(std::string_view name) {
  if (right_shape_ && field(name) == nullptr) {
    fail(element_.origin, {.what = "an entry of " + std::string(in_.row.key) + " has no " + in_quotes(name)});
  }
  return text(name);
}

std::string Entry::text_or_empty(std::string_view name) {
  const std::string* found = text(name);
  return found == nullptr ? std::string() : *found;
}

bool Entry::flag(std::string_view name) {
  const Value* value = field(name);
  if (value == nullptr) return false;
  const bool* flag = std::get_if<bool>(&value->data);
  if (flag == nullptr) wrong_field(name, "true or false", *value);
  return flag != nullptr && *flag;
}

std::optional<Expanded> Entry::expanded(std::string_view name, Spelling how) {
  const bool optional = flag("optional");
  how.literal = flag("literal");
  const std::string* spelled = required_text(name);
  if (spelled == nullptr) return std::nullopt;
  how.text = *spelled;
  const Origin& place = field(name)->origin;
  return std::visit(Overloaded{
                        [](Expanded expanded) -> std::optional<Expanded> { return expanded; },
                        [&](const Unset& unset) -> std::optional<Expanded> {
                          if (!optional) fail(place, unset_error(*spelled, unset));
                          return std::nullopt;
                        },
                        [&](Error error) -> std::optional<Expanded> {
                          fail(place, std::move(error));
                          return std::nullopt;
                        },
                    },
                    expand(how, in_.context));
}

std::optional<RulePath> Entry::path(std::string_view name) {
  auto found = expanded(name, {});
  return found ? std::optional(std::move(found->path)) : std::nullopt;
}

std::optional<Expanded> Entry::path_or_pattern(std::string_view name, Relative relative) {
  auto found = expanded(name, {.patterns = true, .relative = relative});
  if (!found || found->pattern.empty() || relative != Relative::BelowBase) return found;
  // Below the directory of the settings nobody has files to match: what is meant is another directory.
  const std::string& spelled = std::get<std::string>(field(name)->data);
  const bool in_a_file = in_.layer.kind == LayerKind::System || in_.layer.kind == LayerKind::User;
  if (!in_a_file || std::string_view("/~$").find(spelled.front()) != std::string_view::npos) return found;
  fail(field(name)->origin, refused_path(spelled, "it would look in " + escape_bytes(in_.context.base.text()),
                                         "begin it with ~/, / or $FENCE_WORKSPACE/"));
  return std::nullopt;
}

std::optional<HostPath> Entry::host_path(std::string_view name) {
  const std::optional<RulePath> found = path(name);
  return found ? without_workspace(name, *found) : std::nullopt;
}

std::optional<DeviceRule> Entry::host_path_or_pattern(std::string_view name) {
  const auto found = path_or_pattern(name);
  auto path = found ? without_workspace(name, found->path) : std::nullopt;
  if (!path) return std::nullopt;
  return DeviceRule{*std::move(path), found->pattern};
}

std::optional<HostPath> Entry::without_workspace(std::string_view name, const RulePath& path) {
  if (const auto* host = std::get_if<HostPath>(&path)) return *host;
  const Value& spelled = *field(name);
  fail(spelled.origin, refused_path(std::get<std::string>(spelled.data), "$FENCE_WORKSPACE has no meaning here"));
  return std::nullopt;
}

void Entry::wrong_field(std::string_view name, std::string_view expected, const Value& got) {
  fail(got.origin,
       {.what = in_quotes(name) + " must be " + std::string(expected) + ", not " + std::string(type_name(got))});
}

void Entry::fail(const Origin& origin, Error error) {
  error.kind = ErrorKind::Config;
  error.origin = origin;
  error.context.push_back("in " + std::string(in_.row.key));
  in_.errors.push_back(std::move(error));
  good_ = false;
}

bool Entry::finish() {
  if (table_ == nullptr) return good_;
  for (const ValueEntry& entry : *table_) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const auto meant = did_you_mean(entry.key, known_);
    fail(entry.origin, {.what = "an entry of " + std::string(in_.row.key) + " has no field " + in_quotes(entry.key),
                        .hint = meant ? "did you mean " + in_quotes(*meant) + "?" : std::string()});
  }
  return good_;
}

}  // namespace fence
