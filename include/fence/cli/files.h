#pragma once
// The files that --facts and --save name, and standard output.
#include <cstddef>
#include <string>
#include <string_view>

#include "fence/util/result.h"

namespace fence {

/// The most that read_input() takes: 64 MiB. Facts of a large host are a few.
inline constexpr std::size_t kMaxInputBytes = 64U << 20;

/// The whole content of a file that the user named; "-" is standard input. Regular files and pipes only, and at most
/// kMaxInputBytes: a device may have no end.
Result<std::string> read_input(const std::string& name);

/// Writes `text` into the file, made anew or emptied, with mode 0666 less the umask.
Result<Ok> write_file(const std::string& name, std::string_view text);

/// Writes all of `text`: 0, or what the kernel refused with.
int write_all(int fd, std::string_view text);

/// Writes `text` to standard output.
Result<Ok> write_output(std::string_view text);
/// The same, as all that a subcommand does: its exit status.
Result<int, Errors> print(std::string_view text);

}  // namespace fence
