#include "fence/cli/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fence/util/fd.h"
#include "fence/util/text.h"

namespace fence {
namespace {

Error file_error(std::string_view action, const std::string& name, int errno_value) {
  return {.kind = ErrorKind::Usage,
          .what = "cannot " + std::string(action) + " " + escape_bytes(name),
          .why = errno_text(errno_value),
          .errno_value = errno_value};
}

Error unfit_input(const std::string& name, std::string_view why) {
  return {.kind = ErrorKind::Usage, .what = "cannot read " + escape_bytes(name), .why = std::string(why)};
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Result<std::string> read_input(const std::string& name) {
  const std::string path = name == "-" ? "/dev/stdin" : name;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return file_error("read", name, errno);
  // Before it is opened: to open a device may do something.
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
    return unfit_input(name, "it is neither a regular file nor a pipe");
  }
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  if (!fd) return file_error("read", name, errno);
  std::string text;
  std::array<char, 1U << 16U> block{};
  while (true) {
    const ssize_t got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", name, errno);
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxInputBytes) return unfit_input(name, "it has more than 64 MiB");
  }
}

Result<Ok> write_file(const std::string& name, std::string_view text) {
  UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return file_error("write", name, errno);
  if (const int problem = write_all(fd.get(), text); problem != 0) return file_error("write", name, problem);
  // A full quota or a network file system may say so at close(2) only.
  if (::close(fd.release()) != 0) return file_error("write", name, errno);
  return Ok{};
}

Result<Ok> write_output(std::string_view text) {
  const int problem = write_all(STDOUT_FILENO, text);
  if (problem == 0) return Ok{};
  return Error{.kind = ErrorKind::Host,
               .what = "cannot write to standard output",
               .why = errno_text(problem),
               .errno_value = problem};
}

Result<int, Errors> print(std::string_view text) {
  if (auto written = write_output(text); !written) return Errors{std::move(written).error()};
  return 0;
}

}  // namespace fence
