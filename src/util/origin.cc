#include "fence/util/origin.h"

namespace fence {

std::string to_string(const Origin& origin) {
  std::string out = origin.source;
  if (origin.line == 0) return out;
  out += ":" + std::to_string(origin.line);
  if (origin.column != 0) out += ":" + std::to_string(origin.column);
  return out;
}

std::string_view layer_name(LayerKind layer) noexcept {
  switch (layer) {
    case LayerKind::BuiltIn:
      return "built-in";
    case LayerKind::Profile:
      return "profile";
    case LayerKind::System:
      return "system";
    case LayerKind::User:
      return "user";
    case LayerKind::Project:
      return "project";
    case LayerKind::Environment:
      return "environment";
    case LayerKind::CommandLine:
      return "command line";
  }
  return "";
}

}  // namespace fence
