#pragma once
// What a process that looks at paths is looking at, told to the one that waits for it.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fence/util/path.h"

namespace fence {

/// Memory that the two processes share.
struct LookPage {
  std::atomic<std::uint64_t> count{0};    ///< odd while `at` is being written; moves with every system call
  std::atomic<bool> looking{false};       ///< a system call about `at` may be going on
  std::atomic<bool> walking{false};       ///< for patterns
  std::atomic<std::uint64_t> entries{0};  ///< names that the walk has looked at
  std::atomic<std::uint32_t> at_size{0};
  char at[kMaxPathBytes + 1]{};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

/// The path that `page` names; nothing while it is being written.
std::optional<HostPath> looked_at(const LookPage& page);

/// Says what is looked at, before each system call that may wait for ever.
class Looks {
 public:
  /// Nothing at or below a path of `stalled` is looked at.
  Looks(LookPage& page, std::vector<HostPath> stalled) : page_(page), stalled_(std::move(stalled)) {}

  /// From now on `path` is looked at; its components are no links. False where it lies on a mount that does not answer,
  /// and then no system call may name it. Precondition: `path` is not too long (path_too_long).
  [[nodiscard]] bool begin(const HostPath& path) noexcept;
  /// The same path, and another system call.
  void go_on() noexcept { page_.count.fetch_add(2, std::memory_order_release); }
  /// No system call is going on.
  void end() noexcept;

  void begin_walk() noexcept;
  void end_walk() noexcept { page_.walking.store(false, std::memory_order_release); }
  void count_entries(std::uint64_t entries) noexcept { page_.entries.store(entries, std::memory_order_relaxed); }

 private:
  LookPage& page_;
  std::vector<HostPath> stalled_;
};

}  // namespace fence
