#include "fence/facts/facts.h"

#include <algorithm>

namespace fence {

const std::string* find_variable(const Environment& environment, std::string_view name) noexcept {
  const auto found = std::find_if(environment.begin(), environment.end(),
                                  [name](const auto& variable) { return variable.first == name; });
  return found == environment.end() ? nullptr : &found->second;
}

bool on_wsl(const HostFacts& facts) noexcept {
  return is_wsl_kernel(facts.kernel.release) || !facts.kernel.windows_drives.empty() ||
         find_variable(facts.environment, "WSL_INTEROP") != nullptr ||
         find_variable(facts.environment, "WSL_DISTRO_NAME") != nullptr;
}

bool is_wsl_kernel(std::string_view release) noexcept {
  return release.find("microsoft") != std::string_view::npos || release.find("Microsoft") != std::string_view::npos;
}

bool maps_root(const CallerFacts& caller) noexcept {
  return std::any_of(caller.uid_map.begin(), caller.uid_map.end(),
                     [](const IdExtent& extent) { return extent.inside == 0 && extent.count > 0; });
}

std::string id_map_text(const std::vector<IdExtent>& extents) {
  std::string text;
  for (const auto& [inside, outside, count] : extents) {
    text += std::to_string(inside) + ' ' + std::to_string(outside) + ' ' + std::to_string(count) + '\n';
  }
  return text;
}

const std::pair<const HostPath, StalledMount>* find_stalled(const HostFacts& facts, const HostPath& path) noexcept {
  // The deepest mount that contains the path: in component order it comes last.
  const auto found = std::find_if(facts.stalled.rbegin(), facts.stalled.rend(),
                                  [&](const auto& mount) { return mount.first.contains(path); });
  return found == facts.stalled.rend() ? nullptr : &*found;
}

}  // namespace fence
