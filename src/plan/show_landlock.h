#pragma once
// Landlock's rights in words.
#include <cstdint>
#include <string>
#include <vector>

namespace fence {

/// The kernel's names in small letters: "write_file", "refer".
std::vector<std::string> landlock_right_names(std::uint64_t rights);
/// Shorter, where `handled` are all that matter: "all", "read and write", "execute and read_file".
std::string landlock_right_words(std::uint64_t rights, std::uint64_t handled);

}  // namespace fence
