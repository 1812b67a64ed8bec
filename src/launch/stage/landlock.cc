// The second layer: what the kernel refuses whatever mounts and descriptors the command gets at (landlock(7)).
#include "fence/util/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "stage.h"

namespace fence::stage {
namespace {

constexpr std::uint32_t kStreams = 3;

/// struct landlock_ruleset_attr of ABI 6. An older kernel takes it as long as what it does not know is 0.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

int add_rule(const Ruleset& ruleset, int fd, std::uint64_t rights) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights & ruleset.handled;
  rule.parent_fd = fd;
  if (rule.allowed_access == 0) return 0;
  return syscall(SYS_landlock_add_rule, ruleset.fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

/// What the command is handed as a descriptor.
struct Handed {
  int fd;
  int flags;    ///< of open(2)
  mode_t type;  ///< of S_IFMT

  [[nodiscard]] bool writable() const {
    const int access = flags & O_ACCMODE;
    return (flags & O_PATH) == 0 && (access == O_WRONLY || access == O_RDWR);
  }
  [[nodiscard]] bool readable() const {
    const int access = flags & O_ACCMODE;
    return (flags & O_PATH) == 0 && (access == O_RDONLY || access == O_RDWR);
  }
};

Failure for_descriptor(int fd, int error) {
  return {true, Step::LandlockStream, error, static_cast<std::uint32_t>(fd)};
}

// Calls `each` for every descriptor of the command, but for a private terminal, which lies in the sandbox's own
// /dev/pts. Stops at the first failure.
template <class Each>
Failure for_each_handed(const Orders& orders, Each each) {
  const PayloadHeader& header = *orders.header;
  for (std::uint32_t i = 0; i < kStreams + header.kept; ++i) {
    if (i < kStreams && header.streams[i] < 0) continue;
    const int fd = i < kStreams ? static_cast<int>(i) : orders.kept[i - kStreams];
    struct stat status {};
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &status) != 0) return for_descriptor(fd, errno);
    if (const Failure bad = each(Handed{fd, flags, status.st_mode & S_IFMT}); bad.failed) return bad;
  }
  return {};
}

}  // namespace

Failure make_ruleset(const Orders& orders, Ruleset& ruleset) {
  const PayloadHeader& header = *orders.header;
  ruleset.handled = header.handled;
  if (header.handled_for_input != 0) {
    const Failure bad = for_each_handed(orders, [&](const Handed& handed) {
      const bool is_input = (handed.type == S_IFREG || handed.type == S_IFDIR) && !handed.writable();
      if (is_input) ruleset.handled |= header.handled_for_input;
      return Failure{};
    });
    if (bad.failed) return bad;
  }
  const RulesetAttributes wanted{ruleset.handled, header.handled_net, header.scoped};
  if (wanted.handled_access_fs == 0 && wanted.scoped == 0) return {};
  // Closed by exec, like every ruleset.
  ruleset.fd = static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0));
  return ruleset.fd >= 0 ? Failure{} : failure(Step::LandlockRuleset, errno);
}

// Whoever is outside will do: the parent is fence. It has the same user, so nothing but Landlock refuses.
Failure stand_apart() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return failure(Step::Apart, errno);
  const RulesetAttributes wanted{0, 0, landlock::kScopeSignal};
  Ruleset ruleset;
  ruleset.fd = static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0));
  if (ruleset.fd < 0) return failure(Step::LandlockRuleset, errno);
  if (const Failure bad = restrict_self(ruleset); bad.failed) return bad;
  return kill(getppid(), 0) != 0 && errno == EPERM ? Failure{} : failure(Step::Apart, 0);
}

Failure try_restriction(const Orders& orders) {
  if ((orders.header->scoped & landlock::kScopeSignal) != 0 && (kill(getppid(), 0) == 0 || errno != EPERM)) {
    return failure(Step::Held, 0);
  }
  if (orders.header->root_closed == 0) return {};
  const int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 && errno == EACCES) return {};
  const int error = root < 0 ? errno : 0;
  if (root >= 0) close(root);
  return failure(Step::Held, error);
}

Failure grant(const Ruleset& ruleset, int fd, std::uint64_t rights) {
  const int error = add_rule(ruleset, fd, rights);
  return error == 0 ? Failure{} : failure(Step::LandlockRule, error);
}

Failure grant_descriptors(const Orders& orders, const Ruleset& ruleset) {
  const PayloadHeader& header = *orders.header;
  if ((header.handed_readable | header.handed_writable) == 0) return {};
  return for_each_handed(orders, [&](const Handed& handed) {
    std::uint64_t rights = 0;
    if (handed.readable()) rights |= header.handed_readable;
    if (handed.writable()) rights |= header.handed_writable;
    if (handed.type != S_IFDIR) rights &= landlock::kFileRights;
    const int error = add_rule(ruleset, handed.fd, rights);
    // A pipe, a socket or a memfd: Landlock restricts nothing on the kernel's own file systems.
    return error == 0 || error == EBADFD ? Failure{} : for_descriptor(handed.fd, error);
  });
}

Failure restrict_self(Ruleset& ruleset) {
  if (ruleset.fd < 0) return {};
  if (syscall(SYS_landlock_restrict_self, ruleset.fd, 0) != 0) return failure(Step::LandlockRestrict, errno);
  close(ruleset.fd);
  ruleset.fd = -1;
  return {};
}

}  // namespace fence::stage
