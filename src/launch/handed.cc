#include "handed.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "descriptors.h"
#include "fence/plan/handed.h"
#include "fence/util/text.h"

namespace fence::launch {
namespace {

std::string name_of(int fd) {
  switch (fd) {
    case STDIN_FILENO:
      return "standard input";
    case STDOUT_FILENO:
      return "standard output";
    case STDERR_FILENO:
      return "standard error";
    default:
      return "descriptor " + std::to_string(fd);
  }
}

Error cannot_look(int fd) { return system_error("cannot look at " + name_of(fd), errno); }

/// Null where it has no name that leads to it (its mount is gone).
Result<std::optional<HostPath>> opened_file(int fd) {
  char target[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
  if (length <= 0) return cannot_look(fd);
  if (target[0] != '/') return std::optional<HostPath>();
  FENCE_TRY(HostPath path, HostPath::parse(std::string_view(target, static_cast<std::size_t>(length))));
  return std::optional(std::move(path));
}

int socket_option(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

// It talks to whom it is connected to, or to who connects: the kernel gives it no other address any more
// (net/unix/af_unix.c).
bool is_settled_unix_socket(int fd) {
  const int type = socket_option(fd, SO_TYPE);
  if (type != SOCK_STREAM && type != SOCK_SEQPACKET) return false;
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  return socket_option(fd, SO_ACCEPTCONN) == 1 || getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

// In a namespace nothing of the host's has a name; here a socket that is there already leads past the filter, which
// only refuses to make one, and partly past Landlock (datagrams, TCP_FASTOPEN, listen(2) without bind(2)).
std::optional<Error> refuse_socket(int fd, const SandboxPlan& plan) {
  if (plan.executor != Executor::Landlock) return std::nullopt;
  const int family = socket_option(fd, SO_DOMAIN);
  if (family == AF_UNIX) {
    const auto group = std::ranges::find(plan.filter.groups, "unix_sockets", &FilterGroupPlan::name);
    const bool refused = group == plan.filter.groups.end() || group->refused;
    if (!refused || is_settled_unix_socket(fd)) return std::nullopt;
    return Error{.kind = ErrorKind::Conflict,
                 .what = "cannot give the command the unix socket that is " + name_of(fd),
                 .why = "it is not connected for good, so every socket that has a path could be reached through it",
                 .hint = "hand over a connected stream socket, or use backend = \"native\""};
  }
  if (plan.network.value == NetworkMode::Host) return std::nullopt;
  return Error{.kind = ErrorKind::Conflict,
               .what = "cannot give the command the socket that is " + name_of(fd),
               .why = "without a network namespace the host's network could be reached through it",
               .hint = "open the network with --net host, or put a pipe between: socat or cat"};
}

std::optional<Error> refuse(int fd, const SandboxPlan& plan) {
  struct stat status {};
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return errno == EBADF ? std::nullopt : std::optional(cannot_look(fd));
  if (fstat(fd, &status) != 0) return cannot_look(fd);
  if (S_ISSOCK(status.st_mode)) return refuse_socket(fd, plan);
  const bool directory = S_ISDIR(status.st_mode);
  const bool for_reading = (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY;
  if (!for_reading || !(directory || S_ISREG(status.st_mode))) return std::nullopt;
  const auto file = opened_file(fd);
  if (!file) return file.error();
  if (!*file) return std::nullopt;
  const HostPath& path = **file;
  const auto place = opened_past_its_mount(plan.mounts, path, directory);
  if (!place) return std::nullopt;
  return Error{.kind = ErrorKind::Conflict,
               .what = "cannot give the command " + escape_bytes(path.text()) + " as " + name_of(fd),
               .why = "through a descriptor it could write to " + escape_bytes(place->text()) + ", which is protected",
               .hint = directory ? "let the command open the directory by its name"
                                 : "hand over its bytes: cat " + shell_quote(path.text()) + " | fence ..."};
}

}  // namespace

Errors refused_descriptors(const SandboxPlan& plan) {
  Errors errors;
  for (const int fd : plan.keep_descriptors) {
    if (fcntl(fd, F_GETFD) < 0) errors.push_back(system_error("cannot keep descriptor " + std::to_string(fd), errno));
  }
  std::vector<int> handed{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  handed.insert(handed.end(), plan.keep_descriptors.begin(), plan.keep_descriptors.end());
  for (const int fd : handed) {
    if (auto error = refuse(fd, plan)) errors.push_back(*std::move(error));
  }
  return errors;
}

}  // namespace fence::launch
