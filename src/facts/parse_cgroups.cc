#include "parse_cgroups.h"

#include "json_values.h"
#include "names.h"

namespace fence {
namespace {

Result<std::optional<std::uint64_t>> number_or_none(const JsonNode& node) {
  if (node.is_null()) return std::optional<std::uint64_t>();
  FENCE_TRY(const std::uint64_t value, node.number());
  return std::optional(value);
}

Result<CgroupDirectory> cgroup_directory(const JsonNode& node) {
  FENCE_TRY(const JsonObject object, node.object({"path", "type", "controllers", "enabled", "make_error", "move_error",
                                                  "max_depth", "max_descendants", "descendants"}));
  CgroupDirectory group;
  FENCE_TRY(group.path, path(object["path"]));
  FENCE_TRY(group.type, object["type"].bytes());
  FENCE_TRY(group.controllers, set_of(object["controllers"], c_string));
  FENCE_TRY(group.enabled, set_of(object["enabled"], c_string));
  FENCE_TRY(group.make_error, number_of<int>(object["make_error"], kMaxErrno));
  FENCE_TRY(group.move_error, number_of<int>(object["move_error"], kMaxErrno));
  FENCE_TRY(group.max_depth, number_or_none(object["max_depth"]));
  FENCE_TRY(group.max_descendants, number_or_none(object["max_descendants"]));
  FENCE_TRY(group.descendants, object["descendants"].number());
  return group;
}

}  // namespace

Result<std::optional<CgroupFacts>> read_cgroups(const JsonNode& node) {
  if (node.is_string()) {
    FENCE_TRY(const std::string text, node.bytes());
    if (text != facts_names::kUnknown) return node.error("is neither an object nor \"unknown\"");
    return std::optional<CgroupFacts>();
  }
  FENCE_TRY(const JsonObject object, node.object({"own", "v1_controllers", "groups", "swap"}));
  CgroupFacts facts;
  if (const JsonNode own = object["own"]; !own.is_null()) {
    FENCE_TRY(facts.own, own.c_string());
  }
  FENCE_TRY(facts.v1_controllers, set_of(object["v1_controllers"], c_string));
  FENCE_TRY(facts.groups, list_of(object["groups"], cgroup_directory));
  FENCE_TRY(facts.swap, object["swap"].boolean());
  return std::optional(std::move(facts));
}

}  // namespace fence
