#pragma once
// Path patterns: components separated by '/', of which each is "**" or a pattern for one name.
//
// '*' matches any bytes, '?' one byte, "[abc]", "[a-z]" and "[!abc]" (or "[^abc]") one byte of (or not of) a set; all
// of them match a leading dot too, as fnmatch(3) does without FNM_PERIOD: a rule that hides "*" means everything. A
// backslash stands for itself. "**" is a component of its own and matches any number of components, none included, but
// at the end of a pattern at least one ("a/**" is what is in a, and not a); it follows no link.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fence {

/// True where `text` has a character that makes a pattern of it: '*', '?' or '['.
bool has_pattern(std::string_view text) noexcept;

/// Why `pattern` ("**/*.pem", no leading slash) cannot be honoured, or nothing: "**" together with other characters in
/// a component, a '[' without its ']', an empty set or range, a named class ("[[:alpha:]]"), "." or "..", an empty
/// component, one longer than a name can be, a NUL byte.
std::optional<std::string> pattern_fault(std::string_view pattern);

/// One component of a pattern, made ready for matching many names.
class ComponentPattern {
 public:
  /// Precondition: pattern_fault() found nothing in the whole pattern.
  explicit ComponentPattern(std::string component);
  /// Matches that name only, whatever characters it has.
  static ComponentPattern literally(std::string name);

  /// "**".
  [[nodiscard]] bool any_depth() const noexcept { return shape_ == Shape::AnyDepth; }
  /// Has no pattern character: the only name that it matches is text().
  [[nodiscard]] bool literal() const noexcept { return shape_ == Shape::Literal; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// One name, never "" and without '/'. Precondition: !any_depth().
  [[nodiscard]] bool matches(std::string_view name) const noexcept;

 private:
  /// Most patterns that people write need no backtracking: "*.pem", ".env*".
  enum class Shape : std::uint8_t { General, Literal, Suffix, Prefix, AnyDepth };
  ComponentPattern(std::string text, Shape shape) : text_(std::move(text)), shape_(shape) {}

  std::string text_;
  Shape shape_ = Shape::General;
};

/// The components of a pattern, in order.
std::vector<ComponentPattern> parse_pattern(std::string_view pattern);

/// True where the relative path ("a/b/c", no link known) matches the whole pattern: what a walk finds, for tests and
/// for explaining.
bool pattern_matches(std::string_view pattern, std::string_view relative_path);

}  // namespace fence
