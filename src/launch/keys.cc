#include "keys.h"

#include <csignal>
#include <cstring>

namespace fence::launch {

std::vector<int> key_signals(std::span<const char> typed, const termios& modes) {
  if ((modes.c_lflag & ISIG) == 0) return {};
  const bool quotes = (modes.c_lflag & (ICANON | IEXTEN)) == (ICANON | IEXTEN);
  const auto is = [&modes](char key, int control) {
    const auto byte = static_cast<cc_t>(key);
    return byte != _POSIX_VDISABLE && byte == modes.c_cc[control];
  };
  std::vector<int> signals;
  for (std::size_t at = 0; at < typed.size(); ++at) {
    if (quotes && is(typed[at], VLNEXT)) {
      ++at;
    } else if (is(typed[at], VINTR)) {
      signals.push_back(SIGINT);
    } else if (is(typed[at], VQUIT)) {
      signals.push_back(SIGQUIT);
    } else if (is(typed[at], VSUSP)) {
      signals.push_back(SIGTSTP);
    }
  }
  return signals;
}

termios raw_modes(const termios& modes) noexcept {
  termios raw = modes;
  cfmakeraw(&raw);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXOFF | IXANY);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  return raw;
}

termios inner_modes(const termios& modes) noexcept {
  termios inner = modes;
#if defined(EXTPROC)
  inner.c_lflag &= ~static_cast<tcflag_t>(EXTPROC);
#endif
  return inner;
}

bool same_modes(const termios& a, const termios& b) noexcept {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
         std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0;
}

}  // namespace fence::launch
