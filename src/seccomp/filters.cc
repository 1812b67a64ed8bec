// The programs themselves are made by tools/compile_filters.cc.
#include <cstring>

#include "fence/seccomp/seccomp.h"

namespace fence {

std::vector<std::uint8_t> filter_bytes(std::span<const BpfInstruction> program) {
  static_assert(sizeof(BpfInstruction) == 8, "struct sock_filter has no padding, and so must this");
  std::vector<std::uint8_t> bytes(program.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), program.data(), bytes.size());
  return bytes;
}

}  // namespace fence
