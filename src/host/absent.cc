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

#include "fence/facts/resolve.h"
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

Error rename_error(const HostPath& path, int errno_value) {
  return {.kind = ErrorKind::Host,
          .what = "cannot move " + escape_bytes(path.text()) + " aside",
          .errno_value = errno_value};
}

}  // namespace

std::optional<HostPath> appeared(const HostPath& path, const std::optional<std::string>& link_target,
                                 const HostFacts& now) {
  FactLens lens(now);
  HostPath at = HostPath::root();
  for (const std::string& name : path.components()) {
    at = at.child(name);
    const bool nothing_new =
        std::visit(Overloaded{
                       [&](const Present& fact) { return at != path && fact.kind == PathKind::Directory; },
                       [&](const Link& link) { return at == path && link_target == link.target; },
                       [](const Absent&) { return true; },
                       // What cannot be looked at is there: the command may have taken the permission away.
                       [](const Unreadable&) { return false; },
                   },
                   lens.path(at));
    if (!nothing_new) return at;
    if (!std::holds_alternative<Present>(lens.path(at))) return std::nullopt;
  }
  return std::nullopt;
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
