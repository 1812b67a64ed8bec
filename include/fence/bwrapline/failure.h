#pragma once
// What failed while a command line was carried out, in bwrap's words. Pure.
#include <cstdint>
#include <string>

#include "fence/bwrapline/invocation.h"

namespace fence::bwrapline {

/// One for each text.
enum class Failed : std::uint32_t {
  Nothing,
  // what an op is about
  Source,         ///< it is not there or cannot be reached
  Parents,        ///< a directory on the way to its place
  MakeDirectory,  ///< the place, as a directory
  MakePlace,      ///< the place, as a file to mount on
  MakeFile,       ///< the place, as a file to be written
  WriteFile,
  TemporaryFile,
  MakeLink,
  LinkDiffers,   ///< there is another link already
  LinkInTheWay,  ///< there is something else
  ChangeMode,
  Bind,       ///< the mount itself
  BindFlags,  ///< its flags
  BindRace,   ///< it shows something else than the descriptor
  StatDescriptor,
  Remount,
  RemountPlace,
  NoMountPoint,
  Proc,
  ProcCover,  ///< `detail`: index in kProcCovers
  DevTmpfs,
  DevNode,  ///< `detail`: index in kDevNodes
  DevBind,  ///< likewise
  DevLink,  ///< `detail`: index in kDevLinks
  DevShm,
  DevPts,
  DevConsole,
  DevConsoleBind,
  Tmpfs,
  Mqueue,
  Overlay,
  SetHostname,
  // the sandbox
  Namespaces,
  JoinUser,
  JoinUserLater,
  JoinPid,
  UidMap,
  SetGroups,
  GidMap,
  SwitchUid,
  SwitchGid,
  Loopback,
  Slave,
  BaseTmpfs,
  Pivot,
  DetachOldRoot,
  LimitNamespaces,
  SecondNamespace,
  NamespacesLeft,  ///< they should have been disabled, and are not
  Capabilities,
  Bounding,
  Ambient,
  ParentDeath,
  SeccompRead,
  SeccompSize,
  SeccompLoad,
  Descriptors,
  Directory,  ///< --chdir
  Session,
  ForkInit,
  LockOpen,  ///< `detail`: index in lock_files
  Lock,      ///< likewise
  Execute,
};

inline constexpr std::uint32_t kNoOp = UINT32_MAX;

struct Failure {
  Failed what = Failed::Nothing;
  std::int32_t error = 0;    ///< an errno
  std::uint32_t op = kNoOp;  ///< index in Invocation::ops
  std::uint32_t detail = 0;
  [[nodiscard]] bool failed() const noexcept { return what != Failed::Nothing; }
};

/// The text of bwrap's message, without "bwrap: ". `existing` is the target of a link that differs.
std::string failure_text(const Failure& failure, const Invocation& of, const std::string& existing);

/// The nodes of a /dev, and its links.
inline constexpr const char* kDevNodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
struct DevLink {
  const char* name;
  const char* target;
};
inline constexpr DevLink kDevLinks[] = {{"stdin", "/proc/self/fd/0"},  {"stdout", "/proc/self/fd/1"},
                                        {"stderr", "/proc/self/fd/2"}, {"fd", "/proc/self/fd"},
                                        {"core", "/proc/kcore"},       {"ptmx", "pts/ptmx"}};
/// What is covered in a procfs where it can be written: settings of the whole machine, and devices.
inline constexpr const char* kProcCovers[] = {"sys", "sysrq-trigger", "irq", "bus"};

}  // namespace fence::bwrapline
