#pragma once
#include <cstdint>

#include "fence/bwrapline/invocation.h"
#include "fence/util/fd.h"

namespace fence::bwraprun {

/// The overlay, mounted in `store`, from where it can be moved. `number` is one that no other overlay has. An empty
/// descriptor: errno says why.
UniqueFd make_overlay(const bwrapline::Overlay& overlay, int store, std::uint32_t number) noexcept;

}  // namespace fence::bwraprun
