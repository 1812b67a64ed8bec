#pragma once
// Whether fence reads the user's terminal for the command, and what has to be done when that changes. Pure.
//
// Attached: the user's terminal is raw, its keys go to the private one, and the command's job has the foreground there.
// Detached: the user's terminal is left as it is, and whoever reads the private one is stopped by the kernel, which is
// how the command asks for the keyboard.
#include <cstdint>
#include <vector>

namespace fence::launch {

/// Who has the foreground of the user's terminal.
enum class Foreground : std::uint8_t {
  Ours,  ///< fence's group, or the terminal has no job control, so that everybody has it
  Others,
};

enum class AttachEvent : std::uint8_t {
  Started,     ///< the command starts
  Asked,       ///< the command was stopped because it reads or sets modes
  Stopped,     ///< the command was stopped by anything else
  Continued,   ///< fence was continued
  NotStopped,  ///< fence wanted to stop, but the kernel stops nobody in an orphaned group
  Looked,      ///< nothing has happened but time
};

enum class AttachAction : std::uint8_t {
  CopyModes,       ///< the private terminal gets the modes of the user's
  GoRaw,           ///< the user's terminal becomes raw, and is read
  Restore,         ///< all output is shown; then the user's terminal gets its modes back
  LetGo,           ///< it is read no more; whoever has the foreground has set its modes
  InFront,         ///< the job that had the private terminal's foreground gets it
  CommandInFront,  ///< the command's own group gets it
  InBack,          ///< nobody has it
  Resume,          ///< the command goes on
  StopGroup,       ///< fence stops with its process group, as the key would have done
  StopSelf,        ///< fence stops; its group has got the key
  HangUp,          ///< nobody can ever give the keyboard to the command
};

/// How a command is attached.
enum class AttachWish : std::uint8_t {
  Eager,     ///< whenever fence has the foreground: the keyboard is the command's alone
  Deferred,  ///< when it asks: others of a pipeline may read the same keyboard
};

class Attachment {
 public:
  explicit Attachment(AttachWish wish) : wish_(wish) {}

  [[nodiscard]] bool attached() const noexcept { return attached_; }
  /// The terminal may come to the foreground without a word to fence: fg(1) sends nothing to a job that runs.
  [[nodiscard]] bool has_to_look() const noexcept { return wish_ == AttachWish::Eager && !attached_ && !stopped_; }

  /// The private terminal has got the modes of the user's already. Before the command is started, in the foreground.
  void meet() noexcept { met_ = true; }

  /// What is to be done now, in this order.
  std::vector<AttachAction> next(AttachEvent event, Foreground foreground);

 private:
  std::vector<AttachAction> attach(AttachAction front, bool resume);
  std::vector<AttachAction> detach_and_stop(AttachAction stop, Foreground foreground);

  AttachWish wish_;
  bool attached_ = false;
  bool was_attached_ = false;  ///< at the last stop
  bool asked_ = false;         ///< the command waits for the keyboard
  bool stopped_ = false;       ///< the command is stopped, and fence with it
  bool met_ = false;           ///< its terminal has got the user's modes once: they are its own by now
};

}  // namespace fence::launch
