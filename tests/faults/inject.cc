// Runs a program, and makes one system call of it fail (errno=0: does not make it, and says that all went well), or
// kills one of its processes there.
//
//   inject LOG ROLE:CALL:N errno=NUMBER|kill=ROLE|list PROGRAM [ARGUMENT...]
//
// N counts the calls of that name in that role, from 1. Roles: "main" is the program, "child" what it makes with a user
// namespace of its own or, without one, as a subreaper, "command" what that one makes, "guard" what the program makes
// after it, "helper" every other process. LOG gets, a line each: with `list` every call as ROLE:CALL; "hit" where the
// call was met; "left ROLE" for what still lives ten seconds after the program has ended. The exit status is the
// program's, or 128 and the signal.
#include <elf.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Aim {
  std::string role, call;
  int occurrence = 0;
};

struct Deed {
  bool list = false;
  bool skip = false;
  int error = 0;  ///< of a call that is skipped; 0: it says that all went well
  std::string kill{};
};

struct Process {
  std::string role;      ///< empty: its parent has not told yet
  bool waiting = false;  ///< stopped until its role is known
  bool in_call = false;
  bool refused = false;   ///< the call that it is in
  bool reaps = false;     ///< is a subreaper: what it makes next is "child"
  std::string next_role;  ///< of what its current call makes
  std::map<std::string, int> counts;
};

// Two calls are many in one: the argument that says which is part of the name, "prctl(38)".
std::string call_name(const __ptrace_syscall_info& info) {
  char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(info.entry.nr));
  std::string text = name == nullptr ? std::to_string(info.entry.nr) : name;
  std::free(name);
  if (text == "prctl") return text + "(" + std::to_string(info.entry.args[0]) + ")";
  if (text == "prlimit64" && info.entry.args[2] != 0) return text + "(set)";
  if (text == "fcntl" || text == "epoll_ctl") return text + "(" + std::to_string(info.entry.args[1]) + ")";
  return text;
}

// The kernel skips a call whose number is -1; what it "returns" is put in when it ends.
void skip_call(pid_t pid) {
#if defined(__x86_64__)
  ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, orig_rax), -1L);
#elif defined(__aarch64__)
  int none = -1;
  iovec part{&none, sizeof none};
  ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &part);
#endif
}

void set_result(pid_t pid, long result) {
#if defined(__x86_64__)
  ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, rax), result);
#elif defined(__aarch64__)
  user_regs_struct registers{};
  iovec part{&registers, sizeof registers};
  ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &part);
  registers.regs[0] = static_cast<unsigned long long>(result);
  ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &part);
#endif
}

class Tracer {
 public:
  Tracer(std::FILE* log, Aim aim, Deed deed) : log_(log), aim_(std::move(aim)), deed_(std::move(deed)) {}

  int run(char** program) {
    main_ = start(program);
    processes_[main_].role = "main";
    while (!processes_.empty()) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, __WALL | (ended_ ? WNOHANG : 0));
      if (pid > 0) {
        take(pid, status);
      } else if (pid < 0) {
        break;
      } else if (Clock::now() >= deadline_) {
        give_up();
      } else {
        usleep(500);
      }
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  static pid_t start(char** program) {
    const pid_t pid = fork();
    if (pid == 0) {
      raise(SIGSTOP);
      execvp(program[0], program);
      _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, WUNTRACED);
    constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                              PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, pid, nullptr, kOptions) != 0) throw std::runtime_error("cannot trace");
    kill(pid, SIGCONT);
    return pid;
  }

  void take(pid_t pid, int status) {
    Process& process = processes_[pid];
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      processes_.erase(pid);
      if (pid == main_) {
        status_ = status;
        ended_ = true;
        deadline_ = Clock::now() + std::chrono::seconds(10);
      }
      return;
    }
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (process.role.empty()) {
      process.waiting = true;
      return;
    }
    if (signal == (SIGTRAP | 0x80)) {
      system_call(pid, process);
      resume(pid, 0);
    } else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
      unsigned long made = 0;
      ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &made);
      adopt(static_cast<pid_t>(made), process.next_role);
      resume(pid, 0);
    } else if (event != 0) {
      resume(pid, 0);
    } else {
      resume(pid, signal);
    }
  }

  void adopt(pid_t pid, const std::string& role) {
    Process& process = processes_[pid];
    process.role = role;
    if (process.waiting) resume(pid, 0);
  }

  static void resume(pid_t pid, int signal) { ptrace(PTRACE_SYSCALL, pid, nullptr, static_cast<long>(signal)); }

  void system_call(pid_t pid, Process& process) {
    __ptrace_syscall_info info{};
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
      if (process.refused) set_result(pid, -deed_.error);
      process.refused = false;
      return;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    process.next_role = role_of_new(pid, process, info);
    const std::string name = call_name(info);
    if (name == "prctl(36)") process.reaps = info.entry.args[1] != 0;
    if (deed_.list) std::fprintf(log_, "%s:%s\n", process.role.c_str(), name.c_str());
    if (process.role != aim_.role || name != aim_.call || ++process.counts[name] != aim_.occurrence || hit_) return;
    hit_ = true;
    std::fprintf(log_, "hit\n");
    if (deed_.skip) {
      process.refused = true;
      skip_call(pid);
    }
    for (const auto& [other, its] : processes_) {
      if (!deed_.kill.empty() && its.role == deed_.kill) kill(other, SIGKILL);
    }
  }

  std::string role_of_new(pid_t pid, const Process& process, const __ptrace_syscall_info& info) const {
    if (process.role == "child") return "command";
    if (process.role == "command") return "command";
    std::uint64_t flags = 0;
    if (info.entry.nr == SYS_clone) flags = info.entry.args[0];
    if (info.entry.nr == SYS_clone3) {
      flags = static_cast<std::uint64_t>(ptrace(PTRACE_PEEKDATA, pid, info.entry.args[0], nullptr));
    }
    if ((flags & CLONE_NEWUSER) != 0) return "child";
    const auto is_child = [](const auto& other) { return other.second.role == "child"; };
    if (std::any_of(processes_.cbegin(), processes_.cend(), is_child)) return "guard";
    return process.reaps ? "child" : "helper";
  }

  void give_up() {
    for (const auto& [pid, process] : processes_) {
      std::fprintf(log_, "left %s\n", process.role.c_str());
      kill(pid, SIGKILL);
    }
    deadline_ = Clock::now() + std::chrono::seconds(10);
  }

  std::FILE* log_;
  Aim aim_;
  Deed deed_;
  std::map<pid_t, Process> processes_;
  pid_t main_ = -1;
  int status_ = 0;
  bool hit_ = false;
  bool ended_ = false;
  Clock::time_point deadline_;
};

Aim parse_aim(const std::string& text) {
  const auto first = text.find(':'), second = text.rfind(':');
  if (first == second) throw std::invalid_argument(text);
  return {text.substr(0, first), text.substr(first + 1, second - first - 1), std::stoi(text.substr(second + 1))};
}

Deed parse_deed(const std::string& text) {
  if (text == "list") return {.list = true};
  if (text.starts_with("errno=")) return {.skip = true, .error = std::stoi(text.substr(6))};
  if (text.starts_with("kill=")) return {.kill = text.substr(5)};
  throw std::invalid_argument(text);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("inject LOG ROLE:CALL:N DEED PROGRAM ...");
  std::FILE* const log = std::fopen(argv[1], "we");
  if (log == nullptr) throw std::runtime_error(argv[1]);
  const int status = Tracer(log, parse_aim(argv[2]), parse_deed(argv[3])).run(argv + 4);
  std::fclose(log);
  return status;
} catch (const std::exception& error) {
  std::fprintf(stderr, "inject: %s\n", error.what());
  return 99;
}
