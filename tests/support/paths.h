#pragma once
// Paths from literals.
#include <string_view>

#include "fence/util/path.h"

namespace fence::testing {

/// Precondition: `text` is absolute, without "." and "..".
inline HostPath host(std::string_view text) { return *HostPath::parse(text); }
inline SandboxPath inside(std::string_view text) { return *SandboxPath::parse(text); }

}  // namespace fence::testing
