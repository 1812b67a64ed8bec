#pragma once
// What the scout does.
#include "fence/facts/facts.h"
#include "looks.h"

namespace fence {

/// Answers the requests that arrive until the other end is closed. `facts` are its own copy.
void answer_requests(int socket, LookPage& page, HostFacts& facts);

}  // namespace fence
