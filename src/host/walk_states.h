#pragma once
// Which patterns a walk can still match where it is, in values.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fence/facts/facts.h"
#include "fence/util/glob.h"

namespace fence {

/// A pattern that is looked for from the root: the components of its base, literally, and then its own.
struct WalkPattern {
  std::vector<ComponentPattern> components;
  std::size_t base_size = 0;  ///< how many of the components are the base's
  Globbed found{};
};
WalkPattern walk_pattern(const GlobQuery& query);

/// `component` of `pattern` is to be matched next.
struct WalkState {
  std::uint32_t pattern = 0, component = 0;
  friend bool operator==(const WalkState&, const WalkState&) = default;
  friend bool operator<(const WalkState& a, const WalkState& b) noexcept {
    return a.pattern == b.pattern ? a.component < b.component : a.pattern < b.pattern;
  }
};
using WalkStates = std::vector<WalkState>;

enum class EntryKind : std::uint8_t { Directory, Link, Other };

class WalkMatcher {
 public:
  explicit WalkMatcher(std::vector<WalkPattern> patterns) : patterns_(std::move(patterns)) {}

  /// What can match in the root; complete() are patterns that match the root itself.
  const WalkStates& start();
  /// What can match below `name` in a directory where `states` can match. Where whole patterns match `name` itself,
  /// they are put into `complete`, and nothing below it matters to them. The results are good until the next call.
  const WalkStates& step(const WalkStates& states, std::string_view name, EntryKind kind);
  [[nodiscard]] const std::vector<std::uint32_t>& complete() const noexcept { return complete_; }

  [[nodiscard]] const ComponentPattern& component(const WalkState& state) const {
    return patterns_[state.pattern].components[state.component];
  }
  [[nodiscard]] WalkPattern& pattern(std::uint32_t index) { return patterns_[index]; }

 private:
  /// True where nothing of the pattern follows this component, or all of it is behind.
  [[nodiscard]] bool last(const WalkState& state) const noexcept {
    return state.component + 1 >= patterns_[state.pattern].components.size();
  }
  void add(WalkStates& states, WalkState state) const;
  /// Takes the patterns out of next_ that have matched.
  void take_complete();

  std::vector<WalkPattern> patterns_;
  WalkStates next_;
  std::vector<std::uint32_t> complete_;
};

}  // namespace fence
