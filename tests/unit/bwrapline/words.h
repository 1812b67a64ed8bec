#pragma once
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "fence/bwrapline/parse.h"

namespace fence::bwrapline {

using Files = std::map<int, std::string>;

/// The words, with descriptors that say what `files` has; any other is none.
inline Parsed parse_words(const std::vector<std::string>& words, const Files& files = {},
                          std::vector<std::string> environment = {}) {
  return parse(words, std::move(environment), [&files](int fd) -> Result<std::string, int> {
    const auto at = files.find(fd);
    if (at == files.end()) return EBADF;
    return at->second;
  });
}

inline Invocation invocation(const std::vector<std::string>& words, const Files& files = {},
                             std::vector<std::string> environment = {}) {
  const Parsed parsed = parse_words(words, files, std::move(environment));
  const auto* const found = std::get_if<Invocation>(&parsed.outcome);
  return found == nullptr ? Invocation{} : *found;
}

/// What was refused; empty: nothing.
inline std::string refusal(const std::vector<std::string>& words, const Files& files = {}) {
  const Parsed parsed = parse_words(words, files);
  const auto* const found = std::get_if<Message>(&parsed.outcome);
  return found == nullptr ? "" : found->text;
}

/// A file of words for --args.
inline std::string file_of(const std::vector<std::string>& words) {
  std::string bytes;
  for (const std::string& word : words) bytes.append(word).push_back('\0');
  return bytes;
}

}  // namespace fence::bwrapline
