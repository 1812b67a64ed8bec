#include "files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fence {

Result<std::string, Errno> read_to_end(int fd, std::size_t limit) {
  std::string out;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Errno{errno};
    if (count == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(count));
    if (out.size() > limit) return Errno{EFBIG};
  }
}

Result<std::string, Errno> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return Errno{errno};
  return read_to_end(fd.get(), limit);
}

std::string read_system_file(const std::string& path) {
  constexpr std::size_t kMaxBytes = 64U << 20;
  Result<std::string, Errno> text = read_file(path, kMaxBytes);
  return text ? *std::move(text) : "";
}

std::optional<std::string> read_sysctl_text(const std::string& name) {
  constexpr std::size_t kMaxBytes = 4096;
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin(), path.end(), '.', '/');
  const Result<std::string, Errno> text = read_file(path, kMaxBytes);
  if (!text) return std::nullopt;
  return text->substr(0, text->find('\n'));
}

}  // namespace fence
