#pragma once
// A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fence {

struct MountInfoLine {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::string root;          ///< what of its file system is mounted
  std::string point;         ///< an absolute path, as the processes of that namespace see it
  std::string_view options;  ///< of the mount, not of its file system: "ro,nosuid"; part of the line that was read
  std::string type;          ///< of the file system: "fuse.sshfs"
  std::string source;        ///< "host:/export"
  std::string_view file_system_options;  ///< as the file system writes them, not unescaped: "rw,size=64k"; may be empty
};

/// Nothing where `line`, without its newline, is not as documented.
std::optional<MountInfoLine> parse_mountinfo_line(std::string_view line);

}  // namespace fence
