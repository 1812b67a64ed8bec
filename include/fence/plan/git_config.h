#pragma once
// git's configuration format (git-config(1), "CONFIGURATION FILE"), read as git reads it: what fence protects depends
// on it.
#include <string>
#include <string_view>
#include <vector>

namespace fence {

/// One variable: `[section "subsection"] key = value`.
struct GitConfigEntry {
  std::string section;     ///< lower case; empty before the first section, where git takes variables too
  std::string subsection;  ///< as written; case counts
  std::string key;         ///< lower case
  std::string value;       ///< quotes, escapes and continuation lines resolved; empty for a key alone
  friend bool operator==(const GitConfigEntry&, const GitConfigEntry&) = default;
};

/// All variables, in order. Total: what git would refuse as a syntax error ends the reading there, as for git nothing
/// after it counts.
std::vector<GitConfigEntry> parse_git_config(std::string_view text);

}  // namespace fence
