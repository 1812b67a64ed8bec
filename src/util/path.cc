#include "fence/util/path.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "fence/util/text.h"

namespace fence {
namespace {

/// A byte's rank in a path: '/' comes before every byte that a name may hold (NUL is in no name).
unsigned char rank(char c) noexcept { return c == '/' ? 0 : static_cast<unsigned char>(c); }

std::uint64_t word_at(std::string_view text, std::size_t at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

/// The place in memory of the first byte that is not 0; there is one.
std::size_t first_set_byte(std::uint64_t word) noexcept {
  const int zeros = std::endian::native == std::endian::little ? std::countr_zero(word) : std::countl_zero(word);
  return static_cast<std::size_t>(zeros) / 8;
}

/// Of an absolute path: no empty, "." or ".." name. That of the root is empty.
bool is_canonical(std::string_view text) noexcept {
  for (std::size_t at = 1; at <= text.size();) {
    const std::string_view name = text.substr(at, text.find('/', at) - at);
    if (name.empty() || name == "." || name == "..") return false;
    at += name.size() + 1;
  }
  return true;
}

/// A path for a message: escaped, and cut where it would fill the screen.
std::string shown(std::string_view text) {
  constexpr std::size_t kShownBytes = 200;
  if (text.size() <= kShownBytes) return "\"" + escape_bytes(text) + "\"";
  return "\"" + escape_bytes(text.substr(0, kShownBytes)) + "\"...";
}

Error bad_path(std::string_view text, std::string why, int errno_value) {
  return Error{.kind = ErrorKind::Config,
               .what = "cannot use the path " + shown(text),
               .why = std::move(why),
               .errno_value = errno_value};
}

}  // namespace

std::strong_ordering compare_paths(std::string_view a, std::string_view b) noexcept {
  // Neighbours in a map share most of their bytes: those are gone over a word at a time.
  const std::size_t common = std::min(a.size(), b.size());
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= common; at += sizeof(std::uint64_t)) {
    const std::uint64_t different = word_at(a, at) ^ word_at(b, at);
    if (different == 0) continue;
    at += first_set_byte(different);
    return rank(a[at]) <=> rank(b[at]);
  }
  while (at < common && a[at] == b[at]) ++at;
  return at < common ? rank(a[at]) <=> rank(b[at]) : a.size() <=> b.size();
}

bool path_contains(std::string_view outer, std::string_view inner) noexcept {
  if (outer == "/") return true;
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

bool path_too_long(std::string_view path) noexcept {
  if (path.size() > kMaxPathBytes) return true;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    if (name.size() > kMaxNameBytes) return true;
    path.remove_prefix(std::min(name.size() + 1, path.size()));
  }
  return false;
}

Result<std::string> canonical_path(std::string_view text) {
  if (text.empty()) return bad_path(text, "it is empty", ENOENT);
  if (text.front() != '/') return bad_path(text, "it is not absolute", EINVAL);
  if (text.find('\0') != std::string_view::npos) return bad_path(text, "it has a NUL byte in it", EINVAL);
  if (is_canonical(text) && !path_too_long(text)) return std::string(text);
  std::string out;
  for (const std::string& name : split(text, '/')) {
    if (name.empty() || name == ".") continue;
    if (name == "..") return bad_path(text, "\"..\" means another place when a link comes before it", EINVAL);
    if (name.size() > kMaxNameBytes) {
      return bad_path(text, "a name in it is longer than " + std::to_string(kMaxNameBytes) + " bytes", ENAMETOOLONG);
    }
    out += "/" + name;
  }
  if (out.empty()) out = "/";
  if (out.size() > kMaxPathBytes) {
    return bad_path(text, "it is longer than " + std::to_string(kMaxPathBytes) + " bytes", ENAMETOOLONG);
  }
  return out;
}

}  // namespace fence
