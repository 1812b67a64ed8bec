#pragma once
// Bytes on their way from one descriptor to another. Pure.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace fence::launch {

/// A bounded queue whose bytes and whose room are each one piece. Who finds no room reads no more: that is the
/// backpressure.
class ByteQueue {
 public:
  explicit ByteQueue(std::size_t capacity) : bytes_(capacity) {}

  [[nodiscard]] bool empty() const noexcept { return first_ == last_; }
  [[nodiscard]] bool full() const noexcept { return last_ - first_ == bytes_.size(); }
  /// What is in it, oldest first; valid until the next call that is not const.
  [[nodiscard]] std::span<const char> data() const noexcept { return {bytes_.data() + first_, last_ - first_}; }

  /// Where to read into; all the room that there is. Follow with added().
  std::span<char> room() noexcept {
    if (first_ != 0) {
      std::memmove(bytes_.data(), bytes_.data() + first_, last_ - first_);
      last_ -= first_;
      first_ = 0;
    }
    return {bytes_.data() + last_, bytes_.size() - last_};
  }
  /// Precondition: `count` is at most the size of room().
  void added(std::size_t count) noexcept { last_ += count; }
  /// Precondition: `count` is at most the size of data().
  void taken(std::size_t count) noexcept {
    first_ += count;
    if (first_ == last_) first_ = last_ = 0;
  }
  void clear() noexcept { first_ = last_ = 0; }

 private:
  std::vector<char> bytes_;
  std::size_t first_ = 0, last_ = 0;
};

}  // namespace fence::launch
