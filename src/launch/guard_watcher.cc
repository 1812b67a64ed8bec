#include "guard_watcher.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "descriptors.h"
#include "fence/util/companions.h"

namespace fence::launch {
namespace {

// Nothing: `errno` is EAGAIN where no message has come, and 0 at the end of the process.
std::optional<Watcher::Message> receive(int socket, int flags) {
  Watcher::Message got;
  Companions along;
  ssize_t size = 0;
  do size = receive_with(socket, flags, got.report, along);
  while (size < 0 && errno == EINTR);
  if (size == 0) errno = 0;
  if (size != static_cast<ssize_t>(sizeof got.report)) return std::nullopt;
  got.file = std::move(along.fd);
  return got;
}

std::vector<GuardedPlace> places_of(const std::vector<GuardOrder>& orders) {
  std::vector<GuardedPlace> places;
  for (const GuardOrder& order : orders) {
    const std::size_t slash = order.place.rfind('/');
    places.push_back(
        {order.place.substr(0, std::max<std::size_t>(1, slash)), order.place.substr(slash + 1), order.remedy});
  }
  return places;
}

std::string_view step_text(WatchStep step) {
  switch (step) {
    case WatchStep::Group:
      return "starting a process group";
    case WatchStep::Descriptors:
      return "closing descriptors";
    case WatchStep::UserNamespace:
      return "entering the sandbox's user namespace";
    case WatchStep::MountNamespace:
      return "entering the sandbox's mount namespace";
    case WatchStep::Hiding:
      return "giving up to be looked at, and privileges";
    case WatchStep::ParentDeath:
      return "asking for an end together with fence";
  }
  return "";
}

constexpr std::string_view kCannotGuard = "cannot guard the sandbox's mounts";

}  // namespace

Result<Watcher> Watcher::start(pid_t stage, int mountinfo, const std::vector<GuardOrder>& orders) {
  FENCE_TRY(const Namespaces namespaces, open_namespaces(stage));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error(std::string(kCannotGuard), errno);
  }
  UniqueFd ours(ends[0]), its(ends[1]);
  const std::vector<GuardedPlace> places = places_of(orders);
  const WatcherWorld world{getpid(), its.get(), mountinfo, namespaces, places};
  const pid_t pid = fork();
  if (pid == 0) watch_mounts(world);
  if (pid < 0) return system_error(std::string(kCannotGuard), errno);
  return Watcher(pid, std::move(ours));
}

Watcher::~Watcher() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Result<Ok> Watcher::confirm() const {
  const auto said = receive(reports_.get(), 0);
  if (!said) {
    Error error{ErrorKind::Host, std::string(kCannotGuard), "the process that does it was killed"};
    if (errno != 0) error.why = errno_text(errno);
    return error;
  }
  if (said->report.kind == WatchReport::Kind::Ready) return Ok{};
  const auto step = static_cast<WatchStep>(said->report.which);
  Error error = system_error(std::string(kCannotGuard), said->report.error);
  error.why = std::string(step_text(step)) + ": " + error.why;
  return error;
}

std::optional<Watcher::Message> Watcher::next() {
  auto message = receive(reports_.get(), MSG_DONTWAIT);
  if (!message && errno != EAGAIN) gone_ = true;
  return message;
}

void Watcher::ask() {
  if (send(reports_.get(), "", 1, MSG_NOSIGNAL) != 1) gone_ = true;
}

}  // namespace fence::launch
