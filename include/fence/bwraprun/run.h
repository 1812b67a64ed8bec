#pragma once
// Carries out a command line of bwrap's: the monitor outside, and what it starts.
#include <functional>
#include <string>
#include <variant>

#include "fence/bwrapline/invocation.h"
#include "fence/bwrapline/parse.h"

namespace fence::bwraprun {

/// All that `fd` still holds; closes it. The error is an errno.
Result<std::string, int> read_descriptor(int fd);

/// True about the calling process and the kernel.
bwrapline::Caller ask_caller();

/// An ordinary user with capabilities: bwrap refuses to start, as it would hand them on.
bool has_unexpected_capabilities();

/// No process gets new privileges from here on. False: errno says why.
bool forbid_privileges();

/// The exit status, or the text of what failed, without "bwrap: ". Preconditions: `of` is settled, there is one thread.
/// Afterwards the process is of no use but to exit: its descriptors are closed.
std::variant<int, std::string> run(const bwrapline::Invocation& of, const bwrapline::Caller& caller);

}  // namespace fence::bwraprun
