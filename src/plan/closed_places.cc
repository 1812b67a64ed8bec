// What cannot be looked at cannot be restricted.
#include <algorithm>
#include <cerrno>

#include "fence/plan/wishes.h"
#include "fence/util/text.h"

namespace fence {
namespace {

bool is_own(const HostPath& path, FactLens& lens) {
  const auto* fact = std::get_if<Present>(&lens.path(path));
  return fact != nullptr && fact->uid == lens.host().caller.uid;
}

bool is_written(const WishList& wishes, const HostPath& path) {
  return std::ranges::any_of(wishes.wishes, [&](const Wish& wish) {
    const auto* host = wish.content ? std::get_if<HostContent>(&*wish.content) : nullptr;
    return host != nullptr && wish.writable.value_or(false) && host->source.contains(path);
  });
}

}  // namespace

// What refuses fence refuses the command as well, unless it is the file system that does not answer now, or a
// directory of the caller's own in a writable tree: a command that ran before may have taken the permission away, and
// can give it back.
Errors closed_places(const WishList& wishes, FactLens& lens) {
  Errors errors;
  for (const ClosedPlace& place : wishes.closed) {
    const bool stalled = place.errno_value == ETIMEDOUT;
    if (!stalled && !(is_own(place.closed, lens) && is_written(wishes, place.closed))) continue;
    Error error{ErrorKind::Host, "cannot " + place.what, refusal_text(lens.host(), place.at, place.errno_value),
                place.errno_value};
    error.origin = place.origin;
    error.hint = stalled ? std::string(kStalledHint) + "; lookTimeout sets how long fence waits"
                         : "the command could change that: chmod u+rx " + shell_quote(place.closed.text());
    errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace fence
