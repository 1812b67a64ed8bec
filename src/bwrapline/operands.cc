#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "fence/util/text.h"
#include "parser.h"

namespace fence::bwrapline {
namespace {

// In the order of their numbers (linux/capability.h), without "cap_" (capabilities(7)).
constexpr std::array<std::string_view, CAP_LAST_CAP + 1> kCapabilities{"chown",
                                                                       "dac_override",
                                                                       "dac_read_search",
                                                                       "fowner",
                                                                       "fsetid",
                                                                       "kill",
                                                                       "setgid",
                                                                       "setuid",
                                                                       "setpcap",
                                                                       "linux_immutable",
                                                                       "net_bind_service",
                                                                       "net_broadcast",
                                                                       "net_admin",
                                                                       "net_raw",
                                                                       "ipc_lock",
                                                                       "ipc_owner",
                                                                       "sys_module",
                                                                       "sys_rawio",
                                                                       "sys_chroot",
                                                                       "sys_ptrace",
                                                                       "sys_pacct",
                                                                       "sys_admin",
                                                                       "sys_boot",
                                                                       "sys_nice",
                                                                       "sys_resource",
                                                                       "sys_time",
                                                                       "sys_tty_config",
                                                                       "mknod",
                                                                       "lease",
                                                                       "audit_write",
                                                                       "audit_control",
                                                                       "setfcap",
                                                                       "mac_override",
                                                                       "mac_admin",
                                                                       "syslog",
                                                                       "wake_alarm",
                                                                       "block_suspend",
                                                                       "audit_read",
                                                                       "perfmon",
                                                                       "bpf",
                                                                       "checkpoint_restore"};
static_assert(kCapabilities[CAP_CHECKPOINT_RESTORE] == "checkpoint_restore" && kCapabilities[CAP_SETFCAP] == "setfcap");

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name(const std::string& name) { return !name.empty() && name.find('=') == std::string::npos; }

bool names(const std::string& entry, const std::string& name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

}  // namespace

std::optional<int> read_number(const std::string& word) {
  char* end = nullptr;
  const auto number = static_cast<int>(std::strtol(word.c_str(), &end, 10));
  if (word.empty() || *end != '\0' || number < 0) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> read_mode(const std::string& word) {
  char* end = nullptr;
  const unsigned long mode = std::strtoul(word.c_str(), &end, 8);
  if (word.empty() || *end != '\0' || mode > 07777) return std::nullopt;
  return static_cast<std::uint32_t>(mode);
}

std::optional<std::uint64_t> read_size(const std::string& word) {
  if (word.empty() || word[0] < '0' || word[0] > '9') return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const std::uint64_t bytes = std::strtoull(word.c_str(), &end, 0);
  if (*end != '\0' || bytes == 0 || errno == ERANGE) return std::nullopt;
  return bytes;
}

std::optional<unsigned> read_capability(std::string_view word) {
  if (const auto number = parse_number<unsigned>(word)) {
    return *number < kCapabilities.size() ? number : std::nullopt;
  }
  std::string name(word);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (!name.starts_with("cap_")) return std::nullopt;
  const auto* const found = std::find(kCapabilities.begin(), kCapabilities.end(), std::string_view(name).substr(4));
  if (found == kCapabilities.end()) return std::nullopt;
  return static_cast<unsigned>(found - kCapabilities.begin());
}

bool set_variable(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
  if (!is_name(name)) return false;
  const auto at = std::find_if(environment.begin(), environment.end(),
                               [&name](const std::string& entry) { return names(entry, name); });
  if (at == environment.end()) {
    environment.push_back(name + "=" + value);
  } else {
    *at = name + "=" + value;
  }
  return true;
}

bool unset_variable(std::vector<std::string>& environment, const std::string& name) {
  if (!is_name(name)) return false;
  std::erase_if(environment, [&name](const std::string& entry) { return names(entry, name); });
  return true;
}

}  // namespace fence::bwrapline
