#pragma once
// What --info-fd and --json-status-fd get, byte for byte as bwrap writes it. Pure.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fence/bwrapline/invocation.h"

namespace fence::bwrapline {

/// "cgroup", "ipc", ...: those of the sandbox's own namespaces that are told of, in this order. The mount namespace is
/// always new, the user namespace is never told.
std::vector<std::string_view> told_namespaces(const Namespaces& namespaces);

struct NamespaceId {
  std::string_view name;
  std::uint64_t inode = 0;
};
/// Several lines, for --info-fd. `pid` as the caller sees it.
std::string info_text(int pid, const std::vector<NamespaceId>& ids);
/// One line, for --json-status-fd.
std::string status_line(int pid, const std::vector<NamespaceId>& ids);
/// The line for the end: "{ "exit-code": 3 }\n".
std::string exit_line(int code);

}  // namespace fence::bwrapline
