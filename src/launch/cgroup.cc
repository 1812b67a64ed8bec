#include "cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include "descriptors.h"
#include "fence/util/text.h"

namespace fence::launch {
namespace {

constexpr const char* kInside = "inside";
constexpr std::string_view kCannot = "cannot make the sandbox's control group";

Error group_error(std::string_view doing, int errno_value) {
  Error error = system_error(std::string(kCannot), errno_value);
  error.why = std::string(doing) + ": " + error.why;
  // What manages the groups (systemd) does not know of this one.
  if (errno_value == ENOENT) error.hint = "something has changed the control groups meanwhile; start again";
  return error;
}

/// A number is not enough: other pid namespaces may share the group.
std::string unique_name() {
  std::uint64_t random = 0;
  static_cast<void>(getrandom(&random, sizeof random, 0) == 0);
  char name[64];
  std::snprintf(name, sizeof name, "fence-%d-%016llx", getpid(), static_cast<unsigned long long>(random));
  return name;
}

Result<UniqueFd> open_parent(const HostPath& path) {
  UniqueFd parent(open(path.text().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parent) return group_error("opening " + escape_bytes(path.text()), errno);
  struct statfs system {};
  if (fstatfs(parent.get(), &system) != 0) return group_error("fstatfs(2)", errno);
  if (system.f_type != CGROUP2_SUPER_MAGIC) {
    return Error{ErrorKind::Host, std::string(kCannot), escape_bytes(path.text()) + " is no control group"};
  }
  return parent;
}

Result<UniqueFd> make_directory(int parent, const std::string& name) {
  if (mkdirat(parent, name.c_str(), 0755) != 0) return group_error("mkdirat(2)", errno);
  UniqueFd directory(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return group_error("opening it", errno);
  return directory;
}

std::string read_text(int fd) {
  std::string text(std::size_t{65536}, '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

/// Bytes are kept in whole pages.
bool same_value(const std::string& wanted, std::string_view found) {
  if (wanted == found) return true;
  const auto asked = parse_number(wanted), kept = parse_number(found);
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return asked && kept && *kept <= *asked && *kept == *asked - *asked % page;
}

Result<Ok> set(int group, const CgroupSetting& setting) {
  const UniqueFd file(openat(group, setting.file.c_str(), O_RDWR | O_CLOEXEC));
  if (!file && errno == ENOENT && setting.may_lack) return Ok{};
  if (!file) return group_error("opening " + setting.file, errno);
  if (write(file.get(), setting.value.data(), setting.value.size()) != static_cast<ssize_t>(setting.value.size())) {
    return group_error("writing " + setting.value + " to " + setting.file, errno);
  }
  const std::string text = read_text(file.get());
  const std::string_view found = std::string_view(text).substr(0, text.find('\n'));
  if (same_value(setting.value, found)) return Ok{};
  return Error{ErrorKind::Host, std::string(kCannot),
               setting.file + " is " + escape_bytes(found) + " after " + setting.value + " was written"};
}

/// "oom_kill 3": the number; 0 where there is none.
std::uint64_t counted(int group, const char* file, std::string_view key) {
  const UniqueFd events(openat(group, file, O_RDONLY | O_CLOEXEC));
  if (!events) return 0;
  for (const std::string& line : split(read_text(events.get()), '\n')) {
    std::string_view rest = line;
    if (take_part(rest, ' ') == key) return parse_number(rest).value_or(0);
  }
  return 0;
}

}  // namespace

Result<SandboxGroup> SandboxGroup::make(const CgroupPlan& plan) {
  FENCE_TRY(const UniqueFd parent, open_parent(plan.parent));
  const std::string name = unique_name();
  FENCE_TRY(CgroupJanitor janitor, CgroupJanitor::start(parent.get(), name));
  FENCE_TRY(UniqueFd limits, make_directory(parent.get(), name));
  for (const CgroupSetting& setting : plan.settings) {
    FENCE_TRY([[maybe_unused]] const Ok kept, set(limits.get(), setting));
  }
  FENCE_TRY(const UniqueFd inside, make_directory(limits.get(), kInside));
  UniqueFd entrance(openat(inside.get(), "cgroup.procs", O_RDWR | O_CLOEXEC));
  if (!entrance) return group_error("opening cgroup.procs", errno);
  return SandboxGroup(std::move(janitor), std::move(limits), std::move(entrance));
}

Result<Ok> SandboxGroup::take_in(pid_t pid) const {
  const std::string number = std::to_string(pid);
  if (write(entrance_.get(), number.data(), number.size()) == static_cast<ssize_t>(number.size())) return Ok{};
  return system_error(std::string(kCannotEnter), errno);
}

Result<Ok> SandboxGroup::confirm(pid_t pid) const {
  for (const std::string& line : split(read_text(entrance_.get()), '\n')) {
    if (parse_number<pid_t>(line) == pid) return Ok{};
  }
  return Error{ErrorKind::Host, "the sandbox is not in its control group", "something has moved it"};
}

std::map<Limit, std::uint64_t> SandboxGroup::reached() const {
  std::map<Limit, std::uint64_t> out;
  // Without `oom` it was the whole machine's memory, or that of a group above.
  const std::uint64_t killed = counted(limits_.get(), "memory.events", "oom_kill");
  if (killed != 0 && counted(limits_.get(), "memory.events", "oom") != 0) out[Limit::Memory] = killed;
  if (const std::uint64_t failed = counted(limits_.get(), "pids.events", "max"); failed != 0) out[Limit::Pids] = failed;
  return out;
}

}  // namespace fence::launch
