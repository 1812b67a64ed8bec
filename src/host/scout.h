#pragma once
// The process that looks at paths for fence, since a look may never come back.
#include <chrono>
#include <memory>
#include <optional>
#include <variant>

#include "children.h"
#include "fence/facts/facts.h"
#include "fence/host/probe.h"
#include "fence/util/fd.h"
#include "frames.h"
#include "looks.h"
#include "wire.h"

namespace fence {

/// A look did not come back in time.
struct Abandoned {
  HostPath at;
};
/// The scout is no more, and why is not known.
struct ScoutEnded {};
using ScoutOutcome = std::variant<wire::Answer, Abandoned, ScoutEnded>;

/// A child process that sees the host as its parent does: ids, namespaces, working directory. It has no other
/// descriptor than its socket, and it ends with its parent.
class Scout {
 public:
  /// Starts with what `facts` hold: paths that are known are not looked at, nor what lies on a mount of facts.stalled.
  /// Throws ProbeFailure where no process can be made.
  explicit Scout(HostFacts& facts);
  /// An idle one ends by itself; one that does not answer is killed, and left to the kernel where that holds it.
  ~Scout();
  Scout(const Scout&) = delete;
  Scout& operator=(const Scout&) = delete;

  /// After another outcome than an answer the scout is of no use any more.
  ScoutOutcome ask(const wire::Request& request, std::chrono::milliseconds look_time, const WalkProgress& progress);

 private:
  struct Unmap {
    void operator()(LookPage* page) const noexcept;
  };

  /// Kills it where it has been at one look for too long.
  ScoutOutcome abandon(std::uint64_t look);

  KeepZombies keep_;
  std::unique_ptr<LookPage, Unmap> page_;
  UniqueFd socket_;
  std::optional<FrameReader> answers_;
  pid_t pid_ = -1;
};

}  // namespace fence
