#pragma once
// All that the sandbox's processes need, made before clone: after it they allocate nothing.
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fence/bwrapline/failure.h"
#include "fence/bwrapline/invocation.h"

namespace fence::bwraprun {

using bwrapline::Failed;
using bwrapline::Failure;
using bwrapline::Invocation;

inline Failure failure(Failed what) noexcept { return {what, errno}; }

enum class SourceKind : std::uint8_t { None, Missing, Directory, Other };

/// A source of the host, found before the first op is done: an op may change the host through a writable bind.
struct Source {
  SourceKind kind = SourceKind::None;
  /// By these it is found while the new root hides over "/": there ".." of /etc leads into that. Of an overlay: those
  /// of the lower layers, bottom first, and of its upper and work directory.
  std::span<const char*> names{};
};

/// The largest filter that the kernel takes, and one instruction more (BPF_MAXINSNS, linux/bpf_common.h).
inline constexpr std::size_t kFilterBytes = std::size_t{8} * (4096 + 1);

struct World {
  const Invocation& of;
  std::uint64_t capabilities = 0;  ///< those that the command keeps, by number
  bool drop_capabilities = false;  ///< else they stay as they are
  std::uint32_t uid = 0, gid = 0;  ///< the caller's
  std::string console;             ///< the terminal at standard output; empty: there is none
  std::string directory;           ///< the caller's
  std::string home;                ///< empty: unknown
  // The command, for execve(2). `pwd` is the place in `environment` for one of `pwd_texts`.
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::size_t pwd = 0;
  std::span<char> old_environment{};     ///< the caller's, as /proc shows it of every process that has executed nothing
  std::array<std::string, 4> pwd_texts;  ///< for --chdir, the caller's directory, HOME and "/"
  // Maps of the user namespaces that are made here.
  std::string uid_map, gid_map;              ///< onto the caller's ids
  bool two_levels = false;                   ///< the command is in a second one, below the one that owns the mounts
  std::string inner_uid_map, inner_gid_map;  ///< onto those of the first one
  std::vector<Source> sources;               ///< one for each op
  std::vector<const char*> source_names;     ///< those that Source::names shows
  std::unique_ptr<char[]> texts;             ///< space for names that are made; only what is used becomes memory
  char* next_text = nullptr;                 ///< in it
  std::vector<char> filter;                  ///< space for what --seccomp's descriptor says
  std::string existing;                      ///< space for the target of a link that differs
  // Descriptors that are made here.
  int release = -1;                    ///< a byte: go on; its end: the monitor has ended
  int report = -1;                     ///< takes a Failure, and `existing`
  int event = -1;                      ///< an eventfd that takes the command's exit status, and one
  int identity = -1;                   ///< a socket whose other end sees who writes; -1: not needed
  int monitor_ends[3] = {-1, -1, -1};  ///< to be closed in the sandbox
};

/// Whether there is a process between monitor and command.
inline bool has_init(const Invocation& of) noexcept {
  return !of.as_pid_1 && (of.namespaces.pid || !of.lock_files.empty() || of.descriptors.sync != -1);
}

}  // namespace fence::bwraprun
