#pragma once
// The only reader of the host.
#include "fence/facts/facts.h"

namespace fence {

/// The facts that every launch needs and no query names: caller, environment, working directory, terminal, kernel,
/// bwrap, listening sockets, descriptors, signals. Call it first: it tells what fence was started with from what is
/// open and ignored now. bwrap is the first one in the absolute entries of PATH that only root can change, else such a
/// /usr/bin/bwrap; its --help is run once (at most 5 s). What cannot be read stays empty: without /proc there are no id
/// maps, and a plan that needs them fails.
HostFacts probe_basics();

/// Answers queries by adding to `facts`. Paths are classified with O_PATH|O_NOFOLLOW, fstat and fstatfs, never by
/// opening them for reading: to open a device or a fifo may wait or do something. Every prefix and every link's target
/// is recorded too; what is in `facts` already is not looked at again. Only `listings` (directories) and `texts` are
/// opened, and texts only when O_PATH shows a regular file (else EISDIR, or EINVAL for what is no directory either). A
/// magic link of /proc is followed by its text, not by its meaning.
void probe(const FactQueries& queries, HostFacts& facts);

/// Reads one settings file for config: as a `texts` query does, and refused (EPERM) where another user than the caller
/// and root could write the file: an owner who is neither, a mode with o+w, or with g+w for another group than the
/// caller's own. Whoever writes the settings decides what the sandbox hides. The result is recorded in facts.texts.
/// Precondition: facts.caller is known.
TextFact read_settings_text(const HostPath& path, HostFacts& facts);

}  // namespace fence
