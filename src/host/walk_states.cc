#include "walk_states.h"

#include <algorithm>

namespace fence {

WalkPattern walk_pattern(const GlobQuery& query) {
  WalkPattern pattern;
  for (std::string& name : query.base.components())
    pattern.components.push_back(ComponentPattern::literally(std::move(name)));
  pattern.base_size = pattern.components.size();
  std::ranges::move(parse_pattern(query.pattern), std::back_inserter(pattern.components));
  return pattern;
}

/// "**" matches no component too, so that what follows it can match as well; at the end of a pattern it matches one.
void WalkMatcher::add(WalkStates& states, WalkState state) const {
  states.push_back(state);
  while (!last(state) && component(state).any_depth()) {
    ++state.component;
    states.push_back(state);
  }
}

const WalkStates& WalkMatcher::start() {
  next_.clear();
  for (std::uint32_t i = 0; i < patterns_.size(); ++i) add(next_, {i, 0});
  take_complete();
  return next_;
}

const WalkStates& WalkMatcher::step(const WalkStates& states, std::string_view name, EntryKind kind) {
  next_.clear();
  for (const WalkState& state : states) {
    const ComponentPattern& expected = component(state);
    if (expected.any_depth()) {
      if (last(state)) {
        add(next_, {state.pattern, state.component + 1});
      } else if (kind == EntryKind::Directory) {
        add(next_, state);  // it follows no link
      }
    } else if (expected.matches(name)) {
      add(next_, {state.pattern, state.component + 1});
    }
  }
  take_complete();
  return next_;
}

void WalkMatcher::take_complete() {
  complete_.clear();
  if (next_.empty()) return;
  std::sort(next_.begin(), next_.end());
  next_.erase(std::unique(next_.begin(), next_.end()), next_.end());
  for (const WalkState& state : next_) {
    if (state.component == patterns_[state.pattern].components.size()) complete_.push_back(state.pattern);
  }
  if (complete_.empty()) return;
  std::erase_if(next_, [this](const WalkState& state) { return std::ranges::count(complete_, state.pattern) > 0; });
}

}  // namespace fence
