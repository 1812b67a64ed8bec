#include "fence/host/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "classify.h"
#include "fence/facts/resolve.h"
#include "fence/util/text.h"
#include "files.h"

namespace fence {
namespace {

/// As the kernel: a walk follows 40 links and no more (MAXSYMLINKS, linux/namei.h).
constexpr int kMaxLinks = 40;

/// Who may have written a text that is read.
using Trust = bool (*)(const struct stat& status, const CallerFacts& caller);

bool from_anybody(const struct stat&, const CallerFacts&) { return true; }

/// Whoever can write the settings decides what the sandbox hides.
bool from_caller_or_root(const struct stat& status, const CallerFacts& caller) {
  const bool owned = status.st_uid == caller.uid || status.st_uid == 0;
  const bool group_may_write = (status.st_mode & S_IWGRP) != 0 && status.st_gid != caller.gid;
  const bool others_may_write = (status.st_mode & S_IWOTH) != 0;
  return owned && !group_may_write && !others_may_write;
}

/// Adds what queries ask for to facts; what is known stays as it is.
class Prober {
 public:
  explicit Prober(HostFacts& facts) : facts_(facts) {}

  /// Records every prefix of `path` as lstat(2) sees it, and under their own keys all that its links lead to.
  void add_path(const HostPath& path) {
    links_followed_ = 0;
    fact_at(HostPath::root());
    Position position = HostPath::root();
    HostPath literal = HostPath::root();
    for (const std::string& name : path.components()) {
      literal = literal.child(name);
      if (path_too_long(literal.text())) return;
      facts_.paths.try_emplace(literal, fact_below(position, name));
      position = step(position, name);
    }
  }

  void add_listing(const HostPath& path) {
    if (facts_.listings.contains(path)) return;
    const auto listed = facts_.listings.emplace(path, list(path)).first;
    const auto* names = std::get_if<std::vector<std::string>>(&listed->second);
    if (names == nullptr) return;
    for (const std::string& name : *names) add_path(path.child(name));
  }

  void add_text(const HostPath& path) {
    if (!facts_.texts.contains(path)) facts_.texts.emplace(path, read_text(path, from_anybody));
  }

  TextFact read_text(const HostPath& path, Trust trust) {
    return std::visit(Overloaded{[&](const Found& found) { return read_regular(found.real, trust); },
                                 [](const Missing&) -> TextFact { return Absent{}; },
                                 [](const Refused& refused) -> TextFact { return Unreadable{refused.errno_value}; },
                                 [](const Loop&) -> TextFact { return Unreadable{ELOOP}; }},
                      resolved(path));
  }

 private:
  /// Nothing can be looked up any more: what lstat(2) would say of every path from here.
  struct DeadEnd {
    PathFact fact;
  };
  /// Where a walk is: in a directory that has no link in its path, or at its end.
  using Position = std::variant<HostPath, DeadEnd>;

  const PathFact& fact_at(const HostPath& path) {
    const auto known = facts_.paths.find(path);
    if (known != facts_.paths.end()) return known->second;
    // Not recorded: nobody can ask for such a path, and no dump could hold it.
    static const PathFact kTooLong = Unreadable{ENAMETOOLONG};
    if (path_too_long(path.text())) return kTooLong;
    return facts_.paths.emplace(path, classify(cursor_, path)).first->second;
  }

  PathFact fact_below(const Position& position, const std::string& name) {
    return std::visit(Overloaded{[&](const HostPath& directory) { return fact_at(directory.child(name)); },
                                 [](const DeadEnd& end) { return end.fact; }},
                      position);
  }

  Position step(const Position& position, const std::string& name) {
    const auto* directory = std::get_if<HostPath>(&position);
    if (directory == nullptr || name.empty() || name == ".") return position;
    if (name == "..") return directory->parent();
    const HostPath child = directory->child(name);
    return std::visit(Overloaded{[&](const Present& fact) -> Position {
                                   if (fact.kind == PathKind::Directory) return child;
                                   return DeadEnd{Absent{}};
                                 },
                                 [&](const Link& link) { return follow(*directory, link.target); },
                                 [](const Absent& fact) -> Position { return DeadEnd{fact}; },
                                 [](const Unreadable& fact) -> Position { return DeadEnd{fact}; }},
                      fact_at(child));
  }

  Position follow(const HostPath& directory, const std::string& target) {
    if (++links_followed_ > kMaxLinks) return DeadEnd{Unreadable{ELOOP}};
    Position position = target.starts_with('/') ? HostPath::root() : directory;
    for (const std::string& name : split(target, '/')) position = step(position, name);
    return position;
  }

  Resolution resolved(const HostPath& path) {
    add_path(path);
    FactLens lens(facts_);
    return resolve(lens, path);
  }

  ListingFact list(const HostPath& path) {
    return std::visit(Overloaded{[&](const Found& found) { return list_directory(found.real); },
                                 [](const Missing& missing) -> ListingFact {
                                   return Unreadable{missing.not_a_directory ? ENOTDIR : ENOENT};
                                 },
                                 [](const Refused& refused) -> ListingFact { return Unreadable{refused.errno_value}; },
                                 [](const Loop&) -> ListingFact { return Unreadable{ELOOP}; }},
                      resolved(path));
  }

  ListingFact list_directory(const HostPath& path) {
    Result<UniqueFd, Errno> fd = open_without_links(cursor_, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (!fd) return Unreadable{fd.error().value};
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd->get()), ::closedir);
    if (!stream) return Unreadable{errno};
    fd->release();
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return Unreadable{errno};
    std::sort(names.begin(), names.end());
    return names;
  }

  TextFact read_regular(const HostPath& path, Trust trust) {
    const Result<UniqueFd, Errno> handle = open_without_links(cursor_, path, O_PATH);
    if (!handle) return Unreadable{handle.error().value};
    struct stat status {};
    if (::fstat(handle->get(), &status) != 0) return Unreadable{errno};
    if (S_ISDIR(status.st_mode)) return Unreadable{EISDIR};
    if (!S_ISREG(status.st_mode)) return Unreadable{EINVAL};
    if (!trust(status, facts_.caller)) return Unreadable{EPERM};
    // Through the descriptor that was looked at: by name it could be a device or another's file by now.
    Result<std::string, Errno> text = read_file("/proc/self/fd/" + std::to_string(handle->get()), kMaxTextBytes);
    if (!text) return Unreadable{text.error().value};
    return *std::move(text);
  }

  HostFacts& facts_;
  DirectoryCursor cursor_;
  int links_followed_ = 0;  ///< in the walk of one query
};

}  // namespace

void probe(const FactQueries& queries, HostFacts& facts) {
  Prober prober(facts);
  for (const HostPath& path : queries.paths) prober.add_path(path);
  for (const HostPath& path : queries.listings) prober.add_listing(path);
  for (const HostPath& path : queries.texts) prober.add_text(path);
}

TextFact read_settings_text(const HostPath& path, HostFacts& facts) {
  TextFact text = Prober(facts).read_text(path, from_caller_or_root);
  facts.texts.insert_or_assign(path, text);
  return text;
}

}  // namespace fence
