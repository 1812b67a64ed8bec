#include "walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "classify.h"
#include "fence/facts/resolve.h"
#include "fence/util/fd.h"
#include "path_prober.h"
#include "walk_states.h"

namespace fence {
namespace {

using Clock = std::chrono::steady_clock;

/// More levels than most trees have; what lies above the last of them is opened again by name when it is needed.
constexpr std::size_t kMostOpenLevels = 64;
constexpr std::size_t kListingBytes = 64U << 10;

/// A name below which something can match.
struct Child {
  std::string name;
  EntryKind kind = EntryKind::Directory;
  WalkStates states;
};

/// A directory that the walk is in.
struct Level {
  HostPath spelled;  ///< as matches are spelled
  HostPath real;     ///< without links
  UniqueFd fd;
  std::uint64_t device = 0;
  WalkStates states;
  std::vector<Child> children;  ///< still to be entered, in reverse
};

bool is_entered_from_outside(FsKind kind) noexcept {
  switch (kind) {
    case FsKind::DevPts:
    case FsKind::ProcFs:
    case FsKind::SysFs:
    case FsKind::CgroupFs:
      return false;
    case FsKind::Ordinary:
    case FsKind::Tmpfs:
    case FsKind::Network:
      return true;
  }
  return true;
}

bool is_gone(int errno_value) noexcept {
  return errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ELOOP;
}

std::uint64_t device_of(int fd) {
  struct statx status {};
  // What is known of it already: no question to a server.
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) != 0) return 0;
  return (std::uint64_t{status.stx_dev_major} << 32U) | status.stx_dev_minor;
}

/// An O_PATH descriptor of a directory needs no permission of its own; to look a name up in it does.
bool is_searchable(int fd) {
  struct stat status {};
  return ::fstatat(fd, ".", &status, 0) == 0;
}

std::optional<EntryKind> kind_of_type(unsigned char type) noexcept {
  if (type == DT_UNKNOWN) return std::nullopt;
  if (type == DT_DIR) return EntryKind::Directory;
  return type == DT_LNK ? EntryKind::Link : EntryKind::Other;
}

class Walk {
 public:
  Walk(std::vector<WalkPattern> patterns, std::uint64_t most_entries, Clock::time_point deadline, Looks& looks)
      : matcher_(std::move(patterns)),
        most_entries_(most_entries),
        deadline_(deadline),
        looks_(looks),
        links_(link_facts_, looks),
        listing_(kListingBytes) {}

  std::optional<WalkBound> run() {
    enter_root();
    while (!levels_.empty() && !bound_) next_child();
    return bound_;
  }
  WalkMatcher& matcher() { return matcher_; }

 private:
  // ---- entering directories -----------------------------------------------------------------------------------

  void enter_root() {
    Level root{.states = matcher_.start()};
    for (const std::uint32_t pattern : matcher_.complete()) add_match(pattern, HostPath::root());
    if (root.states.empty()) return;
    if (!looks_.begin(root.real)) return close_to(root.states, root.spelled);
    root.fd.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    root.device = device_of(root.fd.get());
    look_into(std::move(root));
  }

  void next_child() {
    Level& parent = levels_.back();
    if (parent.children.empty()) return levels_.pop_back();
    const Child child = std::move(parent.children.back());
    parent.children.pop_back();
    enter(child);
  }

  void enter(const Child& child) {
    const std::size_t depth = levels_.size();
    Level level{.spelled = levels_.back().spelled.child(child.name), .states = child.states};
    // Reached name by name it can be read all the same.
    if (path_too_long(level.spelled.text())) return close_to(level.states, levels_.back().spelled);
    if (child.kind == EntryKind::Link) {
      const Resolution target = resolve_link(levels_.back().real.child(child.name));
      const auto* refused = std::get_if<Refused>(&target);
      if (refused != nullptr && (refused->errno_value != EACCES || is_own(refused->at.parent()))) {
        close_to(level.states, level.spelled);
      }
      const auto* found = std::get_if<Found>(&target);
      if (found == nullptr || found->fact.kind != PathKind::Directory) return;
      level.real = found->real;
    } else {
      level.real = levels_.back().real.child(child.name);
      if (path_too_long(level.real.text())) return close_to(level.states, levels_.back().spelled);
    }
    if (!looks_.begin(level.real)) return close_to(level.states, level.spelled);
    Result<UniqueFd, Errno> fd = open_child(child, level.real);
    if (!fd) {
      const bool unreachable = fd.error().value == EACCES && !is_own(levels_.back().fd.get());
      if (!unreachable && !is_gone(fd.error().value)) close_to(level.states, level.spelled);
      return;
    }
    level.fd = *std::move(fd);
    level.device = device_of(level.fd.get());
    if (level.device != levels_.back().device) leave_out_special(level, depth);
    if (!level.states.empty()) look_into(std::move(level));
  }

  Result<UniqueFd, Errno> open_child(const Child& child, const HostPath& real) {
    constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (child.kind == EntryKind::Link) return open_without_links(cursor_, real, O_PATH | O_DIRECTORY);
    Level& parent = levels_.back();
    if (!parent.fd) parent.fd.reset(::open(parent.real.text().c_str(), kFlags));
    if (!parent.fd) return Errno{errno};
    UniqueFd fd(::openat(parent.fd.get(), child.name.c_str(), kFlags));
    if (!fd) return Errno{errno};
    return fd;
  }

  /// What its owner's permission is missing for, its owner can open again: the command may be the same user.
  static bool is_own(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && status.st_uid == ::geteuid();
  }

  bool is_own(const HostPath& path) {
    if (!looks_.begin(path)) return true;
    struct stat status {};
    return ::stat(path.text().c_str(), &status) == 0 && status.st_uid == ::geteuid();
  }

  Resolution resolve_link(const HostPath& link) {
    if (path_too_long(link.text())) return Loop{};
    links_.add_path(link);
    FactLens lens(link_facts_);
    return resolve(lens, link);
  }

  /// `depth` is the level's number of components: as deep as a pattern's base the base itself leads here.
  void leave_out_special(Level& level, std::size_t depth) {
    struct statfs fs {};
    if (::fstatfs(level.fd.get(), &fs) != 0) return;
    if (is_entered_from_outside(fs_kind_of(static_cast<std::uint32_t>(fs.f_type)))) return;
    std::erase_if(level.states, [&](const WalkState& s) { return matcher_.pattern(s.pattern).base_size < depth; });
  }

  // ---- looking at names ---------------------------------------------------------------------------------------

  void look_into(Level level) {
    const bool lists = std::ranges::any_of(level.states, [&](auto& s) { return !matcher_.component(s).literal(); });
    if (!lists || !list(level)) look_up(level);
    std::ranges::reverse(level.children);
    if (levels_.size() >= kMostOpenLevels) levels_[levels_.size() - kMostOpenLevels].fd.reset();
    if (!level.children.empty()) levels_.push_back(std::move(level));
  }

  /// False where the directory cannot be listed.
  bool list(Level& level) {
    const UniqueFd fd(::openat(level.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) {
      const bool refused = errno == EACCES;
      if (is_gone(errno)) return true;
      if (refused && !is_searchable(level.fd.get())) {
        if (is_own(level.fd.get())) close_to(level.states, level.spelled);
        level.states.clear();
        return false;
      }
      close_listed(level);
      std::erase_if(level.states, [&](const WalkState& s) { return !matcher_.component(s).literal(); });
      return false;
    }
    while (!bound_) {
      looks_.go_on();
      const ssize_t size = ::getdents64(fd.get(), listing_.data(), listing_.size());
      if (size == 0 || (size < 0 && errno == ENOENT)) return true;
      if (size < 0) {
        close_listed(level);
        return true;
      }
      take_listing(level, static_cast<std::size_t>(size));
    }
    return true;
  }

  void take_listing(Level& level, std::size_t size) {
    std::uint64_t entries = 0;
    for (std::size_t at = 0; at < size;) {
      // The kernel writes whole records, each aligned (getdents(2)).
      const auto* entry = reinterpret_cast<const dirent64*>(listing_.data() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      ++entries;
      if (const auto kind = kind_of_type(entry->d_type)) {
        take_name(level, name, *kind);
      } else if (const auto asked = ask_kind(level, name)) {
        take_name(level, name, *asked);
      }
    }
    count(entries, level);
  }

  /// Each of the names that patterns spell out.
  void look_up(Level& level) {
    std::vector<std::string_view> names;
    for (const WalkState& state : level.states) {
      if (matcher_.component(state).literal()) names.push_back(matcher_.component(state).text());
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string_view name : names) {
      count(1, level);
      if (const auto kind = ask_kind(level, name)) take_name(level, name, *kind);
    }
  }

  std::optional<EntryKind> ask_kind(const Level& level, std::string_view name) {
    const HostPath path = level.real.child(name);
    if (path_too_long(path.text())) return EntryKind::Directory;
    // A directory that is not asked now is closed when it is to be entered.
    if (!looks_.begin(path)) return EntryKind::Directory;
    struct stat status {};
    if (::fstatat(level.fd.get(), std::string(name).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (is_gone(errno) || (errno == EACCES && !is_own(level.fd.get()))) return std::nullopt;
      return EntryKind::Directory;
    }
    if (S_ISLNK(status.st_mode)) return EntryKind::Link;
    return S_ISDIR(status.st_mode) ? EntryKind::Directory : EntryKind::Other;
  }

  void take_name(Level& level, std::string_view name, EntryKind kind) {
    const WalkStates& below = matcher_.step(level.states, name, kind);
    for (const std::uint32_t pattern : matcher_.complete()) add_match(pattern, level.spelled.child(name));
    if (!below.empty() && kind != EntryKind::Other) level.children.push_back({std::string(name), kind, below});
  }

  // ---- results ------------------------------------------------------------------------------------------------

  void add_match(std::uint32_t pattern, HostPath path) {
    Globbed& found = matcher_.pattern(pattern).found;
    if (path_too_long(path.text())) {
      found.closed.push_back(path.parent());
    } else {
      found.matches.push_back(std::move(path));
    }
  }

  void close_to(const WalkStates& states, const HostPath& directory) {
    for (const WalkState& state : states) matcher_.pattern(state.pattern).found.closed.push_back(directory);
  }

  /// To all that cannot do without a listing.
  void close_listed(const Level& level) {
    for (const WalkState& state : level.states) {
      if (!matcher_.component(state).literal()) matcher_.pattern(state.pattern).found.closed.push_back(level.spelled);
    }
  }

  void count(std::uint64_t entries, const Level& level) {
    entries_ += entries;
    looks_.count_entries(entries_);
    if (entries_ > most_entries_) bound_ = {WalkBound::Which::Entries, entries_, level.spelled};
    if (Clock::now() > deadline_) bound_ = {WalkBound::Which::Seconds, entries_, level.spelled};
  }

  WalkMatcher matcher_;
  const std::uint64_t most_entries_;
  const Clock::time_point deadline_;
  Looks& looks_;
  HostFacts link_facts_;  ///< what links lead to
  PathProber links_;
  DirectoryCursor cursor_;
  std::vector<char> listing_;
  std::uint64_t entries_ = 0;
  std::optional<WalkBound> bound_;  ///< reached
  std::vector<Level> levels_;       ///< from the root to where the walk is
};

Globbed in_order(Globbed found) {
  for (std::vector<HostPath>* paths : {&found.matches, &found.closed}) {
    std::ranges::sort(*paths);
    paths->erase(std::unique(paths->begin(), paths->end()), paths->end());
  }
  return found;
}

}  // namespace

std::map<GlobQuery, GlobFact> walk_patterns(const std::set<GlobQuery>& queries, std::uint64_t most_entries,
                                            std::uint64_t milliseconds, Looks& looks) {
  std::map<GlobQuery, GlobFact> facts;
  if (queries.empty()) return facts;
  std::vector<WalkPattern> patterns;
  for (const GlobQuery& query : queries) patterns.push_back(walk_pattern(query));
  const auto deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
  Walk walk(std::move(patterns), most_entries, deadline, looks);
  looks.begin_walk();
  const std::optional<WalkBound> bound = walk.run();
  looks.end();
  looks.end_walk();
  std::uint32_t index = 0;
  for (const GlobQuery& query : queries) {
    WalkPattern& pattern = walk.matcher().pattern(index++);
    facts.emplace(query, bound ? GlobFact(*bound) : GlobFact(in_order(std::move(pattern.found))));
  }
  return facts;
}

}  // namespace fence
