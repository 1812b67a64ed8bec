#include "processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fence/util/fd.h"
#include "fence/util/text.h"

namespace fence::launch {
namespace {

struct Status {
  pid_t parent = 0;
  std::vector<std::string> namespace_pids;  ///< outermost first
};

std::string read_status(const std::string& pid) {
  std::string text;
  const UniqueFd fd(open(("/proc/" + pid + "/status").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

std::optional<Status> status_of(const std::string& pid) {
  const std::string text = read_status(pid);
  if (text.empty()) return std::nullopt;
  Status status;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    if (words.size() < 2) continue;
    if (words[0] == "PPid:") status.parent = std::atoi(words[1].c_str());
    if (words[0] == "NSpid:") status.namespace_pids.assign(words.begin() + 1, words.end());
  }
  return status;
}

std::size_t own_depth() {
  static const std::size_t depth = [] {
    const auto own = status_of("self");
    return own ? own->namespace_pids.size() : 1;
  }();
  return depth;
}

}  // namespace

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

void kill_child(pid_t pid, const UniqueFd& pidfd) {
  if (pidfd && syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) == 0) return;
  kill(pid, SIGKILL);
}

void kill_orphans() {
  // Until the kernel says that there is no child: who is killed may have left more.
  while (waitpid(-1, nullptr, WNOHANG | __WALL) >= 0) {
    const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
    if (!proc) return;
    while (const dirent* entry = readdir(proc.get())) {
      const std::string name = entry->d_name;
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const auto status = status_of(name);
      if (!status || status->parent != getpid()) continue;
      const pid_t pid = std::atoi(name.c_str());
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, __WALL);
    }
  }
}

void kill_orphaned_inits() {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return;
  while (const dirent* entry = readdir(proc.get())) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto status = status_of(name);
    if (!status || status->parent != getpid()) continue;
    if (status->namespace_pids.size() <= own_depth() || status->namespace_pids.back() != "1") continue;
    const pid_t pid = std::atoi(name.c_str());
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, __WALL);
  }
}

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace fence::launch
