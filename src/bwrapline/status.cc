#include "fence/bwrapline/status.h"

namespace fence::bwrapline {
namespace {

std::string members(int pid, const std::vector<NamespaceId>& ids, std::string_view between) {
  std::string text = "\"child-pid\": " + std::to_string(pid);
  for (const NamespaceId& id : ids) {
    text.append(",").append(between).append("\"").append(id.name).append("-namespace\": ");
    text.append(std::to_string(id.inode));
  }
  return text;
}

}  // namespace

std::vector<std::string_view> told_namespaces(const Namespaces& of) {
  const std::pair<std::string_view, bool> all[] = {{"cgroup", of.cgroup == Unshare::Yes},
                                                   {"ipc", of.ipc},
                                                   {"mnt", true},
                                                   {"net", of.net},
                                                   {"pid", of.pid},
                                                   {"uts", of.uts}};
  std::vector<std::string_view> told;
  for (const auto& [name, is_own] : all) {
    if (is_own) told.push_back(name);
  }
  return told;
}

std::string info_text(int pid, const std::vector<NamespaceId>& ids) {
  return "{\n    " + members(pid, ids, "\n    ") + "\n}\n";
}

std::string status_line(int pid, const std::vector<NamespaceId>& ids) { return "{ " + members(pid, ids, " ") + " }\n"; }

std::string exit_line(int code) { return "{ \"exit-code\": " + std::to_string(code) + " }\n"; }

}  // namespace fence::bwrapline
