#pragma once
// A user namespace made beforehand, for bwrap --userns.
#include "fence/bwrap/bwrap.h"
#include "fence/util/fd.h"

namespace fence::launch {

/// A new user namespace with the payload's map, as a descriptor that closes on exec. Without nested_user_namespaces its
/// sysctl user.max_user_namespaces is 0, which holds for every namespace below and cannot be raised without a
/// capability in it (Linux 4.9).
Result<UniqueFd> make_user_namespace(const UserNamespacePayload& payload);

}  // namespace fence::launch
