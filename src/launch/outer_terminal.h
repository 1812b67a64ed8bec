#pragma once
// The user's terminal, where the command has one of its own.
#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "attachment.h"
#include "fence/util/fd.h"
#include "fence/util/result.h"

namespace fence::launch {

/// What must be undone at the user's terminal; shared with the guard, which is another process.
struct TerminalDebt {
  bool raw = false;  ///< where the modes are `ours`, they have to become `saved`
  termios saved{};
  termios ours{};
  std::uint32_t changed_modes = 0;  ///< of OutputWatch
};

/// A TerminalDebt in memory that a forked child shares.
class SharedDebt {
 public:
  static Result<SharedDebt> make();
  SharedDebt(SharedDebt&& other) noexcept : debt_(std::exchange(other.debt_, nullptr)) {}
  SharedDebt& operator=(SharedDebt&&) = delete;
  ~SharedDebt();
  TerminalDebt& operator*() const noexcept { return *debt_; }
  TerminalDebt* operator->() const noexcept { return debt_; }

 private:
  explicit SharedDebt(TerminalDebt* debt) : debt_(debt) {}
  TerminalDebt* debt_;
};

/// Precondition of every call that changes something: SIGTTOU is blocked.
class OuterTerminal {
 public:
  /// The terminal of the first of the streams that `relayed` names, opened anew where that is possible: the
  /// descriptor's flags are shared with the caller's shell.
  static Result<OuterTerminal> open(const std::array<bool, 3>& relayed);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] Foreground foreground() const;
  /// tcgetpgrp(3) fails for a terminal that is not fence's controlling one: nobody is told of a new size.
  [[nodiscard]] bool has_job_control() const noexcept { return has_job_control_; }
  /// False where the terminal is gone.
  [[nodiscard]] bool there() const;
  /// "stty tostop": a job in the background stops when it writes.
  [[nodiscard]] bool stops_writers() const;
  /// It turns "\n" into "\r\n".
  [[nodiscard]] bool ends_lines() const;

  /// What has to be undone here.
  [[nodiscard]] TerminalDebt& debt() const noexcept { return *debt_; }

  /// The private terminal behind `master` gets these modes, but where the command has set some itself since it got any;
  /// or this size, where that is another one than was given last.
  void copy_modes(int master);
  void copy_size(int master);
  /// The size is another one than was given last.
  [[nodiscard]] bool has_new_size() const;

  /// Where descriptor 1 leads elsewhere, who stands at its other end may write to this terminal: lines still end then.
  void go_raw();
  /// Undoes go_raw(), if that is in force.
  void restore();
  /// The same after answers to what the command has asked the terminal: what is in its queue by then is thrown away, by
  /// the mark of one last question, which is answered last. A terminal that answers nothing costs 0.3 s.
  void drain_answers();
  /// Modes that the command has left, which it could not undo itself.
  void undo_modes();

 private:
  OuterTerminal(UniqueFd fd, bool shows_others, SharedDebt debt);
  void write_all(std::string_view text) const;
  void discard_up_to_answer() const;

  UniqueFd fd_;
  SharedDebt debt_;
  bool shows_others_;
  bool has_job_control_;
  std::optional<termios> taken_modes_;  ///< what the private terminal has made of those that it was given
  std::optional<winsize> given_size_;
};

}  // namespace fence::launch
