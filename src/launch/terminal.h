#pragma once
// The terminal that fence shares with the command, and what fence gives back.
#include <sys/types.h>
#include <termios.h>

#include <optional>

#include "fence/util/fd.h"

namespace fence::launch {

/// fence's controlling terminal; every call does nothing where there is none. Precondition of every call: SIGTTOU is
/// blocked, else the kernel would stop fence when it is in the background.
class Terminal {
 public:
  Terminal() = default;
  /// Opens /dev/tty and looks who has the foreground.
  static Terminal open_controlling();

  /// For poll(2): POLLHUP when the terminal is gone. -1 where there is none.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// At the last look, fence's group had the foreground: a hang-up would be meant for it.
  [[nodiscard]] bool was_in_foreground() const noexcept;
  /// The command may lead a group of its own and have the foreground with it: streams 0 and 1 are this terminal,
  /// fence has the foreground, and fence's group is fence's alone (an interactive shell's job, not a script's).
  [[nodiscard]] bool can_hand_over() const;

  /// The command has stopped: looks whether a group inside has the foreground, which then gets it back when fence is
  /// continued. True where one has.
  bool note_inner_foreground();
  /// To be called when fence was continued, or may have got the foreground: looks again, and hands the foreground to
  /// the group inside that had it. True where it did.
  bool look_again();

  /// When all inside has ended: a foreground group without processes is of no use to anybody; the group that had the
  /// foreground gets it back. A shell inside cannot do it, for it cannot name a group outside (bubblewrap#744).
  void give_back_foreground() const;
  /// Restores the modes of the start, if fence had and has the foreground: to be called where a signal killed the
  /// command, which then could not do it itself. A command that ends by itself may have changed them on purpose (stty).
  void restore_modes() const;

 private:
  UniqueFd fd_;
  pid_t foreground_ = -1;  ///< the foreground group at the last look
  pid_t inner_ = -1;       ///< the group inside that had it at the last stop
  std::optional<termios> modes_{};
};

}  // namespace fence::launch
