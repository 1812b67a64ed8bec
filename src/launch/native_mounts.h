#pragma once
// The steps of a ChildProgram, carried out by the child in its new mount namespace.
#include "fence/native/native.h"
#include "native_calls.h"

namespace fence::launch {

/// Mounts everything, enters it, and stands in the program's directory. Allocates nothing. Preconditions: the process
/// has all capabilities in the user namespace that owns its mount namespace, is pid 1 of its pid namespace, and has a
/// umask of 0.
CallFailure make_mounts(const ChildProgram& program) noexcept;

}  // namespace fence::launch
