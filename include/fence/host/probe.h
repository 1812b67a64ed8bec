#pragma once
// The only reader of the host.
#include <exception>
#include <functional>
#include <memory>

#include "fence/facts/facts.h"
#include "fence/util/result.h"

namespace fence {

/// Called about once a second while a walk goes on, and first after a second, with the number of names looked at so far
/// and the directory that the walk is in.
using WalkProgress = std::function<void(std::uint64_t entries, const HostPath& at)>;

/// No question about the host can be asked: an answer made up instead would be a plan for another host.
class ProbeFailure : public std::exception {
 public:
  explicit ProbeFailure(Error error) : error_(std::move(error)), text_(to_string(error_)) {}
  [[nodiscard]] const Error& error() const noexcept { return error_; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  Error error_;
  std::string text_;
};

/// Looks at the host. Every look at a path is made in a process of its own, the scout, since one at a dead FUSE or NFS
/// mount or an automount point may never come back: a look that takes longer than its time is abandoned with its
/// process, gives Unreadable{ETIMEDOUT}, and puts the mount into facts.stalled; nothing on that mount is looked at
/// again. The second abandoned look gets half of the time, the third half of that, so that all of them together take
/// about twice the time; but never less than 50 ms, which a disk may need. The scout ends with this object, and with
/// fence whatever ends it; one that the kernel holds in a system call is killed and left to the kernel.
///
/// A question that cannot be asked, since no process can be made or each one is killed, throws ProbeFailure.
class HostProber {
 public:
  explicit HostProber(WalkProgress progress = {});
  ~HostProber();
  HostProber(const HostProber&) = delete;
  HostProber& operator=(const HostProber&) = delete;

  /// The facts that every launch needs and no query names: caller, environment, working directory, terminal, kernel,
  /// listening sockets, descriptors, signals. Call it first: it tells what fence was started with from what is
  /// open and ignored now. What cannot be read stays empty: without /proc there are no id maps, and a plan that needs
  /// them fails.
  HostFacts basics();

  /// Answers queries by adding to `facts`. Paths are classified with O_PATH|O_NOFOLLOW, fstat and fstatfs, never by
  /// opening them for reading: to open a device or a fifo may wait or do something. Every prefix and every link's
  /// target is recorded too; what is in `facts` already is not looked at again. Only `listings` (directories) and
  /// `texts` are opened, and texts only when O_PATH shows a regular file (else EISDIR, or EINVAL for what is no
  /// directory either). A magic link of /proc is followed by its text, not by its meaning. Patterns are expanded by one
  /// walk for all of them that enters only directories in which something can match; procfs, sysfs, cgroupfs and devpts
  /// are entered only where the pattern's base lies in them. `**` follows no link; other components do.
  /// bwrap is the first one in the absolute entries of PATH that only root can change, else such a /usr/bin/bwrap; its
  /// --help is run once (at most 5 s). It is looked for where it is asked for, and where an ability is refused to fence
  /// that bwrap may be given. Control groups are looked at where version 2 is mounted; nothing of them is changed.
  void answer(const FactQueries& queries, HostFacts& facts);

  /// Reads one settings file for config: as a `texts` query does, and refused (EPERM) where another user than the
  /// caller and root could write the file: an owner who is neither, a mode with o+w, or with g+w for another group than
  /// the caller's own. Behind a link that leads nowhere it is no
  /// absence but ENOENT: the settings were meant to be there. Whoever writes the settings decides what the sandbox
  /// hides. The result is recorded in facts.texts. Precondition: facts.caller is known.
  TextFact read_settings_text(const HostPath& path, HostFacts& facts);

  /// Ends the scout until the next question. For a caller who is going to have children of his own.
  void rest();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fence
