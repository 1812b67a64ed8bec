#pragma once
// Absolute paths in canonical spelling, one type for each side of the sandbox wall.
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fence/util/result.h"

namespace fence {

/// The longest path that a system call takes, its NUL not counted (PATH_MAX is 4096, limits.h).
inline constexpr std::size_t kMaxPathBytes = 4095;
/// The longest single name (NAME_MAX of every common Linux file system).
inline constexpr std::size_t kMaxNameBytes = 255;

/// Compares two canonical paths component by component, so that a directory's subtree is contiguous
/// and a parent precedes its children ("/b" < "/b/c" < "/b-1"; by bytes '-' would sort before '/').
std::strong_ordering compare_paths(std::string_view a, std::string_view b) noexcept;

/// True where `inner` is `outer` or lies below it; both canonical.
bool path_contains(std::string_view outer, std::string_view inner) noexcept;

/// True where no system call takes the canonical `path`: it, or a name in it, is too long (ENAMETOOLONG).
bool path_too_long(std::string_view path) noexcept;

/// The canonical spelling of `text`: absolute, no empty or "." component, no final slash. Fails on a
/// relative or empty path, on "..", on NUL, and on what is longer than kMaxPathBytes or has a name longer
/// than kMaxNameBytes. Any other byte is allowed: names are bytes.
Result<std::string> canonical_path(std::string_view text);

/// An absolute path in canonical spelling; parse() is the only way in, but for the root.
/// HostPath and SandboxPath are two types, so that one cannot be passed where the other is meant.
template <class Side>
class AbsPath {
 public:
  /// The root.
  AbsPath() : text_("/") {}
  static Result<AbsPath> parse(std::string_view text) {
    FENCE_TRY(std::string canonical, canonical_path(text));
    return AbsPath(std::move(canonical));
  }
  static AbsPath root() { return {}; }
  /// The same spelling as a path of the other side. Like that of child(), the result may be too long.
  template <class OtherSide>
  static AbsPath same_as(const AbsPath<OtherSide>& other) {
    return AbsPath(other.text());
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool is_root() const noexcept { return text_.size() == 1; }
  /// The last component; "" for the root.
  [[nodiscard]] std::string_view name() const noexcept { return std::string_view(text_).substr(text_.rfind('/') + 1); }
  /// The directory above; the root is its own parent.
  [[nodiscard]] AbsPath parent() const {
    const auto slash = text_.rfind('/');
    return slash == 0 ? root() : AbsPath(text_.substr(0, slash));
  }
  /// This path with one more component. Precondition: `name` is a single valid component. The result may be
  /// too long (path_too_long); whoever hands it to the kernel gets ENAMETOOLONG.
  [[nodiscard]] AbsPath child(std::string_view name) const {
    std::string text;
    text.reserve(text_.size() + 1 + name.size());
    if (!is_root()) text = text_;
    return AbsPath(std::move(text.append(1, '/').append(name)));
  }
  /// The path `relative` ("a/b", canonical) below this one; "" gives this path.
  [[nodiscard]] AbsPath below(std::string_view relative) const { return relative.empty() ? *this : child(relative); }
  /// True where `other` is this path or lies below it.
  [[nodiscard]] bool contains(const AbsPath& other) const noexcept { return path_contains(text_, other.text_); }
  /// What must be appended to this path to reach `inner`: "" or "a/b". Precondition: contains(inner).
  [[nodiscard]] std::string_view relative(const AbsPath& inner) const noexcept {
    std::string_view rest = std::string_view(inner.text_).substr(is_root() ? 0 : text_.size());
    if (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
    return rest;
  }
  /// The components, outermost first; none for the root.
  [[nodiscard]] std::vector<std::string> components() const {
    std::vector<std::string> out;
    for (std::size_t at = 1; at < text_.size();) {
      const auto slash = text_.find('/', at);
      out.push_back(text_.substr(at, slash == std::string::npos ? slash : slash - at));
      if (slash == std::string::npos) break;
      at = slash + 1;
    }
    return out;
  }

  friend bool operator==(const AbsPath&, const AbsPath&) = default;
  friend std::strong_ordering operator<=>(const AbsPath& a, const AbsPath& b) noexcept {
    return compare_paths(a.text_, b.text_);
  }

 private:
  explicit AbsPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct HostSide;
struct SandboxSide;
using HostPath = AbsPath<HostSide>;        ///< a path as the host sees it
using SandboxPath = AbsPath<SandboxSide>;  ///< a path as the command will see it

/// The same spelling on the other side: most of a plan shows a host path under its own name.
inline SandboxPath same_inside(const HostPath& path) { return SandboxPath::same_as(path); }
inline HostPath same_outside(const SandboxPath& path) { return HostPath::same_as(path); }

/// For maps that are only looked up in: to compare two neighbours takes longer than to hash one.
struct PathHash {
  template <class Side>
  std::size_t operator()(const AbsPath<Side>& path) const noexcept {
    return std::hash<std::string>()(path.text());
  }
};

}  // namespace fence
