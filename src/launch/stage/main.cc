// Pid 1 of the sandbox: proves the sandbox, runs the command, reaps, and ends everything.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "fence/util/companions.h"
#include "fence/util/process_calls.h"
#include "stage.h"

namespace fence::stage {

Failure read_orders(int fd, Orders& orders) {
  PayloadHeader header;
  if (pread(fd, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) return failure(Step::Orders, EIO);
  void* bytes = mmap(nullptr, header.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  const std::size_t pointers = std::size_t{header.arguments} + header.variables + 2;
  void* table = mmap(nullptr, pointers * sizeof(char*), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED || table == MAP_FAILED) return failure(Step::Orders, errno);
  orders.header = static_cast<const PayloadHeader*>(bytes);
  orders.limits = reinterpret_cast<const LimitRecord*>(orders.header + 1);
  orders.kept = reinterpret_cast<const std::int32_t*>(orders.limits + header.limits);
  char* at = static_cast<char*>(bytes) + sizeof header + header.limits * sizeof(LimitRecord) +
             header.kept * sizeof(std::int32_t);
  orders.filter = at;
  at += header.filter;
  const auto take = [&at](char** out, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      *out++ = at;
      while (*at != '\0') ++at;
      ++at;
    }
    *out = nullptr;
  };
  orders.arguments = static_cast<char**>(table);
  take(orders.arguments, header.arguments);
  orders.variables = orders.arguments + header.arguments + 1;
  take(orders.variables, header.variables);
  orders.runtime_dir = at;
  while (*at != '\0') ++at;
  orders.mounts = at + 1;
  return {};
}

Failure place_descriptors(const Orders& orders) {
  const PayloadHeader& header = *orders.header;
  for (int stream = 0; stream < 3; ++stream) {
    // One that the command does not get stays taken for now: none of our own may get its number.
    if (header.streams[stream] >= 0 && dup2(header.streams[stream], stream) < 0) {
      return failure(Step::Descriptors, errno);
    }
  }
  if (!close_all_but(3, {orders.kept, header.kept})) return failure(Step::Descriptors, errno);
  if (fcntl(header.control, F_SETFD, FD_CLOEXEC) != 0) return failure(Step::Descriptors, errno);
  return {};
}

namespace {

/// Between the SIGTERM and the SIGKILL to everything when the wall time is over.
constexpr std::uint64_t kGraceSeconds = 5;

// Everybody inside: as pid 1 this process reaches nobody else, and otherwise stand_apart() has seen to that. Again and
// again: who was just made an orphan is this process's to wait for.
void end_others() {
  do kill(-1, SIGKILL);
  while (waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR);
}

/// The conversation with fence. Whatever goes wrong with it means that fence is gone.
class Control {
 public:
  explicit Control(int fd) : fd_(fd) {}

  /// From now on there is somebody to end.
  void supervises() { supervises_ = true; }

  void report(ReportKind kind, int value, int extra, std::uint32_t resumes, std::uint32_t mount = 0) const {
    const Report report{kind, value, extra, resumes, mount};
    if (send(fd_, &report, sizeof report, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof report)) abandon();
  }

  /// Ready; with the master where there is one, which is closed.
  void ready(int master) const {
    if (master < 0) return report(ReportKind::Ready, 0, 0, 0);
    if (!send_with(fd_, Report{ReportKind::Ready, 0, 0, 0, 0}, master)) abandon();
    close(master);
  }

  Order next() const {
    Order order{};
    ssize_t got = 0;
    do got = recv(fd_, &order, sizeof order, 0);
    while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof order)) abandon();
    return order;
  }

  // Nobody is left who could want the command.
  [[noreturn]] void abandon() const {
    if (supervises_) end_others();
    _exit(1);
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  bool supervises_ = false;
};

class Supervision {
 public:
  Supervision(const Control& control, const Command& command, const PayloadHeader& header, int slave, int signals,
              const WallClock& clock)
      : control_(control),
        command_(command),
        target_(header.place == Place::SharedGroup ? command.pid : -command.pid),
        ends_others_(slave >= 0 || header.alone != 0),
        front_(header.place == Place::OwnTerminal ? slave : -1, command.pid),
        signals_(signals),
        clock_(clock) {}

  [[noreturn]] void run() {
    for (;;) {
      pollfd wait[] = {{control_.fd(), POLLIN, 0},
                       {signals_, POLLIN, 0},
                       {command_.exec_result, POLLIN, 0},
                       {clock_.fd(), POLLIN, 0}};
      if (poll(wait, 4, -1) < 0 && errno != EINTR) control_.abandon();
      if (wait[1].revents != 0) take_signals();
      if (wait[2].revents != 0) read_exec_result();
      if (wait[0].revents != 0) carry_out(control_.next());
      // Last: a command that has ended by now was in time.
      if (wait[3].revents != 0 && clock_.over()) end_of_time();
    }
  }

 private:
  void carry_out(const Order& order) {
    switch (order.kind) {
      case OrderKind::Go:
        return;
      case OrderKind::Signal:
        pass_on(order.signal);
        return;
      case OrderKind::SignalGroup:
        kill(front(), order.signal);
        return;
      case OrderKind::HangUp:
        hang_up();
        return;
      case OrderKind::Front:
        front_.give(order.signal != 0);
        return;
      case OrderKind::Back:
        front_.take();
        return;
      case OrderKind::Freeze:
        frozen_ = true;
        kill(-1, SIGSTOP);
        control_.report(ReportKind::Stopped, SIGTSTP, 0, resumes_);
        return;
      case OrderKind::Resume:
        resume();
        return;
      case OrderKind::Kill:
        kill(-1, SIGKILL);
        return;
    }
  }

  [[nodiscard]] pid_t front() const { return target_ < 0 ? -front_.group() : target_; }

  void hang_up() {
    const pid_t in_front = front();
    kill(in_front, SIGHUP);
    if (in_front != target_) kill(target_, SIGHUP);
    kill(in_front, SIGCONT);
    kill(target_, SIGCONT);
  }

  void end_of_time() {
    const bool grace = !time_is_up_ && clock_.start(kGraceSeconds);
    if (!grace) {
      kill(-1, SIGKILL);
      return;
    }
    time_is_up_ = true;
    control_.report(ReportKind::TimeUp, 0, 0, resumes_);
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
  }

  void take_signals() {
    signalfd_siginfo info;
    bool child = false;
    ssize_t got = 0;
    while ((got = read(signals_, &info, sizeof info)) == static_cast<ssize_t>(sizeof info)) {
      if (info.ssi_signo == SIGCHLD) {
        child = true;
      } else if (info.ssi_code <= 0) {
        in_group_ |= std::uint64_t{1} << (info.ssi_signo - 1);
      }
    }
    if (got >= 0 || errno != EAGAIN) control_.abandon();
    if (child) reap();
  }

  // A signal to the whole group (timeout(1), kill(0, ...) from inside: a group spans pid namespaces) has reached fence,
  // us and the command. fence cannot tell it from one that was sent to fence alone, since kill(2) gives the sender's
  // pid as the sender's own namespace knows it; but we have it too.
  void pass_on(int signal) {
    take_signals();
    const std::uint64_t bit = std::uint64_t{1} << (signal - 1);
    const bool has_it = (in_group_ & bit) != 0 && getpgid(command_.pid) == getpgrp();
    in_group_ &= ~bit;
    if (!has_it) kill(command_.pid, signal);
  }

  void resume() {
    ++resumes_;
    reap();
    if (frozen_) {
      kill(-1, SIGCONT);
    } else if (stopped_) {
      kill(target_, SIGCONT);
    }
    frozen_ = stopped_ = false;
  }

  void reap() {
    for (;;) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL);
      if (pid <= 0) return;
      if (pid == command_.pid) note(status);
    }
  }

  void note(int status) {
    if (WIFSTOPPED(status)) {
      stopped_ = true;
      if (!frozen_) control_.report(ReportKind::Stopped, WSTOPSIG(status), 0, resumes_);
    } else if (WIFCONTINUED(status)) {
      stopped_ = false;
    } else {
      read_exec_result();
      if (WIFEXITED(status)) {
        end(ReportKind::Exited, WEXITSTATUS(status), 0);
      } else {
        end(ReportKind::Killed, WTERMSIG(status), 0);
      }
    }
  }

  void read_exec_result() {
    if (command_.exec_result < 0) return;
    ExecResult failed{};
    ssize_t got = 0;
    do got = read(command_.exec_result, &failed, sizeof failed);
    while (got < 0 && errno == EINTR);
    close(command_.exec_result);
    command_.exec_result = -1;
    if (got != static_cast<ssize_t>(sizeof failed)) return;
    if (failed.before == Step::Orders) end(ReportKind::ExecFailed, failed.error, failed.found);
    end(ReportKind::Failed, static_cast<int>(failed.before), failed.error, static_cast<std::uint32_t>(failed.limit));
  }

  [[noreturn]] void end(ReportKind kind, int value, int extra, std::uint32_t which = 0) {
    control_.report(kind, value, extra, resumes_, which);
    if (ends_others_) end_others();
    _exit(0);
  }

  const Control& control_;
  Command command_;
  pid_t target_;
  /// The end of a session's leader hangs its terminal up, and the kernel then drops what fence has not read yet. Where
  /// the slave is closed everywhere before, the master still gives it all (drivers/tty/tty_io.c). And who is pid 1 of
  /// no namespace has to do what the kernel does for one that is.
  bool ends_others_;
  Front front_;
  int signals_;
  const WallClock& clock_;
  bool time_is_up_ = false;
  std::uint64_t in_group_ = 0;  ///< bit N-1: a user has sent signal N to our process group
  std::uint32_t resumes_ = 0;
  bool frozen_ = false;
  bool stopped_ = false;
};

// All that has to be done and to hold before Go.
Failure prepare(const Orders& orders, PrivateTerminal& terminal, Ruleset& ruleset) {
  if (const Failure bad = place_descriptors(orders); bad.failed) return bad;
  if (const Failure bad = make_ruleset(orders, ruleset); bad.failed) return bad;
  if (const Failure bad = verify_mounts(orders, ruleset); bad.failed) return bad;
  if (const Failure bad = make_terminal(orders, terminal); bad.failed) return bad;
  if (const Failure bad = drop_capabilities(); bad.failed) return bad;
  if (const Failure bad = verify_confinement(orders); bad.failed) return bad;
  if (orders.runtime_dir[0] != '\0') {
    if (const Failure bad = confirm_runtime_dir(orders.runtime_dir, orders.header->uid); bad.failed) return bad;
  }
  if (const Failure bad = grant_descriptors(orders, ruleset); bad.failed) return bad;
  if (orders.header->alone != 0) return stand_apart();
  if (getpid() != 1) return failure(Step::Apart, 0);
  return restrict_self(ruleset);
}

[[noreturn]] void run(int payload) {
  // Hidden from the sandbox's own processes (ptrace, /proc/1/fd) before there are any; CVE-2016-8659.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) _exit(1);
  prctl(PR_SET_NAME, "fence-init", 0, 0, 0);
  sigset_t all;
  sigfillset(&all);
  if (sigprocmask(SIG_SETMASK, &all, nullptr) != 0) _exit(1);

  Orders orders;
  if (read_orders(payload, orders).failed) _exit(1);
  // bwrap's monitor gone means that nobody reaps us; fence gone is seen on the control socket. Who is pid 1 of no
  // namespace has to end the others first.
  if (orders.header->alone == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) _exit(1);
  Control control(orders.header->control);
  PrivateTerminal terminal;
  Ruleset ruleset;
  Failure bad = prepare(orders, terminal, ruleset);
  const int signals = bad.failed ? -1 : signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (!bad.failed && signals < 0) bad = failure(Step::Fork, errno);
  WallClock clock;
  const std::uint64_t seconds = bad.failed ? 0 : orders.header->wall_seconds;
  if (seconds != 0 && !clock.open()) bad = failure(Step::Clock, errno);
  Command command;
  if (!bad.failed) {
    control.ready(terminal.master);
    if (control.next().kind != OrderKind::Go) control.abandon();
    if (seconds != 0 && !clock.start(seconds)) bad = failure(Step::Clock, errno);
    control.supervises();
    if (!bad.failed) bad = start_command(orders, terminal.slave, ruleset, command);
  }
  if (bad.failed) {
    control.report(ReportKind::Failed, static_cast<int>(bad.step), bad.error, 0, bad.mount);
    _exit(1);
  }
  // The other end of a pipe must see the command close it, not us.
  for (int stream = 0; stream < 3; ++stream) close(stream);
  Supervision(control, command, *orders.header, terminal.slave, signals, clock).run();
}

}  // namespace
}  // namespace fence::stage

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  fence::stage::run(std::atoi(argv[1]));
}
