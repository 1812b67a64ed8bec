#pragma once
// What a signal that reaches fence means for the command. Pure.
#include <cstdint>
#include <span>

#include "stage_protocol.h"

namespace fence::launch {

/// Who sent a signal.
enum class Sender : std::uint8_t {
  Terminal,  ///< the kernel (si_code SI_KERNEL): a key, a resize, a hang-up; sent to a whole process group
  User,      ///< kill(2) or the like
};

enum class SignalAction : std::uint8_t {
  Nothing,       ///< the command has it already, or is not meant
  Forward,       ///< to the command, unless its group has it (the stage knows)
  ForwardGroup,  ///< to the command's process group, as the terminal would
  Freeze,        ///< stop everything inside, then fence
  Resume,        ///< fence was continued: so is what it stopped with
};

/// The signals that fence takes for the command (signalfd), SIGCHLD not counted.
std::span<const int> handled_signals() noexcept;

/// In fence's own process group (TiocstiFilter) the command gets the terminal's signals itself. In a session of its own
/// it gets none of them, and where it has no terminal of its own either, SIGTSTP would be wrong: a shell without job
/// control waits for ever for a stopped child.
SignalAction signal_action(int signal, Sender sender, stage::Place place) noexcept;

/// The same fatal signal from a user twice is meant: everything is killed. timeout(1) and shells send one signal both
/// to the process and to its group, so what comes within half a second counts once.
class Insistence {
 public:
  /// Notes a signal from a user at `now_ms` (any monotonic clock); true where everything is to be killed.
  bool insists(int signal, std::int64_t now_ms) noexcept;

 private:
  std::int64_t first_interrupt_ = -1, first_terminate_ = -1;
};

/// How long a command may live on after a hang-up.
inline constexpr std::int64_t kHangupGraceMs = 3000;

}  // namespace fence::launch
