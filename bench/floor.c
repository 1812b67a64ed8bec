/* The floor: a sandbox made by nothing but the system calls that it takes. It decides nothing, looks at nothing, checks
   nothing, and its command is the child of a pid 1 that only waits. Usage: floor PROGRAM COMMAND [ARGUMENT...] */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor_program.h"

static const struct floor_header *header;
static const struct floor_step *steps;
static const struct floor_rule *rules;
static const char *filter, *pool;

static long must(long result, const char *call) {
  if (result >= 0) return result;
  perror(call);
  _exit(125);
}

static void write_file(const char *path, const char *content) {
  const int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(fd, content, strlen(content)), path);
  close(fd);
}

static void raise_loopback(void) {
  const int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  struct ifreq loopback = {.ifr_name = "lo"};
  must(ioctl(fd, SIOCGIFFLAGS, &loopback), "SIOCGIFFLAGS");
  loopback.ifr_flags |= IFF_UP;
  must(ioctl(fd, SIOCSIFFLAGS, &loopback), "SIOCSIFFLAGS");
  close(fd);
}

static void change(int fd, const char *path, unsigned flags, uint64_t set, uint64_t propagation) {
  struct mount_attr attributes = {.attr_set = set, .propagation = propagation};
  must(mount_setattr(fd, path, AT_EMPTY_PATH | flags, &attributes, sizeof attributes), "mount_setattr");
}

static int clone_of(int directory, const char *path) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
  return (int)must(open_tree(directory, path, flags), path);
}

static void option(int fd, const char *key, const char *value) {
  if (*value != '\0') must(fsconfig(fd, FSCONFIG_SET_STRING, key, value, 0), key);
}

static int new_mount(const struct floor_step *step) {
  const char *type = step->kind == FLOOR_TMPFS ? "tmpfs" : step->kind == FLOOR_PROC ? "proc" : "devpts";
  const int fd = (int)must(fsopen(type, FSOPEN_CLOEXEC), type);
  option(fd, "source", type);
  if (step->kind == FLOOR_TMPFS) {
    option(fd, "mode", pool + step->mode);
    option(fd, "size", pool + step->source);
  } else if (step->kind == FLOOR_DEVPTS) {
    must(fsconfig(fd, FSCONFIG_SET_FLAG, "newinstance", NULL, 0), "newinstance");
    option(fd, "ptmxmode", "0666");
    option(fd, "mode", "0620");
  }
  must(fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
  const int mount = (int)must(fsmount(fd, FSMOUNT_CLOEXEC, (unsigned)step->attributes), "fsmount");
  close(fd);
  return mount;
}

static int root = -1;

static void place(const struct floor_step *step, int mount) {
  const char *target = pool + step->target;
  if (root < 0) {
    /* Mounted over "/", so that later clones of "/" must not contain it. */
    change(mount, "", 0, 0, MS_UNBINDABLE);
    must(move_mount(mount, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
    root = mount;
    return;
  }
  if (step->make == FLOOR_MAKE_DIRECTORY) must(mkdirat(root, target, 0755), target);
  if (step->make == FLOOR_MAKE_FILE) must(mknodat(root, target, S_IFREG | 0444, 0), target);
  must(move_mount(mount, "", root, target, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), target);
  close(mount);
}

static void carry_out(const struct floor_step *step) {
  const char *target = pool + step->target, *source = pool + step->source;
  int mount = -1;
  switch ((enum floor_kind)step->kind) {
    case FLOOR_CLONE:
    case FLOOR_LOCK:
      mount = step->kind == FLOOR_CLONE ? clone_of(AT_FDCWD, source) : clone_of(root, target);
      change(mount, "", AT_RECURSIVE, step->attributes, MS_PRIVATE);
      place(step, mount);
      return;
    case FLOOR_TMPFS:
    case FLOOR_PROC:
    case FLOOR_DEVPTS:
      place(step, new_mount(step));
      return;
    case FLOOR_DIRECTORY:
      must(mkdirat(root, target, step->permissions), target);
      return;
    case FLOOR_LINK:
      must(symlinkat(source, root, target), target);
      return;
    case FLOOR_SEAL:
      change(root, target, 0, step->attributes, 0);
      return;
  }
}

static void set_capabilities(unsigned permitted) {
  struct __user_cap_header_struct who = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{permitted, permitted, 0}};
  must(syscall(SYS_capset, &who, data), "capset");
}

/* struct landlock_ruleset_attr since Linux 6.12. */
struct ruleset {
  uint64_t handled_access_fs, handled_access_net, scoped;
};

static int ruleset(void) {
  const struct ruleset wanted = {.handled_access_fs = header->handled, .scoped = header->scoped};
  const int fd = (int)must(syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0), "landlock_create_ruleset");
  for (uint32_t i = 0; i < header->rules; ++i) {
    const char *path = pool + rules[i].path;
    struct landlock_path_beneath_attr rule = {.allowed_access = rules[i].rights};
    rule.parent_fd = (int)must(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), path);
    must(syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0), path);
    close(rule.parent_fd);
  }
  return fd;
}

static void restrict_files(void) {
  if (header->handled == 0 && header->scoped == 0) return;
  const int fd = ruleset();
  must(syscall(SYS_landlock_restrict_self, fd, 0), "landlock_restrict_self");
  close(fd);
}

static void confine(void) {
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient");
  set_capabilities(1U << CAP_SETPCAP);
  for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; ++cap) continue;
  set_capabilities(0);
  restrict_files();
  if (header->filter_bytes == 0) return;
  const struct sock_fprog program = {(unsigned short)(header->filter_bytes / sizeof(struct sock_filter)),
                                     (struct sock_filter *)filter};
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "seccomp");
}

static void wait_and_exit(pid_t child) {
  int status = 0;
  must(waitpid(child, &status, 0), "waitpid");
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
}

static void be_pid_1(int word, char **command) {
  char byte;
  must(read(word, &byte, 1), "read");
  umask(0);
  if (header->namespaces & CLONE_NEWNET) raise_loopback();
  if (header->limit_user_namespaces) write_file("/proc/sys/user/max_user_namespaces", "0");
  change(AT_FDCWD, "/", AT_RECURSIVE, 0, MS_PRIVATE);
  for (uint32_t i = 0; i < header->steps; ++i) carry_out(&steps[i]);
  must(fchdir(root), "fchdir");
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount2");
  change(root, "", 0, 0, MS_PRIVATE);
  must(chdir(pool + header->directory), "chdir");
  umask(022);
  if (header->new_session) must(setsid(), "setsid");
  confine();
  must(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
  const pid_t child = (pid_t)must(fork(), "fork");
  if (child > 0) wait_and_exit(child);
  execvp(command[0], command);
  must(-1, command[0]);
}

static void map_ids(pid_t pid) {
  char path[64];
  if (header->deny_setgroups) {
    snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
    write_file(path, "deny");
  }
  snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
  write_file(path, pool + header->gid_map);
  snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
  write_file(path, pool + header->uid_map);
}

static void load(const char *name) {
  const int fd = (int)must(open(name, O_RDONLY | O_CLOEXEC), name);
  struct stat status;
  must(fstat(fd, &status), name);
  header = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (header == MAP_FAILED) must(-1, "mmap");
  close(fd);
  steps = (const struct floor_step *)(header + 1);
  rules = (const struct floor_rule *)(steps + header->steps);
  filter = (const char *)(rules + header->rules);
  pool = filter + header->filter_bytes;
}

int main(int argc, char **argv) {
  if (argc < 3) return 125;
  load(argv[1]);
  int word[2];
  must(pipe2(word, O_CLOEXEC), "pipe2");
  struct clone_args arguments = {.flags = header->namespaces, .exit_signal = SIGCHLD};
  const pid_t pid = (pid_t)must(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
  if (pid == 0) be_pid_1(word[0], argv + 2);
  map_ids(pid);
  must(write(word[1], "", 1), "write");
  wait_and_exit(pid);
}
