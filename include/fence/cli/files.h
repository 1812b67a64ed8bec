#pragma once
// The files that --facts and --save name, and standard output.
#include <string>
#include <string_view>

#include "fence/util/result.h"

namespace fence {

/// The whole content of a file that the user named.
Result<std::string> read_input(const std::string& name);

/// Writes `text` into the file, made anew or emptied, with mode 0666 less the umask.
Result<Ok> write_file(const std::string& name, std::string_view text);

/// Writes `text` to standard output.
Result<Ok> write_output(std::string_view text);

}  // namespace fence
