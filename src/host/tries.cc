#include "tries.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "fence/util/fd.h"
#include "fence/util/process_calls.h"

namespace fence {
namespace {

using Refusal = std::optional<AbilityLacking>;

constexpr std::chrono::milliseconds kInnerTime{2000};

/// What an attempt without a version gives.
AttemptResult result_of(Refusal refusal) {
  if (refusal) return *std::move(refusal);
  return std::uint32_t{0};
}

Refusal write_to(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return refused("writing " + path);
  }
  return std::nullopt;
}

Refusal unshare_one(int flag, std::string_view name) {
  if (::unshare(flag) != 0) return refused("unshare(" + std::string(name) + ")");
  return std::nullopt;
}

/// With the caller's own ids in it.
Refusal enter_user_namespace() {
  const std::string uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
  if (auto refusal = unshare_one(CLONE_NEWUSER, "CLONE_NEWUSER")) return refusal;
  // user_namespaces(7): without it a group map is refused to the unprivileged (Linux 3.19).
  if (auto refusal = write_to("/proc/self/setgroups", "deny")) return refusal;
  if (auto refusal = write_to("/proc/self/gid_map", gid + " " + gid + " 1")) return refusal;
  return write_to("/proc/self/uid_map", uid + " " + uid + " 1");
}

/// Over the root: no other directory is sure to be there, and a look at the root never waits.
Refusal mount_over_root(const char* type, const char* options) {
  if (::mount(type, "/", type, MS_NOSUID | MS_NOEXEC, options) != 0) {
    return refused("mounting a new " + std::string(type));
  }
  return std::nullopt;
}

Refusal enter_mount_namespace() {
  if (auto refusal = enter_user_namespace()) return refusal;
  return unshare_one(CLONE_NEWNS, "CLONE_NEWNS");
}

AttemptResult try_namespace(int flag, std::string_view name) {
  if (auto refusal = enter_user_namespace()) return *std::move(refusal);
  return result_of(unshare_one(flag, name));
}

Refusal forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("prctl(PR_SET_NO_NEW_PRIVS)");
  return std::nullopt;
}

}  // namespace

AttemptResult try_user_namespace() {
  if (auto refusal = enter_mount_namespace()) return *std::move(refusal);
  return result_of(mount_over_root("tmpfs", nullptr));
}

AttemptResult try_proc() {
  if (auto refusal = enter_mount_namespace()) return *std::move(refusal);
  if (auto refusal = unshare_one(CLONE_NEWPID, "CLONE_NEWPID")) return *std::move(refusal);
  // The next child is the first process of that namespace, and a procfs is of its mounter's.
  return attempt([] { return result_of(mount_over_root("proc", nullptr)); }, kInnerTime);
}

AttemptResult try_devpts() {
  if (auto refusal = enter_mount_namespace()) return *std::move(refusal);
  return result_of(mount_over_root("devpts", "newinstance,ptmxmode=0666,mode=620"));
}

AttemptResult try_network() {
  if (auto refusal = enter_user_namespace()) return *std::move(refusal);
  if (auto refusal = unshare_one(CLONE_NEWNET, "CLONE_NEWNET")) return *std::move(refusal);
  if (const char* const call = raise_loopback()) return refused(call);
  return std::uint32_t{0};
}

AttemptResult try_ipc() { return try_namespace(CLONE_NEWIPC, "CLONE_NEWIPC"); }
AttemptResult try_uts() { return try_namespace(CLONE_NEWUTS, "CLONE_NEWUTS"); }
AttemptResult try_cgroup() { return try_namespace(CLONE_NEWCGROUP, "CLONE_NEWCGROUP"); }

// What the launch does (launch/native_mounts.cc), each call once. What is cloned is a mount of its own: a clone of the
// root would take time for each mount of the host, and without those below it, it is refused.
AttemptResult try_native() {
  if (auto refusal = enter_mount_namespace()) return *std::move(refusal);
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const UniqueFd root(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how)));
  if (!root) return refused("openat2(2)");
  const UniqueFd system(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!system) return refused("fsopen(2)");
  if (::fsconfig(system.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return refused("fsconfig(2)");
  const UniqueFd mount(::fsmount(system.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID));
  if (!mount) return refused("fsmount(2)");
  // Over the root, where a look never waits.
  constexpr unsigned kByDescriptor = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::move_mount(mount.get(), "", root.get(), "", kByDescriptor) != 0) return refused("move_mount(2)");
  const UniqueFd tree(::open_tree(mount.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree) return refused("open_tree(2)");
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  read_only.propagation = MS_PRIVATE;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &read_only, sizeof read_only) != 0) {
    return refused("mount_setattr(2)");
  }
  return std::uint32_t{0};
}

AttemptResult try_seccomp() {
  if (auto refusal = forbid_new_privileges()) return *std::move(refusal);
  std::array<sock_filter, 1> allow_all = {{BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{.len = allow_all.size(), .filter = allow_all.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) return refused("prctl(PR_SET_SECCOMP)");
  return std::uint32_t{0};
}

AttemptResult ask_landlock() {
  // landlock_create_ruleset(2): with this flag it gives the ABI's version.
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 0) return refused("landlock_create_ruleset(LANDLOCK_CREATE_RULESET_VERSION)");
  return static_cast<std::uint32_t>(abi);
}

}  // namespace fence
