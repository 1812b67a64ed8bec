#include "basics.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "fence/util/fd.h"
#include "fence/util/text.h"
#include "files.h"
#include "parse.h"

namespace fence {
namespace {

constexpr int kLastSignal = 64;  ///< the last real-time signal of Linux (signal(7))

std::optional<std::uint64_t> read_sysctl(const std::string& name) {
  return parse_number(read_sysctl_text(name).value_or(""));
}

// ---- caller ---------------------------------------------------------------------------------------------------

/// One line of passwd(5); "" where a field of NSS would make another line or field of it. The password is never shown.
std::string passwd_line_of(const passwd& entry) {
  const std::string uid = std::to_string(entry.pw_uid), gid = std::to_string(entry.pw_gid);
  std::string line;
  for (const std::string_view field :
       {std::string_view(entry.pw_name), std::string_view("x"), std::string_view(uid), std::string_view(gid),
        std::string_view(entry.pw_gecos == nullptr ? "" : entry.pw_gecos), std::string_view(entry.pw_dir),
        std::string_view(entry.pw_shell)}) {
    if (field.find_first_of(":\n") != std::string_view::npos) return "";
    line += (line.empty() ? "" : ":") + std::string(field);
  }
  return line;
}

void add_nss_entry(CallerFacts& caller) {
  constexpr std::size_t kFirstSize = 4096, kLastSize = 1U << 20;
  for (std::size_t size = kFirstSize; size <= kLastSize; size *= 2) {
    std::string buffer(size, '\0');
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(caller.uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE) continue;
    if (found == nullptr) return;
    caller.user = entry.pw_name;
    caller.home = entry.pw_dir;
    caller.passwd_line = passwd_line_of(entry);
    return;
  }
}

std::vector<std::uint32_t> supplementary_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
  const int got = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(got, 0)));
  return {groups.begin(), groups.end()};
}

std::map<Limit, std::uint64_t> hard_limits() {
  std::map<Limit, std::uint64_t> limits;
  for (const LimitRow& row : limit_table()) {
    rlimit now{};
    if (!row.resource || ::getrlimit(static_cast<__rlimit_resource>(*row.resource), &now) != 0) continue;
    if (now.rlim_max != RLIM_INFINITY) limits[row.limit] = now.rlim_max;
  }
  return limits;
}

CallerFacts probe_caller() {
  // The effective ids: those the kernel checks.
  CallerFacts caller{.uid = ::geteuid(), .gid = ::getegid(), .groups = supplementary_groups()};
  add_nss_entry(caller);
  caller.in_etc_passwd = passwd_has_uid(read_system_file("/etc/passwd"), caller.uid);
  caller.uid_map = parse_id_map(read_system_file("/proc/self/uid_map"));
  caller.gid_map = parse_id_map(read_system_file("/proc/self/gid_map"));
  caller.hard_limits = hard_limits();
  return caller;
}

// ---- environment, working directory ---------------------------------------------------------------------------

/// Entries without "=" or without a name are no variables (environ(7)) and are dropped.
Environment probe_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

WorkingDirectory probe_working_directory() {
  const std::unique_ptr<char, void (*)(void*)> text(::getcwd(nullptr, 0), std::free);
  if (!text) return Unreadable{errno};
  Result<HostPath> path = HostPath::parse(text.get());
  if (!path) return Unreadable{path.error().errno_value};
  return *std::move(path);
}

// ---- terminal -------------------------------------------------------------------------------------------------

StreamFacts probe_stream(int fd) {
  if (::fcntl(fd, F_GETFD) == -1) return {.open = false};
  struct stat status {};
  if (::isatty(fd) == 0 || ::fstat(fd, &status) != 0) return {};
  // /dev/tty is a device of its own; this is the terminal behind it.
  unsigned int device = 0;
  if (::ioctl(fd, TIOCGDEV, &device) == 0) return {.terminal = true, .rdev = device};
  return {.terminal = true, .rdev = status.st_rdev};
}

TerminalFacts probe_terminal() {
  TerminalFacts terminal;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) terminal.streams[fd] = probe_stream(fd);
  // O_NOCTTY: to look for a controlling terminal must not make one.
  const UniqueFd controlling(::open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  terminal.controlling = static_cast<bool>(controlling);
  terminal.foreground = controlling && ::tcgetpgrp(controlling.get()) == ::getpgrp();
  return terminal;
}

// ---- kernel, descriptors, signals -----------------------------------------------------------------------------

KernelFacts probe_kernel() {
  KernelFacts kernel;
  utsname names{};
  if (::uname(&names) == 0) {
    kernel.release = names.release;
    kernel.machine = names.machine;
  }
  const auto tiocsti = read_sysctl("dev.tty.legacy_tiocsti");
  if (tiocsti && *tiocsti <= std::numeric_limits<int>::max()) kernel.legacy_tiocsti = static_cast<int>(*tiocsti);
  kernel.cgroup_namespace = ::access("/proc/self/ns/cgroup", F_OK) == 0;
  const auto mounts = parse_mountinfo(read_system_file("/proc/self/mountinfo"));
  kernel.covered_proc = mount_points_below(mounts, HostPath::root().child("proc"));
  kernel.windows_drives = windows_drives(mounts, is_wsl_kernel(kernel.release));
  kernel.process_mounts = mount_points_of(mounts, kProcessFileSystems);
  kernel.machine_mounts = mount_points_of(mounts, kMachineFileSystems);
  kernel.max_user_namespaces = read_sysctl("user.max_user_namespaces").value_or(0);
  return kernel;
}

/// A descriptor with FD_CLOEXEC was opened by this process: execve(2) would have closed it.
bool is_inherited(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0; }

std::set<int> probe_descriptors() {
  std::set<int> descriptors;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir("/proc/self/fd"), ::closedir);
  if (!stream) return descriptors;
  while (const dirent* entry = ::readdir(stream.get())) {
    const auto number = parse_number(entry->d_name);
    if (!number || *number <= STDERR_FILENO) continue;
    // opendir(3) sets FD_CLOEXEC, so the stream's own descriptor is left out too.
    if (const auto fd = static_cast<int>(*number); is_inherited(fd)) descriptors.insert(fd);
  }
  return descriptors;
}

std::set<int> probe_ignored_signals() {
  std::set<int> ignored;
  for (int number = 1; number <= kLastSignal; ++number) {
    struct sigaction action {};
    // glibc refuses 32 and 33, which are its own (nptl(7)).
    const bool known = ::sigaction(number, nullptr, &action) == 0;
    if (known && action.sa_handler == SIG_IGN) ignored.insert(number);
  }
  return ignored;
}

}  // namespace

HostFacts probe_basics() {
  HostFacts facts;
  // Before anything that may leave a descriptor or a handler behind, as NSS modules do.
  facts.open_descriptors = probe_descriptors();
  facts.ignored_signals = probe_ignored_signals();
  facts.caller = probe_caller();
  facts.environment = probe_environment();
  facts.working_directory = probe_working_directory();
  facts.terminal = probe_terminal();
  facts.kernel = probe_kernel();
  facts.listening_sockets = parse_bound_sockets(read_system_file("/proc/net/unix"));
  return facts;
}

}  // namespace fence
