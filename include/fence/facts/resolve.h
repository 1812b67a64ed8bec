#pragma once
// Symbolic links, followed in values.
#include <variant>

#include "fence/facts/facts.h"

namespace fence {

/// Reads facts, and notes what was asked for but is not known, so that one code path both decides what to ask
/// and decides the plan. An unknown path reads as Absent; the caller throws its result away while wanted() is
/// not empty. A path that is too long for any system call (path_too_long) is never wanted and reads as
/// Unreadable, ENAMETOOLONG.
class FactLens {
 public:
  explicit FactLens(const HostFacts& facts) : facts_(facts) {}

  const PathFact& path(const HostPath& path);
  const ListingFact& listing(const HostPath& path);
  const TextFact& text(const HostPath& path);
  /// Reads as no match while unknown.
  const GlobFact& glob(const GlobQuery& query);
  /// Reads as given while unknown.
  const AbilityFact& ability(Ability ability);
  /// Reads as not installed while unknown.
  const std::optional<BwrapFacts>& bwrap();
  /// Reads as a host without control groups while unknown.
  const CgroupFacts& cgroups();
  /// Bounds for what is asked through this lens.
  void set_limits(const WalkLimits& walk, std::uint64_t look_milliseconds) noexcept;
  [[nodiscard]] const HostFacts& host() const noexcept { return facts_; }
  [[nodiscard]] const FactQueries& wanted() const noexcept { return wanted_; }

  /// A directory that resolve() came to, so that the next walk need not look at what is above it again: no component of
  /// it is a link, and all are known.
  [[nodiscard]] const HostPath& walked() const noexcept { return walked_; }
  void set_walked(HostPath directory) { walked_ = std::move(directory); }

 private:
  const HostFacts& facts_;
  HostPath walked_;
  FactQueries wanted_;
};

/// One link that was followed.
struct LinkStep {
  HostPath link;
  std::string target;
};

struct Found {
  HostPath real;  ///< where the walk ended: no component of it is a link
  Present fact;
  std::vector<LinkStep> links;  ///< followed on the way, in order
};
struct Missing {
  HostPath deepest;              ///< the last directory (or other thing) that exists, with no link in it
  HostPath missing;              ///< the first component that does not, or that needs a non-directory to be one
  std::string rest;              ///< what was still to come below `missing`; may be empty
  bool not_a_directory = false;  ///< `deepest` exists but is no directory (ENOTDIR)
  std::vector<LinkStep> links;
};
struct Refused {
  HostPath at;          ///< the component that could not be looked at
  int errno_value = 0;  ///< EACCES mostly
  std::vector<LinkStep> links;
};
struct Loop {
  std::vector<LinkStep> links;  ///< the chain, more than 40 steps long (MAXSYMLINKS) or through itself
};
using Resolution = std::variant<Found, Missing, Refused, Loop>;

/// Follows `path` through the facts as the kernel would: links, their "..", and at most 40 of them.
Resolution resolve(FactLens& lens, const HostPath& path);

/// Why `at` could not be looked at: the kernel's words, and for ETIMEDOUT the mount that does not answer.
std::string refusal_text(const HostFacts& facts, const HostPath& at, int errno_value);

/// "a -> b -> c": for messages.
std::string chain_text(const std::vector<LinkStep>& links);

}  // namespace fence
