#pragma once
// Mounts lost protections again, in a child that enters the sandbox's namespaces.
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "guard_orders.h"

namespace fence::launch {

/// Where the mounts of a sandbox are changed: its mount namespace, and the user namespace that this belongs to.
struct Namespaces {
  UniqueFd mount;
  UniqueFd user;
};
/// Those of the process. Errors: /proc does not show them, or the kernel does not (NS_GET_USERNS, Linux 4.9).
Result<Namespaces> open_namespaces(pid_t pid);

/// One place at which no mount was.
struct Loss {
  std::uint32_t order = 0;  ///< index of the GuardOrder
  bool put_back = false;    ///< a mount is there again, on the file `device`, `inode`
  std::int32_t error = 0;   ///< why not; 0: what is there cannot be protected
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// Looks at every place in turn and puts back what can be. The kernel lets fence in because it has made the user
/// namespace (user_namespaces(7)). Nothing where that failed, or took more than two seconds; the child is gone then.
std::optional<std::vector<Loss>> put_back_lost(const Namespaces& where, std::span<const GuardOrder> orders);

}  // namespace fence::launch
