#include "parse.h"

#include <algorithm>
#include <charconv>

#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kBlanks = " \t";

/// Takes the next word off `line`; "" at its end.
std::string_view take_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

template <class Int>
std::optional<Int> whole(std::string_view text) noexcept {
  Int value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<IdExtent> parse_extent(std::string_view line) {
  const auto inside = whole<std::uint32_t>(take_word(line));
  const auto outside = whole<std::uint32_t>(take_word(line));
  const auto count = whole<std::uint32_t>(take_word(line));
  if (!inside || !outside || !count) return std::nullopt;
  return IdExtent{*inside, *outside, *count};
}

/// "Num: RefCount Protocol Flags Type St Inode Path": the path is the rest of the line and may have blanks in it.
std::optional<HostPath> parse_bound_socket(std::string_view line) {
  constexpr int kColumnsBeforePath = 7;
  for (int column = 0; column < kColumnsBeforePath; ++column) take_word(line);
  if (!line.starts_with(" /")) return std::nullopt;
  const Result<HostPath> path = HostPath::parse(line.substr(1));
  if (!path) return std::nullopt;
  return *path;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept { return whole<std::uint64_t>(text); }

std::vector<IdExtent> parse_id_map(std::string_view text) {
  std::vector<IdExtent> map;
  for (const std::string& line : split(text, '\n')) {
    if (const auto extent = parse_extent(line)) map.push_back(*extent);
  }
  return map;
}

std::vector<HostPath> parse_bound_sockets(std::string_view text) {
  std::vector<HostPath> sockets;
  for (const std::string& line : split(text, '\n')) {
    if (auto path = parse_bound_socket(line)) sockets.push_back(*std::move(path));
  }
  std::sort(sockets.begin(), sockets.end());
  sockets.erase(std::unique(sockets.begin(), sockets.end()), sockets.end());
  return sockets;
}

std::set<std::string> parse_help_options(std::string_view text) {
  std::set<std::string> options;
  for (const std::string& line : split(text, '\n')) {
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    if (word.starts_with("--") && word.size() > 2) options.emplace(word);
  }
  return options;
}

bool passwd_has_uid(std::string_view text, std::uint32_t uid) {
  constexpr std::size_t kUidField = 2;
  const std::vector<std::string> lines = split(text, '\n');
  return std::any_of(lines.begin(), lines.end(), [uid](const std::string& line) {
    const std::vector<std::string> fields = split(line, ':');
    return fields.size() > kUidField && whole<std::uint32_t>(fields[kUidField]) == uid;
  });
}

}  // namespace fence
