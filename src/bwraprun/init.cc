#include "init.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "child.h"
#include "fence/util/process_calls.h"
#include "status.h"

namespace fence::bwraprun {
namespace {

// Held by the process, not by the descriptor: closing another one of the same file would lose it (fcntl(2)). So none of
// them is closed.
Failure take_lock(const char* path, std::uint32_t index, int& fd) noexcept {
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {Failed::LockOpen, errno, bwrapline::kNoOp, index};
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(fd, F_SETLK, &lock) == 0 ? Failure{} : Failure{Failed::Lock, errno, bwrapline::kNoOp, index};
}

}  // namespace

void run_init(World& world, pid_t command, int gate) noexcept {
  // The command could read there what --clearenv and --unsetenv have taken from it.
  explicit_bzero(world.old_environment.data(), world.old_environment.size());
  // Locks get the lowest numbers that are free once everything else is closed.
  const int kept[] = {world.event, world.report, gate, world.of.descriptors.sync};
  close_all_but(3, kept);
  std::uint32_t index = 0;
  for (const std::string& path : world.of.lock_files) {
    int fd = -1;
    if (const Failure bad = take_lock(path.c_str(), index++, fd); bad.failed()) {
      report(world, bad);
      _exit(1);
    }
  }
  const auto gone [[maybe_unused]] = write(gate, "", 1);
  close(gate);
  close(world.report);
  int code = 1;
  for (;;) {
    int status = 0;
    const pid_t ended = wait(&status);
    if (ended < 0 && errno == EINTR) continue;
    if (ended < 0) _exit(code);
    if (ended != command) continue;
    code = exit_code(status);
    const std::uint64_t told = static_cast<std::uint64_t>(code) + 1;
    const auto wrote [[maybe_unused]] = write(world.event, &told, sizeof told);
  }
}

}  // namespace fence::bwraprun
