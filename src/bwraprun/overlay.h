#pragma once
#include <cstdint>
#include <span>

#include "fence/bwrapline/invocation.h"
#include "fence/util/fd.h"

namespace fence::bwraprun {

/// The overlay, mounted in `store`, from where it can be moved. `names`: its directories, as in Source. `number` is one
/// that no other overlay has. An empty descriptor: errno says why.
UniqueFd make_overlay(const bwrapline::Overlay& overlay, std::span<const char* const> names, int store,
                      std::uint32_t number) noexcept;

}  // namespace fence::bwraprun
