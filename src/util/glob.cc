#include "fence/util/glob.h"

#include <algorithm>
#include <cstddef>

#include "fence/util/path.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kSpecial = "*?[";
constexpr std::string_view kAnyDepth = "**";

unsigned char byte(char c) noexcept { return static_cast<unsigned char>(c); }

/// "[...]" at the start of a text: what is between the brackets, without the sign of negation.
struct ByteSet {
  std::string_view members;
  bool negated = false;
  std::size_t size = 0;  ///< of the whole, with its brackets; 0 where the closing one is missing

  [[nodiscard]] bool contains(char c) const noexcept {
    for (std::size_t at = 0; at < members.size();) {
      const std::size_t last = at + width(at) - 1;
      if (byte(members[at]) <= byte(c) && byte(c) <= byte(members[last])) return !negated;
      at = last + 1;
    }
    return negated;
  }
  /// How many bytes the member at `at` is written with.
  [[nodiscard]] std::size_t width(std::size_t at) const noexcept { return is_range(at) ? 3 : 1; }
  [[nodiscard]] bool is_range(std::size_t at) const noexcept {
    return at + 2 < members.size() && members[at + 1] == '-';
  }
};

/// Precondition: `text` starts with '['. A ']' that comes first is a member (as in sh and fnmatch(3)).
ByteSet take_set(std::string_view text) noexcept {
  ByteSet set;
  std::size_t start = 1;
  set.negated = start < text.size() && (text[start] == '!' || text[start] == '^');
  if (set.negated) ++start;
  const auto end = text.find(']', start + 1);
  if (end == std::string_view::npos) return set;
  set.members = text.substr(start, end - start);
  set.size = end + 1;
  return set;
}

/// How many bytes the first piece of a pattern takes there; 0 where it does not match the first byte of `name`.
/// Precondition: neither is empty, and the piece is no '*'.
std::size_t match_piece(std::string_view pattern, char c) noexcept {
  if (pattern.front() == '?') return 1;
  if (pattern.front() != '[') return pattern.front() == c ? 1 : 0;
  const ByteSet set = take_set(pattern);
  return set.contains(c) ? set.size : 0;
}

/// A '*' takes as little as it can, and one byte more each time that what follows it fails: only the last '*' is ever
/// tried again, since an earlier one could but take what the later one may take as well.
bool match_general(std::string_view pattern, std::string_view name) noexcept {
  std::string_view retry_pattern, retry_name;
  bool starred = false;
  while (!name.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      retry_pattern = pattern;
      retry_name = name;
      starred = true;
      continue;
    }
    const std::size_t taken = pattern.empty() ? 0 : match_piece(pattern, name.front());
    if (taken > 0) {
      pattern.remove_prefix(taken);
      name.remove_prefix(1);
      continue;
    }
    if (!starred) return false;
    retry_name.remove_prefix(1);
    pattern = retry_pattern;
    name = retry_name;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

std::optional<std::string> set_fault(const ByteSet& set, std::string_view text) {
  const std::string shown = escape_bytes(text);
  if (set.size == 0) {
    const bool empty = text == "[]" || text == "[!]" || text == "[^]";
    return empty ? "the set " + shown + " is empty" : "'[' in " + shown + " has no ']'";
  }
  for (const std::string_view named : {"[:", "[.", "[="}) {
    if (set.members.find(named) != std::string_view::npos) return "named classes as in " + shown + " are not known";
  }
  for (std::size_t at = 0; at < set.members.size(); at += set.width(at)) {
    if (set.is_range(at) && byte(set.members[at]) > byte(set.members[at + 2])) {
      return "the range " + escape_bytes(set.members.substr(at, 3)) + " is empty";
    }
  }
  return std::nullopt;
}

std::optional<std::string> component_fault(std::string_view component) {
  if (component.empty()) return "a name in it is empty ('//', or '/' at an end)";
  if (component == "." || component == "..") return "'" + std::string(component) + "' has no meaning in a pattern";
  if (component == kAnyDepth) return std::nullopt;
  if (component.find(kAnyDepth) != std::string_view::npos) {
    return "'**' stands together with other characters in " + escape_bytes(component) +
           "; it has to be a name of its own";
  }
  std::size_t shortest = 0;  ///< of the names that it matches
  for (std::size_t at = 0; at < component.size();) {
    if (component[at] != '*') ++shortest;
    if (component[at] != '[') {
      ++at;
      continue;
    }
    const ByteSet set = take_set(component.substr(at));
    if (auto fault = set_fault(set, component.substr(at))) return fault;
    at += set.size;
  }
  if (shortest > kMaxNameBytes) return "a name in it is longer than any file's name can be";
  return std::nullopt;
}

/// Which of the components can be next after each of a path's names. "**" matches no component too, so that what
/// follows it is next as well; at the end it matches one at least.
std::vector<bool> with_skipped(const std::vector<ComponentPattern>& components, std::vector<bool> next) {
  for (std::size_t i = 0; i + 1 < components.size(); ++i) {
    if (next[i] && components[i].any_depth()) next[i + 1] = true;
  }
  return next;
}

}  // namespace

bool has_pattern(std::string_view text) noexcept { return text.find_first_of(kSpecial) != std::string_view::npos; }

std::optional<std::string> pattern_fault(std::string_view pattern) {
  if (pattern.find('\0') != std::string_view::npos) return "it has a NUL byte";
  for (const std::string& component : split(pattern, '/')) {
    if (auto fault = component_fault(component)) return fault;
  }
  return std::nullopt;
}

ComponentPattern::ComponentPattern(std::string component) : text_(std::move(component)) {
  const std::string_view text = text_;
  if (text == kAnyDepth) {
    shape_ = Shape::AnyDepth;
  } else if (!has_pattern(text)) {
    shape_ = Shape::Literal;
  } else if (text.front() == '*' && !has_pattern(text.substr(1))) {
    shape_ = Shape::Suffix;
  } else if (text.back() == '*' && !has_pattern(text.substr(0, text.size() - 1))) {
    shape_ = Shape::Prefix;
  }
}

ComponentPattern ComponentPattern::literally(std::string name) { return {std::move(name), Shape::Literal}; }

bool ComponentPattern::matches(std::string_view name) const noexcept {
  const std::string_view text = text_;
  switch (shape_) {
    case Shape::AnyDepth:
      return true;
    case Shape::Literal:
      return name == text;
    case Shape::Suffix:
      return name.ends_with(text.substr(1));
    case Shape::Prefix:
      return name.starts_with(text.substr(0, text.size() - 1));
    case Shape::General:
      return match_general(text, name);
  }
  return false;
}

std::vector<ComponentPattern> parse_pattern(std::string_view pattern) {
  std::vector<ComponentPattern> components;
  for (std::string& component : split(pattern, '/')) components.emplace_back(std::move(component));
  return components;
}

bool pattern_matches(std::string_view pattern, std::string_view relative_path) {
  const std::vector<ComponentPattern> components = parse_pattern(pattern);
  std::vector<bool> next(components.size() + 1, false);
  next[0] = true;
  next = with_skipped(components, std::move(next));
  if (relative_path.empty()) return next.back();
  for (const std::string& name : split(relative_path, '/')) {
    std::vector<bool> after(next.size(), false);
    for (std::size_t i = 0; i < components.size(); ++i) {
      if (!next[i]) continue;
      const bool last = i + 1 == components.size();
      if (components[i].any_depth()) after[i] = true;
      if (components[i].any_depth() ? last : components[i].matches(name)) after[i + 1] = true;
    }
    next = with_skipped(components, std::move(after));
  }
  return next.back();
}

}  // namespace fence
