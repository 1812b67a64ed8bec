#pragma once
// What the native executor failed at, in the words of fence. Pure.
#include <string_view>

#include "fence/native/native.h"
#include "fence/plan/plan.h"
#include "fence/util/result.h"
#include "native_calls.h"

namespace fence::launch {

/// clone3(2), or clone(2), refused the namespaces.
Error clone_error(int errno_value, bool old_call);
/// Writing `file` ("uid_map") of the child's directory in /proc failed.
Error ids_error(std::string_view file, int errno_value);
/// The child ended before the stage was ready. `said` are the bytes of one CallFailure or none, `status` is how it
/// ended (wait(2)).
Error native_failure(std::string_view said, int status, const SandboxPlan& plan, const ChildProgram& program);

}  // namespace fence::launch
