#include "guard_remount.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include "descriptors.h"
#include "mount_calls.h"
#include "processes.h"

namespace fence::launch {
namespace {

constexpr std::int64_t kPatienceMs = 2000;
/// A file that is replaced again and again outside: so often the newest one is tried.
constexpr int kTries = 32;

bool is_null_device(int file) {
  struct stat status {};
  constexpr unsigned kMajor = 1, kMinor = 3;
  return fstat(file, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(kMajor, kMinor);
}

// What is to be mounted on `file`: the file itself, or what masks it.
UniqueFd make_mount(int file, Remedy remedy) {
  if (remedy == Remedy::Protect) return clone_mount(file, "", 0);
  const UniqueFd null = open_place(AT_FDCWD, "/dev/null", 0, 0);
  return null && is_null_device(null.get()) ? clone_mount(null.get(), "", 0) : UniqueFd();
}

bool can_be_covered(mode_t mode, Remedy remedy) {
  switch (remedy) {
    case Remedy::Protect:
      return S_ISREG(mode);
    case Remedy::Mask:
      return !S_ISDIR(mode) && !S_ISLNK(mode);
    case Remedy::End:
      return false;
  }
  return false;
}

int cover(int file, Remedy remedy) {
  const UniqueFd tree = make_mount(file, remedy);
  if (!tree) return errno;
  constexpr std::uint64_t kConfined = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (!change_mount(tree.get(), 0, kConfined, MS_PRIVATE)) return errno;
  return attach_mount(tree.get(), file, "") ? 0 : errno;
}

Loss lost(std::uint32_t index, int error) { return {.order = index, .error = error}; }

// Without a way over a mount, so that EXDEV means that one is there.
std::optional<Loss> look_at(std::uint32_t index, const GuardOrder& order) {
  const std::string parent = order.place.substr(0, std::max<std::size_t>(1, order.place.rfind('/')));
  const UniqueFd directory = open_place(AT_FDCWD, parent.c_str(), O_DIRECTORY, 0);
  if (!directory) return lost(index, errno);
  std::optional<Loss> loss;
  for (int left = kTries; left != 0; --left) {
    const UniqueFd file =
        open_place(directory.get(), order.place.c_str() + order.place.rfind('/') + 1, 0, RESOLVE_NO_XDEV);
    if (!file) return errno == EXDEV ? loss : lost(index, errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return lost(index, errno);
    if (!can_be_covered(status.st_mode, order.remedy)) return lost(index, 0);
    const int error = cover(file.get(), order.remedy);
    // Replaced once more: what was opened has no name now.
    if (error != 0 && error != ENOENT) return lost(index, error);
    loss = Loss{index, true, 0, status.st_dev, status.st_ino};
  }
  return lost(index, EBUSY);
}

[[noreturn]] void work(const Namespaces& where, std::span<const GuardOrder> orders, int results) {
  if (setns(where.user.get(), CLONE_NEWUSER) != 0 || setns(where.mount.get(), CLONE_NEWNS) != 0) _exit(1);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  std::uint32_t index = 0;
  for (const GuardOrder& order : orders) {
    const auto loss = look_at(index++, order);
    if (loss && write(results, &*loss, sizeof *loss) != static_cast<ssize_t>(sizeof *loss)) _exit(1);
  }
  _exit(0);
}

// Whole records only: a write of less than PIPE_BUF is not split.
bool read_losses(int results, std::vector<Loss>& losses) {
  const std::int64_t until = now_ms() + kPatienceMs;
  for (;;) {
    pollfd wait{results, POLLIN, 0};
    const std::int64_t left = until - now_ms();
    if (left <= 0 || (poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR)) return false;
    if (wait.revents == 0) continue;
    Loss loss;
    const ssize_t got = read(results, &loss, sizeof loss);
    if (got == 0) return true;
    if (got == static_cast<ssize_t>(sizeof loss)) losses.push_back(loss);
  }
}

}  // namespace

Result<Namespaces> open_namespaces(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/mnt";
  Namespaces found{UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), UniqueFd()};
  if (!found.mount) return system_error("cannot open the sandbox's mount namespace", errno);
  found.user.reset(ioctl(found.mount.get(), NS_GET_USERNS));
  if (!found.user) return system_error("cannot open the user namespace of the sandbox's mounts", errno);
  return found;
}

std::optional<std::vector<Loss>> put_back_lost(const Namespaces& where, std::span<const GuardOrder> orders) {
  auto results = make_pipe();
  if (!results) return std::nullopt;
  const pid_t child = fork();
  if (child < 0) return std::nullopt;
  if (child == 0) work(where, orders, results->write.get());
  results->write.reset();
  std::vector<Loss> losses;
  const bool whole = read_losses(results->read.get(), losses);
  if (!whole) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!whole || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return losses;
}

}  // namespace fence::launch
