#pragma once
// The settings of one call of fence, from this host or from the host that --facts describes.
#include <string_view>

#include "fence/cli/diagnostics.h"
#include "fence/cli/options.h"
#include "fence/config/config.h"
#include "fence/host/probe.h"

namespace fence {

/// Reads every place of settings; what was read, and what had to be known for it, is added to `facts`. A text that
/// cannot be had (the file system does not answer, --facts do not have it) is an error of the report.
/// Precondition: facts of first_facts().
ConfigReport read_settings(const CommandLine& line, HostProber& prober, HostFacts& facts, const Diagnostics& say);

/// What is wrong with --facts that do not answer a question: "what is at /x".
Error facts_do_not_tell(std::string_view question);

}  // namespace fence
