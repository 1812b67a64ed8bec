#include "identity.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "fence/util/fd.h"

namespace fence::bwraprun {
namespace {

constexpr unsigned kCapabilities = 64;

bool has(std::uint64_t set, unsigned number) noexcept { return (set >> number & 1U) != 0; }

bool set_capabilities(std::uint64_t set) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<std::uint32_t>(set), high = static_cast<std::uint32_t>(set >> 32U);
  const __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{low, low, low}, {high, high, high}};
  return syscall(SYS_capset, &header, data) == 0;
}

// A new user namespace has all of them in the bounding set.
Failure bound_capabilities(const World& world) noexcept {
  for (unsigned number = 0; number < kCapabilities; ++number) {
    if (has(world.capabilities, number) || prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    if (errno != EINVAL && errno != EPERM) return failure(Failed::Bounding);
  }
  return {};
}

// Capabilities are lost with uid 0 unless they are kept, and then they have to be made effective again.
Failure switch_ids(std::uint32_t uid, std::uint32_t gid, const World& world) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, data) != 0) return failure(Failed::Capabilities);
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failure(Failed::Capabilities);
  if (gid != world.gid && setgid(gid) != 0) return failure(Failed::SwitchGid);
  if (uid != world.uid && setuid(uid) != 0) return failure(Failed::SwitchUid);
  return syscall(SYS_capset, &header, data) == 0 ? Failure{} : failure(Failed::Capabilities);
}

bool write_file(int proc, const char* name, const char* text, std::size_t size) noexcept {
  const UniqueFd file(openat(proc, name, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text, size) == static_cast<ssize_t>(size);
}

Failure enter_second_namespace(const World& world, int proc) noexcept {
  // One is left for the second namespace; there the limit of the first cannot be raised.
  if (world.of.namespaces.disable_user && !write_file(proc, "sys/user/max_user_namespaces", "1", 1)) {
    return failure(Failed::LimitNamespaces);
  }
  if (unshare(CLONE_NEWUSER) != 0) return failure(Failed::SecondNamespace);
  if (const Failure bad = bound_capabilities(world); bad.failed()) return bad;
  return map_ids(proc, world.inner_uid_map, world.inner_gid_map);
}

}  // namespace

Failure enter_user_namespace(const World& world) noexcept {
  const bool joined = world.of.descriptors.userns != -1;
  if (!joined && !world.of.namespaces.user) return {};
  if (const Failure bad = bound_capabilities(world); bad.failed()) return bad;
  return joined ? switch_ids(world.of.uid.value_or(world.uid), world.of.gid.value_or(world.gid), world) : Failure{};
}

Failure map_ids(int proc, const std::string& uid_map, const std::string& gid_map) noexcept {
  if (!write_file(proc, "self/uid_map", uid_map.data(), uid_map.size())) return failure(Failed::UidMap);
  // An ordinary user may map his group only where groups cannot be dropped (user_namespaces(7)).
  if (!write_file(proc, "self/setgroups", "deny", 4)) return failure(Failed::SetGroups);
  return write_file(proc, "self/gid_map", gid_map.data(), gid_map.size()) ? Failure{} : failure(Failed::GidMap);
}

Failure leave_for_last_namespace(const World& world, int proc) noexcept {
  const Invocation& of = world.of;
  if (of.descriptors.userns2 != -1 && setns(of.descriptors.userns2, CLONE_NEWUSER) != 0) {
    return failure(Failed::JoinUserLater);
  }
  if (world.two_levels) {
    if (const Failure bad = enter_second_namespace(world, proc); bad.failed()) return bad;
  }
  const bool must_fail = of.namespaces.disable_user || of.namespaces.assert_user_disabled;
  return must_fail && unshare(CLONE_NEWUSER) == 0 ? Failure{Failed::NamespacesLeft, 0} : Failure{};
}

Failure limit_capabilities(const World& world) noexcept {
  if (world.drop_capabilities && !set_capabilities(world.capabilities)) return failure(Failed::Capabilities);
  // The files of /proc are the user's again.
  return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? Failure{} : failure(Failed::Capabilities);
}

Failure drop_all_capabilities() noexcept { return set_capabilities(0) ? Failure{} : failure(Failed::Capabilities); }

Failure raise_ambient(const World& world) noexcept {
  for (unsigned number = 0; number < kCapabilities; ++number) {
    if (!has(world.capabilities, number) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) == 0) continue;
    // Past the kernel's last one, and what is not inheritable.
    if (errno != EINVAL && errno != EPERM) return failure(Failed::Ambient);
  }
  return {};
}

}  // namespace fence::bwraprun
