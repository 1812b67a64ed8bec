#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "abilities.h"
#include "basics.h"
#include "bwrap_probe.h"
#include "cgroups.h"
#include "children.h"
#include "fence/facts/resolve.h"
#include "fence/host/probe.h"
#include "files.h"
#include "parse.h"
#include "scout.h"

namespace fence {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint64_t kShortestLook = 50;  ///< milliseconds
/// A scout that ends by itself is a bug, or was killed by somebody who may have meant it.
constexpr int kMostUnexpectedEnds = 3;

wire::Request request_of(const FactQueries& queries, const HostFacts& facts) {
  wire::Request request{.paths = queries.paths,
                        .listings = queries.listings,
                        .texts = queries.texts,
                        .globs = queries.globs,
                        .walk_entries = queries.walk_limits.entries};
  // No system call takes such a path, so no fact holds it.
  for (std::set<HostPath>* paths : {&request.paths, &request.listings, &request.texts}) {
    std::erase_if(*paths, [](const HostPath& path) { return path_too_long(path.text()); });
  }
  std::erase_if(request.listings, [&](const HostPath& path) { return facts.listings.contains(path); });
  std::erase_if(request.texts, [&](const HostPath& path) { return facts.texts.contains(path); });
  std::erase_if(request.globs, [&](const GlobQuery& query) { return facts.globs.contains(query); });
  return request;
}

/// Settings that were meant to be there and are not, as when the disk that they lie on is not mounted.
bool is_behind_dangling_link(const HostPath& path, const HostFacts& facts) {
  FactLens lens(facts);
  const Resolution resolution = resolve(lens, path);
  const auto* missing = std::get_if<Missing>(&resolution);
  return missing != nullptr && std::ranges::any_of(missing->links, [&](const LinkStep& step) {
           return std::holds_alternative<Missing>(resolve(lens, step.link));
         });
}

void record_stalled(const HostPath& at, HostFacts& facts) {
  const auto mounts = parse_mountinfo(read_system_file("/proc/self/mountinfo"));
  const MountRow* mount = mount_of(mounts, at);
  // What is known to stall, and was looked at all the same, is not the mount that it seems to be on.
  if (mount == nullptr || facts.stalled.contains(mount->point)) {
    facts.stalled.emplace(at, StalledMount{});
  } else {
    facts.stalled.emplace(mount->point, StalledMount{mount->type, mount->source});
  }
}

}  // namespace

class HostProber::Impl {
 public:
  explicit Impl(WalkProgress told) : progress_(std::move(told)) {}

  /// Adds what is found to `facts`, all but the text of the settings.
  std::optional<TextFact> ask(wire::Request request, const FactQueries& limits, HostFacts& facts) {
    const Clock::time_point walk_end = Clock::now() + std::chrono::seconds(limits.walk_limits.seconds);
    for (int ends = 0; ends < kMostUnexpectedEnds;) {
      const auto left = std::chrono::duration_cast<milliseconds>(walk_end - Clock::now());
      request.walk_milliseconds = static_cast<std::uint64_t>(std::max<milliseconds::rep>(0, left.count()));
      ScoutOutcome outcome = scout_for(facts).ask(request, look_time(limits.look_milliseconds), progress_);
      if (auto* answer = std::get_if<wire::Answer>(&outcome)) return add(std::move(*answer), facts);
      rest();
      if (const auto* abandoned = std::get_if<Abandoned>(&outcome)) {
        ++abandoned_;
        record_stalled(abandoned->at, facts);
      } else {
        ++ends;
      }
    }
    throw ProbeFailure(
        {.kind = ErrorKind::Host,
         .what = "cannot look at this host",
         .why = "the process that looks at paths was killed " + std::to_string(kMostUnexpectedEnds) + " times",
         .hint = "who kills fence's processes: the kernel, for memory (dmesg), or a watchdog?"});
  }

  const std::optional<BwrapFacts>& bwrap(HostFacts& facts) {
    if (std::exchange(facts.bwrap_known, true)) return facts.bwrap;
    const std::vector<HostPath> places = bwrap_places(facts.environment);
    ask({.programs = places}, {}, facts);
    facts.bwrap = probe_bwrap(facts, places);
    return facts.bwrap;
  }

  void rest() { scout_.reset(); }

 private:
  Scout& scout_for(HostFacts& facts) {
    if (scout_ && facts.paths.size() != known_paths_) rest();
    if (!scout_) scout_.emplace(facts);
    return *scout_;
  }

  std::optional<TextFact> add(wire::Answer answer, HostFacts& facts) {
    facts.paths.reserve(facts.paths.size() + answer.paths.size());
    for (auto& [path, fact] : answer.paths) facts.paths.emplace(std::move(path), std::move(fact));
    facts.listings.merge(answer.listings);
    facts.texts.merge(answer.texts);
    facts.globs.merge(answer.globs);
    known_paths_ = facts.paths.size();
    return std::move(answer.settings);
  }

  [[nodiscard]] milliseconds look_time(std::uint64_t first) const {
    std::uint64_t time = first;
    for (int i = 0; i < abandoned_ && time > kShortestLook; ++i) time = std::max(time / 2, kShortestLook);
    return milliseconds(time);
  }

  WalkProgress progress_;
  std::optional<Scout> scout_;
  std::size_t known_paths_ = 0;  ///< how many the scout knows
  int abandoned_ = 0;            ///< looks
};

HostProber::HostProber(WalkProgress progress) : impl_(std::make_unique<Impl>(std::move(progress))) {}
HostProber::~HostProber() = default;

HostFacts HostProber::basics() { return probe_basics(); }

void HostProber::answer(const FactQueries& queries, HostFacts& facts) {
  std::vector<Ability> untried;
  for (const Ability ability : queries.abilities) {
    if (facts.abilities.contains(ability)) continue;
    if (auto asked = ask_ability(ability)) {
      facts.abilities.emplace(ability, *std::move(asked));
    } else {
      untried.push_back(ability);
    }
  }
  // The first beside the looks, which take as long; one at a time, since namespaces may be limited to few.
  const KeepZombies keep;
  std::optional<AbilityTry> trying;
  if (!untried.empty()) trying.emplace(untried.front());
  const wire::Request request = request_of(queries, facts);
  if (request != wire::Request{.walk_entries = request.walk_entries}) impl_->ask(request, queries, facts);
  const FindBwrap find_bwrap = [&]() -> const std::optional<BwrapFacts>& { return impl_->bwrap(facts); };
  if (queries.bwrap) find_bwrap();
  if (queries.cgroups && !facts.cgroups) facts.cgroups = probe_cgroups();
  for (const Ability ability : untried) {
    if (!trying) trying.emplace(ability);
    facts.abilities.emplace(ability, trying->result(find_bwrap));
    trying.reset();
  }
  add_sysctls_of_lacking(facts);
}

TextFact HostProber::read_settings_text(const HostPath& path, HostFacts& facts) {
  TextFact text = impl_->ask({.settings = path}, {}, facts).value_or(Absent{});
  if (std::holds_alternative<Absent>(text) && is_behind_dangling_link(path, facts)) text = Unreadable{ENOENT};
  return facts.texts.insert_or_assign(path, std::move(text)).first->second;
}

void HostProber::rest() { impl_->rest(); }

}  // namespace fence
