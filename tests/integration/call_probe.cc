// Makes one system call after the other and prints what came of each: "GROUP NAME RESULT", with "ok", the errno's name
// or the signal's. Each call is made by a process of its own, since some are answered with a signal. Arguments are such
// that the call does no harm where it is let through, to root neither. Works in the working directory. Static, so that
// it needs nothing but itself.
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>

// Newer than some headers; the numbers are the same on every architecture that this is built for.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

namespace {

constexpr int kSetId = S_ISUID | 0755, kSetGid = S_ISGID | 0755;
/// An address at which nothing is mapped.
void* const kNowhere = reinterpret_cast<void*>(1);

template <class... T>
long call(long number, T... arguments) {
  return syscall(number, arguments...);
}

long cloned(unsigned long flags) {
  const long pid = call(SYS_clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return pid;
}

long ring() {
  io_uring_params parameters{};
  return call(SYS_io_uring_setup, 1U, &parameters);
}

long opened2(std::uint64_t mode) {
  open_how how{};
  how.flags = O_CREAT | O_WRONLY;
  how.mode = mode;
  return call(SYS_openat2, AT_FDCWD, "made2", &how, sizeof how);
}

long handle() {
  struct file_handle handle {};
  return call(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY);
}

#if defined(__x86_64__)
// getpid of i386, by the gate of i386 programs.
long by_int80() {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
}
#endif

/// ECANCELED: the call gave success and did nothing. The limit is asked for by getrlimit(2), which no row has.
long tells_what_it_did(long result) {
  rlimit now{};
  if (result != 0 || call(SYS_getrlimit, RLIMIT_CORE, &now) != 0) return -1;
  if (now.rlim_cur == 0) return 0;
  errno = ECANCELED;
  return -1;
}
constexpr rlimit kNoCore{0, 0};

struct Attempt {
  const char* group;  ///< of seccomp/; "-": no group's, always refused; "+": has to pass
  const char* name;
  long (*make)();
};

const Attempt kAttempts[] = {
    {"terminal", "TIOCSTI", [] { return call(SYS_ioctl, 0, TIOCSTI, "x"); }},
    {"terminal", "TIOCSTI-high-bits", [] { return call(SYS_ioctl, 0L, 1UL << 32 | TIOCSTI, "x"); }},
    {"terminal", "TIOCLINUX", [] { return call(SYS_ioctl, 0, TIOCLINUX, "\2"); }},
    {"windows", "vsock", [] { return call(SYS_socket, AF_VSOCK, SOCK_STREAM, 0); }},
    {"io_uring", "setup", ring},
    {"io_uring", "enter", [] { return call(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0L); }},
    {"io_uring", "register", [] { return call(SYS_io_uring_register, -1, 0, nullptr, 0); }},
    {"mounts", "mount", [] { return call(SYS_mount, nullptr, nullptr, nullptr, 0L, nullptr); }},
    {"mounts", "umount2", [] { return call(SYS_umount2, nullptr, 0); }},
    {"mounts", "pivot_root", [] { return call(SYS_pivot_root, nullptr, nullptr); }},
    {"mounts", "chroot", [] { return call(SYS_chroot, nullptr); }},
    {"mounts", "open_tree", [] { return call(SYS_open_tree, AT_FDCWD, ".", 0U); }},
    {"mounts", "move_mount", [] { return call(SYS_move_mount, -1, "", -1, "", 0U); }},
    {"mounts", "fsopen", [] { return call(SYS_fsopen, nullptr, 0U); }},
    {"mounts", "fsconfig", [] { return call(SYS_fsconfig, -1, 0U, nullptr, nullptr, 0); }},
    {"mounts", "fsmount", [] { return call(SYS_fsmount, -1, 0U, 0U); }},
    {"mounts", "fspick", [] { return call(SYS_fspick, -1, "", 0U); }},
    {"mounts", "mount_setattr", [] { return call(SYS_mount_setattr, -1, "", 0U, nullptr, 0L); }},
    {"mounts", "open_tree_attr", [] { return call(SYS_open_tree_attr, -1, "", 0U, nullptr, 0L); }},
    {"namespaces", "unshare-user", [] { return call(SYS_unshare, CLONE_NEWUSER); }},
    {"namespaces", "unshare-user-and-mount", [] { return call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS); }},
    {"namespaces", "clone-user", [] { return cloned(CLONE_NEWUSER); }},
    {"namespaces", "setns", [] { return call(SYS_setns, -1, 0); }},
    {"namespaces", "clone3", [] { return call(SYS_clone3, nullptr, 0L); }},
    {"keyring", "keyctl", [] { return call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0); }},
    {"keyring", "add_key", [] { return call(SYS_add_key, nullptr, nullptr, nullptr, 0L, 0); }},
    {"keyring", "request_key", [] { return call(SYS_request_key, nullptr, nullptr, nullptr, 0); }},
    {"core_files", "prlimit64", [] { return tells_what_it_did(call(SYS_prlimit64, 0, RLIMIT_CORE, &kNoCore, 0L)); }},
    {"core_files", "setrlimit", [] { return tells_what_it_did(call(SYS_setrlimit, RLIMIT_CORE, &kNoCore)); }},
    {"tracing", "bpf", [] { return call(SYS_bpf, -1, nullptr, 0U); }},
    {"tracing", "perf_event_open", [] { return call(SYS_perf_event_open, kNowhere, 0, -1, -1, 0L); }},
    {"tracing", "userfaultfd", [] { return call(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */); }},
    {"tracing", "syslog", [] { return call(SYS_syslog, 10 /* the buffer's size */, nullptr, 0); }},
    {"machine", "kexec_load", [] { return call(SYS_kexec_load, 0L, 0L, nullptr, ~0L); }},
    {"machine", "init_module", [] { return call(SYS_init_module, kNowhere, 0L, kNowhere); }},
    {"machine", "finit_module", [] { return call(SYS_finit_module, -1, kNowhere, 0); }},
    {"machine", "delete_module", [] { return call(SYS_delete_module, kNowhere, 0U); }},
    {"machine", "swapon", [] { return call(SYS_swapon, kNowhere, 0); }},
    {"machine", "swapoff", [] { return call(SYS_swapoff, kNowhere); }},
    {"machine", "reboot", [] { return call(SYS_reboot, 0, 0, 0, nullptr); }},
    {"machine", "acct", [] { return call(SYS_acct, kNowhere); }},
    {"machine", "quotactl", [] { return call(SYS_quotactl, ~0, kNowhere, 0, nullptr); }},
    {"machine", "settimeofday", [] { return call(SYS_settimeofday, kNowhere, nullptr); }},
    {"machine", "clock_settime", [] { return call(SYS_clock_settime, 999, kNowhere); }},
    {"machine", "TIOCSETD", [] { return call(SYS_ioctl, 0, TIOCSETD, kNowhere); }},
    {"legacy", "READ_IMPLIES_EXEC", [] { return call(SYS_personality, 0x0400000UL); }},
    {"legacy", "MMAP_PAGE_ZERO", [] { return call(SYS_personality, 0x0100000UL); }},
    {"handles", "open_by_handle_at", handle},
    {"setuid_files", "fchmodat", [] { return call(SYS_fchmodat, AT_FDCWD, "file", kSetId); }},
    {"setuid_files", "fchmod",
     [] { return call(SYS_fchmod, call(SYS_openat, AT_FDCWD, "file", O_RDONLY, 0), kSetId); }},
    {"setuid_files", "fchmodat2", [] { return call(SYS_fchmodat2, AT_FDCWD, "file", kSetId, 0); }},
    {"setuid_files", "openat", [] { return call(SYS_openat, AT_FDCWD, "made-u", O_CREAT | O_WRONLY, kSetId); }},
    {"setuid_files", "O_TMPFILE", [] { return call(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_WRONLY, kSetId); }},
    {"setuid_files", "mknodat", [] { return call(SYS_mknodat, AT_FDCWD, "node-u", S_IFREG | kSetId, 0); }},
    {"setgid_files", "fchmodat", [] { return call(SYS_fchmodat, AT_FDCWD, "file", kSetGid); }},
    {"setgid_files", "fchmod",
     [] { return call(SYS_fchmod, call(SYS_openat, AT_FDCWD, "file", O_RDONLY, 0), kSetGid); }},
    {"setgid_files", "fchmodat2", [] { return call(SYS_fchmodat2, AT_FDCWD, "file", kSetGid, 0); }},
    {"setgid_files", "openat", [] { return call(SYS_openat, AT_FDCWD, "made-g", O_CREAT | O_WRONLY, kSetGid); }},
    {"setgid_files", "O_TMPFILE", [] { return call(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_WRONLY, kSetGid); }},
    {"setgid_files", "mknodat", [] { return call(SYS_mknodat, AT_FDCWD, "node-g", S_IFREG | kSetGid, 0); }},
    {"openat2", "openat2", [] { return opened2(0644); }},
    {"openat2", "openat2-setuid", [] { return opened2(kSetId); }},
    {"sockets", "alg", [] { return call(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0); }},
    {"sockets", "packet", [] { return call(SYS_socket, AF_PACKET, SOCK_RAW, 0); }},
    {"sockets", "SOCK_PACKET", [] { return call(SYS_socket, AF_INET, SOCK_PACKET, 0); }},
    {"sockets", "packet-pair", [] { return call(SYS_socketpair, AF_PACKET, SOCK_RAW, 0, kNowhere); }},
    {"sockets", "generic-netlink", [] { return call(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC); }},
    {"sockets", "protocol-200", [] { return call(SYS_socket, AF_INET, SOCK_RAW, 200); }},
    {"debug", "ptrace", [] { return call(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"debug", "kcmp", [] { return call(SYS_kcmp, getpid(), getpid(), 1, 0L, 0L); }},
    {"debug", "process_vm_readv", [] { return call(SYS_process_vm_readv, getpid(), nullptr, 0L, nullptr, 0L, 0L); }},
    {"debug", "process_vm_writev", [] { return call(SYS_process_vm_writev, getpid(), nullptr, 0L, nullptr, 0L, 0L); }},
    {"debug", "pidfd_getfd", [] { return call(SYS_pidfd_getfd, -1, 0, 0U); }},
    {"unknown", "5000", [] { return call(5000); }},
#if defined(__x86_64__)
    {"setuid_files", "chmod", [] { return call(SYS_chmod, "file", kSetId); }},
    {"setuid_files", "open", [] { return call(SYS_open, "made-u", O_CREAT | O_WRONLY, kSetId); }},
    {"setuid_files", "creat", [] { return call(SYS_creat, "made-u", kSetId); }},
    {"setuid_files", "mknod", [] { return call(SYS_mknod, "node-u2", S_IFREG | kSetId, 0); }},
    {"setgid_files", "chmod", [] { return call(SYS_chmod, "file", kSetGid); }},
    {"setgid_files", "open", [] { return call(SYS_open, "made-g", O_CREAT | O_WRONLY, kSetGid); }},
    {"setgid_files", "creat", [] { return call(SYS_creat, "made-g", kSetGid); }},
    {"setgid_files", "mknod", [] { return call(SYS_mknod, "node-g2", S_IFREG | kSetGid, 0); }},
    {"machine", "iopl", [] { return call(SYS_iopl, 0); }},
    {"machine", "ioperm", [] { return call(SYS_ioperm, 0L, 0L, 0); }},
    {"legacy", "modify_ldt", [] { return call(SYS_modify_ldt, 0, kNowhere, 0L); }},
    {"-", "int80", by_int80},
    {"-", "x32", [] { return call(0x40000000L | SYS_getpid); }},
#endif
    {"+", "chmod", [] { return call(SYS_fchmodat, AT_FDCWD, "file", 0750); }},
    {"+", "sticky-directory", [] { return call(SYS_mkdirat, AT_FDCWD, "directory", 01777); }},
    {"+", "openat", [] { return call(SYS_openat, AT_FDCWD, "made", O_CREAT | O_WRONLY, 0644); }},
    {"+", "unix", [] { return call(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
    {"+", "inet", [] { return call(SYS_socket, AF_INET, SOCK_STREAM, 0); }},
    {"+", "inet6", [] { return call(SYS_socket, AF_INET6, SOCK_DGRAM, IPPROTO_UDP); }},
    {"+", "routes", [] { return call(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
    {"+", "which-core-limit",
     [] {
       rlimit now{};
       return call(SYS_prlimit64, 0, RLIMIT_CORE, nullptr, &now);
     }},
    {"+", "fork", [] { return cloned(0); }},
    {"+", "unshare-files", [] { return call(SYS_unshare, CLONE_FILES); }},
    {"+", "no-randomization", [] { return call(SYS_personality, 0x0040000UL); }},
    {"+", "which-personality", [] { return call(SYS_personality, 0xffffffffUL); }},
};

void tell(const Attempt& attempt, const char* result) {
  char line[128];
  const int length = std::snprintf(line, sizeof line, "%s %s %s\n", attempt.group, attempt.name, result);
  const auto written [[maybe_unused]] = write(STDOUT_FILENO, line, static_cast<std::size_t>(length));
}

void try_it(const Attempt& attempt) {
  const pid_t child = fork();
  if (child == 0) {
    errno = 0;
    const long result = attempt.make();
    tell(attempt, result >= 0 ? "ok" : strerrorname_np(errno));
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, __WALL);
  if (WIFSIGNALED(status)) tell(attempt, "killed");
}

}  // namespace

int main() {
  const int file = open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return 1;
  close(file);
  for (const Attempt& attempt : kAttempts) try_it(attempt);
  return 0;
}
