// Readers of the settings whose values are lists of entries, or a table of variables.
#include <array>

#include "entry.h"
#include "fence/util/text.h"
#include "readers.h"
#include "units.h"

namespace fence {
namespace {

constexpr std::uint32_t kMaxMode = 07777;

std::optional<std::uint64_t> read_size(Entry& entry) {
  constexpr std::string_view kExpected = "a number of bytes above 0, as in 65536 or \"64M\" (K, M, G)";
  const Value* value = entry.field("size");
  if (value == nullptr) return std::nullopt;
  std::optional<std::uint64_t> size;
  if (const auto* text = std::get_if<std::string>(&value->data)) size = bytes_of(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value->data); number != nullptr && *number > 0) {
    size = static_cast<std::uint64_t>(*number);
  }
  // tmpfs(5) takes 0 for "no limit".
  if (size && *size != 0) return size;
  entry.fail(value->origin, {.what = "\"size\" must be " + std::string(kExpected)});
  return std::nullopt;
}

std::uint32_t read_mode(Entry& entry, std::uint32_t otherwise) {
  const Value* value = entry.field("mode");
  if (value == nullptr) return otherwise;
  const auto* text = std::get_if<std::string>(&value->data);
  const auto mode = text == nullptr ? std::nullopt : parse_number(*text, 8);
  if (mode && *mode <= kMaxMode) return static_cast<std::uint32_t>(*mode);
  // 1777 without quotes would be a decimal number.
  entry.fail(value->origin, {.what = "\"mode\" must be permission bits as octal text, as in \"1777\""});
  return otherwise;
}

BindMode read_bind_mode(Entry& entry) {
  constexpr std::array kModes{Choice<BindMode>{"ro", BindMode::ReadOnly}, Choice<BindMode>{"rw", BindMode::ReadWrite},
                              Choice<BindMode>{"dev", BindMode::Device}};
  const Value* value = entry.field("mode");
  if (value == nullptr) return BindMode::ReadOnly;
  if (const auto* word = std::get_if<std::string>(&value->data)) {
    for (const auto& mode : kModes) {
      if (mode.word == *word) return mode.value;
    }
  }
  entry.fail(value->origin, {.what = "\"mode\" must be \"ro\", \"rw\" or \"dev\""});
  return BindMode::ReadOnly;
}

/// Why `name` cannot be the name of a variable, or be a pattern for such names; "" where it can.
std::string_view name_fault(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.find('=') != std::string_view::npos) return "a variable's name has no \"=\"";
  if (name.find('\0') != std::string_view::npos) return "it has a NUL byte in it";
  return "";
}

std::string_view variable_pattern_fault(std::string_view pattern) {
  if (pattern.find('[') != std::string_view::npos) return "patterns for names know only \"*\" and \"?\"";
  return name_fault(pattern);
}

}  // namespace

void read_paths(const Reading& in, PathList list) {
  const Relative relative = list == PathList::Protect ? Relative::InEveryTree : Relative::BelowBase;
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "path");
    const auto path = entry.path_or_pattern("path", relative);
    PathRule rule{.list = list, .optional = entry.flag("optional"), .why = entry.text_or_empty("why")};
    if (!entry.finish() || !path) return;
    rule.path = path->path;
    rule.pattern = path->pattern;
    in.layer.paths.push_back({std::move(rule), entry.origin()});
  });
}

void read_scratch(const Reading& in) {
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "path");
    const auto path = entry.path_or_pattern("path");
    ScratchRule rule{.size = read_size(entry),
                     .mode = read_mode(entry, ScratchRule{}.mode),
                     .optional = entry.flag("optional"),
                     .why = entry.text_or_empty("why")};
    if (!entry.finish() || !path) return;
    rule.path = path->path;
    rule.pattern = path->pattern;
    in.layer.scratch.push_back({std::move(rule), entry.origin()});
  });
}

void read_binds(const Reading& in) {
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "");
    const auto source = entry.host_path("source");
    const auto target = entry.host_path("target");
    const BindMode mode = read_bind_mode(entry);
    const bool optional = entry.flag("optional");
    if (!entry.finish() || !source || !target) return;
    in.layer.binds.push_back({{*source, same_inside(*target), mode, optional}, entry.origin()});
  });
}

void read_device_nodes(const Reading& in) {
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "path");
    const auto rule = entry.host_path_or_pattern("path");
    if (entry.finish() && rule) in.layer.device_nodes.push_back({*rule, entry.origin()});
  });
}

void read_patterns(const Reading& in, std::vector<Sourced<VariablePattern>>& patterns) {
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "name");
    const std::string* name = entry.required_text("name");
    const std::string why = entry.text_or_empty("why");
    if (const std::string_view fault = name ? variable_pattern_fault(*name) : ""; !fault.empty()) {
      entry.fail(entry.origin(),
                 {.what = "cannot use the pattern \"" + escape_bytes(*name) + "\"", .why = std::string(fault)});
    }
    if (entry.finish()) patterns.push_back({{*name, why}, entry.origin()});
  });
}

void read_calls(const Reading& in, std::vector<Sourced<CallRule>>& calls) {
  read_list(in, [&](const Value& element) {
    Entry entry(in, element, "name");
    const std::string* name = entry.required_text("name");
    const std::string why = entry.text_or_empty("why");
    if (entry.finish() && name != nullptr) calls.push_back({{*name, why}, entry.origin()});
  });
}

void read_variables(const Reading& in) {
  const auto* table = std::get_if<ValueTable>(&in.value.data);
  if (table == nullptr) return wrong_type(in);
  for (const ValueEntry& variable : *table) {
    const std::string shown = std::string(in.row.key) + "." + escape_bytes(variable.key);
    const auto* text = std::get_if<std::string>(&variable.value.data);
    if (const std::string_view fault = name_fault(variable.key); !fault.empty()) {
      report(in, variable.origin,
             "cannot set the variable \"" + escape_bytes(variable.key) + "\": " + std::string(fault));
    } else if (text == nullptr) {
      report(in, variable.value.origin, shown + " must be a string, not " + std::string(type_name(variable.value)));
    } else if (text->find('\0') != std::string::npos) {
      report(in, variable.value.origin, shown + " has a NUL byte in it");
    } else {
      in.layer.environment_set[variable.key] = {*text, variable.value.origin};
    }
  }
}

}  // namespace fence
