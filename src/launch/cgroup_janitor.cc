#include "cgroup_janitor.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "descriptors.h"
#include "fence/util/process_calls.h"
#include "fence/util/text.h"

namespace fence::launch {
namespace {

constexpr int kOpenGroup = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
/// Between two looks, where the kernel's word does not come.
constexpr int kLookMs = 100;
/// What the kernel does not let go of in a minute (a process that waits for a dead file system) stays.
constexpr int kMostLooks = 600;

std::string text_at(int group, const char* file) {
  std::string text(std::size_t{4096}, '\0');
  const UniqueFd fd(openat(group, file, O_RDONLY | O_CLOEXEC));
  const ssize_t got = fd ? read(fd.get(), text.data(), text.size()) : 0;
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::optional<std::string> first_directory(int group) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(openat(group, ".", kOpenGroup)), closedir);
  if (!stream) return std::nullopt;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") return std::string(name);
  }
  return std::nullopt;
}

/// Kills everything in the group, at any depth with cgroup.kill (Linux 5.14), and before it in the two that fence has
/// made.
void kill_all(int group) {
  const UniqueFd kill_file(openat(group, "cgroup.kill", O_WRONLY | O_CLOEXEC));
  if (kill_file && write(kill_file.get(), "1", 1) == 1) return;
  for (const char* file : {"cgroup.procs", "inside/cgroup.procs"}) {
    for (const std::string& line : split(text_at(group, file), '\n')) {
      // 0 stands for a process that has no number here, and would be this process's own group.
      const auto pid = parse_number<pid_t>(line);
      if (pid && *pid > 0) kill(*pid, SIGKILL);
    }
  }
}

/// Removes the groups in `group`, the deepest first: nested sandboxes may have made some.
void remove_inner(UniqueFd group) {
  std::vector<std::string> names;
  for (;;) {
    if (auto name = first_directory(group.get())) {
      UniqueFd inner(openat(group.get(), name->c_str(), kOpenGroup));
      if (!inner) return;
      names.push_back(*std::move(name));
      group = std::move(inner);
      continue;
    }
    if (names.empty()) return;
    group.reset(openat(group.get(), "..", kOpenGroup));
    if (!group || unlinkat(group.get(), names.back().c_str(), AT_REMOVEDIR) != 0) return;
    names.pop_back();
  }
}

void remove_group(int parent, const std::string& name) {
  UniqueFd group(openat(parent, name.c_str(), kOpenGroup));
  if (!group) return;
  empty_group(group.get());
  remove_inner(std::move(group));
  unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

[[noreturn]] void tidy_up(int parent, const std::string& name, int lifeline) {
  setsid();
  prctl(PR_SET_NAME, "fence-cgroup", 0, 0, 0);
  const int kept[] = {parent, lifeline};
  close_all_but(0, kept);
  char word = 0;
  ssize_t got = 0;
  do got = read(lifeline, &word, 1);
  while (got < 0 && errno == EINTR);
  remove_group(parent, name);
  _exit(0);
}

}  // namespace

void empty_group(int group) {
  const UniqueFd events(openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC));
  for (int look = 0; look < kMostLooks; ++look) {
    if (text_at(group, "cgroup.events").find("populated 0") != std::string::npos) return;
    kill_all(group);
    // The file is marked as changed when the last process goes (cgroups(7)).
    char text[256];
    if (pread(events.get(), text, sizeof text, 0) < 0) return;
    pollfd change{events.get(), POLLPRI, 0};
    poll(&change, 1, kLookMs);
  }
}

Result<CgroupJanitor> CgroupJanitor::start(int parent, std::string name) {
  UniqueFd own(fcntl(parent, F_DUPFD_CLOEXEC, 3));
  if (!own) return system_error("cannot hold on to a control group", errno);
  FENCE_TRY(Pipe lifeline, make_pipe());
  // Nobody but fence's end or fence itself ends it.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    lifeline.write.reset();
    tidy_up(own.get(), name, lifeline.read.get());
  }
  const int error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return system_error("cannot start the process that removes the control group", error);
  return CgroupJanitor(pid, std::move(own), std::move(name), std::move(lifeline.write));
}

CgroupJanitor::~CgroupJanitor() {
  if (pid_ < 0) return;
  lifeline_.reset();
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status)) remove_group(parent_.get(), name_);
}

}  // namespace fence::launch
