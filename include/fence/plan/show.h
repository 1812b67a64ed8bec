#pragma once
// A plan for people and for programs.
#include <string>

#include "fence/plan/plan.h"

namespace fence {

/// One row an op: what, where, from where, why, origin; then session, runtime directory, identity, network,
/// environment, remarks. No control byte of any name reaches the text.
std::string plan_text(const SandboxPlan& plan);

/// The same as JSON, schema "fence-plan/1" (docs/plan-json.md); names are spelled by escape_bytes. Values of variables
/// are not in it, names are.
std::string plan_json(const SandboxPlan& plan);

}  // namespace fence
