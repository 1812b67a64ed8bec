#pragma once
// What the native executor's child asks of the kernel, and how it says which of it failed.
#include <cstdint>

namespace fence::launch {

/// Each thing that can fail between clone and execveat. native_wording.cc has the words.
enum class Call : std::uint32_t {
  None,
  Wait,             ///< for fence's word
  Signals,          ///< PR_SET_PDEATHSIG, PR_SET_DUMPABLE
  EnterCgroup,      ///< the group with the sandbox's limits
  CgroupNamespace,  ///< in the group that the child was moved to
  Loopback,         ///< lo up in the new network namespace
  LimitNamespaces,  ///< user.max_user_namespaces
  Private,          ///< no propagation, in or out
  OpenSource,
  StatSource,
  SourceChanged,  ///< another file than the facts saw
  CloneTree,
  SetAttributes,
  OpenPlace,
  MakePlace,
  MakeLink,
  WriteData,
  Attach,
  OpenFileSystem,
  ConfigureFileSystem,
  MountFileSystem,
  Pivot,
  DetachOldRoot,
  EnterDirectory,
  NewSession,
  NoNewPrivileges,
  Capabilities,
  Descriptors,
  Execute,
};

struct CallFailure {
  Call call = Call::None;
  std::int32_t error = 0;
  std::uint32_t step = UINT32_MAX;  ///< index in ChildProgram::steps; UINT32_MAX: not of a step
  [[nodiscard]] bool failed() const noexcept { return call != Call::None; }
};

}  // namespace fence::launch
