#pragma once
// What the stage is told, as bytes. Pure.
#include <cstdint>
#include <string>
#include <vector>

#include "mount_orders.h"
#include "stage_protocol.h"

namespace fence::launch {

struct StageOrders {
  stage::PayloadHeader header{};  ///< size and counts are filled in by payload_bytes
  std::vector<stage::LimitRecord> limits;
  std::vector<std::uint8_t> filter;  ///< struct sock_filter[]
  std::vector<int> kept;             ///< sorted, unique, above 2
  std::vector<std::string> arguments;
  std::vector<std::string> variables;  ///< "NAME=VALUE"
  std::string runtime_dir;             ///< empty: none to confirm
  std::vector<MountOrder> mounts;      ///< what has to be where
};

/// The payload of stage_protocol.h. Precondition: no string holds a NUL; execve(2) could not pass it either.
std::string payload_bytes(const StageOrders& orders);

}  // namespace fence::launch
