#pragma once
// New file systems, mounted nowhere yet (fsopen, fsmount: Linux 5.2).
#include <sys/mount.h>

#include <initializer_list>

#include "fence/util/fd.h"

namespace fence::bwraprun {

struct FsOption {
  const char* key;
  const char* value;  ///< null: a flag
};

/// An empty descriptor: errno says why. `attributes`: MOUNT_ATTR_*. Allocates nothing.
inline UniqueFd new_mount(const char* type, std::initializer_list<FsOption> options, unsigned attributes) noexcept {
  const UniqueFd context(fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return {};
  // What mountinfo shows as the source.
  if (fsconfig(context.get(), FSCONFIG_SET_STRING, "source", type, 0) != 0) return {};
  for (const FsOption& option : options) {
    const auto command = option.value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    if (fsconfig(context.get(), command, option.key, option.value, 0) != 0) return {};
  }
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return {};
  return UniqueFd(fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
}

/// Digits of `number`, NUL-terminated.
class Digits {
 public:
  Digits(std::uint64_t number, unsigned base) noexcept {
    *--at_ = '\0';
    do *--at_ = static_cast<char>('0' + number % base);
    while ((number /= base) != 0);
  }
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;
  [[nodiscard]] const char* text() const noexcept { return at_; }

 private:
  char text_[66];
  char* at_ = text_ + sizeof text_;
};

}  // namespace fence::bwraprun
