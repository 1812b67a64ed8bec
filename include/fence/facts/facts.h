#pragma once
// What is true of the host, as values. The prober (layer `host`) makes them, a dump holds them, and the planner
// reads nothing else; so a user's dump is a test case on any machine.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fence/util/path.h"

namespace fence {

enum class PathKind : std::uint8_t { Regular, Directory, CharDevice, BlockDevice, Fifo, Socket };

/// The file systems that change what a grant means (statfs f_type, linux/magic.h); all others are Ordinary.
enum class FsKind : std::uint8_t {
  Ordinary,
  Tmpfs,
  DevPts,
  ProcFs,
  SysFs,
  CgroupFs,
  Network,  ///< NFS, CIFS/SMB, 9p (drvfs on WSL2), FUSE, AFS, Ceph: not local, may hang, often without sockets
};

/// A file's identity: two paths with the same one are the same file.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

/// The per-mount flags that fstatfs reports for the mount a path lies on.
struct MountFlags {
  bool read_only = false;
  bool nosuid = false;
  bool nodev = false;
  bool noexec = false;
  friend bool operator==(const MountFlags&, const MountFlags&) = default;
};

/// Something is there, and it is no symbolic link.
struct Present {
  PathKind kind = PathKind::Regular;
  FsKind fs = FsKind::Ordinary;
  FileId id{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;  ///< permission bits with set-id and sticky, 07777
  std::uint64_t rdev = 0;  ///< device number of a device node, else 0
  MountFlags mount{};
  friend bool operator==(const Present&, const Present&) = default;
};
/// A symbolic link; the prober records what it points to under that path's own key.
struct Link {
  std::string target;
  friend bool operator==(const Link&, const Link&) = default;
};
/// ENOENT or ENOTDIR on this component; the parent's fact says which.
struct Absent {
  friend bool operator==(const Absent&, const Absent&) = default;
};
/// Not known because the kernel refused: EACCES is not ENOENT.
struct Unreadable {
  int errno_value = 0;
  friend bool operator==(const Unreadable&, const Unreadable&) = default;
};
/// What lstat sees at one literal path. Keys are canonical; every prefix of a queried path is recorded too.
using PathFact = std::variant<Present, Link, Absent, Unreadable>;

/// The names in a directory, sorted by byte; or why they cannot be listed.
using ListingFact = std::variant<std::vector<std::string>, Unreadable>;
/// A regular file's content, at most kMaxTextBytes (EFBIG past it); or why it cannot be had.
using TextFact = std::variant<std::string, Absent, Unreadable>;
inline constexpr std::size_t kMaxTextBytes = 1U << 20;

/// What the planner wants to know next. Asked in rounds until a round asks nothing new.
struct FactQueries {
  std::set<HostPath> paths;     ///< classify; links are followed, and their targets recorded as well
  std::set<HostPath> listings;  ///< list the directory, and classify each entry
  std::set<HostPath> texts;     ///< read a small regular file
  [[nodiscard]] bool empty() const noexcept { return paths.empty() && listings.empty() && texts.empty(); }
};

struct IdExtent {
  std::uint32_t inside = 0, outside = 0, count = 0;
  friend bool operator==(const IdExtent&, const IdExtent&) = default;
};

/// Who starts fence.
struct CallerFacts {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  std::string user;               ///< name by NSS; empty where NSS knows none
  std::string home;               ///< home directory by NSS; empty where unknown
  std::string passwd_line;        ///< the line getpwuid describes; empty where NSS knows none
  bool in_etc_passwd = false;     ///< /etc/passwd itself has a line for uid
  std::vector<IdExtent> uid_map;  ///< /proc/self/uid_map
  std::vector<IdExtent> gid_map;  ///< /proc/self/gid_map
  friend bool operator==(const CallerFacts&, const CallerFacts&) = default;
};

/// One of descriptors 0, 1, 2.
struct StreamFacts {
  bool open = true;
  bool terminal = false;
  std::uint64_t rdev = 0;  ///< the terminal's device number: two streams with one number are one terminal
  friend bool operator==(const StreamFacts&, const StreamFacts&) = default;
};

struct TerminalFacts {
  StreamFacts streams[3];
  bool controlling = false;  ///< a controlling terminal exists: /dev/tty can be opened
  bool foreground = false;   ///< fence's process group is the foreground group of that terminal
  friend bool operator==(const TerminalFacts& a, const TerminalFacts& b) {
    return a.streams[0] == b.streams[0] && a.streams[1] == b.streams[1] && a.streams[2] == b.streams[2] &&
           a.controlling == b.controlling && a.foreground == b.foreground;
  }
};

struct KernelFacts {
  std::string release;                ///< uname -r
  std::string machine;                ///< uname -m
  std::optional<int> legacy_tiocsti;  ///< sysctl dev.tty.legacy_tiocsti (Linux 6.2); nothing where it does not exist
  bool cgroup_namespace = false;      ///< /proc/self/ns/cgroup exists (Linux 4.6)
  std::uint64_t max_user_namespaces = 0;  ///< sysctl user.max_user_namespaces (Linux 4.9); 0 where unknown
  friend bool operator==(const KernelFacts&, const KernelFacts&) = default;
};

/// The installed bubblewrap, known by the words of its --help: distributions backport options, so its
/// version says little.
struct BwrapFacts {
  std::string path;               ///< where PATH (or /usr/bin) has it: no link in it, and only root can change it
  std::set<std::string> options;  ///< "--bind", "--args", ...; empty where it could not be asked
  bool setuid = false;            ///< the file has the set-user-id bit
  friend bool operator==(const BwrapFacts&, const BwrapFacts&) = default;
};

/// The working directory, or the errno of getcwd(2) (ENOENT: deleted).
using WorkingDirectory = std::variant<HostPath, Unreadable>;

/// Variables in the order of environ; a name may stand twice (the first counts, as for getenv(3)).
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The value of the first variable of that name.
const std::string* find_variable(const Environment& environment, std::string_view name) noexcept;

/// All that is known. A path that is not in `paths` was never asked for: a planner bug, never "absent".
struct HostFacts {
  std::map<HostPath, PathFact> paths;
  std::map<HostPath, ListingFact> listings;
  std::map<HostPath, TextFact> texts;
  CallerFacts caller;
  Environment environment;
  WorkingDirectory working_directory = Unreadable{};
  TerminalFacts terminal;
  KernelFacts kernel;
  std::optional<BwrapFacts> bwrap;
  std::vector<HostPath> listening_sockets;  ///< path sockets of /proc/net/unix that are bound; sorted, unique
  std::set<int> open_descriptors;           ///< descriptors above 2 that fence was started with
  std::set<int> ignored_signals;            ///< dispositions that were SIG_IGN when fence started
  friend bool operator==(const HostFacts&, const HostFacts&) = default;
};

/// HostFacts as JSON (schema "fence-facts/1"): every byte of every name survives, by escape_bytes.
/// Variables whose name matches a known credential pattern are dumped as "<removed>" unless `secrets` is true:
/// a dump is made to be sent to others.
std::string dump_facts(const HostFacts& facts, bool secrets = false);
/// The inverse; an error names the place in the document.
Result<HostFacts> parse_facts(std::string_view json);

}  // namespace fence
