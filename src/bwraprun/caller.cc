#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "fence/bwraprun/run.h"
#include "fence/util/fd.h"

namespace fence::bwraprun {
namespace {

bool exists(const char* path) {
  struct stat status {};
  return stat(path, &status) == 0;
}

/// The first byte of a file; 0 where there is none.
char first_byte(const char* path) {
  const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  char byte = 0;
  return file && read(file.get(), &byte, 1) == 1 ? byte : '\0';
}

bool may_try_user_namespaces() {
  // Red Hat's kernels had a switch of their own.
  return exists("/proc/self/ns/user") && first_byte("/sys/module/user_namespace/parameters/enable") != 'N' &&
         first_byte("/proc/sys/user/max_user_namespaces") != '0';
}

}  // namespace

Result<std::string, int> read_descriptor(int fd) {
  const UniqueFd owned(fd);
  std::string bytes;
  for (;;) {
    char some[4096];
    const ssize_t got = read(fd, some, sizeof some);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return bytes;
    bytes.append(some, static_cast<std::size_t>(got));
  }
}

bwrapline::Caller ask_caller() {
  return {getuid(), getgid(), may_try_user_namespaces(), exists("/proc/self/ns/cgroup")};
}

bool has_unexpected_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  return getuid() != 0 && syscall(SYS_capget, &header, data) == 0 && (data[0].permitted | data[1].permitted) != 0;
}

bool forbid_privileges() { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }

}  // namespace fence::bwraprun
