#include "fence/plan/path_class.h"

#include <algorithm>
#include <array>

#include "fence/util/text.h"

namespace fence {
namespace {

// What the private /dev is made of (bubblewrap's --dev; devpts(4): the private instance's ptmx is pts/ptmx).
constexpr std::array<std::string_view, 17> kPrivateDev = {"null", "zero", "full",    "random", "urandom",  "tty",
                                                          "ptmx", "pts",  "shm",     "stdin",  "stdout",   "stderr",
                                                          "fd",   "core", "console", "mqueue", "hugepages"};

std::string_view first_name_below(std::string_view directory, std::string_view path) {
  std::string_view rest = path.substr(std::min(path.size(), directory.size() + 1));
  return rest.substr(0, rest.find('/'));
}

GrantClass device_only() {
  return NotGrantable{"a device node is not a file to read or write",
                      "name it in `devices.allow`, for example --set 'devices.allow=[\"/dev/fuse\"]'"};
}

}  // namespace

bool in_private_dev(const HostPath& path) noexcept {
  return path_contains("/dev", path.text()) &&
         std::ranges::find(kPrivateDev, first_name_below("/dev", path.text())) != kPrivateDev.end();
}

std::optional<GrantClass> class_by_name(const HostPath& path) {
  if (path_contains("/dev", path.text())) {
    const std::string_view name = first_name_below("/dev", path.text());
    if (name.empty()) return Covered{"the sandbox has a private /dev"};
    if (name == "pts" || name == "ptmx") {
      return Covered{"the sandbox has its own pseudo-terminals: the host's would break openpty(3)"};
    }
    if (in_private_dev(path)) return Covered{"the private /dev has it"};
  }
  if (path_contains("/proc", path.text())) return Covered{"the sandbox has its own /proc; the host's is never shown"};
  return std::nullopt;
}

std::optional<GrantClass> class_by_name_without_namespaces(const HostPath& path, PathList list) {
  constexpr std::array<std::string_view, 4> kOwnStreams = {"stdin", "stdout", "stderr", "fd"};
  constexpr std::string_view kWayOut = "remove the rule, or use backend = \"native\", which makes the sandbox's own";
  if (path_contains("/dev", path.text()) && class_by_name(path)) {
    const std::string_view name = first_name_below("/dev", path.text());
    if (std::ranges::find(kSharedNodes, name) != kSharedNodes.end() ||
        std::ranges::find(kOwnStreams, name) != kOwnStreams.end()) {
      return Covered{"every sandbox has it"};
    }
    return NotGrantable{"it would be the host's, without namespaces, and lead to your other terminals and processes",
                        std::string(kWayOut)};
  }
  if (path_contains("/proc", path.text())) {
    if (list == PathList::AllowRead) return Covered{"without namespaces the host's /proc is shown read-only"};
    return NotGrantable{"it is the host's, without namespaces, and changes the machine and other processes",
                        std::string(kWayOut)};
  }
  return std::nullopt;
}

GrantClass class_of(const HostPath& path, const Present& fact, PathList list) {
  switch (fact.fs) {
    case FsKind::DevPts:
      return Covered{"the sandbox has its own pseudo-terminals: the host's would break openpty(3)"};
    case FsKind::ProcFs:
      return NotGrantable{"it lies on a procfs of the host, which shows the host's processes",
                          "use the sandbox's own /proc"};
    case FsKind::SysFs:
    case FsKind::CgroupFs:
      if (list == PathList::AllowWrite) {
        return GrantedReadOnly{std::string(fact.fs == FsKind::SysFs ? "sysfs" : "cgroupfs") +
                               " changes the machine, not files: it is only ever shown read-only"};
      }
      break;
    case FsKind::Ordinary:
    case FsKind::Tmpfs:
    case FsKind::Network:
      break;
  }
  switch (fact.kind) {
    case PathKind::Regular:
    case PathKind::Directory:
      if (path_contains("/dev", path.text())) return device_only();
      return Granted{};
    case PathKind::CharDevice:
    case PathKind::BlockDevice:
      return device_only();
    case PathKind::Socket:
    case PathKind::Fifo:
      return NotGrantable{std::string(fact.kind == PathKind::Socket ? "a socket" : "a fifo") +
                              " is a way to talk to another process, which no read-only mount prevents",
                          "remove the rule: this version of fence grants no " +
                              std::string(fact.kind == PathKind::Socket ? "sockets" : "fifos")};
  }
  return Granted{};
}

}  // namespace fence
