#include "cgroup_parse.h"

#include <algorithm>

#include "fence/util/mountinfo.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// What of `own` lies below `root`, as a relative path; nothing where it does not lie there.
std::optional<std::string_view> below(std::string_view own, std::string_view root) {
  if (root == "/") return own.substr(1);
  if (!own.starts_with(root)) return std::nullopt;
  own.remove_prefix(root.size());
  if (own.empty()) return own;
  return own.front() == '/' ? std::optional(own.substr(1)) : std::nullopt;
}

bool is_read_only(std::string_view options) {
  const std::vector<std::string> words = split(options, ',');
  return std::ranges::find(words, "ro") != words.end();
}

}  // namespace

// Lines of "ID:CONTROLLERS:PATH"; version 2 is "0::PATH", and a hierarchy without controllers has "name=NAME".
CgroupMembership parse_membership(std::string_view text) {
  CgroupMembership out;
  for (const std::string& line : split(text, '\n')) {
    std::string_view rest = line;
    const std::string_view id = take_part(rest, ':');
    const std::string_view controllers = take_part(rest, ':');
    if (!rest.starts_with('/')) continue;
    if (id == "0" && controllers.empty()) {
      out.own = rest;
      continue;
    }
    for (const std::string& name : split(controllers, ',')) {
      if (!name.empty() && !name.starts_with("name=")) out.v1_controllers.insert(name);
    }
  }
  return out;
}

std::vector<ShownGroup> find_group(std::string_view mountinfo, std::string_view own) {
  std::vector<ShownGroup> writable, read_only;
  for (const std::string& line : split(mountinfo, '\n')) {
    const auto mount = parse_mountinfo_line(line);
    if (!mount || mount->type != "cgroup2") continue;
    const auto relative = below(own, mount->root);
    const auto point = HostPath::parse(mount->point);
    if (!relative || !point) continue;
    const auto directory = HostPath::parse(mount->point + "/" + std::string(*relative));
    if (!directory || !point->contains(*directory)) continue;
    (is_read_only(mount->options) ? read_only : writable).push_back({*directory, *point});
  }
  std::ranges::move(read_only, std::back_inserter(writable));
  return writable;
}

std::set<std::string> parse_words(std::string_view text) {
  std::set<std::string> words;
  for (const std::string& word : split(text.substr(0, text.find('\n')), ' ')) {
    if (!word.empty()) words.insert(word);
  }
  return words;
}

}  // namespace fence
