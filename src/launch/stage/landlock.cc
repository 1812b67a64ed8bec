// The second layer: what the kernel refuses whatever mounts and descriptors the command gets at (landlock(7)).
#include "fence/util/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "stage.h"

namespace fence::stage {
namespace {

/// struct landlock_ruleset_attr of ABI 6. An older kernel takes it as long as what it does not know is 0.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

int add_rule(const Ruleset& ruleset, int fd, std::uint64_t rights) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = fd;
  return syscall(SYS_landlock_add_rule, ruleset.fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

std::uint64_t handed_rights(const PayloadHeader& header, int flags) {
  if ((flags & O_PATH) != 0) return 0;
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return header.handed_readable;
    case O_WRONLY:
      return header.handed_writable;
    case O_RDWR:
      return header.handed_readable | header.handed_writable;
    default:  // 3: for ioctl(2) alone (open(2))
      return 0;
  }
}

Failure grant_descriptor(const PayloadHeader& header, const Ruleset& ruleset, int fd) {
  const auto bad = [fd](int error) {
    return Failure{true, Step::LandlockStream, error, static_cast<std::uint32_t>(fd)};
  };
  const int flags = fcntl(fd, F_GETFL);
  struct stat status {};
  if (flags < 0 || fstat(fd, &status) != 0) return bad(errno);
  std::uint64_t rights = handed_rights(header, flags);
  if (!S_ISDIR(status.st_mode)) rights &= landlock::kFileRights;
  if (rights == 0) return {};
  const int error = add_rule(ruleset, fd, rights);
  // A pipe, a socket or a memfd: Landlock restricts nothing on the kernel's own file systems.
  return error == 0 || error == EBADFD ? Failure{} : bad(error);
}

}  // namespace

Failure make_ruleset(const Orders& orders, Ruleset& ruleset) {
  const RulesetAttributes wanted{orders.header->handled, 0, orders.header->scoped};
  if (wanted.handled_access_fs == 0 && wanted.scoped == 0) return {};
  // Closed by exec, like every ruleset.
  ruleset.fd = static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0));
  return ruleset.fd >= 0 ? Failure{} : failure(Step::LandlockRuleset, errno);
}

Failure grant(const Ruleset& ruleset, int fd, std::uint64_t rights) {
  const int error = add_rule(ruleset, fd, rights);
  return error == 0 ? Failure{} : failure(Step::LandlockRule, error);
}

Failure grant_descriptors(const Orders& orders, const Ruleset& ruleset) {
  const PayloadHeader& header = *orders.header;
  if ((header.handed_readable | header.handed_writable) == 0) return {};
  for (int stream = 0; stream < 3; ++stream) {
    // A private terminal lies in the sandbox's own /dev/pts.
    if (header.streams[stream] < 0) continue;
    if (const Failure bad = grant_descriptor(header, ruleset, stream); bad.failed) return bad;
  }
  for (std::uint32_t i = 0; i < header.kept; ++i) {
    if (const Failure bad = grant_descriptor(header, ruleset, orders.kept[i]); bad.failed) return bad;
  }
  return {};
}

Failure restrict_self(Ruleset& ruleset) {
  if (ruleset.fd < 0) return {};
  if (syscall(SYS_landlock_restrict_self, ruleset.fd, 0) != 0) return failure(Step::LandlockRestrict, errno);
  close(ruleset.fd);
  ruleset.fd = -1;
  return {};
}

}  // namespace fence::stage
