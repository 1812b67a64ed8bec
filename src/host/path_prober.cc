#include "path_prober.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "fence/facts/resolve.h"
#include "fence/util/text.h"
#include "files.h"

namespace fence {
namespace {

/// As the kernel: a walk follows 40 links and no more (MAXSYMLINKS, linux/namei.h).
constexpr int kMaxLinks = 40;

bool is_directory(const PathFact& fact) {
  const auto* present = std::get_if<Present>(&fact);
  return present != nullptr && present->kind == PathKind::Directory;
}

Resolution resolved(const HostFacts& facts, const HostPath& path) {
  FactLens lens(facts);
  return resolve(lens, path);
}

}  // namespace

bool from_anybody(const Ownership&, const CallerFacts&) { return true; }

bool from_caller_or_root(const Ownership& file, const CallerFacts& caller) {
  if (file.uid != caller.uid && !maps_root(caller)) return file.read_only;
  const bool owned = file.uid == caller.uid || file.uid == 0;
  const bool group_may_write = (file.mode & S_IWGRP) != 0 && file.gid != caller.gid;
  const bool others_may_write = (file.mode & S_IWOTH) != 0;
  return owned && !group_may_write && !others_may_write;
}

void PathProber::add_path(const HostPath& path) {
  links_followed_ = 0;
  fact_at(HostPath::root());
  while (!walked_.contains(path)) walked_ = walked_.parent();
  if (path == walked_) return;
  Position position = walked_;
  HostPath literal = walked_;
  // While no name was a link, the literal path is where the walk is.
  bool plain = true;
  for (const std::string& name : split(walked_.relative(path), '/')) {
    literal = literal.child(name);
    if (path_too_long(literal.text())) return;
    plain = plain && is_directory(fact_at(literal));
    if (plain) {
      walked_ = literal;
      position = literal;
      continue;
    }
    const auto [entry, added] = facts_.paths.try_emplace(literal, fact_below(position, name));
    if (added) new_.push_back(&*entry);
    position = step(position, name);
  }
}

void PathProber::add_listing(const HostPath& path) {
  if (facts_.listings.contains(path)) return;
  const auto listed = facts_.listings.emplace(path, list(path)).first;
  const auto* names = std::get_if<std::vector<std::string>>(&listed->second);
  if (names == nullptr) return;
  for (const std::string& name : *names) add_path(path.child(name));
}

TextFact PathProber::read_text(const HostPath& path, Trust trust) {
  add_path(path);
  return std::visit(Overloaded{[&](const Found& found) { return read_regular(found.real, trust); },
                               [](const Missing&) -> TextFact { return Absent{}; },
                               [](const Refused& refused) -> TextFact { return Unreadable{refused.errno_value}; },
                               [](const Loop&) -> TextFact { return Unreadable{ELOOP}; }},
                    resolved(facts_, path));
}

const PathFact& PathProber::fact_at(const HostPath& path) {
  const auto known = facts_.paths.find(path);
  if (known != facts_.paths.end()) return known->second;
  // Not recorded: nobody can ask for such a path, and no dump could hold it.
  static const PathFact kTooLong = Unreadable{ENAMETOOLONG};
  if (path_too_long(path.text())) return kTooLong;
  PathFact fact = looks_.begin(path) ? classify(cursor_, path) : Unreadable{ETIMEDOUT};
  const auto entry = facts_.paths.emplace(path, std::move(fact)).first;
  new_.push_back(&*entry);
  return entry->second;
}

PathFact PathProber::fact_below(const Position& position, const std::string& name) {
  return std::visit(Overloaded{[&](const HostPath& directory) { return fact_at(directory.child(name)); },
                               [](const DeadEnd& end) { return end.fact; }},
                    position);
}

PathProber::Position PathProber::step(const Position& position, const std::string& name) {
  const auto* directory = std::get_if<HostPath>(&position);
  if (directory == nullptr || name.empty() || name == ".") return position;
  if (name == "..") return directory->parent();
  static const PathFact kAbsent = Absent{};
  const HostPath child = directory->child(name);
  const PathFact& found = fact_at(child);
  return std::visit(Overloaded{[&](const Present& fact) -> Position {
                                 if (fact.kind == PathKind::Directory) return child;
                                 return DeadEnd{kAbsent};
                               },
                               [&](const Link& link) { return follow(*directory, link.target); },
                               [&](const Absent&) -> Position { return DeadEnd{found}; },
                               [&](const Unreadable&) -> Position { return DeadEnd{found}; }},
                    found);
}

PathProber::Position PathProber::follow(const HostPath& directory, const std::string& target) {
  static const PathFact kLoop = Unreadable{ELOOP};
  if (++links_followed_ > kMaxLinks) return DeadEnd{kLoop};
  Position position = target.starts_with('/') ? HostPath::root() : directory;
  for (const std::string& name : split(target, '/')) position = step(position, name);
  return position;
}

ListingFact PathProber::list(const HostPath& path) {
  add_path(path);
  return std::visit(Overloaded{[&](const Found& found) { return list_directory(found.real); },
                               [](const Missing& missing) -> ListingFact {
                                 return Unreadable{missing.not_a_directory ? ENOTDIR : ENOENT};
                               },
                               [](const Refused& refused) -> ListingFact { return Unreadable{refused.errno_value}; },
                               [](const Loop&) -> ListingFact { return Unreadable{ELOOP}; }},
                    resolved(facts_, path));
}

ListingFact PathProber::list_directory(const HostPath& path) {
  if (!looks_.begin(path)) return Unreadable{ETIMEDOUT};
  Result<UniqueFd, Errno> fd = open_without_links(cursor_, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!fd) return Unreadable{fd.error().value};
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd->get()), ::closedir);
  if (!stream) return Unreadable{errno};
  fd->release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    looks_.go_on();
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return Unreadable{errno};
  std::sort(names.begin(), names.end());
  return names;
}

TextFact PathProber::read_regular(const HostPath& path, Trust trust) {
  if (!looks_.begin(path)) return Unreadable{ETIMEDOUT};
  const Result<UniqueFd, Errno> handle = open_without_links(cursor_, path, O_PATH);
  if (!handle) return Unreadable{handle.error().value};
  struct stat status {};
  if (::fstat(handle->get(), &status) != 0) return Unreadable{errno};
  if (S_ISDIR(status.st_mode)) return Unreadable{EISDIR};
  if (!S_ISREG(status.st_mode)) return Unreadable{EINVAL};
  struct statvfs mount {};
  if (::fstatvfs(handle->get(), &mount) != 0) return Unreadable{errno};
  const Ownership owner{status.st_uid, status.st_gid, status.st_mode, (mount.f_flag & ST_RDONLY) != 0};
  if (!trust(owner, facts_.caller)) return Unreadable{EPERM};
  // Through the descriptor that was looked at: by name it could be a device or another's file by now.
  Result<std::string, Errno> text = read_file("/proc/self/fd/" + std::to_string(handle->get()), kMaxTextBytes);
  if (!text) return Unreadable{text.error().value};
  return *std::move(text);
}

}  // namespace fence
