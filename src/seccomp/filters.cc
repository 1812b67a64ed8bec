// The tables themselves are made by tools/compile_filters.cc.
#include <algorithm>
#include <cstring>

#include "fence/seccomp/seccomp.h"

namespace fence {

const FilterGroup* find_filter_group(std::string_view name) noexcept {
  const auto all = filter_groups();
  const auto found = std::ranges::find(all, name, &FilterGroup::name);
  return found == all.end() ? nullptr : &*found;
}

const SystemCall* find_call(std::string_view name) noexcept {
  const auto all = known_calls();
  const auto found = std::ranges::find(all, name, &SystemCall::name);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::uint8_t> filter_bytes(std::span<const BpfInstruction> program) {
  static_assert(sizeof(BpfInstruction) == 8, "struct sock_filter has no padding, and so must this");
  std::vector<std::uint8_t> bytes(program.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), program.data(), bytes.size());
  return bytes;
}

}  // namespace fence
