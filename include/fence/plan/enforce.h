#pragma once
// Restrictions that hold whatever any other layer wishes.
#include "fence/plan/wishes.h"

namespace fence {

/// Takes from every other wish what an enforced one forbids, by the host's files and not by names: what is at or below
/// an enforced hidden path is shown nowhere, also not by a bind under another name, and what is at or below an enforced
/// read-only one is written nowhere. A wish of the user's own layers (User and above) that loses is an error that names
/// both places, unless it is optional; others lose with a remark.
void apply_enforced(WishList& list);

}  // namespace fence
