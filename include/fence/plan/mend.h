#pragma once
// What the plan adds so that everyday tools work: the parts that are always private, and files shown as copies.
#include "fence/plan/mounts.h"
#include "fence/plan/wishes.h"

namespace fence {

struct PrivateParts {
  bool own_proc = true;  ///< false: the host's /proc, read-only
  bool root = false;     ///< uid 0
};
/// The private /proc and /dev, what is locked in /proc, and links that wishes went through.
void add_private_parts(Specs& specs, const WishList& wishes, FactLens& lens, const PrivateParts& parts);

/// Files of the host shown as copies of the caller's: ssh refuses configuration whose owner is neither root nor the
/// user, and root is not mapped in an ordinary user's sandbox; a user known to NSS only gets a line in /etc/passwd.
void add_mended_files(Specs& specs, const AccessTree& tree, FactLens& lens);

/// Asks for the facts that add_mended_files() looks at first.
void ask_for_mended_files(FactLens& lens);

/// Where a private runtime directory goes: over the inherited path where that can be a mount point, else
/// /run/user/<uid>, else a private /tmp, else /dev/shm, which every sandbox has (terminal.md C.5).
SandboxPath runtime_dir_place(const MountPlan& mounts, const std::string& inherited, const HostPath& directory,
                              FactLens& lens);

/// The size of a private runtime directory in bytes.
inline constexpr std::uint64_t kRuntimeDirBytes = 64ULL << 20U;

}  // namespace fence
