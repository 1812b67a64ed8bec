#pragma once
// Questions and answers between fence and the process that looks at paths for it, as bytes. Both ends are one program
// of one build: numbers stand as they are in memory, and what cannot be read is a broken invariant
// (std::runtime_error).
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fence/facts/facts.h"

namespace fence::wire {

struct Request {
  std::set<HostPath> paths, listings, texts;
  std::vector<HostPath> programs;  ///< looked at in that order, until one is a trusted_program()
  std::set<GlobQuery> globs;
  std::optional<HostPath> settings;     ///< a text that only the caller and root may have written
  std::uint64_t walk_entries = 0;       ///< bound of the walk for `globs`
  std::uint64_t walk_milliseconds = 0;  ///< what is left of its time
  friend bool operator==(const Request&, const Request&) = default;
};

/// What was found out for a request, and was not known before.
struct Answer {
  std::vector<std::pair<HostPath, PathFact>> paths;  ///< as they were met: sorting them is for who needs it
  std::map<HostPath, ListingFact> listings;
  std::map<HostPath, TextFact> texts;
  std::map<GlobQuery, GlobFact> globs;
  std::optional<TextFact> settings;
  friend bool operator==(const Answer&, const Answer&) = default;
};

std::string encode(const Request& request);
std::string encode(const Answer& answer);
Request decode_request(std::string_view bytes);
Answer decode_answer(std::string_view bytes);

}  // namespace fence::wire
