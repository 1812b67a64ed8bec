#include "fence/facts/resolve.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "fence/util/text.h"

namespace fence {
namespace {

/// How many links one walk may follow (MAXSYMLINKS, linux/namei.h); the next one is ELOOP (path_resolution(7)).
constexpr std::size_t kMaxLinks = 40;

/// A path that no system call takes is refused without being asked for: no answer could come.
template <class Known, class Fact>
const Fact& look_up(const Known& known, std::set<HostPath>& wanted, const HostPath& path, const Fact& unknown) {
  static const Fact kTooLong = Unreadable{ENAMETOOLONG};
  const auto found = known.find(path);
  if (found != known.end()) return found->second;
  if (path_too_long(path.text())) return kTooLong;
  wanted.insert(path);
  return unknown;
}

std::size_t leading_slashes(std::string_view text) noexcept {
  return std::min(text.find_first_not_of('/'), text.size());
}

std::string_view without_leading_slashes(std::string_view text) noexcept { return text.substr(leading_slashes(text)); }

std::string_view without_outer_slashes(std::string_view text) noexcept {
  text = without_leading_slashes(text);
  const auto last = text.find_last_not_of('/');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view first_name(std::string_view text) noexcept { return text.substr(0, text.find('/')); }

bool is_plain_name(std::string_view name) noexcept { return !name.empty() && name != "." && name != ".."; }

class Walk {
 public:
  Walk(FactLens& lens, const HostPath& path) : lens_(lens), directory_(lens.walked()) {
    while (!directory_.contains(path)) directory_ = directory_.parent();
    rest_ = directory_.relative(path);
  }

  Resolution run() {
    while (true) {
      rest_.erase(0, leading_slashes(rest_));
      std::optional<Resolution> end = rest_.empty() ? arrive() : step();
      if (!end) continue;
      lens_.set_walked(directory_);
      return *std::move(end);
    }
  }

 private:
  /// A link whose target is being walked, and how much text followed the link's name.
  struct Pending {
    HostPath link;
    std::size_t text_after = 0;
  };

  /// Takes one name off rest_; the end of the walk, or nothing while it goes on.
  std::optional<Resolution> step() {
    const std::string name(first_name(rest_));
    rest_.erase(0, name.size());
    if (name == ".") return std::nullopt;
    if (name == "..") {
      directory_ = directory_.parent();
      return std::nullopt;
    }
    const HostPath child = directory_.child(name);
    return std::visit(Overloaded{[&](const Present& fact) { return enter(child, fact); },
                                 [&](const Link& link) { return follow(child, link); },
                                 [&](const Absent&) -> std::optional<Resolution> { return missing_below(child); },
                                 [&](const Unreadable& fact) -> std::optional<Resolution> {
                                   return Refused{child, fact.errno_value, std::move(links_)};
                                 }},
                      classify(child));
  }

  /// Asks for the whole rest at once where it is unknown, so that a path costs one round and not one for each name.
  const PathFact& classify(const HostPath& child) {
    const auto& known = lens_.host().paths;
    if (const auto found = known.find(child); found != known.end()) return found->second;
    const Result<HostPath> whole = HostPath::parse(child.text() + rest_);
    return lens_.path(whole && !known.contains(*whole) ? *whole : child);
  }

  std::optional<Resolution> enter(const HostPath& child, const Present& fact) {
    // Any slash behind a name, the last one too, needs a directory (path_resolution(7)).
    if (fact.kind != PathKind::Directory && !rest_.empty()) return not_a_directory(child);
    if (fact.kind != PathKind::Directory) return Found{child, fact, std::move(links_)};
    directory_ = child;
    return std::nullopt;
  }

  std::optional<Resolution> follow(const HostPath& child, const Link& link) {
    while (!pending_.empty() && pending_.back().text_after > rest_.size()) pending_.pop_back();
    // A link met again while its own target is being walked will be met for ever.
    const bool through_itself =
        std::any_of(pending_.begin(), pending_.end(), [&](const Pending& open) { return open.link == child; });
    if (through_itself) return Loop{std::move(links_)};
    links_.push_back({child, link.target});
    if (links_.size() > kMaxLinks) return Loop{std::move(links_)};
    pending_.push_back({child, rest_.size()});
    if (link.target.starts_with('/')) directory_ = HostPath::root();
    rest_.insert(0, link.target);
    return std::nullopt;
  }

  Resolution missing_below(const HostPath& child) {
    return Missing{directory_, child, std::string(without_outer_slashes(rest_)), false, std::move(links_)};
  }

  Resolution not_a_directory(const HostPath& file) {
    const std::string_view rest = without_outer_slashes(rest_);
    const std::string_view next = first_name(rest);
    if (!is_plain_name(next)) return Missing{file, file, std::string(rest), true, std::move(links_)};
    const std::string_view below = without_leading_slashes(rest.substr(next.size()));
    return Missing{file, file.child(next), std::string(below), true, std::move(links_)};
  }

  Resolution arrive() {
    return std::visit(Overloaded{[&](const Present& fact) -> Resolution {
                                   return Found{directory_, fact, std::move(links_)};
                                 },
                                 [&](const Link&) -> Resolution {
                                   return Refused{directory_, ELOOP, std::move(links_)};
                                 },
                                 [&](const Absent&) -> Resolution { return missing_below(directory_); },
                                 [&](const Unreadable& fact) -> Resolution {
                                   return Refused{directory_, fact.errno_value, std::move(links_)};
                                 }},
                      lens_.path(directory_));
  }

  FactLens& lens_;
  HostPath directory_;  ///< reached so far; no link in it
  std::string rest_;    ///< text that is still to be walked
  std::vector<LinkStep> links_;
  std::vector<Pending> pending_;
};

/// True where the target's own text names `next`, so that the two need not be written twice.
bool leads_straight_to(const LinkStep& step, const HostPath& next) {
  const bool absolute = step.target.starts_with('/');
  const Result<HostPath> target =
      HostPath::parse(absolute ? step.target : step.link.parent().text() + "/" + step.target);
  return target && *target == next;
}

}  // namespace

const PathFact& FactLens::path(const HostPath& path) {
  static const PathFact kUnknown = Absent{};
  return look_up(facts_.paths, wanted_.paths, path, kUnknown);
}

const ListingFact& FactLens::listing(const HostPath& path) {
  static const ListingFact kUnknown = Unreadable{ENOENT};
  return look_up(facts_.listings, wanted_.listings, path, kUnknown);
}

const TextFact& FactLens::text(const HostPath& path) {
  static const TextFact kUnknown = Absent{};
  return look_up(facts_.texts, wanted_.texts, path, kUnknown);
}

const GlobFact& FactLens::glob(const GlobQuery& query) {
  static const GlobFact kUnknown = Globbed{};
  const auto found = facts_.globs.find(query);
  if (found != facts_.globs.end()) return found->second;
  // No system call takes such a base, so nothing is below it.
  if (path_too_long(query.base.text())) return kUnknown;
  wanted_.globs.insert(query);
  return kUnknown;
}

const AbilityFact& FactLens::ability(Ability ability) {
  static const AbilityFact kUnknown = AbilityGiven{};
  const auto found = facts_.abilities.find(ability);
  if (found != facts_.abilities.end()) return found->second;
  wanted_.abilities.insert(ability);
  return kUnknown;
}

const std::optional<BwrapFacts>& FactLens::bwrap() {
  wanted_.bwrap = !facts_.bwrap_known;
  return facts_.bwrap;
}

const CgroupFacts& FactLens::cgroups() {
  static const CgroupFacts kUnknown;
  if (facts_.cgroups) return *facts_.cgroups;
  wanted_.cgroups = true;
  return kUnknown;
}

void FactLens::set_limits(const WalkLimits& walk, std::uint64_t look_milliseconds) noexcept {
  wanted_.walk_limits = walk;
  wanted_.look_milliseconds = look_milliseconds;
}

Resolution resolve(FactLens& lens, const HostPath& path) { return Walk(lens, path).run(); }

std::string refusal_text(const HostFacts& facts, const HostPath& at, int errno_value) {
  const auto* stalled = errno_value == ETIMEDOUT ? find_stalled(facts, at) : nullptr;
  const std::string name = escape_bytes(at.text());
  if (stalled == nullptr) return errno_text(errno_value) + " at " + name;
  const std::string mount = escape_bytes(stalled->first.text());
  return "no answer at " + name + " from the " + escape_bytes(stalled->second.type) + " file system (" +
         escape_bytes(stalled->second.source) + ")" + (mount == name ? "" : " mounted on " + mount);
}

std::string chain_text(const std::vector<LinkStep>& links) {
  std::string out;
  for (std::size_t i = 0; i < links.size(); ++i) {
    out += escape_bytes(links[i].link.text()) + " -> ";
    const bool last = i + 1 == links.size();
    if (!last && leads_straight_to(links[i], links[i + 1].link)) continue;
    out += escape_bytes(links[i].target);
    if (!last) out += ", ";
  }
  return out;
}

}  // namespace fence
