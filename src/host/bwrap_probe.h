#pragma once
// The installed bubblewrap.
#include <optional>

#include "fence/facts/facts.h"

namespace fence {

/// The first executable `bwrap` in the absolute entries of PATH that only root can change, else such a /usr/bin/bwrap;
/// nothing where there is none. It runs outside the sandbox, so one that a command in the sandbox or another user may
/// have put there (node_modules/.bin, venv/bin) is passed over: the file and every directory of its path, links
/// resolved, must belong to uid 0 and be writable by the owner alone; a sticky directory is no exception. Inside a user
/// namespace that does not map uid 0 of the host no file is known to be root's, and there is none. Runs it with --help:
/// at most 5 s and 256 KiB, then it is killed; where it printed nothing its options are empty.
std::optional<BwrapFacts> probe_bwrap(const Environment& environment);

/// What a program, started with --help, writes to its standard output within those bounds; "" where it cannot be
/// started.
std::string help_output(const std::string& program);

}  // namespace fence
