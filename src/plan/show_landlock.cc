#include "show_landlock.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "fence/util/landlock.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// Rights that go together; a word stands for all of them that are handled.
struct RightGroup {
  std::string_view word;
  std::uint64_t rights;
};
constexpr std::array kRightGroups = {
    RightGroup{"read", landlock::kExecute | landlock::kReadFile | landlock::kReadDir},
    RightGroup{"write", landlock::kWriteFile | landlock::kTruncate | landlock::kRefer},
    RightGroup{"make and remove", landlock::kMaking},
};

}  // namespace

std::vector<std::string> landlock_right_names(std::uint64_t rights) {
  std::vector<std::string> names;
  for (const landlock::Bit& right : landlock::kRights) {
    if ((rights & right.bit) != 0) names.emplace_back(right.name);
  }
  return names;
}

std::string landlock_right_words(std::uint64_t rights, std::uint64_t handled) {
  if (rights == handled) return "all";
  std::vector<std::string> words;
  for (const RightGroup& group : kRightGroups) {
    const std::uint64_t whole = group.rights & handled;
    if (whole == 0 || (rights & whole) != whole) continue;
    words.emplace_back(group.word);
    rights &= ~whole;
  }
  std::ranges::move(landlock_right_names(rights), std::back_inserter(words));
  return join_words(words, ", ");
}

}  // namespace fence
