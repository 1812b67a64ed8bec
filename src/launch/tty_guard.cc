#include "tty_guard.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "descriptors.h"
#include "fence/util/process_calls.h"
#include "keys.h"
#include "output_watch.h"

namespace fence::launch {
namespace {

void settle(int terminal, const TerminalDebt& debt) {
  termios now{};
  if (!debt.raw || tcgetattr(terminal, &now) != 0 || !same_modes(now, debt.ours)) return;
  tcsetattr(terminal, TCSANOW, &debt.saved);
  const std::string undo = undo_text(debt.changed_modes);
  const auto wrote [[maybe_unused]] = write(terminal, undo.data(), undo.size());
}

[[noreturn]] void guard(int terminal, int lifeline, const TerminalDebt& debt) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  setsid();
  prctl(PR_SET_NAME, "fence-tty", 0, 0, 0);
  const int kept[] = {terminal, lifeline};
  close_all_but(0, kept);
  char word = 0;
  ssize_t got = 0;
  do got = read(lifeline, &word, 1);
  while (got < 0 && errno == EINTR);
  if (got == 0) settle(terminal, debt);
  _exit(0);
}

}  // namespace

Result<TtyGuard> TtyGuard::start(const OuterTerminal& terminal) {
  FENCE_TRY(Pipe lifeline, make_pipe());
  const pid_t pid = fork();
  if (pid == 0) {
    lifeline.write.reset();
    guard(terminal.fd(), lifeline.read.get(), terminal.debt());
  }
  if (pid < 0) return system_error("cannot start the process that guards the terminal", errno);
  return TtyGuard(pid, std::move(lifeline.write));
}

TtyGuard::~TtyGuard() {
  if (pid_ < 0) return;
  const auto told [[maybe_unused]] = write(lifeline_.get(), "", 1);
  lifeline_.reset();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace fence::launch
