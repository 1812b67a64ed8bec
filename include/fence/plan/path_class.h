#pragma once
// What a grant of a path means, by what is there (policy.md, "Path classes").
#include <array>
#include <string>
#include <string_view>
#include <variant>

#include "fence/facts/facts.h"
#include "fence/policy/policy.h"

namespace fence {

/// The path is bound.
struct Granted {};
/// Bound, but never writable.
struct GrantedReadOnly {
  std::string why;
};
/// A feature of the sandbox already gives it; binding the host's would break it.
struct Covered {
  std::string why;
};
/// It cannot be granted this way.
struct NotGrantable {
  std::string why;
  std::string hint;
};
using GrantClass = std::variant<Granted, GrantedReadOnly, Covered, NotGrantable>;

/// Judges a path by its name alone, before links are followed: /dev, /proc and what is below are features of the
/// sandbox, and their links (/dev/stdin, /proc/self) mean nothing outside it. Nothing where the name says nothing.
std::optional<GrantClass> class_by_name(const HostPath& path);

/// As class_by_name, for a sandbox without namespaces: its /proc is the host's, read-only, and of /dev it has the
/// host's nodes of kSharedNodes.
std::optional<GrantClass> class_by_name_without_namespaces(const HostPath& path, PathList list);

/// Names of nodes in /dev that every private /dev has and that lead to nothing of the host's, and the caller's own
/// terminal.
inline constexpr std::array<std::string_view, 6> kSharedNodes = {"full", "null", "random", "tty", "urandom", "zero"};

/// Judges what is at `path`.
GrantClass class_of(const HostPath& path, const Present& fact, PathList list);

/// True for the names that every private /dev has: null, zero, tty, pts, shm, ...
bool in_private_dev(const HostPath& path) noexcept;

}  // namespace fence
