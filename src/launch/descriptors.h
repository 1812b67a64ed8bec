#pragma once
// Descriptors that a launch makes, and the error for a refused system call.
#include <string>
#include <string_view>
#include <utility>

#include "fence/util/fd.h"
#include "fence/util/result.h"

namespace fence::launch {

/// "WHAT: the kernel's words", kind Host.
Error system_error(std::string what, int errno_value);

struct Pipe {
  UniqueFd read, write;
};
/// Both ends close on exec.
Result<Pipe> make_pipe();
/// A SOCK_SEQPACKET pair; both ends close on exec, and what the first one gets says who sent it (SO_PASSCRED).
Result<std::pair<UniqueFd, UniqueFd>> make_control_pair();
/// A memory file with these bytes, read from its start; closes on exec.
Result<UniqueFd> make_data_file(std::string_view bytes);
/// A program in memory that nobody can change any more, also not through /proc/PID/exe (CVE-2019-5736); closes on exec.
Result<UniqueFd> make_program_file(std::string_view image);

/// A descriptor that was closed when fence started must not become one of ours by its number: /dev/null takes its
/// place.
Result<Ok> reserve_standard_streams();
/// Leads `stream` to /dev/null.
void silence_stream(int stream);

}  // namespace fence::launch
