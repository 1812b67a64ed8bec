#include "expand.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "fence/util/glob.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kWorkspaceName = "FENCE_WORKSPACE";
constexpr std::string_view kLiteralHint = "for a name that has this character write {path = \"...\", literal = true}";

bool starts_name(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool continues_name(char c) noexcept { return starts_name(c) || (c >= '0' && c <= '9'); }

struct VariableUse {
  std::string_view name;
  std::size_t end = 0;  ///< where the text goes on
};

/// The variable at a '$'; nothing where no name follows.
std::optional<VariableUse> variable_at(std::string_view text, std::size_t dollar) {
  const bool braced = dollar + 1 < text.size() && text[dollar + 1] == '{';
  const std::size_t begin = dollar + (braced ? 2 : 1);
  std::size_t end = begin;
  while (end < text.size() && (end == begin ? starts_name(text[end]) : continues_name(text[end]))) ++end;
  if (end == begin) return std::nullopt;
  const std::string_view name = text.substr(begin, end - begin);
  if (!braced) return VariableUse{name, end};
  if (end == text.size() || text[end] != '}') return std::nullopt;
  return VariableUse{name, end + 1};
}

/// A text without "~" and "$" in it.
struct Substituted {
  std::string text;
  std::vector<std::size_t> pattern_bytes{};  ///< where in `text` a character of the spelling makes a pattern
  bool in_workspace = false;                 ///< `text` is below the workspace
};

/// Replaces "~" and variables.
class Substitution {
 public:
  Substitution(const Spelling& spelling, const ExpansionContext& context) : spelling_(spelling), context_(context) {}

  std::variant<Substituted, Unset, Error> run() {
    const std::string_view text = spelling_.text;
    if (!spelling_.patterns && has_pattern(text)) {
      return refused_path(text, "patterns have a meaning only in the path lists, tmpfs and devices.allow",
                          std::string(kLiteralHint));
    }
    std::size_t at = 0;
    if (text.starts_with('~')) {
      if (text.size() > 1 && text[1] != '/') {
        return refused_path(text, "\"~\" followed by a name is not supported", "write the path out");
      }
      if (context_.home.empty()) return Unset{"~"};
      out_.text = context_.home;
      at = 1;
    }
    while (at < text.size()) {
      if (text[at] != '$') {
        take(text[at++]);
        continue;
      }
      const auto use = variable_at(text, at);
      if (!use) return refused_path(text, "a \"$\" without a variable's name", std::string(kLiteralHint));
      if (auto refusal = put_variable(*use, at)) return *std::move(refusal);
      at = use->end;
    }
    return std::move(out_);
  }

 private:
  using Refusal = std::optional<std::variant<Substituted, Unset, Error>>;

  void take(char c) {
    if (has_pattern({&c, 1})) out_.pattern_bytes.push_back(out_.text.size());
    in_set_ = c != '/' && c != ']' && (in_set_ || c == '[');
    out_.text += c;
  }

  Refusal put_variable(const VariableUse& use, std::size_t at) {
    const std::string_view text = spelling_.text;
    if (in_set_) return refused_path(text, "a variable cannot stand between \"[\" and \"]\"");
    if (context_.binding) return put_binding(use);
    if (use.name == kWorkspaceName) {
      const bool first_component = at == 0 && (use.end == text.size() || text[use.end] == '/');
      if (!first_component) return refused_path(text, "$FENCE_WORKSPACE can only be the first component");
      out_.in_workspace = true;
      return std::nullopt;
    }
    const std::string* value = context_.variable ? context_.variable(use.name) : nullptr;
    if (value == nullptr || value->empty()) return Unset{"$" + std::string(use.name)};
    out_.text += *value;
    return std::nullopt;
  }

  Refusal put_binding(const VariableUse& use) {
    if (use.name != "HOME") {
      return refused_path(spelling_.text, "whoever is to be bound chooses what $" + std::string(use.name) + " is",
                          "write the path out, or begin it with ~/");
    }
    if (context_.home.empty()) return Unset{"~"};
    out_.text += context_.home;
    return std::nullopt;
  }

  const Spelling& spelling_;
  const ExpansionContext& context_;
  Substituted out_;
  bool in_set_ = false;
};

/// Takes the pattern off `path`: from the component on that has the first pattern character. Bytes that only look like
/// one become a set of themselves.
Result<std::string> take_pattern(Substituted& path) {
  if (path.pattern_bytes.empty()) return std::string();
  const std::size_t begin = path.text.rfind('/', path.pattern_bytes.front()) + 1;  // npos + 1 is 0
  std::string pattern = "/";
  for (std::size_t at = begin; at < path.text.size(); ++at) {
    const std::string byte = path.text.substr(at, 1);
    const bool meant = std::binary_search(path.pattern_bytes.begin(), path.pattern_bytes.end(), at);
    pattern += !meant && has_pattern(byte) ? "[" + byte + "]" : byte;
  }
  path.text.resize(begin);
  FENCE_TRY(const HostPath canonical, HostPath::parse(pattern));
  pattern = canonical.text().substr(1);
  if (auto fault = pattern_fault(pattern)) return Error{.why = *std::move(fault)};
  return pattern;
}

/// A relative path, taken apart.
struct RelativeParts {
  std::size_t up = 0;  ///< how many ".." stand in front
  std::string names;   ///< canonical, no leading slash; may be empty
};

Result<RelativeParts> relative_parts(std::string_view text) {
  RelativeParts parts;
  std::string below;
  for (const std::string& name : split(text, '/')) {
    if (name == ".." && below.empty()) {
      ++parts.up;
    } else if (!name.empty() && name != ".") {
      below += "/" + name;
    }
  }
  // A ".." that is left in `below` comes after a name: parse() refuses it.
  if (below.empty()) return parts;
  FENCE_TRY(const HostPath path, HostPath::parse(below));
  parts.names = HostPath::root().relative(path);
  return parts;
}

/// A relative path that must stay below what it is relative to.
Result<std::string> downward(std::string_view text) {
  FENCE_TRY(RelativeParts parts, relative_parts(text));
  if (parts.up > 0) return refused_path(text, "\"..\" leads out of the directory that it is meant for");
  return std::move(parts.names);
}

Result<RulePath> in_every_tree(std::string_view text, bool has_rest) {
  FENCE_TRY(std::string names, downward(text));
  if (names.empty() && !has_rest) return refused_path(text, "it names no path below a directory");
  return RulePath(InEveryWritableTree{std::move(names)});
}

Result<RulePath> below_base(std::string_view text, HostPath directory) {
  FENCE_TRY(const RelativeParts parts, relative_parts(text));
  const std::size_t depth = directory.components().size();
  for (std::size_t i = 0; i < std::min(parts.up, depth); ++i) directory = directory.parent();
  FENCE_TRY(HostPath path, HostPath::parse(directory.below(parts.names).text()));
  return RulePath(std::move(path));
}

/// `has_rest`: a pattern follows, so that `path` may name the directory itself.
Result<RulePath> place(const Substituted& path, bool has_rest, Relative relative, const ExpansionContext& context) {
  if (path.in_workspace) {
    FENCE_TRY(std::string names, downward(path.text));
    return RulePath(InWorkspace{std::move(names)});
  }
  if (path.text.empty() && !has_rest) return refused_path(path.text, "it is empty");
  if (path.text.starts_with('/')) {
    FENCE_TRY(HostPath absolute, HostPath::parse(path.text));
    return RulePath(std::move(absolute));
  }
  return relative == Relative::InEveryTree ? in_every_tree(path.text, has_rest) : below_base(path.text, context.base);
}

Result<Expanded> split_and_place(Substituted path, Relative relative, const ExpansionContext& context) {
  FENCE_TRY(std::string pattern, take_pattern(path));
  FENCE_TRY(RulePath placed, place(path, !pattern.empty(), relative, context));
  return Expanded{std::move(placed), std::move(pattern)};
}

}  // namespace

Error refused_path(std::string_view text, std::string why, std::string hint) {
  return Error{.kind = ErrorKind::Config,
               .what = "cannot use the path \"" + escape_bytes(text) + "\"",
               .why = std::move(why),
               .hint = std::move(hint)};
}

Error unset_error(std::string_view text, const Unset& unset) {
  if (unset.name == "~") return refused_path(text, "the home directory is not known", "set HOME");
  return refused_path(text, unset.name + " is not set", "add `optional = true` to skip the entry where it is not set");
}

std::variant<Expanded, Unset, Error> expand(const Spelling& spelling, const ExpansionContext& context) {
  using Outcome = std::variant<Expanded, Unset, Error>;
  const auto placed = [&](Substituted path) -> Outcome {
    auto result = split_and_place(std::move(path), spelling.relative, context);
    if (result) return *std::move(result);
    // Under the name that the user gave.
    Error error = std::move(result).error();
    error.what = refused_path(spelling.text, {}).what;
    return error;
  };
  if (spelling.literal) return placed({.text = std::string(spelling.text)});
  return std::visit(Overloaded{
                        placed,
                        [](const Unset& unset) -> Outcome { return unset; },
                        [](const Error& error) -> Outcome { return error; },
                    },
                    Substitution(spelling, context).run());
}

Result<RulePath> expand_path(std::string_view text, const ExpansionContext& context) {
  return std::visit(Overloaded{
                        [](Expanded expanded) -> Result<RulePath> { return std::move(expanded.path); },
                        [&](const Unset& unset) -> Result<RulePath> { return unset_error(text, unset); },
                        [](Error error) -> Result<RulePath> { return error; },
                    },
                    expand({.text = text}, context));
}

}  // namespace fence
