/* What the floor program carries out: a plan of fence's, written by compiled_plan.cc, read by floor.c as it lies in
   memory. Strings are offsets in the pool, NUL-terminated. */
#ifndef FENCE_BENCH_FLOOR_PROGRAM_H
#define FENCE_BENCH_FLOOR_PROGRAM_H

#include <stdint.h>

enum floor_kind {
  FLOOR_CLONE,
  FLOOR_TMPFS,
  FLOOR_PROC,
  FLOOR_DEVPTS,
  FLOOR_DIRECTORY,
  FLOOR_LINK,
  FLOOR_LOCK,
  FLOOR_SEAL
};
enum floor_make { FLOOR_MAKE_NOTHING, FLOOR_MAKE_DIRECTORY, FLOOR_MAKE_FILE };

struct floor_step {
  uint32_t kind, make;
  uint32_t target; /* below the new root, without a leading slash; "" is the root */
  uint32_t source; /* clone: a path of the host; link: its target; tmpfs: its size or "" */
  uint32_t mode;   /* tmpfs: octal */
  uint32_t permissions;
  uint64_t attributes; /* MOUNT_ATTR_* */
};

struct floor_rule {
  uint64_t rights; /* LANDLOCK_ACCESS_FS_* */
  uint32_t path;   /* in the new root */
  uint32_t padding;
};

struct floor_header {
  uint64_t namespaces;      /* CLONE_NEW* */
  uint64_t handled, scoped; /* of Landlock; both 0: none */
  uint32_t steps;           /* that many struct floor_step follow, then the rules, the filter and the pool */
  uint32_t rules;           /* struct floor_rule[] */
  uint32_t filter_bytes;    /* struct sock_filter[] */
  uint32_t pool_bytes;
  uint32_t uid_map, gid_map; /* texts of /proc/PID/uid_map and gid_map */
  uint32_t directory;        /* where the command starts */
  uint32_t deny_setgroups, new_session, limit_user_namespaces;
};

#endif
