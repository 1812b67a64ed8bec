#pragma once
// The installed bubblewrap.
#include <optional>
#include <vector>

#include "fence/facts/facts.h"

namespace fence {

/// Where the program at `place` is, if it may be run outside the sandbox, where a command in the sandbox or another
/// user must not have put it (node_modules/.bin, venv/bin): the file and every directory of its path, links resolved,
/// must belong to uid 0 and be writable by the owner alone; a sticky directory is no exception. Inside a user namespace
/// that does not map uid 0 owners say nothing, and a read-only mount says it. Precondition: facts.paths knows `place`.
std::optional<HostPath> trusted_program(const HostFacts& facts, const HostPath& place);

/// Where bwrap may be: in the absolute entries of PATH, and then in /usr/bin.
std::vector<HostPath> bwrap_places(const Environment& environment);

/// The first of the places with a trusted program; nothing where there is none. Runs it with --help: at most 5 s and
/// 256 KiB, then it is killed; where it printed nothing its options are empty. Precondition: facts.paths knows the
/// places up to that one.
std::optional<BwrapFacts> probe_bwrap(const HostFacts& facts, const std::vector<HostPath>& places);

}  // namespace fence
