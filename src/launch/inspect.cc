#include "inspect.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "descriptors.h"
#include "fence/util/text.h"
#include "mount_table.h"

namespace fence::launch {
namespace {

Result<std::string> read_all(int file) {
  std::string text;
  std::string buffer(std::size_t{1} << 16U, '\0');
  for (;;) {
    const ssize_t got = read(file, buffer.data(), buffer.size());
    if (got < 0) return system_error("cannot read the sandbox's mounts", errno);
    if (got == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(got));
  }
}

std::string_view difference_text(MountDifference::Kind kind) {
  switch (kind) {
    case MountDifference::Kind::Missing:
      return "the planned mount is not there";
    case MountDifference::Kind::Unplanned:
      return "a mount is there that the plan does not have";
    case MountDifference::Kind::TooLoose:
      return "the mount there allows more than the plan";
  }
  return "";
}

// bubblewrap makes what lies below a bind read-only mount by mount, and passes over those that the caller has no way
// to.
std::string_view hint_of(MountDifference::Kind kind, Executor executor) {
  if (kind == MountDifference::Kind::TooLoose && executor == Executor::Bwrap) {
    return "if you may not enter a directory above it, bubblewrap leaves it as it is: hide that directory with "
           "--deny-read, or use --backend native";
  }
  return "start again; if it happens again, something mounts or removes files there at the same time";
}

Result<Ok> compare(int mountinfo, const SandboxPlan& plan) {
  FENCE_TRY(const std::string text, read_all(mountinfo));
  auto mounts = parse_mountinfo(text);
  if (!mounts) return Error{ErrorKind::Host, "cannot understand the sandbox's mounts", "/proc/PID/mountinfo is odd"};
  const auto difference = find_difference(reachable_mounts(*mounts), mount_orders(plan.mounts));
  if (!difference) return Ok{};
  return Error{.kind = ErrorKind::Host,
               .what = "the sandbox is not what was planned at " + escape_bytes(difference->path),
               .why = std::string(difference_text(difference->kind)),
               .hint = std::string(hint_of(difference->kind, plan.executor))};
}

}  // namespace

Result<std::optional<Guard>> inspect_sandbox(pid_t stage, const SandboxPlan& plan) {
  // Nothing is mounted: the stage has looked at each place, and nothing can be lost.
  if (plan.executor == Executor::Landlock) return std::optional<Guard>();
  std::vector<GuardOrder> orders;
  if (plan.guard_mounts) orders = guard_orders(plan.mounts);
  if (orders.empty() && !plan.verify_mounts) return std::optional<Guard>();
  const std::string path = "/proc/" + std::to_string(stage) + "/mountinfo";
  const UniqueFd mountinfo(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!mountinfo) return system_error("cannot look at the sandbox's mounts", errno);
  std::optional<Guard> guard;
  if (!orders.empty()) {
    FENCE_TRY(Guard started, Guard::start(stage, mountinfo.get(), std::move(orders)));
    guard.emplace(std::move(started));
  }
  if (plan.verify_mounts) {
    FENCE_TRY([[maybe_unused]] Ok same, compare(mountinfo.get(), plan));
  }
  // The watcher gets ready in the meantime.
  if (guard) {
    FENCE_TRY([[maybe_unused]] Ok watches, guard->confirm());
  }
  return guard;
}

}  // namespace fence::launch
