#include "guard_remount.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "descriptors.h"
#include "fence/util/companions.h"
#include "fence/util/mount_calls.h"
#include "fence/util/process_calls.h"

namespace fence::launch {
namespace {

/// A file that is replaced before it can be protected: so often the newer one is tried.
constexpr int kTries = 32;

/// When it is so long since something happened, there is time to clean up.
constexpr int kQuietMs = 20;

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

int cover(int file, Remedy remedy, UniqueFd& tree) {
  tree = make_mount(file, remedy);
  if (!tree) return errno;
  constexpr std::uint64_t kConfined = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (!change_mount(tree.get(), 0, kConfined, MS_PRIVATE)) return errno;
  return attach_mount(tree.get(), file, "") ? 0 : errno;
}

/// sched_setattr(2), which neither glibc nor Linux's headers declare everywhere.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
};

// Who asks for short slices is let onto a processor that is busy sooner (EEVDF; Linux 6.12 gives everybody this, before
// it is without effect). How much time he gets does not change.
void ask_for_short_slices() noexcept {
  SchedulingAttributes attributes{};
  attributes.size = sizeof attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  constexpr std::uint64_t kShortestNs = 100'000;
  attributes.runtime = kShortestNs;
  syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

// The kernel drops a mount in the middle of rename(2), while the name still leads to the old file. This never renames
// anything, but it waits for the lock of the directory, so for the end of that rename.
void wait_for_rename(int directory, const char* name) noexcept {
  renameat2(directory, name, directory, name, RENAME_NOREPLACE);
}

class Watch {
 public:
  explicit Watch(const WatcherWorld& world) noexcept : world_(world) {}

  [[noreturn]] void run() noexcept {
    if (const auto failed = move_in()) {
      const auto step = static_cast<std::uint32_t>(*failed);
      tell({.kind = WatchReport::Kind::Failed, .which = step, .error = errno});
      _exit(1);
    }
    tell({.kind = WatchReport::Kind::Ready});
    // What fence gives back later stays here otherwise.
    malloc_trim(0);
    look_at_all();
    for (;;) {
      pollfd wait[] = {{world_.mountinfo, POLLPRI, 0}, {world_.reports, POLLIN, 0}};
      const int woken = poll(wait, std::size(wait), held_ != 0 ? kQuietMs : -1);
      if (woken == 0) close_now();
      if (woken <= 0) continue;
      const bool asked = wait[1].revents != 0;
      if (asked) take_question();
      look_at_all();
      if (asked) tell({.kind = WatchReport::Kind::Looked});
    }
  }

 private:
  std::optional<WatchStep> move_in() const noexcept {
    if (setpgid(0, 0) != 0) return WatchStep::Group;
    prctl(PR_SET_NAME, "fence-guard", 0, 0, 0);
    ask_for_short_slices();
    const int kept[] = {world_.reports, world_.mountinfo, world_.namespaces.user.get(), world_.namespaces.mount.get()};
    // An end of fence's pipes that stayed open here would keep others from seeing the end of fence.
    if (!close_all_but(0, kept)) return WatchStep::Descriptors;
    if (setns(world_.namespaces.user.get(), CLONE_NEWUSER) != 0) return WatchStep::UserNamespace;
    if (setns(world_.namespaces.mount.get(), CLONE_NEWNS) != 0) return WatchStep::MountNamespace;
    close(world_.namespaces.user.get());
    close(world_.namespaces.mount.get());
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return WatchStep::Hiding;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return WatchStep::Hiding;
    // Not before: with other capabilities the kernel forgets it (prctl(2)).
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return WatchStep::ParentDeath;
    // fence may have died before the signal was asked for.
    if (getppid() != world_.fence) _exit(1);
    return std::nullopt;
  }

  void tell(const WatchReport& report, int file = -1) const noexcept {
    if (!send_with(world_.reports, report, file)) _exit(1);
  }

  void take_question() const noexcept {
    char question = 0;
    const ssize_t got = recv(world_.reports, &question, sizeof question, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) _exit(0);
  }

  // What was replaced last is most likely what was replaced now.
  void look_at_all() noexcept {
    const std::uint32_t first = last_lost_;
    look_at(first);
    for (std::uint32_t index = 0; index < world_.places.size(); ++index) {
      if (index != first) look_at(index);
    }
  }

  // Without a way over a mount, so that EXDEV means that one is there.
  void look_at(std::uint32_t index) noexcept {
    const GuardedPlace& place = world_.places[index];
    const UniqueFd directory = open_place(AT_FDCWD, place.parent.c_str(), O_DIRECTORY, 0);
    if (!directory) give_up(index, errno);
    for (int left = kTries; left != 0; --left) {
      UniqueFd file = open_place(directory.get(), place.name.c_str(), 0, RESOLVE_NO_XDEV);
      if (!file && errno == EXDEV) return;
      if (!file) give_up(index, errno);
      last_lost_ = index;
      struct stat status {};
      if (fstat(file.get(), &status) != 0) give_up(index, errno);
      if (status.st_nlink == 0) {
        wait_for_rename(directory.get(), place.name.c_str());
        close_later(std::move(file));
        continue;
      }
      if (!can_be_covered(status.st_mode, place.remedy)) give_up(index, 0);
      UniqueFd tree;
      const int error = cover(file.get(), place.remedy, tree);
      // Replaced once more: what was opened has no name now.
      if (error == ENOENT) {
        close_later(std::move(file));
        close_later(std::move(tree));
        continue;
      }
      if (error != 0) give_up(index, error);
      // The mount that has come is itself a reason for the next look.
      return tell({.kind = WatchReport::Kind::PutBack, .which = index}, file.get());
    }
    give_up(index, EBUSY);
  }

  // The last one to close a file that has no name deletes it, and who closes a mount that is nowhere waits for all
  // processors: many times as long as mounting takes, and there may be a next loss.
  void close_later(UniqueFd fd) noexcept { closing_[held_++ % closing_.size()] = std::move(fd); }

  void close_now() noexcept {
    for (UniqueFd& fd : closing_) fd.reset();
    held_ = 0;
  }

  [[noreturn]] void give_up(std::uint32_t index, int error) const noexcept {
    tell({.kind = WatchReport::Kind::Lost, .which = index, .error = error});
    _exit(0);
  }

  const WatcherWorld& world_;
  std::uint32_t last_lost_ = 0;
  std::array<UniqueFd, 64> closing_{};
  std::size_t held_ = 0;
};

}  // namespace

Result<Namespaces> open_namespaces(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/mnt";
  Namespaces found{UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), UniqueFd()};
  if (!found.mount) return system_error("cannot open the sandbox's mount namespace", errno);
  found.user.reset(ioctl(found.mount.get(), NS_GET_USERNS));
  if (!found.user) return system_error("cannot open the user namespace of the sandbox's mounts", errno);
  return found;
}

void watch_mounts(const WatcherWorld& world) noexcept { Watch(world).run(); }

}  // namespace fence::launch
