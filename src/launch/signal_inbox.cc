#include "signal_inbox.h"

#include <unistd.h>

#include <cerrno>

#include "descriptors.h"

namespace fence::launch {
namespace {

constexpr std::uint64_t bit(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

}  // namespace

Result<SignalInbox> SignalInbox::open(std::set<int> ignored) {
  SignalInbox inbox;
  inbox.ignored_ = std::move(ignored);
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGCHLD);
  for (const int signal : handled_signals()) {
    if (!inbox.ignored_.contains(signal)) sigaddset(&taken, signal);
  }
  inbox.fd_.reset(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!inbox.fd_) return system_error("cannot receive signals", errno);
  sigprocmask(SIG_BLOCK, &taken, &inbox.before_);
  // Where SIGCHLD is ignored, children are reaped by the kernel, and wait(2) cannot tell how they ended.
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &by_default, &inbox.child_before_);
  return inbox;
}

SignalInbox::~SignalInbox() {
  if (!fd_) return;
  while (next()) continue;
  sigaction(SIGCHLD, &child_before_, nullptr);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<Arrival> SignalInbox::next() {
  signalfd_siginfo info{};
  if (read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return Arrival{static_cast<int>(info.ssi_signo), info.ssi_code > 0 ? Sender::Terminal : Sender::User};
}

bool SignalInbox::stop(int signal, bool whole_group) const {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  kill(whole_group ? 0 : getpid(), signal);
  // SIGSTOP cannot be blocked and has stopped fence already; the others do so here.
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
  if (!ignored_.contains(signal)) sigprocmask(SIG_BLOCK, &one, nullptr);
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGCONT) == 1;
}

std::uint64_t SignalInbox::ignored_bits() const noexcept {
  std::uint64_t bits = 0;
  for (const int signal : ignored_) bits |= bit(signal);
  return bits;
}

std::uint64_t SignalInbox::blocked_bits() const noexcept {
  std::uint64_t bits = 0;
  for (int signal = 1; signal <= 64; ++signal) {
    if (sigismember(&before_, signal) == 1) bits |= bit(signal);
  }
  return bits;
}

void SignalInbox::prepare_child() const noexcept {
  for (const int signal : handled_signals()) std::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace fence::launch
