#pragma once
// The kernel's and bubblewrap's texts, read. No system call.
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fence/facts/facts.h"

namespace fence {

/// /proc/PID/uid_map and gid_map (user_namespaces(7)): lines of inside, outside, count. Lines that are not so are left
/// out.
std::vector<IdExtent> parse_id_map(std::string_view text);

/// The path sockets of /proc/net/unix (proc(5)) that are bound, sorted, each once. Not only those that accept
/// connections (flag 0x10000, __SO_ACCEPTCON): a datagram socket is reached as soon as it is bound. The kernel writes
/// names as they are: a name with a newline in it is cut there.
std::vector<HostPath> parse_bound_sockets(std::string_view text);

/// The options that `bwrap --help` names: a word with two dashes at the start of a line.
std::set<std::string> parse_help_options(std::string_view text);

/// One line of /proc/PID/mountinfo (proc(5)).
struct MountRow {
  HostPath point;
  std::string type;
  std::string source;
  std::string options;  ///< of the file system, as it wrote them: "rw,aname=drvfs;path=C:\\;uid=1000"
};
/// In the kernel's order: of two mounts on one point the later one is seen. Lines that are not so are left out.
std::vector<MountRow> parse_mountinfo(std::string_view text);
/// The mount that `path`, which has no link in it, lies on; null where none is known.
const MountRow* mount_of(const std::vector<MountRow>& mounts, const HostPath& path) noexcept;
/// The mount points below `top`, sorted, each once.
std::vector<HostPath> mount_points_below(const std::vector<MountRow>& mounts, const HostPath& top);

/// Where file systems of these types are mounted, sorted, each once.
std::vector<HostPath> mount_points_of(const std::vector<MountRow>& mounts, std::span<const std::string_view> types);
/// The kernel's types, by what their files are (filesystems(5); /proc/filesystems).
inline constexpr std::string_view kProcessFileSystems[] = {"proc", "devpts", "mqueue"};
inline constexpr std::string_view kMachineFileSystems[] = {
    "sysfs",      "cgroup",     "cgroup2",     "debugfs",   "tracefs",    "securityfs", "configfs", "bpf",
    "efivarfs",   "pstore",     "binfmt_misc", "selinuxfs", "smackfs",    "fusectl",    "resctrl",  "nfsd",
    "functionfs", "rpc_pipefs", "xenfs",       "cpuset",    "openpromfs", "usbfs",      "nsfs"};

/// Where drives of Windows are mounted, sorted, each once: of the type drvfs (WSL 1), 9p whose aname is drvfs, or
/// virtiofs, whose source is a name that begins with drvfs or, on a kernel of WSL, a number of no meaning.
std::vector<HostPath> windows_drives(const std::vector<MountRow>& mounts, bool wsl_kernel);

/// True where passwd(5) text has a line for `uid`.
bool passwd_has_uid(std::string_view text, std::uint32_t uid);

}  // namespace fence
