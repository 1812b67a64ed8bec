#include "fence/plan/enforce.h"

#include <algorithm>
#include <map>

#include "fence/util/text.h"

namespace fence {
namespace {

/// What is enforced at exactly one path of the host, and below it.
struct Floor {
  const Wish* hide = nullptr;
  const Wish* read_only = nullptr;
};
using Floors = std::map<HostPath, Floor>;

Floors floors_of(const std::vector<Wish>& wishes) {
  Floors floors;
  for (const Wish& wish : wishes) {
    if (!wish.enforced) continue;
    Floor& floor = floors[same_outside(wish.path)];
    (wish.content ? floor.hide : floor.read_only) = &wish;
  }
  return floors;
}

/// What holds at `path`: the nearest of each kind at or above it.
Floor floor_at(const Floors& floors, const HostPath& path) {
  Floor nearest;
  for (HostPath here = path;; here = here.parent()) {
    if (const auto found = floors.find(here); found != floors.end()) {
      if (nearest.hide == nullptr) nearest.hide = found->second.hide;
      if (nearest.read_only == nullptr) nearest.read_only = found->second.read_only;
    }
    if (here.is_root()) return nearest;
  }
}

class Enforcer {
 public:
  explicit Enforcer(WishList& list) : list_(list), floors_(floors_of(list.wishes)) {}

  void apply() {
    if (floors_.empty()) return;
    std::vector<Wish> kept;
    std::vector<Wish> aliases;
    for (const Wish& wish : list_.wishes) {
      if (auto left = restricted(wish)) {
        add_aliases(*left, aliases);
        kept.push_back(*std::move(left));
      }
    }
    // The floors point into the list: it is exchanged when they are no longer needed.
    std::ranges::move(aliases, std::back_inserter(kept));
    list_.wishes = std::move(kept);
  }

 private:
  std::optional<Wish> restricted(Wish wish) {
    const auto* shown = wish.content ? std::get_if<HostContent>(&*wish.content) : nullptr;
    if (shown == nullptr) return wish;
    const Floor floor = floor_at(floors_, shown->source);
    if (floor.hide != nullptr) {
      lost(wish, "show", *shown, *floor.hide);
      return std::nullopt;
    }
    if (floor.read_only != nullptr) {
      if (wish.writable.value_or(false)) lost(wish, "let the command write to", *shown, *floor.read_only);
      // Said of a read grant too: one inside of a writable bind would inherit what the bind allows.
      wish.writable = false;
    }
    return wish;
  }

  /// Under another name the host's files have the same floors.
  void add_aliases(const Wish& wish, std::vector<Wish>& aliases) const {
    const auto* shown = wish.content ? std::get_if<HostContent>(&*wish.content) : nullptr;
    if (shown == nullptr || same_inside(shown->source) == wish.path) return;
    for (auto at = floors_.lower_bound(shown->source); at != floors_.end() && shown->source.contains(at->first); ++at) {
      for (const Wish* floor : {at->second.hide, at->second.read_only}) {
        if (floor == nullptr) continue;
        Wish alias = *floor;
        alias.path = wish.path.below(shown->source.relative(at->first));
        aliases.push_back(std::move(alias));
      }
    }
  }

  void lost(const Wish& wish, std::string_view verb, const HostContent& shown, const Wish& floor) {
    const std::string what = std::string(verb) + " " + escape_bytes(shown.source.text());
    const std::string by = to_string(floor.origin);
    if (wish.origin.layer < LayerKind::User || wish.optional) {
      list_.remarks.push_back(
          {RemarkKind::Note, "does not " + what + ": " + by + " forbids it for everybody", wish.origin});
      return;
    }
    Error error{ErrorKind::Conflict, "cannot " + what, by + " forbids it for everybody"};
    error.origin = wish.origin;
    error.hint = "remove the rule; only who administers this machine can change that file";
    list_.errors.push_back(std::move(error));
  }

  WishList& list_;
  const Floors floors_;
};

}  // namespace

void apply_enforced(WishList& list) { Enforcer(list).apply(); }

}  // namespace fence
