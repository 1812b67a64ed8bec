#pragma once
// The control groups of a facts dump.
#include <optional>

#include "fence/facts/cgroups.h"
#include "json_reader.h"

namespace fence {

/// "unknown" or what there is.
Result<std::optional<CgroupFacts>> read_cgroups(const JsonNode& node);

}  // namespace fence
