#include "descriptors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace fence::launch {
namespace {

// linux/memfd.h and linux/fcntl.h since 6.3; Debian 12's headers are of 6.1.
constexpr unsigned kMfdExec = 0x0010U;
constexpr int kSealExec = 0x0020;

Result<UniqueFd> memory_file(const char* name, unsigned flags, std::string_view bytes) {
  UniqueFd fd(memfd_create(name, flags));
  if (!fd) return system_error("cannot make a file in memory", errno);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0) return system_error("cannot write a file in memory", errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (lseek(fd.get(), 0, SEEK_SET) != 0) return system_error("cannot rewind a file in memory", errno);
  return fd;
}

}  // namespace

Error system_error(std::string what, int errno_value) {
  return {.kind = ErrorKind::Host,
          .what = std::move(what),
          .why = errno_text(errno_value),
          .errno_value = errno_value,
          .hint = errno_value == EMFILE ? "raise the limit on descriptors (ulimit -n)" : ""};
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<std::pair<UniqueFd, UniqueFd>> make_control_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return system_error("cannot make a socket pair", errno);
  std::pair pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  const int yes = 1;
  if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0) {
    return system_error("cannot make a socket tell who writes", errno);
  }
  return pair;
}

Result<UniqueFd> make_data_file(std::string_view bytes) { return memory_file("fence-data", MFD_CLOEXEC, bytes); }

Result<UniqueFd> make_program_file(std::string_view image) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Before 6.3 the flag is unknown and every memory file is executable.
  auto file = memory_file("fence-stage", kFlags | kMfdExec, image);
  if (!file && file.error().errno_value == EINVAL) file = memory_file("fence-stage", kFlags, image);
  if (!file) {
    if (file.error().errno_value == EACCES) file.error().hint = "sysctl vm.memfd_noexec forbids programs in memory";
    return file;
  }
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (fcntl(file->get(), F_ADD_SEALS, kSeals | kSealExec) != 0 && fcntl(file->get(), F_ADD_SEALS, kSeals) != 0) {
    return system_error("cannot seal the stage", errno);
  }
  return file;
}

Result<Ok> reserve_standard_streams() {
  for (;;) {
    UniqueFd fd(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!fd) return system_error("cannot open /dev/null", errno);
    if (fd.get() > STDERR_FILENO) return Ok{};
    static_cast<void>(fd.release());
  }
}

void silence_stream(int stream) {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null) dup2(null.get(), stream);
}

}  // namespace fence::launch
