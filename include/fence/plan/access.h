#pragma once
// Wishes on paths, and which of them holds where: the longest prefix decides, in two dimensions.
//
// What is shown (content) and whether it may be written (write) are decided apart: allowRead speaks of the first only,
// denyWrite and protect of the second only, the others of both. For each dimension the deepest path with a wish
// decides; on one path the higher layer; in one layer the stricter wish.
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "fence/plan/plan.h"

namespace fence {

/// Nothing of the host is there.
struct HideContent {
  friend bool operator==(const HideContent&, const HideContent&) = default;
};
/// A private empty tmpfs.
struct ScratchContent {
  std::uint32_t mode = 0755;
  std::optional<std::uint64_t> size{};
  friend bool operator==(const ScratchContent&, const ScratchContent&) = default;
};
/// What the host has at `source`; for allowRead and allowWrite that is the path itself.
struct HostContent {
  HostPath source = HostPath::root();
  bool device = false;
  friend bool operator==(const HostContent&, const HostContent&) = default;
};
/// Ordered from the strictest to the loosest.
using Content = std::variant<HideContent, ScratchContent, HostContent>;

/// One wish on one path, links resolved.
struct Wish {
  SandboxPath path = SandboxPath::root();
  std::optional<Content> content{};
  std::optional<bool> writable{};
  bool protect = false;   ///< from `protect`: gives way to an allowWrite of exactly this path
  bool optional = false;  ///< where no mount point is, it falls away
  bool enforced = false;  ///< a restriction that no other wish loosens (enforce.h)
  int rank = 0;
  Origin origin{};
  std::string why{};
};

/// What holds at a path after the nearest nodes above it are taken into account.
struct Access {
  const Wish* content = nullptr;            ///< null: no wish, so nothing is shown
  const SandboxPath* content_at = nullptr;  ///< where `content` stands; null with it
  const Wish* write = nullptr;
  const SandboxPath* write_at = nullptr;

  [[nodiscard]] bool hidden() const noexcept;
  [[nodiscard]] bool scratch() const noexcept;
  /// The host's file that is shown at `path` (the one this was evaluated for); nothing where hidden or scratch.
  [[nodiscard]] std::optional<HostPath> host(const SandboxPath& path) const;
  /// Something of the host is shown, and it may be written.
  [[nodiscard]] bool writable_host() const noexcept;
};

/// What holds at exactly one path.
struct AccessNode {
  const Wish* content = nullptr;
  const Wish* write = nullptr;
  std::vector<const Wish*> overruled;  ///< losers on this path, in either dimension
  const SandboxPath* path = nullptr;   ///< its own
  const AccessNode* outer = nullptr;   ///< the nearest node above
  Access here{};                       ///< with those above taken into account

  /// What holds right above.
  [[nodiscard]] Access above() const { return outer == nullptr ? Access{} : outer->here; }
};

/// All wishes, by path. Pure.
class AccessTree {
 public:
  // The nodes point into the wishes: moving keeps the addresses, copying would not.
  AccessTree(AccessTree&&) = default;
  AccessTree& operator=(AccessTree&&) = default;
  AccessTree(const AccessTree&) = delete;
  AccessTree& operator=(const AccessTree&) = delete;
  ~AccessTree() = default;

  /// Errors: two different contents on one path in one layer (each names both places).
  static Result<AccessTree, Errors> build(std::vector<Wish> wishes);

  [[nodiscard]] Access at(const SandboxPath& path) const;
  /// Like at(path.parent()), but for the root, which has nothing above it.
  [[nodiscard]] Access above(const SandboxPath& path) const;
  [[nodiscard]] const std::map<SandboxPath, AccessNode>& nodes() const noexcept { return nodes_; }
  /// Why the wish that decides at a node won there.
  [[nodiscard]] static Decision decision(const AccessNode& node, const Wish& winner);

 private:
  AccessTree() = default;
  void connect();
  static Access access_in(const AccessNode* node, const SandboxPath& path);
  std::vector<Wish> wishes_;  // stable: nodes_ point into it
  std::map<SandboxPath, AccessNode> nodes_;
};

}  // namespace fence
