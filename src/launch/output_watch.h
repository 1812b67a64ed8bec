#pragma once
// What the bytes that a command prints do to a terminal, as far as fence has to undo it. Pure.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fence::launch {

/// Reads a stream of output in pieces (ECMA-48, and xterm's "Control Sequences"); a sequence may be cut anywhere.
class OutputWatch {
 public:
  void look(std::span<const char> bytes) noexcept;

  /// A sequence was seen to which a terminal answers: the answer would be typed into whoever reads next.
  [[nodiscard]] bool asked() const noexcept { return asked_; }
  void answered() noexcept { asked_ = false; }

  /// The modes of the terminal that are not as they are by default; bits that undo_text() understands.
  [[nodiscard]] std::uint32_t changed_modes() const noexcept { return changed_; }

 private:
  enum class State : std::uint8_t { Ground, Escape, Sequence, String, StringEscape };
  void take(unsigned char byte) noexcept;
  void start(State state) noexcept;
  void sequence_byte(unsigned char byte) noexcept;
  void string_byte(unsigned char byte) noexcept;
  void finish_sequence(char final) noexcept;
  void set_modes(bool on) noexcept;
  void escape_byte(unsigned char byte) noexcept;

  static constexpr std::size_t kMaxSequence = 64;  // longer ones are none of those looked for
  State state_ = State::Ground;
  bool asked_ = false;
  bool command_string_ = false;  ///< the string is an operating system command (OSC)
  std::uint32_t changed_ = 0;
  std::size_t length_ = 0;
  char sequence_[kMaxSequence] = {};
};

/// The control sequences that put those modes back.
std::string undo_text(std::uint32_t changed_modes);

/// How much of `bytes` may be written to a terminal that turns "\n" into "\r\n" itself, and how much is to be left out
/// after that: a "\r" before a "\n", which the inner terminal has put there. Of what is left out or kept nothing is
/// lost: call again with the rest. A "\r" at the very end waits for its next byte, unless `last`.
struct Piece {
  std::size_t write = 0;
  std::size_t skip = 0;
};
Piece next_cooked_piece(std::span<const char> bytes, bool last) noexcept;

}  // namespace fence::launch
