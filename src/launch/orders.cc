#include "orders.h"

#include "bytes.h"

namespace fence::launch {
namespace {

void append_strings(std::string& bytes, const std::vector<std::string>& strings) {
  for (const std::string& text : strings) bytes.append(text.c_str(), text.size() + 1);
}

}  // namespace

std::string payload_bytes(const StageOrders& orders) {
  std::string tail;
  for (const stage::LimitRecord& limit : orders.limits) append_bytes(tail, limit);
  for (const int fd : orders.kept) append_bytes(tail, static_cast<std::int32_t>(fd));
  tail.append(orders.filter.begin(), orders.filter.end());
  append_strings(tail, orders.arguments);
  append_strings(tail, orders.variables);
  append_strings(tail, {orders.runtime_dir});
  tail += mount_order_bytes(orders.mounts);

  stage::PayloadHeader header = orders.header;
  header.size = static_cast<std::uint32_t>(sizeof header + tail.size());
  header.arguments = static_cast<std::uint32_t>(orders.arguments.size());
  header.variables = static_cast<std::uint32_t>(orders.variables.size());
  header.kept = static_cast<std::uint32_t>(orders.kept.size());
  header.filter = static_cast<std::uint32_t>(orders.filter.size());
  header.limits = static_cast<std::uint32_t>(orders.limits.size());
  header.mounts = static_cast<std::uint32_t>(orders.mounts.size());
  std::string bytes;
  append_bytes(bytes, header);
  return bytes + tail;
}

}  // namespace fence::launch
