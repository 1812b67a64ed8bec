#pragma once
// What one launch asks for, once the host is known.
#include "fence/cli/options.h"
#include "fence/config/config.h"
#include "fence/facts/facts.h"
#include "fence/policy/policy.h"

namespace fence {

/// The number N where `word` is, or ends after a '=' in, /dev/fd/N or /proc/self/fd/N: what a shell puts in place of
/// <(...).
std::optional<int> descriptor_argument(std::string_view word);

/// Errors: -C or --keep-fd name what is not there; the working directory is unknown, so that no relative path has a
/// meaning. Descriptors that the command's words name are kept where they are open.
Result<Request, Errors> make_request(const CommandLine& line, const HostFacts& facts);

/// What has to be known for config_request(): where the start directory and the home directory really are. Nothing
/// where their spellings suffice.
FactQueries config_queries(const CommandLine& line, const HostFacts& facts);

/// What load_config needs. Links that the facts do not tell of are taken for none.
ConfigRequest config_request(const CommandLine& line, const HostFacts& facts);

}  // namespace fence
