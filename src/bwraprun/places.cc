#include "places.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fence::bwraprun {
namespace {

// The kernel gives up where something is renamed meanwhile, or mounted (openat2(2), EAGAIN).
constexpr int kTries = 128;

UniqueFd openat2(int directory, const char* path, std::uint64_t flags, std::uint32_t mode,
                 std::uint64_t resolve) noexcept {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  long fd = -1;
  for (int tries = 0; tries < kTries; ++tries) {
    fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return UniqueFd(static_cast<int>(fd));
}

}  // namespace

UniqueFd Places::open(const char* path, std::uint64_t flags, std::uint32_t mode) const noexcept {
  return openat2(root_.get(), path[0] == '\0' ? "." : path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

UniqueFd Places::parents(const char* path, std::uint32_t mode) noexcept {
  std::size_t length = std::strlen(path);
  if (length >= sizeof path_) {
    errno = ENAMETOOLONG;
    return {};
  }
  while (length > 0 && path[length - 1] == '/') --length;
  std::memcpy(path_, path, length);
  path_[length] = '\0';
  char* const slash = std::strrchr(path_, '/');
  if (slash == nullptr) {
    name_ = path_;
    return open(".", O_PATH | O_DIRECTORY);
  }
  name_ = slash + 1;
  *slash = '\0';
  UniqueFd directory = open(path_, O_PATH | O_DIRECTORY);
  return !directory && errno == ENOENT ? walk(path_, mode) : std::move(directory);
}

// Component by component, each time from the root: a component may be a link that leads anywhere in it.
UniqueFd Places::walk(char* path, std::uint32_t mode) noexcept {
  UniqueFd directory = open(".", O_PATH | O_DIRECTORY);
  for (char* at = path; directory && *at != '\0';) {
    while (*at == '/') ++at;
    char* const begin = at;
    while (*at != '\0' && *at != '/') ++at;
    if (at == begin) break;
    const char ended = std::exchange(*at, '\0');
    UniqueFd next = open(path, O_PATH | O_DIRECTORY);
    if (!next && errno == ENOENT && mkdirat(directory.get(), begin, mode) == 0) {
      next = open(path, O_PATH | O_DIRECTORY);
    }
    *at = ended;
    directory = std::move(next);
  }
  return directory;
}

bool Places::is_root(int fd) const noexcept {
  struct statx one {
  }, other{};
  constexpr unsigned kWanted = STATX_INO | STATX_MNT_ID;
  return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kWanted, &one) == 0 &&
         statx(root_.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kWanted, &other) == 0 &&
         one.stx_mnt_id == other.stx_mnt_id && one.stx_ino == other.stx_ino;
}

Places::Target Places::found(const char* path, std::uint64_t flags, Failed what) const noexcept {
  UniqueFd fd = open(path, O_PATH | flags);
  if (!fd) return {{}, false, failure(what)};
  const bool root = is_root(fd.get());
  return {std::move(fd), root, {}};
}

Places::Target Places::directory(const char* path, std::uint32_t parents_mode, std::uint32_t mode) noexcept {
  UniqueFd parent = parents(path, parents_mode);
  if (!parent) return {{}, false, failure(Failed::Parents)};
  if (name_[0] == '\0') return found(path, O_DIRECTORY, Failed::MakeDirectory);
  if (mkdirat(parent.get(), name_, mode) != 0) {
    return errno == EEXIST ? found(path, O_DIRECTORY, Failed::MakeDirectory)
                           : Target{{}, false, failure(Failed::MakeDirectory)};
  }
  // A name that was made just now is no link, unless somebody has exchanged it since: nothing is mounted on a link.
  return {std::move(parent), false, {}, name_};
}

Places::Target Places::file(const char* path, std::uint32_t parents_mode) noexcept {
  const UniqueFd parent = parents(path, parents_mode);
  if (!parent) return {{}, false, failure(Failed::Parents)};
  // Through links, also through one that leads nowhere yet: its target is made.
  if (name_[0] != '\0' && !open(path, O_CREAT | O_EXCL | O_WRONLY, 0444) && errno != EEXIST) {
    return {{}, false, failure(Failed::MakePlace)};
  }
  Target target = found(path, 0, Failed::MakePlace);
  if (!target.fd && target.bad.error == ENOENT && open(path, O_CREAT | O_WRONLY, 0444)) {
    target = found(path, 0, Failed::MakePlace);
  }
  struct stat status {};
  if (target.fd && fstat(target.fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    target.fd.reset();
    target.bad = {Failed::MakePlace, EISDIR};
  }
  return target;
}

}  // namespace fence::bwraprun
