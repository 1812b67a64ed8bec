// What patterns match: asked of the host, and put into the plan.
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

void refuse_closed(const std::string& what, const HostPath& directory, const Origin& origin, WishSink& sink) {
  if (find_stalled(sink.lens().host(), directory) != nullptr) {
    sink.refuse(what, {directory, ETIMEDOUT, {}}, origin);
    return;
  }
  sink.fail(what, "the names in " + shown(directory) + " cannot be listed, and something in it may match", origin,
            "allow its listing (chmod u+r), begin the pattern elsewhere, or name the paths in it one by one");
}

}  // namespace

std::vector<HostPath> expand_pattern(const AskedPattern& asked, WishSink& sink) {
  const std::string text = joined(asked.base, asked.pattern);
  const std::string what = "cannot expand the pattern " + escape_bytes(text);
  const GlobFact& fact = sink.lens().glob({asked.base, asked.pattern});
  if (const auto* bound = std::get_if<WalkBound>(&fact)) {
    refuse_bound(what, *bound, asked.origin, sink);
    return {};
  }
  const auto& globbed = std::get<Globbed>(fact);
  for (const HostPath& directory : globbed.closed) refuse_closed(what, directory, asked.origin, sink);
  if (globbed.matches.empty() && globbed.closed.empty()) {
    if (asked.grants && !asked.optional) {
      sink.fail(what, "nothing matches", asked.origin, "check the spelling, or add `optional = true`");
    } else {
      sink.remark(RemarkKind::Unneeded, "nothing matches " + escape_bytes(text), asked.origin);
    }
  }
  sink.list().patterns.push_back({std::string(asked.key), text, globbed.matches, asked.origin});
  return globbed.matches;
}

}  // namespace fence
