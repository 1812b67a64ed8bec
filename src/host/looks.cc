#include "looks.h"

#include <algorithm>
#include <string>

namespace fence {

std::optional<HostPath> looked_at(const LookPage& page) {
  const std::uint64_t before = page.count.load(std::memory_order_acquire);
  if (before % 2 != 0) return std::nullopt;
  const std::size_t size = std::min<std::size_t>(page.at_size.load(std::memory_order_relaxed), kMaxPathBytes);
  const std::string text(page.at, size);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (page.count.load(std::memory_order_relaxed) != before) return std::nullopt;
  Result<HostPath> path = HostPath::parse(text);
  if (!path) return std::nullopt;
  return *std::move(path);
}

bool Looks::begin(const HostPath& path) noexcept {
  const bool dead = std::any_of(stalled_.begin(), stalled_.end(), [&](const HostPath& m) { return m.contains(path); });
  if (dead) return false;
  page_.count.fetch_add(1, std::memory_order_acq_rel);
  const std::size_t size = std::min(path.text().size(), kMaxPathBytes);
  path.text().copy(page_.at, size);
  page_.at_size.store(static_cast<std::uint32_t>(size), std::memory_order_relaxed);
  page_.looking.store(true, std::memory_order_relaxed);
  page_.count.fetch_add(1, std::memory_order_release);
  return true;
}

void Looks::end() noexcept { page_.looking.store(false, std::memory_order_release); }

void Looks::begin_walk() noexcept {
  page_.entries.store(0, std::memory_order_relaxed);
  page_.walking.store(true, std::memory_order_release);
}

}  // namespace fence
