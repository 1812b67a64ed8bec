#include "cgroups.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "cgroup_parse.h"
#include "fence/util/text.h"
#include "files.h"

namespace fence {
namespace {

std::string text_of(const HostPath& group, std::string_view file) {
  constexpr std::size_t kMaxBytes = 65536;
  const Result<std::string, Errno> text = read_file(group.child(std::string(file)).text(), kMaxBytes);
  return text ? text->substr(0, text->find_last_not_of('\n') + 1) : "";
}

int access_error(const HostPath& path, int mode) {
  return ::faccessat(AT_FDCWD, path.text().c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

/// "nr_descendants 3": the number.
std::uint64_t counted(std::string_view text, std::string_view key) {
  for (const std::string& line : split(text, '\n')) {
    std::string_view rest = line;
    if (take_part(rest, ' ') == key) return parse_number(rest).value_or(0);
  }
  return 0;
}

bool is_group(const HostPath& path) {
  struct statfs system {};
  return ::statfs(path.text().c_str(), &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

CgroupDirectory look_at(const HostPath& path) {
  CgroupDirectory group{.path = path};
  group.type = text_of(path, "cgroup.type");
  group.controllers = parse_words(text_of(path, "cgroup.controllers"));
  group.enabled = parse_words(text_of(path, "cgroup.subtree_control"));
  group.make_error = access_error(path, W_OK | X_OK);
  group.move_error = access_error(path.child("cgroup.procs"), W_OK);
  // "max" is no number.
  group.max_depth = parse_number(text_of(path, "cgroup.max.depth"));
  group.max_descendants = parse_number(text_of(path, "cgroup.max.descendants"));
  group.descendants = counted(text_of(path, "cgroup.stat"), "nr_descendants");
  return group;
}

std::vector<CgroupDirectory> groups_from(const ShownGroup& own) {
  std::vector<CgroupDirectory> groups;
  for (HostPath at = own.directory;; at = at.parent()) {
    groups.push_back(look_at(at));
    if (at == own.mount_point) return groups;
  }
}

bool has_swap() {
  // A line of headings, and one for each area (proc_swaps(5)).
  const std::string text = read_system_file("/proc/swaps");
  return std::ranges::count(text, '\n') > 1;
}

}  // namespace

CgroupFacts probe_cgroups() {
  CgroupFacts facts;
  CgroupMembership membership = parse_membership(read_system_file("/proc/self/cgroup"));
  facts.own = std::move(membership.own);
  facts.v1_controllers = std::move(membership.v1_controllers);
  facts.swap = has_swap();
  if (!facts.own) return facts;
  for (const ShownGroup& place : find_group(read_system_file("/proc/self/mountinfo"), *facts.own)) {
    // Something else may be mounted over it.
    if (!is_group(place.directory)) continue;
    facts.groups = groups_from(place);
    break;
  }
  return facts;
}

}  // namespace fence
