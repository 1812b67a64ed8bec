#include "child.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "fence/util/fd.h"
#include "fence/util/process_calls.h"
#include "identity.h"
#include "init.h"
#include "mounts.h"

namespace fence::bwraprun {
namespace {

using bwrapline::Descriptors;

[[noreturn]] void give_up(const World& world, const Failure& bad) noexcept {
  report(world, bad);
  _exit(1);
}

void require(const World& world, const Failure& bad) noexcept {
  if (bad.failed()) give_up(world, bad);
}

bool read_byte(int fd) noexcept {
  char byte = 0;
  ssize_t got = 0;
  do got = read(fd, &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

// ---- which namespaces ----------------------------------------------------------------------------------------------

// A process enters another pid namespace only by its next child, which is made the monitor's own.
pid_t clone_sibling(std::uint64_t flags) noexcept { return clone_process(flags | CLONE_PARENT).pid; }

Failure enter_pid_namespace(const World& world) noexcept {
  if (world.of.descriptors.pidns == -1) return {};
  if (setns(world.of.descriptors.pidns, CLONE_NEWPID) != 0) return failure(Failed::JoinPid);
  pid_t child = clone_sibling(0);
  if (child > 0) _exit(0);
  if (child == 0 && world.of.namespaces.pid) {
    child = clone_sibling(CLONE_NEWPID);
    if (child > 0) _exit(0);
  }
  if (child < 0) return failure(Failed::Namespaces);
  // The monitor's kernel says who wrote this, by the monitor's numbers.
  if (send(world.identity, "", 1, MSG_NOSIGNAL) != 1) return failure(Failed::JoinPid);
  // It tells of us before we go on.
  if (!read_byte(world.release)) _exit(1);
  return {};
}

// ---- what the command must not have --------------------------------------------------------------------------------

void close_given(int fd) noexcept {
  if (fd >= 0) close(fd);
}

void close_consumed(const Invocation& of) noexcept {
  for (const bwrapline::Op& op : of.ops) {
    std::visit(
        [](const auto& action) noexcept {
          if constexpr (requires { action.fd; }) close_given(action.fd);
        },
        op.action);
  }
}

// ---- the last steps ------------------------------------------------------------------------------------------------

void wait_for_caller(int block) noexcept {
  if (block == -1) return;
  // Its end will do as well, and so does a descriptor that is none.
  read_byte(block);
  close(block);
}

Failure read_filter(World& world, std::size_t& size) noexcept {
  const int fd = world.of.descriptors.seccomp;
  while (size < world.filter.size()) {
    const ssize_t got = read(fd, world.filter.data() + size, world.filter.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(Failed::SeccompRead);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  close(fd);
  return size % sizeof(sock_filter) == 0 ? Failure{} : Failure{Failed::SeccompSize, 0};
}

Failure load_filter(const char* bytes, std::size_t size) noexcept {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(size / sizeof(sock_filter));
  // The kernel only reads it.
  program.filter = const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(bytes));
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? Failure{} : failure(Failed::SeccompLoad);
}

Failure load_filters(const World& world, std::size_t late) noexcept {
  if (world.of.descriptors.seccomp != -1) return load_filter(world.filter.data(), late);
  for (const std::string& filter : world.of.filters) {
    if (const Failure bad = load_filter(filter.data(), filter.size()); bad.failed()) return bad;
  }
  return {};
}

Failure choose_directory(World& world) noexcept {
  enum : std::size_t { kAsked, kBefore, kHome, kRoot };
  std::size_t chosen = kRoot;
  if (world.of.directory) {
    if (chdir(world.of.directory->c_str()) != 0) return failure(Failed::Directory);
    chosen = kAsked;
  } else if (chdir(world.directory.c_str()) == 0) {
    chosen = kBefore;
  } else if (!world.home.empty() && chdir(world.home.c_str()) == 0) {
    chosen = kHome;
  }
  world.environment[world.pwd] = world.pwd_texts[chosen].data();
  return {};
}

// The signal is forgotten when the process gets other credentials, so it is asked for again (prctl(2)); and whoever was
// to be told of may have ended before that: then nobody reads the reports.
Failure die_with_parent(const World& world) noexcept {
  if (!world.of.die_with_parent) return {};
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return failure(Failed::ParentDeath);
  pollfd reader{world.report, 0, 0};
  if (poll(&reader, 1, 0) != 0) _exit(1);
  return {};
}

[[noreturn]] void become_command(World& world, std::size_t filter, int gate, pid_t init) noexcept {
  if (gate != -1 && !read_byte(gate)) _exit(1);
  // Without a process to hold it, the command does.
  if (has_init(world.of)) close_given(world.of.descriptors.sync);
  require(world, die_with_parent(world));
  if (world.of.die_with_parent && has_init(world.of) && getppid() != init) _exit(1);
  require(world, raise_ambient(world));
  require(world, load_filters(world, filter));
  report(world, {});
  environ = world.environment.data();
  execvp(world.of.command[0].c_str(), world.arguments.data());
  give_up(world, failure(Failed::Execute));
}

void set_up(World& world, int proc) noexcept {
  require(world, enter_user_namespace(world));
  require(world, enter_pid_namespace(world));
  if (world.of.namespaces.net && raise_loopback() != nullptr) give_up(world, failure(Failed::Loopback));
  if (world.of.namespaces.user && world.of.descriptors.userns_block == -1) {
    require(world, map_ids(proc, world.uid_map, world.gid_map));
  }
  const mode_t mask = umask(0);
  require(world, make_mounts(world));
  close_consumed(world.of);
  require(world, leave_for_last_namespace(world, proc));
  require(world, limit_capabilities(world));
  wait_for_caller(world.of.descriptors.block);
  umask(mask);
}

}  // namespace

void report(const World& world, const Failure& bad) noexcept {
  const std::size_t text = bad.what == Failed::LinkDiffers ? std::strlen(world.existing.c_str()) : 0;
  const iovec parts[] = {{const_cast<Failure*>(&bad), sizeof bad}, {const_cast<char*>(world.existing.data()), text}};
  const auto told [[maybe_unused]] = writev(world.report, parts, 2);
}

void run_child(World& world) noexcept {
  for (const int fd : world.monitor_ends) close_given(fd);
  require(world, die_with_parent(world));
  // The monitor has ended.
  if (!read_byte(world.release)) _exit(1);
  const Descriptors& fds = world.of.descriptors;
  close_given(fds.info);
  close_given(fds.json_status);
  close_given(fds.userns_block);
  {
    const UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    set_up(world, proc.get());
  }
  std::size_t filter = 0;
  if (fds.seccomp != -1) require(world, read_filter(world, filter));
  require(world, choose_directory(world));
  if (world.of.new_session && setsid() < 0) give_up(world, failure(Failed::Session));
  if (!has_init(world.of)) become_command(world, filter, -1, -1);
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) give_up(world, failure(Failed::ForkInit));
  const pid_t init = getpid();
  const pid_t command = fork();
  if (command < 0) give_up(world, failure(Failed::ForkInit));
  if (command == 0) {
    close(gate[1]);
    become_command(world, filter, gate[0], init);
  }
  require(world, drop_all_capabilities());
  require(world, die_with_parent(world));
  require(world, load_filters(world, filter));
  run_init(world, command, gate[1]);
}

}  // namespace fence::bwraprun
