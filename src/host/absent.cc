#include "fence/host/absent.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "fence/util/fd.h"
#include "fence/util/text.h"

namespace fence {
namespace {

/// More names than anybody keeps: past it something makes them as fast as they are tried.
constexpr int kMaxQuarantineNames = 1000;

/// A descriptor for the thing at `path` itself; a link on the way gives ELOOP.
UniqueFd open_itself(const HostPath& path, std::uint64_t more_flags = 0) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC | more_flags;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.text().c_str(), &how, sizeof how)));
}

bool is_directory(const UniqueFd& fd) {
  struct stat status {};
  return ::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// True where `fd` is a symbolic link to exactly `target`.
bool is_link_to(const UniqueFd& fd, const std::string& target) {
  std::array<char, kMaxPathBytes + 1> text;
  // An empty name is the link that the descriptor is for (readlink(2), Linux 2.6.39).
  const ssize_t size = ::readlinkat(fd.get(), "", text.data(), text.size());
  return size >= 0 && std::string_view(text.data(), static_cast<std::size_t>(size)) == target;
}

Error rename_error(const HostPath& path, int errno_value) {
  return {.kind = ErrorKind::Host,
          .what = "cannot move " + escape_bytes(path.text()) + " aside",
          .errno_value = errno_value};
}

}  // namespace

std::optional<HostPath> appeared(const HostPath& path, const std::optional<std::string>& link_target) {
  HostPath at = HostPath::root();
  for (const std::string& name : path.components()) {
    at = at.child(name);
    const UniqueFd found = open_itself(at);
    if (!found && errno == ENOENT) return std::nullopt;
    if (at == path && found && link_target && is_link_to(found, *link_target)) return std::nullopt;
    // What cannot be looked at is there: the command may have taken the permission away.
    if (!found || !is_directory(found)) return at;
  }
  return path;
}

Result<HostPath> quarantine(const HostPath& path) {
  const HostPath parent = path.parent();
  const UniqueFd directory = open_itself(parent, O_DIRECTORY);
  if (!directory) return rename_error(path, errno);
  const std::string name(path.name());
  for (int number = 1; number <= kMaxQuarantineNames; ++number) {
    const std::string aside = name + ".fence-quarantine" + (number == 1 ? "" : "-" + std::to_string(number));
    if (::renameat2(directory.get(), name.c_str(), directory.get(), aside.c_str(), RENAME_NOREPLACE) == 0) {
      return parent.child(aside);
    }
    if (errno != EEXIST) return rename_error(path, errno);
  }
  return rename_error(path, EEXIST);
}

}  // namespace fence
