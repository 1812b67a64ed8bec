#pragma once
// Bytes between the user's terminal and the private one, as fast as the slower of both takes them.
#include <cstdint>
#include <optional>
#include <vector>

#include "byte_queue.h"
#include "fence/util/fd.h"
#include "fence/util/result.h"
#include "outer_terminal.h"
#include "output_watch.h"

namespace fence::launch {

/// What a turn of the relay has met.
struct RelayNews {
  bool gone = false;           ///< the user's terminal is closed
  bool not_in_front = false;   ///< it could not be read: fence has lost the foreground
  bool may_not_write = false;  ///< output waits: fence is in the background of a terminal with "stty tostop"
  std::vector<int> keys{};     ///< signals of keys that were handed on
};

class Relay {
 public:
  /// `outer` outlives it.
  static Result<Relay> open(OuterTerminal& outer, UniqueFd master);

  /// For poll(2): readable when turn() has something to do.
  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
  [[nodiscard]] int master() const noexcept { return master_.get(); }
  /// Whether the user's terminal is read.
  void set_attached(bool attached);
  /// Also from the background of a terminal with "stty tostop".
  void write_always() noexcept { writes_always_ = true; }
  /// After may_not_write: it may be tried again.
  void try_writing();
  /// Moves what can be moved without waiting.
  RelayNews turn();
  /// Until the private terminal has acted on what was typed so far.
  void wait_for_keys() const;
  /// Moves output until there is none for now; used before fence stops. Takes no longer than a second.
  void show_output();
  /// The private terminal is at its end and all of its output is shown, or cannot be.
  [[nodiscard]] bool finished() const noexcept { return (!master_ && output_.empty()) || outer_gone_; }
  /// The user's terminal is of no use any more: the private one is closed, which its processes see as a hang-up.
  void hang_up();
  /// What the command asked the terminal may still be answered.
  [[nodiscard]] bool asked() const noexcept { return watch_.asked(); }
  void answered() noexcept { watch_.answered(); }

 private:
  Relay(OuterTerminal& outer, UniqueFd master, UniqueFd epoll);
  void update_interest();
  void watch_descriptor(int fd, std::uint32_t events, std::uint32_t& now);
  void read_master();
  bool read_once();
  void write_outer(RelayNews& news);
  [[nodiscard]] long write_output();
  [[nodiscard]] long write_cooked();
  void read_outer(RelayNews& news);
  void write_master();
  void end_of_master();

  OuterTerminal& outer_;
  UniqueFd master_;
  UniqueFd epoll_;
  ByteQueue output_;
  ByteQueue input_;
  OutputWatch watch_;
  bool attached_ = false;
  bool writes_always_ = false;
  bool held_ = false;     ///< output waits for the foreground
  bool unended_ = false;  ///< all that is left is a "\r", whose next byte may be a "\n"
  bool outer_gone_ = false;
  std::uint32_t outer_events_ = 0, master_events_ = 0;
};

}  // namespace fence::launch
