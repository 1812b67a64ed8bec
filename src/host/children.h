#pragma once
// Processes that fence starts to find something out.
#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <span>
#include <string>

namespace fence {

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

/// In a new child of `parent`: ends it with its parent (prctl(2), PR_SET_PDEATHSIG), and closes every descriptor but
/// `kept`.
void become_dependent(pid_t parent, int kept);

/// Waits for the end of the child and reaps it. False where it did not end in time.
bool reap(pid_t child, std::chrono::milliseconds time);

/// SIGKILL, then reap(). False where the kernel holds the child in a system call: it ends when that comes back.
bool kill_and_reap(pid_t child);

/// True where the kernel has the child wait for something, which may never come.
bool is_blocked(pid_t child);

/// What a program writes to its standard output, at most for that time and 256 KiB; then it is killed. It has no input
/// and no other descriptor. "" where it cannot be started. `arguments` are those after the program's name.
std::string program_output(const std::string& program, std::span<const std::string> arguments,
                           std::chrono::milliseconds time);

}  // namespace fence
