#include "native_child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "fence/util/fd.h"
#include "fence/util/process_calls.h"
#include "hand_on.h"
#include "native_mounts.h"

namespace fence::launch {
namespace {

constexpr int kMaxCapabilities = 64;

CallFailure failure(Call call) noexcept { return {call, errno}; }

// fence may have died before the signal was asked for: then its end of the pipe is closed by now.
CallFailure wait_for_word(const ChildWorld& world) noexcept {
  close(world.lifeline_writer);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failure(Call::Signals);
  char word = 0;
  ssize_t got = 0;
  do got = read(world.lifeline, &word, 1);
  while (got < 0 && errno == EINTR);
  pollfd ended{world.lifeline, 0, 0};
  const int hung_up = got == 1 ? poll(&ended, 1, 0) : 1;
  if (got < 0 || hung_up < 0) return failure(Call::Wait);
  if (hung_up != 0) return {Call::Wait, EPIPE};
  // Not before: the files by which fence has given the ids would be root's (proc(5)).
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? CallFailure{} : failure(Call::Signals);
}

// The sysctl is that of the writer's user namespace, and takes CAP_SYS_RESOURCE there: with the last capability the
// limit is final (Linux 4.9, kernel/ucount.c). The file is opened so that nothing mounted below /proc stands in for it
// (CVE-2025-52881).
CallFailure forbid_user_namespaces() noexcept {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const UniqueFd proc(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, "/proc", &how, sizeof how)));
  struct statfs system {};
  if (!proc || fstatfs(proc.get(), &system) != 0) return failure(Call::LimitNamespaces);
  if (system.f_type != PROC_SUPER_MAGIC) return {Call::LimitNamespaces, ENOENT};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve |= RESOLVE_BENEATH | RESOLVE_NO_XDEV;
  const UniqueFd limit(
      static_cast<int>(syscall(SYS_openat2, proc.get(), "sys/user/max_user_namespaces", &how, sizeof how)));
  if (!limit || write(limit.get(), "0", 1) != 1) return failure(Call::LimitNamespaces);
  return {};
}

int set_capabilities(std::uint32_t inheritable, std::uint32_t permitted) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  data[0] = {.effective = permitted, .permitted = permitted, .inheritable = inheritable};
  return static_cast<int>(syscall(SYS_capset, &header, data));
}

// The bounding and the ambient set are emptied here. Root's stage looks at mounts in directories that root may not
// search without a capability; with an empty bounding set execve(2) hands on what is inheritable, and under
// no_new_privs only what was permitted. The stage drops it.
CallFailure drop_capabilities(bool as_root) noexcept {
  constexpr std::uint32_t kSearch = 1U << CAP_DAC_READ_SEARCH;
  constexpr std::uint32_t kBound = 1U << CAP_SETPCAP;
  const std::uint32_t kept = as_root ? kSearch : 0U;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return failure(Call::Capabilities);
  // Nothing outside the bounding set can be made inheritable later (capset(2)).
  if (set_capabilities(kept, kept | kBound) != 0) return failure(Call::Capabilities);
  for (int cap = 0; cap < kMaxCapabilities; ++cap) {
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // past the kernel's last capability
    return failure(Call::Capabilities);
  }
  return set_capabilities(kept, kept) == 0 ? CallFailure{} : failure(Call::Capabilities);
}

CallFailure confine(const ChildProgram& program, const ChildWorld& world) noexcept {
  if (program.new_session && setsid() < 0) return failure(Call::NewSession);
  leave_session_keyring();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failure(Call::NoNewPrivileges);
  if (const CallFailure bad = drop_capabilities(program.as_root); bad.failed()) return bad;
  return hand_on(world.inherited) ? CallFailure{} : failure(Call::Descriptors);
}

CallFailure become_stage(const ChildProgram& program, const ChildWorld& world) noexcept {
  if (const CallFailure bad = wait_for_word(world); bad.failed()) return bad;
  // Its root is the group of who makes it: with clone(2) that would be fence's (cgroup_namespaces(7)).
  if (world.new_cgroup && unshare(CLONE_NEWCGROUP) != 0) return failure(Call::CgroupNamespace);
  world.inbox.prepare_child();
  const mode_t mask = umask(0);
  if (program.new_network) {
    if (raise_loopback() != nullptr) return failure(Call::Loopback);
  }
  if (!program.nested_user_namespaces) {
    if (const CallFailure bad = forbid_user_namespaces(); bad.failed()) return bad;
  }
  if (const CallFailure bad = make_mounts(program); bad.failed()) return bad;
  umask(mask);
  if (const CallFailure bad = confine(program, world); bad.failed()) return bad;
  char* const empty[] = {nullptr};
  syscall(SYS_execveat, world.stage, "", world.arguments, empty, AT_EMPTY_PATH);
  return failure(Call::Execute);
}

}  // namespace

void run_child(const ChildProgram& program, const ChildWorld& world) noexcept {
  const CallFailure bad = become_stage(program, world);
  const auto told [[maybe_unused]] = write(world.report, &bad, sizeof bad);
  _exit(1);
}

}  // namespace fence::launch
