#pragma once
// Looks at paths, in this process: any of them may wait for ever.
#include <utility>
#include <vector>

#include "classify.h"
#include "fence/facts/facts.h"
#include "looks.h"

namespace fence {

/// Who may have written a text that is read.
struct Ownership {
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t mode = 0;
  bool read_only = false;  ///< the mount that it lies on is
};
using Trust = bool (*)(const Ownership& file, const CallerFacts& caller);
bool from_anybody(const Ownership& file, const CallerFacts& caller);
/// Whoever can write the settings decides what the sandbox hides: the caller and root may. In a user namespace that has
/// no uid 0, as in another sandbox, nobody's owner is known; there a read-only mount says that only who made it may.
bool from_caller_or_root(const Ownership& file, const CallerFacts& caller);

/// Adds what queries ask for to facts; what is known stays as it is.
class PathProber {
 public:
  PathProber(HostFacts& facts, Looks& looks) : facts_(facts), looks_(looks) {}

  /// Records every prefix of `path` as lstat(2) sees it, and under their own keys all that its links lead to.
  void add_path(const HostPath& path);
  /// Lists the directory and adds each entry as a path.
  void add_listing(const HostPath& path);
  /// The text of a regular file that `trust` holds for (else EPERM); nothing but paths is recorded.
  TextFact read_text(const HostPath& path, Trust trust);
  /// What was added to facts.paths since this was called last, in that order.
  using NewPaths = std::vector<const std::pair<const HostPath, PathFact>*>;
  NewPaths take_new() { return std::exchange(new_, {}); }

 private:
  /// Nothing can be looked up any more: what lstat(2) would say of every path from here.
  struct DeadEnd {
    PathFact fact;
  };
  /// Where a walk is: in a directory that has no link in its path, or at its end.
  using Position = std::variant<HostPath, DeadEnd>;

  const PathFact& fact_at(const HostPath& path);
  PathFact fact_below(const Position& position, const std::string& name);
  Position step(const Position& position, const std::string& name);
  Position follow(const HostPath& directory, const std::string& target);
  ListingFact list(const HostPath& path);
  ListingFact list_directory(const HostPath& path);
  TextFact read_regular(const HostPath& path, Trust trust);

  HostFacts& facts_;
  Looks& looks_;
  NewPaths new_;
  DirectoryCursor cursor_;
  HostPath walked_;         ///< no component of it is a link, and the facts have all of them
  int links_followed_ = 0;  ///< in the walk of one query
};

}  // namespace fence
