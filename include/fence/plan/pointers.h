#pragma once
// Variables whose value leads to a socket or file: SSH_AUTH_SOCK, DISPLAY, DBUS_SESSION_BUS_ADDRESS, ...
#include <optional>
#include <string>
#include <string_view>

#include "fence/facts/resolve.h"
#include "fence/plan/plan.h"

namespace fence {

/// Where pointers are followed.
struct PointerScope {
  const MountPlan& mounts;
  NetworkMode network;             ///< with None, abstract sockets and TCP lead nowhere (network_namespaces(7))
  const std::string& runtime_dir;  ///< the command's XDG_RUNTIME_DIR, for names relative to it; may be empty
};

/// Why every place that the variable names is out of reach in the sandbox; nothing where one can be reached, and where
/// the variable is not known to be a pointer. A dead pointer gives worse errors than an unset variable.
std::optional<std::string> dead_pointer(std::string_view name, std::string_view value, const PointerScope& scope,
                                        FactLens& lens);

}  // namespace fence
