#pragma once
// What both files of wishes write to: the list, and the words for what cannot be had.
#include <cerrno>

#include "fence/plan/path_class.h"
#include "fence/plan/wishes.h"
#include "fence/util/text.h"

namespace fence {

inline std::string shown(const HostPath& path) { return escape_bytes(path.text()); }

/// Where a missing path would be, with the links before it followed.
inline SandboxPath missing_place(const Missing& missing) { return same_inside(missing.missing.below(missing.rest)); }

class WishSink {
 public:
  WishSink(const Workspace& workspace, FactLens& lens) : workspace_(workspace), lens_(lens) {}

  [[nodiscard]] FactLens& lens() { return lens_; }
  [[nodiscard]] const Workspace& workspace() const { return workspace_; }
  [[nodiscard]] WishList& list() { return out_; }

  void fail(const std::string& what, std::string why, const Origin& origin, std::string hint = {},
            ErrorKind kind = ErrorKind::Host) {
    Error error{kind, what, std::move(why)};
    error.origin = origin;
    error.hint = std::move(hint);
    out_.errors.push_back(std::move(error));
  }

  void remark(RemarkKind kind, std::string text, const Origin& origin) {
    out_.remarks.push_back({kind, std::move(text), origin});
  }

  // The host path that a rule's path means here; none where "$FENCE_WORKSPACE" means nothing. A restriction holds also
  // in a workspace that another rule hides: something else may show a part of it.
  std::optional<HostPath> place_of(const RulePath& path, bool restricts) const {
    const std::optional<HostPath>& root = workspace_.root || !restricts ? workspace_.root : workspace_.hidden;
    return std::visit(
        Overloaded{
            [](const HostPath& host) { return std::optional(host); },
            [&](const InWorkspace& in) { return root ? std::optional(root->below(in.relative)) : std::nullopt; },
            [](const InEveryWritableTree&) { return std::optional<HostPath>(); },
        },
        path);
  }

  // Reports why a path cannot be had, unless the rule says that it may be missing.
  void unresolved(const std::string& what, const Resolution& resolution, bool optional, const Origin& origin) {
    std::visit(Overloaded{
                   [](const Found&) {},
                   [&](const Missing& missing) {
                     if (optional) return;
                     std::string why = missing.not_a_directory ? shown(missing.deepest) + " is not a directory"
                                                               : "no such file or directory";
                     if (!missing.links.empty()) why += " (" + chain_text(missing.links) + ")";
                     fail(what, std::move(why), origin,
                          origin.layer == LayerKind::CommandLine
                              ? "check the spelling, or make it first"
                              : "add `optional = true` to skip it when it is missing");
                   },
                   [&](const Refused& refused) { refuse(what, refused, origin); },
                   [&](const Loop& loop) {
                     fail(what, "too many levels of symbolic links (" + chain_text(loop.links) + ")", origin,
                          "name the file itself");
                   },
               },
               resolution);
  }

  // Reports a place that could not be looked at. `errno_value` lets whoever prints tell the reasons apart.
  void refuse(const std::string& what, const Refused& refused, const Origin& origin) {
    const bool stalled = refused.errno_value == ETIMEDOUT;
    fail(what, refusal_text(lens_.host(), refused.at, refused.errno_value), origin,
         stalled ? std::string(kStalledHint) + ", or remove the rule; lookTimeout sets how long fence waits"
                 : "fence looks at paths as you, and may not look there");
    out_.errors.back().errno_value = refused.errno_value;
  }

  void add_links(const std::vector<LinkStep>& links, const Origin& origin) {
    for (const LinkStep& step : links) out_.links.push_back({same_inside(step.link), step.target, origin});
  }

  template <class T>
  void add(Wish wish, const Ranked<T>& rule) {
    wish.rank = rule.rank;
    wish.origin = rule.origin;
    wish.enforced = rule.enforced;
    if constexpr (requires { rule.value.why; }) wish.why = rule.value.why;
    if constexpr (requires { rule.value.optional; }) wish.optional = rule.value.optional;
    out_.wishes.push_back(std::move(wish));
  }

 private:
  const Workspace& workspace_;
  FactLens& lens_;
  WishList out_;
};

/// A pattern where it was met.
struct AskedPattern {
  std::string_view key;  ///< "filesystem.denyRead"
  const HostPath& base;
  const std::string& pattern;
  bool grants = false;           ///< that nothing matches is an error
  bool optional = false;         ///< it is none
  bool base_must_exist = false;  ///< that there is no directory to look in is an error, unless optional
  const Origin& origin;
};
/// What it matches, put into the plan; nothing, and an error, where that cannot be known.
std::vector<HostPath> expand_pattern(const AskedPattern& asked, WishSink& sink);

/// Scratch directories, binds and devices.
void collect_mount_wishes(const Policy& policy, WishSink& sink);

}  // namespace fence
