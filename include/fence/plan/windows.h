#pragma once
// What leads from WSL to Windows, and to the machine around a virtual one: closed, or opened all together by
// wsl.interop.
#include <vector>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"
#include "fence/plan/wishes.h"

namespace fence {

/// Hides the drives of Windows and the directory of the sockets through which /init starts Windows programs; a wish of
/// any layer on such a path or a deeper one shows it all the same. With wsl.interop that directory is shown instead.
void decide_windows(const Policy& policy, FactLens& lens, WishList& wishes);

/// True for a socket that starts Windows programs.
bool starts_windows_programs(const HostPath& socket) noexcept;

/// Why a variable goes to Windows programs, or leads to them; "" for all others.
std::string_view windows_variable(std::string_view name) noexcept;

/// What of Windows is open in a plan: wsl.interop, and drives that are writable.
std::vector<Remark> windows_dangers(const SandboxPlan& plan, const HostFacts& facts);

}  // namespace fence
