#pragma once
// The installed bubblewrap.
#include <optional>

#include "fence/facts/facts.h"

namespace fence {

/// The first executable `bwrap` in the absolute entries of PATH, else /usr/bin/bwrap; nothing where there is none. A
/// relative entry would take a program from the directory that the sandbox is to contain. Runs it with --help: at most
/// 5 s and 256 KiB, then it is killed.
std::optional<BwrapFacts> probe_bwrap(const Environment& environment);

/// What a program, started with --help, writes to its standard output within those bounds; "" where it cannot be
/// started.
std::string help_output(const std::string& program);

}  // namespace fence
