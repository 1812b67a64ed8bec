// What patterns match: asked of the host, and put into the plan.
#include <algorithm>

#include "wish_sink.h"

namespace fence {
namespace {

std::string joined(const HostPath& base, const std::string& pattern) {
  return (base.is_root() ? "" : base.text()) + "/" + pattern;
}

void refuse_bound(const std::string& what, const WalkBound& bound, const Origin& origin, WishSink& sink) {
  const bool entries = bound.which == WalkBound::Which::Entries;
  sink.fail(what,
            std::string(entries ? "too many names" : "it took too long") + ": " + std::to_string(bound.entries) +
                " were looked at, and the end was not reached (in " + shown(bound.at) + ")",
            origin,
            std::string("begin the pattern with a deeper directory, or raise ") +
                (entries ? "globs.maxEntries" : "globs.maxSeconds"),
            ErrorKind::Config);
}

void refuse_closed(const std::string& what, const std::vector<HostPath>& directories, const Origin& origin,
                   WishSink& sink) {
  const HostPath& first = directories.front();
  if (find_stalled(sink.lens().host(), first) != nullptr) {
    sink.refuse(what, {first, ETIMEDOUT, {}}, origin);
    return;
  }
  const std::string others =
      directories.size() == 1 ? "" : " and in " + std::to_string(directories.size() - 1) + " other directories";
  sink.fail(what, "the names in " + shown(first) + others + " cannot be looked through, and something there may match",
            origin, "allow it (chmod u+rx, as the owner), or begin the pattern elsewhere");
}

}  // namespace

std::vector<HostPath> matches_of(FactLens& lens, const HostPath& base, const std::string& pattern) {
  const auto* globbed = std::get_if<Globbed>(&lens.glob({base, pattern}));
  if (globbed == nullptr) return {};
  std::vector<HostPath> matches = globbed->matches;
  const HostPath spelled = base.below(pattern);
  const Resolution resolution = resolve(lens, spelled);
  const auto place = std::ranges::lower_bound(matches, spelled);
  const bool known = place != matches.end() && *place == spelled;
  if (!known && std::holds_alternative<Found>(resolution)) matches.insert(place, spelled);
  return matches;
}

std::vector<HostPath> expand_pattern(const AskedPattern& asked, WishSink& sink) {
  const std::string text = joined(asked.base, asked.pattern);
  const std::string what = "cannot expand the pattern " + escape_bytes(text);
  const GlobFact& fact = sink.lens().glob({asked.base, asked.pattern});
  if (const auto* bound = std::get_if<WalkBound>(&fact)) {
    refuse_bound(what, *bound, asked.origin, sink);
    return {};
  }
  const auto& globbed = std::get<Globbed>(fact);
  if (!globbed.closed.empty()) refuse_closed(what, globbed.closed, asked.origin, sink);
  std::vector<HostPath> matches = matches_of(sink.lens(), asked.base, asked.pattern);
  if (matches.empty() && globbed.closed.empty()) {
    const Resolution base = resolve(sink.lens(), asked.base);
    if (asked.base_must_exist && !asked.optional && !std::holds_alternative<Found>(base)) {
      sink.unresolved(what, base, false, asked.origin);
    } else if (asked.grants && !asked.optional) {
      sink.fail(what, "nothing matches", asked.origin, "check the spelling, or add `optional = true`");
    } else {
      sink.remark(RemarkKind::Unneeded, "nothing matches " + escape_bytes(text), asked.origin);
    }
  }
  sink.list().patterns.push_back({std::string(asked.key), text, matches, asked.origin});
  return matches;
}

}  // namespace fence
