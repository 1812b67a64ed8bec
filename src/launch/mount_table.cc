#include "mount_table.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "fence/util/mountinfo.h"
#include "fence/util/text.h"

namespace fence::launch {
namespace {

/// What may be mounted in a private /dev besides the ops of the plan.
constexpr std::array<std::string_view, 8> kNodesOfDev = {"null",    "zero", "full",    "random",
                                                         "urandom", "tty",  "console", "pts"};

std::optional<MountLine> parse_line(std::string_view line) {
  auto read = parse_mountinfo_line(line);
  if (!read) return std::nullopt;
  MountLine mount{.id = read->id, .parent = read->parent, .path = std::move(read->point)};
  while (!read->options.empty()) {
    const std::string_view option = take_part(read->options, ',');
    if (option == "ro") mount.read_only = true;
    if (option == "nodev") mount.no_devices = true;
    if (option == "nosuid") mount.no_set_id = true;
  }
  return mount;
}

/// "/a" of "/a/b", "/" of "/a".
std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

/// What `known` has for the nearest path at or above `path`; null where it has nothing.
template <class T>
const T* nearest(const std::unordered_map<std::string_view, T>& known, std::string_view path) {
  for (;;) {
    if (const auto found = known.find(path); found != known.end()) return &found->second;
    if (path == "/") return nullptr;
    path = parent_path(path);
  }
}

/// Which of the mounts at each path is on top, found for shorter paths first.
class Reach {
 public:
  explicit Reach(const std::vector<MountLine>& mounts) {
    for (const MountLine& mount : mounts) {
      ids_.insert(mount.id);
      at_[mount.path].push_back(&mount);
    }
  }

  std::vector<const MountLine*> find() {
    std::vector<std::string_view> paths;
    for (const auto& [path, mounts] : at_) paths.push_back(path);
    std::ranges::sort(paths, {}, [](std::string_view path) { return std::pair(path.size(), path); });
    std::vector<const MountLine*> reachable;
    for (const std::string_view path : paths) {
      const MountLine* top = topmost(path);
      if (top == nullptr) continue;
      tops_.emplace(path, top);
      reachable.push_back(top);
    }
    return reachable;
  }

 private:
  const MountLine* topmost(std::string_view path) const {
    const std::vector<const MountLine*>& here = at_.at(path);
    std::unordered_map<std::uint64_t, const MountLine*> by_parent;
    for (const MountLine* mount : here) by_parent.emplace(mount->parent, mount);
    const MountLine* top = lowest(path, here, by_parent);
    if (top == nullptr) return nullptr;
    for (auto next = by_parent.find(top->id); next != by_parent.end(); next = by_parent.find(top->id)) {
      top = next->second;
      // A mount is no parent of itself; the count of those here bounds what a false table could make of it.
      by_parent.erase(next);
    }
    return top;
  }

  // The parent of the root is a mount that the sandbox does not see.
  const MountLine* lowest(std::string_view path, const std::vector<const MountLine*>& here,
                          const std::unordered_map<std::uint64_t, const MountLine*>& by_parent) const {
    if (path == "/") {
      const auto root = std::ranges::find_if(here, [this](const MountLine* m) { return !ids_.contains(m->parent); });
      return root == here.end() ? nullptr : *root;
    }
    const MountLine* const* around = nearest(tops_, parent_path(path));
    if (around == nullptr) return nullptr;
    const auto found = by_parent.find((*around)->id);
    return found == by_parent.end() ? nullptr : found->second;
  }

  std::unordered_set<std::uint64_t> ids_;
  std::unordered_map<std::string_view, std::vector<const MountLine*>> at_;
  std::unordered_map<std::string_view, const MountLine*> tops_;
};

bool demands(const MountOrder& order, std::uint32_t what) { return (order.record.demands & what) != 0; }

bool too_loose(const MountLine& mount, const MountOrder& order) {
  return (demands(order, stage::kReadOnly) && !mount.read_only) ||
         (demands(order, stage::kNoDevices) && !mount.no_devices) ||
         (demands(order, stage::kNoSetId) && !mount.no_set_id);
}

bool is_node_of_dev(std::string_view dev, std::string_view path) {
  return parent_path(path) == dev &&
         std::ranges::find(kNodesOfDev, path.substr(path.rfind('/') + 1)) != kNodesOfDev.end();
}

std::optional<MountDifference::Kind> judge(const MountLine& mount, const MountOrder& order) {
  const bool exact = mount.path == order.target;
  if (exact && !demands(order, stage::kMountRoot)) return MountDifference::Kind::Unplanned;
  if (!exact && demands(order, stage::kHoldsNodes) && is_node_of_dev(order.target, mount.path)) {
    // Devices are for opening.
    return mount.no_set_id ? std::nullopt : std::optional(MountDifference::Kind::TooLoose);
  }
  // bwrap covers parts of /proc with themselves, read-only, where the caller could write them.
  if (!exact && demands(order, stage::kProcfs) && mount.read_only) {
    return too_loose(mount, order) ? std::optional(MountDifference::Kind::TooLoose) : std::nullopt;
  }
  if (!exact && !demands(order, stage::kHoldsSubmounts)) return MountDifference::Kind::Unplanned;
  return too_loose(mount, order) ? std::optional(MountDifference::Kind::TooLoose) : std::nullopt;
}

}  // namespace

std::optional<std::vector<MountLine>> parse_mountinfo(std::string_view text) {
  std::vector<MountLine> mounts;
  while (!text.empty()) {
    auto mount = parse_line(take_part(text, '\n'));
    if (!mount) return std::nullopt;
    mounts.push_back(*std::move(mount));
  }
  return mounts;
}

std::vector<MountLine> reachable_mounts(const std::vector<MountLine>& mounts) {
  std::vector<MountLine> reachable;
  for (const MountLine* mount : Reach(mounts).find()) reachable.push_back(*mount);
  return reachable;
}

std::optional<MountDifference> find_difference(const std::vector<MountLine>& reachable,
                                               const std::vector<MountOrder>& orders) {
  std::unordered_map<std::string_view, const MountOrder*> planned;
  for (const MountOrder& order : orders) planned.emplace(order.target, &order);
  std::unordered_set<std::string_view> there;
  for (const MountLine& mount : reachable) {
    there.insert(mount.path);
    const MountOrder* const* order = nearest(planned, mount.path);
    if (order == nullptr) return MountDifference{MountDifference::Kind::Unplanned, mount.path};
    if (const auto kind = judge(mount, **order)) return MountDifference{*kind, mount.path};
  }
  for (const MountOrder& order : orders) {
    const bool must_be = demands(order, stage::kMountRoot) && !demands(order, stage::kMayBeAbsent);
    if (must_be && !there.contains(order.target)) {
      return MountDifference{MountDifference::Kind::Missing, order.target};
    }
  }
  return std::nullopt;
}

}  // namespace fence::launch
