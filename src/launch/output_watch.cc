#include "output_watch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace fence::launch {
namespace {

constexpr char kEscape = '\x1b';

/// A control sequence that a terminal answers. `lead` is its private prefix, `middle` its intermediate byte; '\0':
/// none.
struct Question {
  char final, lead, middle;
  std::string_view name;
};
constexpr char kAny = '*';
constexpr std::array kQuestions = {
    Question{'n', kAny, '\0', "DSR: status, cursor position"},
    Question{'c', '\0', '\0', "DA1"},
    Question{'c', '>', '\0', "DA2"},
    Question{'c', '=', '\0', "DA3"},
    Question{'x', '\0', '\0', "DECREQTPARM"},
    Question{'p', kAny, '$', "DECRQM"},
    Question{'q', '>', '\0', "XTVERSION"},
    Question{'u', '?', '\0', "keyboard protocol"},
    Question{'S', '?', '\0', "XTSMGRAPHICS"},
    Question{'y', '\0', '*', "DECRQCRA"},
    Question{'w', '\0', '$', "DECRQPSR"},
};

/// Reports of window operations (CSI Ps t); the others do something.
bool is_window_report(int operation) { return operation >= 11 && operation <= 21; }

/// A private mode (DECSET) that makes a terminal unusable for a shell when it is left changed.
struct Mode {
  int number;
  bool on_by_default;
  std::string_view name;
};
constexpr std::array kModes = {
    Mode{1, false, "application cursor keys"},
    Mode{9, false, "mouse: X10"},
    Mode{1000, false, "mouse: buttons"},
    Mode{1002, false, "mouse: drags"},
    Mode{1003, false, "mouse: all motion"},
    Mode{1004, false, "focus reports"},
    Mode{1006, false, "mouse: SGR coordinates"},
    Mode{2004, false, "bracketed paste"},
    Mode{25, true, "cursor shown"},
    // After the modes of the program on the other screen.
    Mode{47, false, "the other screen"},
    Mode{1047, false, "the other screen"},
    Mode{1049, false, "the other screen, cursor saved"},
};
static_assert(kModes.size() <= 32);

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_private_prefix(char c) { return c >= '<' && c <= '?'; }

}  // namespace

void OutputWatch::look(std::span<const char> bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (state_ == State::Ground) {
      // Nearly all of a stream is plain.
      const auto* found = static_cast<const char*>(std::memchr(bytes.data() + at, kEscape, bytes.size() - at));
      if (found == nullptr) return;
      at = static_cast<std::size_t>(found - bytes.data());
      start(State::Escape);
      continue;
    }
    take(static_cast<unsigned char>(bytes[at]));
  }
}

void OutputWatch::start(State state) noexcept {
  state_ = state;
  length_ = 0;
}

void OutputWatch::take(unsigned char byte) noexcept {
  switch (state_) {
    case State::Ground:
      return;
    case State::Escape:
      return escape_byte(byte);
    case State::Sequence:
      return sequence_byte(byte);
    case State::String:
      return string_byte(byte);
    case State::StringEscape:
      // ST, or the start of something else, which ends a string as well.
      return escape_byte(byte);
  }
}

void OutputWatch::escape_byte(unsigned char byte) noexcept {
  state_ = State::Ground;
  if (byte == '[') return start(State::Sequence);
  if (byte == kEscape) return start(State::Escape);
  command_string_ = byte == ']';
  // DCS and APC: terminals answer many of them, none of which a program prints without wanting an answer or graphics.
  if (byte == 'P' || byte == '_') asked_ = true;
  if (byte == 'P' || byte == '_' || byte == '^' || byte == 'X' || command_string_) return start(State::String);
  if (byte == 'Z') asked_ = true;  // DECID
}

void OutputWatch::string_byte(unsigned char byte) noexcept {
  if (byte == kEscape) return start(State::StringEscape);
  if (byte == '\a') return start(State::Ground);
  // OSC 4, 10, 11, 52... with "?" in place of a value ask for it.
  if (byte == '?' && command_string_) asked_ = true;
}

void OutputWatch::sequence_byte(unsigned char byte) noexcept {
  if (byte == kEscape) return start(State::Escape);
  if (byte < 0x20) {
    if (byte == 0x18 || byte == 0x1a) start(State::Ground);  // CAN, SUB
    return;
  }
  if (byte >= 0x40) {
    finish_sequence(static_cast<char>(byte));
    return start(State::Ground);
  }
  if (length_ < kMaxSequence) sequence_[length_++] = static_cast<char>(byte);
}

void OutputWatch::finish_sequence(char final) noexcept {
  if (length_ == kMaxSequence) return;
  const std::string_view text(sequence_, length_);
  const char lead = !text.empty() && is_private_prefix(text.front()) ? text.front() : '\0';
  const char middle = !text.empty() && text.back() < '0' ? text.back() : '\0';
  for (const Question& row : kQuestions) {
    if (row.final == final && row.middle == middle && (row.lead == kAny || row.lead == lead)) asked_ = true;
  }
  if (final == 't' && lead == '\0' && middle == '\0') {
    int operation = 0;
    std::from_chars(text.data(), text.data() + text.size(), operation);
    if (is_window_report(operation)) asked_ = true;
  }
  if (lead == '?' && middle == '\0' && (final == 'h' || final == 'l')) set_modes(final == 'h');
}

void OutputWatch::set_modes(bool on) noexcept {
  const char* at = sequence_ + 1;
  const char* const end = sequence_ + length_;
  while (at < end) {
    int number = 0;
    const auto [after, error] = std::from_chars(at, end, number);
    for (std::size_t i = 0; error == std::errc() && i < kModes.size(); ++i) {
      if (kModes[i].number != number) continue;
      const std::uint32_t bit = std::uint32_t{1} << i;
      changed_ = on == kModes[i].on_by_default ? changed_ & ~bit : changed_ | bit;
    }
    at = after;
    while (at < end && !is_digit(*at)) ++at;
  }
}

std::string undo_text(std::uint32_t changed_modes) {
  std::string text;
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if ((changed_modes & (std::uint32_t{1} << i)) == 0) continue;
    text += "\x1b[?" + std::to_string(kModes[i].number) + (kModes[i].on_by_default ? 'h' : 'l');
  }
  return text;
}

Piece next_cooked_piece(std::span<const char> bytes, bool last) noexcept {
  constexpr std::string_view kLineEnd = "\r\n";
  const auto line_end = std::search(bytes.begin(), bytes.end(), kLineEnd.begin(), kLineEnd.end());
  const auto before = static_cast<std::size_t>(line_end - bytes.begin());
  if (before < bytes.size()) return {before, 1};
  if (!last && !bytes.empty() && bytes.back() == '\r') return {before - 1, 0};
  return {before, 0};
}

}  // namespace fence::launch
