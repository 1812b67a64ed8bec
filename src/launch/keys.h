#pragma once
// The keys of a terminal that send signals. Pure.
#include <termios.h>

#include <span>
#include <vector>

namespace fence::launch {

/// The signals that a terminal with these modes makes of what is typed, in order: SIGINT, SIGQUIT, SIGTSTP.
std::vector<int> key_signals(std::span<const char> typed, const termios& modes);

/// `modes` as fence needs them of the user's terminal: no byte is changed, kept back or has a meaning.
termios raw_modes(const termios& modes) noexcept;

/// What the private terminal gets of the user's modes: all but EXTPROC, with which the kernel would leave the editing
/// of lines to fence.
termios inner_modes(const termios& modes) noexcept;

/// Equal in all that can be set.
bool same_modes(const termios& a, const termios& b) noexcept;

}  // namespace fence::launch
