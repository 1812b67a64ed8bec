#pragma once
// Messages over a stream socket: their size, and their bytes.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fence {

/// False where the other end is gone.
bool send_frame(int socket, std::string_view bytes);

/// What arrives, cut into messages.
class FrameReader {
 public:
  explicit FrameReader(int socket);

  enum class State : std::uint8_t { Complete, Waiting, Gone };
  /// Takes what there is; with `wait` until a message is complete or the other end is gone.
  State read(bool wait);
  /// Precondition: Complete, said by read().
  std::string take();

 private:
  [[nodiscard]] bool complete() const noexcept;

  int socket_;
  std::vector<char> chunk_;
  std::string arrived_;
};

}  // namespace fence
