#include "bwrap_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "fence/util/fd.h"
#include "fence/util/text.h"
#include "parse.h"

namespace fence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kHelpTime{5};
constexpr std::size_t kMaxHelpBytes = 256U << 10;
constexpr std::string_view kUsualPlace = "usr/bin/bwrap";  ///< below the root

/// While it lives, a child that ended stays a zombie, so that its number cannot be another process's when it is killed:
/// fence may have been started with SIGCHLD ignored, and then the kernel reaps (wait(2)).
class KeepZombies {
 public:
  KeepZombies() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &action, &before_);
  }
  ~KeepZombies() { ::sigaction(SIGCHLD, &before_, nullptr); }
  KeepZombies(const KeepZombies&) = delete;
  KeepZombies& operator=(const KeepZombies&) = delete;

 private:
  struct sigaction before_ {};
};

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t* get() noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// The child has /dev/null, `output` and /dev/null, and no other descriptor; -1 where it cannot be started.
pid_t spawn_help(const std::string& program, int output) {
  SpawnActions actions;
  const bool ready = ::posix_spawn_file_actions_adddup2(actions.get(), output, STDOUT_FILENO) == 0 &&
                     ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
                     ::posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
                     ::posix_spawn_file_actions_addclosefrom_np(actions.get(), STDERR_FILENO + 1) == 0;
  std::string name = "bwrap", option = "--help";
  const std::array<char*, 3> arguments = {name.data(), option.data(), nullptr};
  pid_t child = -1;
  if (!ready || ::posix_spawn(&child, program.c_str(), actions.get(), nullptr, arguments.data(), environ) != 0)
    return -1;
  return child;
}

/// Reads until the end, the bound or the deadline.
std::string read_until(int fd, Clock::time_point deadline) {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() < kMaxHelpBytes) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    const int count = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return out;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return out;
}

/// Whether uid 0 has a name in this user namespace; where it has none, its files show as the overflow uid's, and so do
/// everybody else's (user_namespaces(7)).
bool root_is_mapped() {
  std::ifstream map("/proc/self/uid_map");
  std::uint32_t first = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
  while (map >> first >> outside >> count) {
    if (first == 0 && count > 0) return true;
  }
  return false;
}

/// Precondition: no component of `path` is a link. Inside another sandbox, where owners say nothing, a read-only mount
/// says it.
bool only_root_can_change(HostPath path) {
  const bool owners_count = root_is_mapped();
  while (true) {
    struct stat status {};
    if (::lstat(path.text().c_str(), &status) != 0) return false;
    if (owners_count) {
      if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return false;
    } else {
      struct statvfs mount {};
      if (::statvfs(path.text().c_str(), &mount) != 0 || (mount.f_flag & ST_RDONLY) == 0) return false;
    }
    if (path.is_root()) return true;
    path = path.parent();
  }
}

/// Where `place` leads, if that is a program that may be run outside the sandbox.
std::optional<HostPath> trusted_program(const HostPath& place) {
  std::error_code error;
  const Result<HostPath> program = HostPath::parse(std::filesystem::canonical(place.text(), error).string());
  if (error || !program || !only_root_can_change(*program)) return std::nullopt;
  struct stat status {};
  const bool executable = ::lstat(program->text().c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                          ::faccessat(AT_FDCWD, program->text().c_str(), X_OK, AT_EACCESS) == 0;
  return executable ? std::optional(*program) : std::nullopt;
}

bool is_set_user_id(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && (status.st_mode & S_ISUID) != 0;
}

}  // namespace

std::string help_output(const std::string& program) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "";
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const KeepZombies keep;
  const pid_t child = spawn_help(program, writer.get());
  if (child < 0) return "";
  writer.reset();
  std::string out = read_until(reader.get(), Clock::now() + kHelpTime);
  // What it had to say it has said; it may have closed its output and still be there.
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return out;
}

std::optional<BwrapFacts> probe_bwrap(const Environment& environment) {
  const std::string* path = find_variable(environment, "PATH");
  std::vector<HostPath> places;
  for (const std::string& entry : split(path == nullptr ? "" : *path, ':')) {
    if (const Result<HostPath> directory = HostPath::parse(entry)) places.push_back(directory->child("bwrap"));
  }
  places.push_back(HostPath::root().below(kUsualPlace));
  for (const HostPath& place : places) {
    const std::optional<HostPath> program = trusted_program(place);
    if (!program) continue;
    const std::string& text = program->text();
    return BwrapFacts{.path = text, .options = parse_help_options(help_output(text)), .setuid = is_set_user_id(text)};
  }
  return std::nullopt;
}

}  // namespace fence
