#include "fence/plan/git_config.h"

#include <optional>

namespace fence {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool key_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  }

  std::vector<GitConfigEntry> read() && {
    while (skip_space() && one()) {
    }
    return std::move(entries_);
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return text_[at_]; }

  // Past white space and comments; false at the end.
  bool skip_space() {
    while (!at_end()) {
      if (peek() == '#' || peek() == ';') {
        skip_line();
      } else if (blank(peek()) || peek() == '\n') {
        ++at_;
      } else {
        return true;
      }
    }
    return false;
  }

  void skip_line() {
    while (!at_end() && peek() != '\n') ++at_;
  }

  // A section's head or a variable; false where git would stop.
  bool one() { return peek() == '[' ? head() : variable(); }

  bool head() {
    ++at_;
    section_.clear();
    subsection_.clear();
    while (!at_end() && (key_byte(peek()) || peek() == '.')) section_ += lower(text_[at_++]);
    while (!at_end() && blank(peek())) ++at_;
    if (!at_end() && peek() == '"' && !quoted_subsection()) return false;
    // The old form [section.subsection] is lower case as a whole.
    if (const auto dot = section_.find('.'); dot != std::string::npos) {
      subsection_ = section_.substr(dot + 1);
      section_.resize(dot);
    }
    if (at_end() || peek() != ']') return false;
    ++at_;
    return true;
  }

  bool quoted_subsection() {
    for (++at_; !at_end() && peek() != '"'; ++at_) {
      if (peek() == '\n') return false;
      if (peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      subsection_ += peek();
    }
    if (at_end()) return false;
    ++at_;
    return true;
  }

  bool variable() {
    GitConfigEntry entry{section_, subsection_, {}, {}};
    while (!at_end() && key_byte(peek())) entry.key += lower(text_[at_++]);
    while (!at_end() && blank(peek())) ++at_;
    if (entry.key.empty()) return false;
    if (!at_end() && peek() == '=') {
      ++at_;
      auto value = this->value();
      if (!value) return false;
      entry.value = *std::move(value);
    } else if (!at_end() && peek() != '\n' && peek() != '#' && peek() != ';') {
      return false;
    }
    entries_.push_back(std::move(entry));
    return true;
  }

  // To the end of the line: white space at both ends dropped, quotes removed, escapes and continuations resolved.
  std::optional<std::string> value() {
    std::string result;
    std::string spaces;  // kept only if something follows
    bool quoted = false;
    for (; !at_end(); ++at_) {
      const char c = peek();
      if (c == '\n') return quoted ? std::nullopt : std::optional(result);
      if (!quoted && (c == '#' || c == ';')) {
        skip_line();
        return result;
      }
      if (!quoted && blank(c)) {
        if (!result.empty()) spaces += c;
        continue;
      }
      if (c == '"') {
        result += spaces;
        spaces.clear();
        quoted = !quoted;
        continue;
      }
      result += spaces;
      spaces.clear();
      if (c != '\\') {
        result += c;
      } else if (!escape(result)) {
        return std::nullopt;
      }
    }
    return quoted ? std::nullopt : std::optional(result);
  }

  bool escape(std::string& result) {
    if (++at_ >= text_.size()) return false;
    switch (peek()) {
      case '\n':
        return true;
      case '\r':
        return at_ + 1 < text_.size() && text_[++at_] == '\n';
      case 't':
        result += '\t';
        return true;
      case 'b':
        result += '\b';
        return true;
      case 'n':
        result += '\n';
        return true;
      case '\\':
      case '"':
        result += peek();
        return true;
      default:
        return false;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string section_, subsection_;
  std::vector<GitConfigEntry> entries_;
};

}  // namespace

std::vector<GitConfigEntry> parse_git_config(std::string_view text) { return Reader(text).read(); }

}  // namespace fence
