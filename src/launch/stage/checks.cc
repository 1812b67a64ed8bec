// What the stage does to itself and proves about its sandbox before the command may start.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stage.h"

namespace fence::stage {
namespace {

constexpr int kMaxCapabilities = 64;

struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
};

// Magics that linux/magic.h does not have (statfs(2)).
constexpr unsigned long kCifsMagic = 0xff534d42;
constexpr unsigned long kSmb2Magic = 0xfe534d42;
constexpr unsigned long kCephMagic = 0x00c36400;
constexpr unsigned long kFuseMagic = 0x65735546;

bool is_remote(unsigned long magic) {
  switch (magic) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case AFS_FS_MAGIC:
    case V9FS_MAGIC:
    case kCifsMagic:
    case kSmb2Magic:
    case kCephMagic:
    case kFuseMagic:
      return true;
    default:
      return false;
  }
}

// For file systems without O_TMPFILE: a socket has to be possible there anyway.
int create_socket_at(int directory) {
  // The name is reached through the descriptor, so its length does not depend on the directory's path.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  char* at = address.sun_path;
  for (const char* c = "/proc/self/fd/"; *c != '\0'; ++c) *at++ = *c;
  char digits[12];
  int count = 0;
  for (int rest = directory; count == 0 || rest != 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
  while (count != 0) *at++ = digits[--count];
  const char name[] = "/.fence-stage-check";
  std::memcpy(at, name, sizeof name);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int error = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  if (error == 0) unlinkat(directory, name + 1, 0);
  return error;
}

int create_nameless_file(int directory) {
  const int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

// Without a user namespace an ordinary user cannot empty the bounding set; under no_new_privs nothing in it is ever
// given.
Failure verify_capabilities(bool bounding_is_ours) {
  Capabilities now;
  if (syscall(SYS_capget, &now.header, now.data) != 0) return failure(Step::CapabilitiesLeft, errno);
  for (const auto& word : now.data) {
    if ((word.effective | word.permitted | word.inheritable) != 0) return failure(Step::CapabilitiesLeft, 0);
  }
  for (int cap = 0; cap < kMaxCapabilities; ++cap) {
    const int bounding = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
    if (bounding < 0 && errno == EINVAL) break;  // past the kernel's last capability
    if ((bounding != 0 && bounding_is_ours) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) != 0) {
      return failure(Step::CapabilitiesLeft, 0);
    }
  }
  return {};
}

}  // namespace

Failure drop_capabilities() {
  Capabilities now;
  if (syscall(SYS_capget, &now.header, now.data) != 0) return failure(Step::Capabilities, errno);
  const bool may_bound = (now.data[0].effective & (1U << CAP_SETPCAP)) != 0;
  for (int cap = 0; may_bound && cap < kMaxCapabilities; ++cap) {
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno == EINVAL) break;
  }
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return failure(Step::Capabilities, errno);
  Capabilities none;
  if (syscall(SYS_capset, &none.header, none.data) != 0) return failure(Step::Capabilities, errno);
  return {};
}

Failure verify_confinement(const Orders& orders) {
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return failure(Step::NoNewPrivileges, 0);
  const bool bounding_is_ours = orders.header->alone == 0 || orders.header->uid == 0;
  if (const Failure left = verify_capabilities(bounding_is_ours); left.failed) return left;
  const bool leads_session = getsid(0) == getpid();
  const Place place = orders.header->place;
  if (leads_session != (place == Place::OwnSession || place == Place::OwnTerminal)) return failure(Step::Session, 0);
  return {};
}

Failure confirm_runtime_dir(const char* path, std::uint32_t uid) {
  const int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failure(Step::RuntimeDir, errno);
  struct stat status {};
  struct statfs system {};
  if (fstat(directory, &status) != 0 || fstatfs(directory, &system) != 0) return failure(Step::RuntimeDir, errno);
  if (status.st_uid != uid) return failure(Step::RuntimeDirOwner, 0);
  if ((status.st_mode & 07777) != 0700) return failure(Step::RuntimeDirMode, 0);
  if (is_remote(static_cast<unsigned long>(system.f_type))) return failure(Step::RuntimeDirRemote, 0);
  int error = create_nameless_file(directory);
  if (error == EOPNOTSUPP || error == EISDIR) error = create_socket_at(directory);
  close(directory);
  if (error != 0) return failure(Step::RuntimeDirWrite, error);
  return {};
}

}  // namespace fence::stage
