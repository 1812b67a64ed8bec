#include "userns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "descriptors.h"

namespace fence::launch {
namespace {

int write_file(const std::string& path, std::string_view text) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  // The kernel takes a map in one write only (user_namespaces(7)).
  return ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

/// A child that lives in the new namespace until its end of the pipe is closed.
class Holder {
 public:
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  Holder() = default;
  ~Holder() {
    release_.reset();
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }

  Result<Ok> start(bool nested) {
    FENCE_TRY(Pipe release, make_pipe());
    FENCE_TRY(Pipe result, make_pipe());
    pid_ = fork();
    if (pid_ < 0) return system_error("cannot start a process", errno);
    if (pid_ == 0) hold(release, result, nested);
    release_ = std::move(release.write);
    result.write.reset();
    int error = EPIPE;
    if (read(result.read.get(), &error, sizeof error) != static_cast<ssize_t>(sizeof error)) error = EPIPE;
    if (error != 0) {
      Error refused = system_error("cannot make a user namespace", error);
      refused.hint = "user namespaces are restricted here; look at sysctl user.max_user_namespaces";
      return refused;
    }
    return Ok{};
  }

  [[nodiscard]] std::string proc(const char* file) const { return "/proc/" + std::to_string(pid_) + file; }

 private:
  [[noreturn]] static void hold(Pipe& release, Pipe& result, bool nested) {
    release.write.reset();
    int error = unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
    if (error == 0 && !nested) error = write_file("/proc/sys/user/max_user_namespaces", "0");
    const auto told [[maybe_unused]] = ::write(result.write.get(), &error, sizeof error);
    char byte = 0;
    const auto ended [[maybe_unused]] = read(release.read.get(), &byte, 1);
    _exit(0);
  }

  pid_t pid_ = -1;
  UniqueFd release_;
};

}  // namespace

Result<UniqueFd> make_user_namespace(const UserNamespacePayload& payload) {
  Holder holder;
  FENCE_TRY([[maybe_unused]] Ok started, holder.start(payload.nested_user_namespaces));
  if (const int error = write_file(holder.proc("/gid_map"), id_map_text(payload.map.gids)); error != 0) {
    return system_error("cannot map group ids into a user namespace", error);
  }
  if (const int error = write_file(holder.proc("/uid_map"), id_map_text(payload.map.uids)); error != 0) {
    return system_error("cannot map user ids into a user namespace", error);
  }
  UniqueFd fd(open(holder.proc("/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("cannot open a user namespace", errno);
  return fd;
}

}  // namespace fence::launch
