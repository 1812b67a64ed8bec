#pragma once
// The built stage, inside the library.
#include <string_view>

extern "C" {
extern const char fence_stage_begin[];
extern const char fence_stage_end[];
}

namespace fence {

/// The bytes of the static program that becomes pid 1 of the sandbox.
inline std::string_view stage_image() noexcept {
  return {fence_stage_begin, static_cast<std::size_t>(fence_stage_end - fence_stage_begin)};
}

}  // namespace fence
