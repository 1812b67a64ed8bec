#pragma once
// Settings texts that are compiled into the program; tools/embed_settings.py writes their definitions.
#include <span>
#include <string_view>

#include "fence/config/config.h"

namespace fence {

/// The lowest layer: src/config/builtin.toml.
extern const std::string_view kBuiltInText;
/// profiles/*.toml, sorted by name.
extern const std::span<const ShippedProfile> kShippedTexts;

}  // namespace fence
