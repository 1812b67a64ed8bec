// The monitor: starts the sandbox, tells of it, and waits for the command.
#include "fence/bwraprun/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "child.h"
#include "fence/bwrapline/status.h"
#include "fence/util/companions.h"
#include "fence/util/fd.h"
#include "fence/util/process_calls.h"
#include "identity.h"
#include "prepare.h"
#include "status.h"

namespace fence::bwraprun {
namespace {

using bwrapline::Unshare;

struct Pipe {
  UniqueFd read, write;
};

bool open_pipe(Pipe& pipe) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  return true;
}

std::uint64_t clone_flags(const Invocation& of) {
  std::uint64_t flags = CLONE_NEWNS;
  if (of.namespaces.user) flags |= CLONE_NEWUSER;
  if (of.namespaces.ipc) flags |= CLONE_NEWIPC;
  if (of.namespaces.net) flags |= CLONE_NEWNET;
  if (of.namespaces.uts) flags |= CLONE_NEWUTS;
  if (of.namespaces.cgroup == Unshare::Yes) flags |= CLONE_NEWCGROUP;
  // Below a joined namespace it is made later.
  if (of.namespaces.pid && of.descriptors.pidns == -1) flags |= CLONE_NEWPID;
  return flags;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

class Monitor {
 public:
  Monitor(const Invocation& of, const bwrapline::Caller& caller) : of_(of), world_{.of = of} {
    prepare(world_, caller);
  }

  std::variant<int, std::string> run() {
    if (const Failure bad = start(); bad.failed()) return told(bad);
    if (pid_ == 0) run_child(world_);
    world_.monitor_ends[0] = -1;
    report_.write.reset();
    if (auto text = learn_identity(); !text.empty()) return text;
    if (auto text = tell_of_start(); !text.empty()) return text;
    if (of_.descriptors.userns2 != -1 && setns(of_.descriptors.userns2, CLONE_NEWUSER) != 0) {
      return told(failure(Failed::JoinUserLater));
    }
    let_go();
    // Whoever reads what the command writes must see its end.
    const int kept[] = {event_.get(), of_.descriptors.json_status, report_.read.get(), pidfd_.get()};
    close_all_but(3, kept);
    if (of_.descriptors.userns2 == -1) drop_all_capabilities();
    const int code = wait_for_end();
    return tell_of_end(code);
  }

 private:
  Failure start() {
    std::signal(SIGCHLD, SIG_DFL);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &child, nullptr);
    if (of_.die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failure(Failed::ParentDeath);
    if (!open_pipe(release_) || !open_pipe(report_)) return failure(Failed::Descriptors);
    event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event_) return failure(Failed::Descriptors);
    if (of_.descriptors.pidns != -1 && !open_identity()) return failure(Failed::Descriptors);
    if (of_.descriptors.userns != -1 && setns(of_.descriptors.userns, CLONE_NEWUSER) != 0) {
      return failure(Failed::JoinUser);
    }
    world_.release = release_.read.get();
    world_.report = report_.write.get();
    world_.event = event_.get();
    world_.monitor_ends[0] = release_.write.get();
    world_.monitor_ends[1] = report_.read.get();
    world_.monitor_ends[2] = identity_.read.get();
    const Clone cloned = clone_process(clone_flags(of_));
    pid_ = cloned.pid;
    pidfd_.reset(cloned.pidfd);
    return pid_ < 0 ? failure(Failed::Namespaces) : Failure{};
  }

  // Our own end to read keeps it from being a signal where the child has been killed meanwhile.
  void let_go() const { write_all(release_.write.get(), "g"); }

  bool open_identity() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
    identity_.read.reset(ends[0]);
    identity_.write.reset(ends[1]);
    world_.identity = ends[1];
    const int on = 1;
    return setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0;
  }

  std::string told(const Failure& bad, const std::string& existing = "") const {
    return bwrapline::failure_text(bad, of_, existing);
  }

  // ---- what is told of -------------------------------------------------------------------------------------------

  // With --pidns the first process is only on the way; it goes on at once, and what follows it says who it is.
  std::string learn_identity() {
    if (of_.descriptors.pidns == -1) return "";
    let_go();
    identity_.write.reset();
    char byte = 0;
    Companions along;
    if (receive_with(identity_.read.get(), 0, byte, along) != 1 || !along.sender) {
      const auto text = tell_of_end(1);
      return std::holds_alternative<std::string>(text) ? std::get<std::string>(text)
                                                       : "Unexpected short read from pid socket";
    }
    waitpid(pid_, nullptr, 0);
    pid_ = *along.sender;
    pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    return pidfd_ ? "" : told(failure(Failed::Namespaces));
  }

  std::vector<bwrapline::NamespaceId> namespace_ids() const {
    std::vector<bwrapline::NamespaceId> ids;
    for (const std::string_view name : bwrapline::told_namespaces(of_.namespaces)) {
      struct stat status {};
      const std::string path = "/proc/" + std::to_string(pid_) + "/ns/" + std::string(name);
      if (stat(path.c_str(), &status) == 0) ids.push_back({name, status.st_ino});
    }
    return ids;
  }

  /// Empty: all went well.
  std::string tell_of_start() const {
    const int info = of_.descriptors.info, json = of_.descriptors.json_status;
    if (info == -1 && json == -1) return "";
    const auto ids = namespace_ids();
    const auto tell = [](int fd, const std::string& text) { return fd == -1 || write_all(fd, text); };
    if (!tell(info, bwrapline::info_text(pid_, ids)) || !tell(json, bwrapline::status_line(pid_, ids))) {
      return std::string("Write to info_fd: ") + strerrordesc_np(errno);
    }
    if (info != -1) close(info);
    wait_for_maps();
    return "";
  }

  void wait_for_maps() const {
    const int fd = of_.descriptors.userns_block;
    if (fd == -1) return;
    char byte = 0;
    while (read(fd, &byte, 1) < 0 && errno == EINTR) continue;
    close(fd);
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  // The command's end, though others in the sandbox may live on, or that of the sandbox.
  int wait_for_end() const {
    for (;;) {
      pollfd ends[] = {{event_.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}};
      if (poll(ends, 2, -1) < 0 && errno == EINTR) continue;
      std::uint64_t code = 0;
      if (read(event_.get(), &code, sizeof code) == static_cast<ssize_t>(sizeof code)) {
        return static_cast<int>(code) - 1;
      }
      if (ends[1].revents == 0) continue;
      int status = 0;
      while (waitpid(pid_, &status, 0) < 0) {
        if (errno != EINTR) return 255;
      }
      return exit_code(status);
    }
  }

  std::variant<int, std::string> tell_of_end(int code) {
    fcntl(report_.read.get(), F_SETFL, O_NONBLOCK);
    bool began = false;
    Failure said;
    while (read(report_.read.get(), &said, sizeof said) == static_cast<ssize_t>(sizeof said)) {
      if (said.failed()) {
        std::string existing(PATH_MAX, '\0');
        const ssize_t length = read(report_.read.get(), existing.data(), existing.size());
        existing.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
        return told(said, existing);
      }
      began = true;
    }
    if (began && of_.descriptors.json_status != -1) {
      write_all(of_.descriptors.json_status, bwrapline::exit_line(code));
    }
    return code;
  }

  const Invocation& of_;
  World world_;
  Pipe release_, report_, identity_;
  UniqueFd event_, pidfd_;
  pid_t pid_ = -1;
};

}  // namespace

std::variant<int, std::string> run(const Invocation& of, const bwrapline::Caller& caller) {
  return Monitor(of, caller).run();
}

}  // namespace fence::bwraprun
