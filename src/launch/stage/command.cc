// Starts the command's process exactly as fence itself was started: same dispositions, same mask, same descriptors.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stage.h"

namespace fence::stage {
namespace {

constexpr int kSignals = 64;

constexpr std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal - 1); }

void restore_signals(std::uint64_t ignored, std::uint64_t blocked) {
  for (int signal = 1; signal <= kSignals; ++signal) {
    struct sigaction action {};
    action.sa_handler = (ignored & bit(signal)) != 0 ? SIG_IGN : SIG_DFL;
    // Refused for SIGKILL, SIGSTOP and the two that glibc keeps to itself; none of them can have been changed.
    sigaction(signal, &action, nullptr);
  }
  // The kernel's own layout: glibc's functions leave out signals 32 and 33.
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, nullptr, sizeof blocked);
}

// Whether a file of that name is where execvp(3) looks.
bool exists(const char* name) {
  if (std::strchr(name, '/') != nullptr) return access(name, F_OK) == 0;
  const char* path = std::getenv("PATH");
  if (path == nullptr) path = "/bin:/usr/bin";
  char candidate[4096];
  for (const char* start = path;;) {
    const char* end = std::strchr(start, ':');
    const std::size_t length = end == nullptr ? std::strlen(start) : static_cast<std::size_t>(end - start);
    const std::size_t name_length = std::strlen(name);
    if (length + name_length + 2 <= sizeof candidate) {
      std::memcpy(candidate, start, length);
      // An empty entry is the working directory.
      std::size_t at = length;
      if (length != 0) candidate[at++] = '/';
      std::memcpy(candidate + at, name, name_length + 1);
      if (access(candidate, F_OK) == 0) return true;
    }
    if (end == nullptr) return false;
    start = end + 1;
  }
}

void take_place(const PayloadHeader& header, int slave) {
  if (header.place == Place::SharedGroup) return;
  setpgid(0, 0);
  // SIGTTOU is blocked, so a group in the background may do this.
  if (header.place == Place::OwnGroup) tcsetpgrp(STDIN_FILENO, getpid());
  if (header.place == Place::OwnTerminal && header.in_front != 0) tcsetpgrp(slave, getpid());
}

/// How many were set before one was refused, with errno set; all of them where none was.
std::uint32_t set_limits(const Orders& orders) {
  std::uint32_t done = 0;
  for (; done < orders.header->limits; ++done) {
    const LimitRecord& record = orders.limits[done];
    const rlimit both{record.value, record.value};
    if (setrlimit(static_cast<__rlimit_resource>(record.resource), &both) != 0) break;
  }
  return done;
}

// The command's process loads it, and not the stage: what a user wants refused besides may be what the stage needs.
bool load_filter(const Orders& orders) {
  sock_fprog filter{};
  filter.len = static_cast<unsigned short>(orders.header->filter / sizeof(sock_filter));
  // The kernel only reads it.
  filter.filter = static_cast<sock_filter*>(const_cast<void*>(orders.filter));
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

[[noreturn]] void give_up(int result, const ExecResult& failed) {
  const auto ignored [[maybe_unused]] = write(result, &failed, sizeof failed);
  _exit(127);
}

// Last but the filter: what is refused from here on is the command's own affair.
Failure hold(const Orders& orders, Ruleset& ruleset) {
  if (orders.header->alone == 0) return {};
  if (const Failure bad = restrict_self(ruleset); bad.failed) return bad;
  return try_restriction(orders);
}

// Without a pid namespace the end of the stage ends nobody else.
void end_with_stage(const Orders& orders, pid_t stage, int result) {
  if (orders.header->alone == 0) return;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) give_up(result, {errno, 0, Step::Fork, 0});
  if (getppid() != stage) _exit(1);
}

[[noreturn]] void become_command(const Orders& orders, int slave, Ruleset& ruleset, pid_t stage, int result) {
  end_with_stage(orders, stage, result);
  take_place(*orders.header, slave);
  for (int stream = 0; stream < 3; ++stream) {
    if (orders.header->streams[stream] == -1) close(stream);
  }
  environ = orders.variables;
  restore_signals(orders.header->ignored, orders.header->blocked);
  // Late: nothing of the stage's own work is held to them. Before the filter, which may refuse setrlimit(2).
  if (const std::uint32_t done = set_limits(orders); done < orders.header->limits) {
    give_up(result, {errno, 0, Step::Limits, static_cast<std::int32_t>(done)});
  }
  if (const Failure bad = hold(orders, ruleset); bad.failed) give_up(result, {bad.error, 0, bad.step, 0});
  if (!load_filter(orders)) give_up(result, {errno, 0, Step::Seccomp, 0});
  if (orders.arguments[0][0] == '\0') {
    errno = ENOENT;
  } else {
    execvpe(orders.arguments[0], orders.arguments, orders.variables);
  }
  ExecResult failed{errno, 0, Step::Orders, 0};
  failed.found = orders.arguments[0][0] != '\0' && exists(orders.arguments[0]) ? 1 : 0;
  give_up(result, failed);
}

}  // namespace

Failure start_command(const Orders& orders, int slave, Ruleset& ruleset, Command& command) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) return failure(Step::Fork, errno);
  // A signal of the terminal that came since the stage blocked them all was meant for the command too.
  std::uint64_t pending = 0;
  syscall(SYS_rt_sigpending, &pending, sizeof pending);
  const pid_t stage = getpid();
  const pid_t pid = fork();
  if (pid < 0) return failure(Step::Fork, errno);
  if (pid == 0) become_command(orders, slave, ruleset, stage, pipe[1]);
  close(pipe[1]);
  if (ruleset.fd >= 0) close(ruleset.fd);
  // Both sides do it: whoever comes second finds it done.
  if (orders.header->place != Place::SharedGroup) setpgid(pid, pid);
  for (int signal = 1; signal <= kSignals; ++signal) {
    if ((pending & bit(signal)) != 0 && signal != SIGCHLD) kill(pid, signal);
  }
  command.pid = pid;
  command.exec_result = pipe[0];
  return {};
}

}  // namespace fence::stage
