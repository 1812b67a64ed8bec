#include "children.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "fence/util/fd.h"
#include "fence/util/process_calls.h"
#include "files.h"

namespace fence {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMaxOutputBytes = 256U << 10;
/// A killed process that gets its turn, and that no system call holds, is gone long before.
constexpr milliseconds kKillTime{20};
constexpr milliseconds kEndTime{500};  ///< for a program that has closed its output

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
  return left <= 0 ? 0 : static_cast<int>(left);
}

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
pid_t spawn(const std::string& program, std::vector<std::string> words, int output) {
  SpawnActions actions;
  const bool ready = ::posix_spawn_file_actions_adddup2(actions.get(), output, STDOUT_FILENO) == 0 &&
                     ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
                     ::posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
                     ::posix_spawn_file_actions_addclosefrom_np(actions.get(), STDERR_FILENO + 1) == 0;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  if (!ready || ::posix_spawn(&child, program.c_str(), actions.get(), nullptr, arguments.data(), environ) != 0)
    return -1;
  return child;
}

/// Reads until the end, the bound or the deadline.
std::string read_until(int fd, Clock::time_point deadline) {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() < kMaxOutputBytes) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    const int count = ::poll(&ready, 1, milliseconds_until(deadline));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return out;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return out;
}

}  // namespace

void become_dependent(pid_t parent, int kept) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // It may have ended before that. The first process of a pid namespace has a parent that it cannot see.
  if (::getppid() != parent && ::getppid() != 0) ::_exit(1);
  close_all_but(0, {&kept, 1});
}

bool reap(pid_t child, milliseconds time) {
  const Clock::time_point end = Clock::now() + time;
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  while (true) {
    const pid_t reaped = ::waitpid(child, nullptr, WNOHANG);
    if (reaped == child || (reaped < 0 && errno != EINTR)) return true;
    const int left = milliseconds_until(end);
    if (left == 0) return false;
    pollfd ended{.fd = handle.get(), .events = POLLIN, .revents = 0};
    // Without a handle (Linux before 5.3) poll(2) is a short sleep.
    static_cast<void>(::poll(&ended, 1, handle ? left : 1));
  }
}

bool kill_and_reap(pid_t child) {
  ::kill(child, SIGKILL);
  // On a machine that is busy it may just not have had its turn to end.
  while (!reap(child, kKillTime)) {
    if (is_blocked(child)) return false;
  }
  return true;
}

bool is_blocked(pid_t child) {
  const Result<std::string, Errno> stat = read_file("/proc/" + std::to_string(child) + "/stat", 4096);
  if (!stat) return true;
  // The name in parentheses may have any characters (proc(5)).
  const auto name_end = stat->rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat->size()) return true;
  return std::string_view("SD").find((*stat)[name_end + 2]) != std::string_view::npos;
}

std::string program_output(const std::string& program, std::span<const std::string> arguments, milliseconds time) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return "";
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const KeepZombies keep;
  std::vector<std::string> words = {program.substr(program.rfind('/') + 1)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t child = spawn(program, std::move(words), writer.get());
  if (child < 0) return "";
  writer.reset();
  std::string out = read_until(reader.get(), Clock::now() + time);
  // It ends by itself, and with it what it started, unless it closed its output and goes on.
  if (!reap(child, kEndTime)) static_cast<void>(kill_and_reap(child));
  return out;
}

}  // namespace fence
