#include "byte_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fence::launch {
namespace {

void put(ByteQueue& queue, std::string_view text) {
  const auto room = queue.room();
  ASSERT_GE(room.size(), text.size());
  std::ranges::copy(text, room.begin());
  queue.added(text.size());
}

std::string content(const ByteQueue& queue) { return {queue.data().begin(), queue.data().end()}; }

TEST(ByteQueue, GivesWhatWasPutInOrder) {
  ByteQueue queue(8);
  put(queue, "abcdef");
  queue.taken(4);
  put(queue, "ghijkl");
  EXPECT_EQ(content(queue), "efghijkl");
  EXPECT_TRUE(queue.full());
  queue.taken(8);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.room().size(), 8U);
}

RC_GTEST_PROP(ByteQueue, LosesAndAddsNothing, (const std::string& text, const std::vector<std::uint8_t>& steps)) {
  ByteQueue queue(7);
  std::string out;
  std::size_t in = 0;
  const auto move = [&](std::size_t put, std::size_t take) {
    const auto room = queue.room();
    const std::size_t count = std::min({put, room.size(), text.size() - in});
    std::ranges::copy(std::string_view(text).substr(in, count), room.begin());
    queue.added(count);
    in += count;
    const std::size_t taken = std::min(take, queue.data().size());
    out.append(queue.data().data(), taken);
    queue.taken(taken);
  };
  for (const std::uint8_t step : steps) move(step % 8U, step / 8U % 8U);
  while (out.size() < text.size()) move(7, 7);
  RC_ASSERT(out == text);
}

}  // namespace
}  // namespace fence::launch
