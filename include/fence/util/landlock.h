#pragma once
// The rights and scopes of Landlock (landlock(7)), which the C library's headers have only as far as they are new.
#include <array>
#include <cstdint>
#include <string_view>

namespace fence::landlock {

// landlock_ruleset_attr::handled_access_fs
inline constexpr std::uint64_t kExecute = 1U << 0U;
inline constexpr std::uint64_t kWriteFile = 1U << 1U;
inline constexpr std::uint64_t kReadFile = 1U << 2U;
inline constexpr std::uint64_t kReadDir = 1U << 3U;
inline constexpr std::uint64_t kRemoveDir = 1U << 4U;
inline constexpr std::uint64_t kRemoveFile = 1U << 5U;
inline constexpr std::uint64_t kMakeChar = 1U << 6U;
inline constexpr std::uint64_t kMakeDir = 1U << 7U;
inline constexpr std::uint64_t kMakeReg = 1U << 8U;
inline constexpr std::uint64_t kMakeSock = 1U << 9U;
inline constexpr std::uint64_t kMakeFifo = 1U << 10U;
inline constexpr std::uint64_t kMakeBlock = 1U << 11U;
inline constexpr std::uint64_t kMakeSym = 1U << 12U;
inline constexpr std::uint64_t kRefer = 1U << 13U;
inline constexpr std::uint64_t kTruncate = 1U << 14U;
inline constexpr std::uint64_t kIoctlDev = 1U << 15U;

// landlock_ruleset_attr::handled_access_net
inline constexpr std::uint64_t kBindTcp = 1U << 0U;
inline constexpr std::uint64_t kConnectTcp = 1U << 1U;

// landlock_ruleset_attr::scoped
inline constexpr std::uint64_t kScopeAbstractUnixSocket = 1U << 0U;
inline constexpr std::uint64_t kScopeSignal = 1U << 1U;

/// Making and removing names.
inline constexpr std::uint64_t kMaking =
    kRemoveDir | kRemoveFile | kMakeChar | kMakeDir | kMakeReg | kMakeSock | kMakeFifo | kMakeBlock | kMakeSym;
/// What a rule for anything but a directory may name; the kernel refuses others there with EINVAL.
inline constexpr std::uint64_t kFileRights = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;

/// A right or a scope, by the kernel's name in small letters, and the first ABI that has it.
struct Bit {
  std::uint64_t bit;
  std::string_view name;
  std::uint32_t abi;
};
inline constexpr std::array kRights = {
    Bit{kExecute, "execute", 1},    Bit{kWriteFile, "write_file", 1}, Bit{kReadFile, "read_file", 1},
    Bit{kReadDir, "read_dir", 1},   Bit{kRemoveDir, "remove_dir", 1}, Bit{kRemoveFile, "remove_file", 1},
    Bit{kMakeChar, "make_char", 1}, Bit{kMakeDir, "make_dir", 1},     Bit{kMakeReg, "make_reg", 1},
    Bit{kMakeSock, "make_sock", 1}, Bit{kMakeFifo, "make_fifo", 1},   Bit{kMakeBlock, "make_block", 1},
    Bit{kMakeSym, "make_sym", 1},   Bit{kRefer, "refer", 2},          Bit{kTruncate, "truncate", 3},
    Bit{kIoctlDev, "ioctl_dev", 5},
};
inline constexpr std::array kNetRights = {
    Bit{kBindTcp, "bind_tcp", 4},
    Bit{kConnectTcp, "connect_tcp", 4},
};
inline constexpr std::array kScopes = {
    Bit{kScopeAbstractUnixSocket, "abstract_unix_socket", 6},
    Bit{kScopeSignal, "signal", 6},
};

}  // namespace fence::landlock
