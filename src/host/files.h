#pragma once
// Small reads of the host.
#include <cstddef>
#include <optional>
#include <string>

#include "fence/util/fd.h"
#include "fence/util/result.h"

namespace fence {

/// A failed system call.
struct Errno {
  int value = 0;
};

/// Everything from `fd` to its end; EFBIG where that is more than `limit` bytes.
Result<std::string, Errno> read_to_end(int fd, std::size_t limit);

/// A file of the kernel's or of the system's, by its fixed name. Never waits for a writer and never becomes the
/// owner of a terminal.
Result<std::string, Errno> read_file(const std::string& path, std::size_t limit);

/// A file of the kernel's or of the system's; "" where it cannot be read, or is larger than 64 MiB (/etc/passwd and
/// /proc/net/unix of a very large host are less).
std::string read_system_file(const std::string& path);

/// "user.max_user_namespaces": its value without the newline; nothing where this kernel has none.
std::optional<std::string> read_sysctl_text(const std::string& name);

}  // namespace fence
