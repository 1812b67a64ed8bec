#pragma once
// The words and the place names that a facts dump is written with; one table for the writer and the reader.
#include <array>
#include <string_view>
#include <utility>

#include "fence/facts/facts.h"

namespace fence::facts_names {

inline constexpr std::string_view kSchema = "fence-facts/5";
inline constexpr std::string_view kLinkKind = "link";
inline constexpr std::string_view kAbsentKind = "absent";
inline constexpr std::string_view kUnreadableKind = "unreadable";

inline constexpr std::array<std::pair<PathKind, std::string_view>, 6> kPathKinds = {{
    {PathKind::Regular, "regular"},
    {PathKind::Directory, "directory"},
    {PathKind::CharDevice, "char-device"},
    {PathKind::BlockDevice, "block-device"},
    {PathKind::Fifo, "fifo"},
    {PathKind::Socket, "socket"},
}};

inline constexpr std::array<std::pair<FsKind, std::string_view>, 7> kFsKinds = {{
    {FsKind::Ordinary, "ordinary"},
    {FsKind::Tmpfs, "tmpfs"},
    {FsKind::DevPts, "devpts"},
    {FsKind::ProcFs, "procfs"},
    {FsKind::SysFs, "sysfs"},
    {FsKind::CgroupFs, "cgroupfs"},
    {FsKind::Network, "network"},
}};

inline constexpr std::array<std::pair<bool MountFlags::*, std::string_view>, 4> kMountFlags = {{
    {&MountFlags::read_only, "read-only"},
    {&MountFlags::nosuid, "nosuid"},
    {&MountFlags::nodev, "nodev"},
    {&MountFlags::noexec, "noexec"},
}};

/// What nobody has looked for.
inline constexpr std::string_view kUnknown = "unknown";

inline constexpr std::array<std::pair<WalkBound::Which, std::string_view>, 2> kWalkBounds = {{
    {WalkBound::Which::Entries, "entries"},
    {WalkBound::Which::Seconds, "seconds"},
}};

}  // namespace fence::facts_names
