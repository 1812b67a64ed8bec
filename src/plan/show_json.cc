// A plan as JSON; the schema is described in docs/plan-json.md.
#include <nlohmann/json.hpp>

#include "fence/plan/show.h"
#include "fence/plan/view.h"
#include "fence/util/text.h"
#include "show_landlock.h"
#include "show_mounts.h"

namespace fence {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Origin& origin) {
  Json out = {{"layer", layer_name(origin.layer)}, {"source", escape_bytes(origin.source)}};
  if (origin.line != 0) out["line"] = origin.line;
  if (origin.column != 0) out["column"] = origin.column;
  return out;
}

Json json_of(const std::vector<Origin>& origins) {
  Json out = Json::array();
  for (const Origin& origin : origins) out.push_back(json_of(origin));
  return out;
}

Json json_of(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) out.push_back(escape_bytes(text));
  return out;
}

std::string_view because_name(Because because) {
  switch (because) {
    case Because::OnlyRule:
      return "only-rule";
    case Because::DeeperPath:
      return "deeper-path";
    case Because::HigherLayer:
      return "higher-layer";
    case Because::StricterAccess:
      return "stricter-access";
    case Because::Composed:
      return "composed";
    case Because::ComposedEntry:
      return "composed-entry";
    case Because::Hidden:
      return "hidden";
    case Because::Protected:
      return "protected";
    case Because::Pinned:
      return "pinned";
    case Because::Parent:
      return "parent";
    case Because::PrivateProc:
      return "private-proc";
    case Because::PrivateDev:
      return "private-dev";
    case Because::RuntimeDir:
      return "runtime-dir";
    case Because::LinkOnTheWay:
      return "link-on-the-way";
    case Because::Needed:
      return "needed";
    case Because::Mended:
      return "mended";
  }
  return "";
}

std::string_view kind_name(PathKind kind) {
  switch (kind) {
    case PathKind::Regular:
      return "regular";
    case PathKind::Directory:
      return "directory";
    case PathKind::CharDevice:
      return "char-device";
    case PathKind::BlockDevice:
      return "block-device";
    case PathKind::Fifo:
      return "fifo";
    case PathKind::Socket:
      return "socket";
  }
  return "";
}

void put_action(Json& out, const MountAction& action) {
  std::visit(Overloaded{
                 [&](const Bind& bind) {
                   out["source"] = escape_bytes(bind.source.text());
                   out["kind"] = kind_name(bind.kind);
                   out["device"] = bind.expect.device;
                   out["inode"] = bind.expect.inode;
                   if (bind.may_vanish) out["may_vanish"] = true;
                 },
                 [&](const Tmpfs& tmpfs) {
                   out["mode"] = octal_mode(tmpfs.mode);
                   if (tmpfs.size) out["size"] = *tmpfs.size;
                 },
                 [](const Proc&) {},
                 [](const Dev&) {},
                 [](const LockReadOnly&) {},
                 [](const MaskFile&) {},
                 [&](const MakeDir& dir) { out["mode"] = octal_mode(dir.mode); },
                 [&](const WriteFile& file) {
                   out["mode"] = octal_mode(file.mode);
                   out["bytes"] = file.content.size();
                 },
                 [&](const Symlink& link) { out["points_to"] = escape_bytes(link.points_to); },
             },
             action);
}

void put_decision(Json& out, const Decision& decision) {
  out["because"] = because_name(decision.because);
  out["why"] = escape_bytes(decision.why);
  out["origin"] = json_of(decision.winner);
  out["overruled"] = json_of(decision.overruled);
}

Json json_of(const MountOp& op) {
  Json out = {{"action", action_name(op.action)}, {"target", escape_bytes(op.target.text())}};
  put_action(out, op.action);
  out["mount_point"] = op.at == MountPoint::Exists ? "exists" : "created";
  put_decision(out, op.why);
  return out;
}

std::string_view terminal_name(TerminalKind kind) {
  switch (kind) {
    case TerminalKind::Private:
      return "private";
    case TerminalKind::Shared:
      return "shared";
    case TerminalKind::None:
      return "none";
  }
  return "";
}

Json json_of(const SessionPlan& session) {
  return {{"kind", session.kind() == SessionKind::NewSession ? "new-session" : "tiocsti-filter"},
          {"terminal", terminal_name(session.terminal())},
          {"terminal_reason", escape_bytes(session.terminal_reason())},
          {"terminal_origin", json_of(session.terminal_origin())},
          {"deferred", session.deferred()},
          {"restore_foreground", session.restore_foreground()},
          {"reason", escape_bytes(session.reason())},
          {"origin", json_of(session.origin())},
          {"overruled", json_of(session.overruled())}};
}

Json json_of(const RuntimeDirPlan& plan) {
  const std::string_view decision = std::visit(Overloaded{
                                                   [](const KeepInherited&) { return "keep"; },
                                                   [](const PrivateRuntimeDir&) { return "private"; },
                                                   [](const NoRuntimeDir&) { return "unset"; },
                                               },
                                               plan.decision);
  return {{"decision", decision},
          {"value", escape_bytes(plan.value)},
          {"reason", escape_bytes(plan.reason)},
          {"note", escape_bytes(plan.note)},
          {"origin", json_of(plan.origin)}};
}

Json json_of(const std::vector<IdExtent>& extents) {
  Json out = Json::array();
  for (const IdExtent& extent : extents) {
    out.push_back({{"inside", extent.inside}, {"outside", extent.outside}, {"count", extent.count}});
  }
  return out;
}

Json json_of(const IdentityPlan& identity) {
  Json map = std::visit(Overloaded{
                            [](const MapOwnIds&) -> Json {
                              return {{"kind", "own"}};
                            },
                            [](const KeepIds&) -> Json {
                              return {{"kind", "keep"}};
                            },
                            [](const MapAllIds& all) -> Json {
                              return {{"kind", "all"}, {"uids", json_of(all.uids)}, {"gids", json_of(all.gids)}};
                            },
                        },
                        identity.map);
  return {{"uid", identity.uid},
          {"gid", identity.gid},
          {"map", std::move(map)},
          {"nested_user_namespaces", identity.nested_user_namespaces},
          {"nesting_origin", json_of(identity.nesting_origin)}};
}

Json json_of(const EnvironmentPlan& environment) {
  Json out = Json::array();
  for (const VariablePlan& variable : environment.variables) {
    const std::string_view fate = std::visit(Overloaded{
                                                 [](const Passed&) { return "passed"; },
                                                 [](const Replaced&) { return "set"; },
                                                 [](const Dropped&) { return "dropped"; },
                                             },
                                             variable.fate);
    out.push_back({{"name", escape_bytes(variable.name)},
                   {"fate", fate},
                   {"reason", escape_bytes(variable.reason)},
                   {"origin", json_of(variable.origin)}});
  }
  return out;
}

Json json_of(const FilterPlan& filter) {
  Json groups = Json::array();
  for (const FilterGroupPlan& group : filter.groups) {
    groups.push_back({{"name", group.name},
                      {"refused", group.refused},
                      {"reason", escape_bytes(group.reason)},
                      {"origin", json_of(group.origin)}});
  }
  Json calls = Json::array();
  for (const FilterCallPlan& call : filter.calls) {
    calls.push_back({{"name", escape_bytes(call.name)},
                     {"refused", call.refused},
                     {"reason", escape_bytes(call.reason)},
                     {"origin", json_of(call.origin)}});
  }
  return {{"groups", std::move(groups)}, {"calls", std::move(calls)}};
}

std::string_view remark_name(RemarkKind kind) {
  switch (kind) {
    case RemarkKind::Note:
      return "note";
    case RemarkKind::Unneeded:
      return "unneeded";
    case RemarkKind::Danger:
      return "danger";
    case RemarkKind::Notice:
      return "notice";
  }
  return "";
}

Json json_of(const std::vector<Remark>& remarks) {
  Json out = Json::array();
  for (const Remark& remark : remarks) {
    Json row = {{"kind", remark_name(remark.kind)}, {"text", escape_bytes(remark.text)}};
    if (remark.origin) row["origin"] = json_of(*remark.origin);
    out.push_back(std::move(row));
  }
  return out;
}

Json json_of(const std::vector<PatternPlan>& patterns) {
  Json out = Json::array();
  for (const PatternPlan& pattern : patterns) {
    Json matches = Json::array();
    for (const HostPath& match : pattern.matches) matches.push_back(escape_bytes(match.text()));
    out.push_back({{"list", pattern.list},
                   {"pattern", escape_bytes(pattern.pattern)},
                   {"matches", std::move(matches)},
                   {"origin", json_of(pattern.origin)}});
  }
  return out;
}

Json json_of(const std::vector<AbilityPlan>& abilities) {
  Json out = Json::array();
  for (const AbilityPlan& ability : abilities) {
    out.push_back({{"name", ability.name},
                   {"state", escape_bytes(ability.state)},
                   {"degraded", ability.degraded},
                   {"origin", json_of(ability.origin)}});
  }
  return out;
}

std::string_view unit_name(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::Count:
      return "count";
    case LimitUnit::Bytes:
      return "bytes";
    case LimitUnit::Seconds:
      return "seconds";
    case LimitUnit::Processors:
      return "processors";
  }
  return "";
}

Json json_of(const std::vector<LimitPlan>& limits) {
  Json out = Json::array();
  for (const LimitPlan& limit : limits) {
    const LimitRow& row = limit_row(limit.limit);
    Json value = limit.value;
    if (row.unit == LimitUnit::Processors) value = static_cast<double>(limit.value) / kThousandths;
    out.push_back({{"name", row.name},
                   {"value", std::move(value)},
                   {"unit", unit_name(row.unit)},
                   {"origin", json_of(limit.origin)}});
  }
  return out;
}

Json json_of(const std::optional<CgroupPlan>& plan) {
  if (!plan) return nullptr;
  Json settings = Json::array();
  for (const CgroupSetting& setting : plan->settings) {
    settings.push_back(
        {{"file", setting.file}, {"value", setting.value}, {"why", setting.why}, {"may_lack", setting.may_lack}});
  }
  return {{"parent", escape_bytes(plan->parent.text())}, {"settings", std::move(settings)}};
}

Json json_of(const std::vector<HiddenPath>& hidden) {
  Json out = Json::array();
  for (const HiddenPath& entry : hidden) {
    Json row = {{"path", escape_bytes(entry.path.text())}};
    put_decision(row, entry.why);
    out.push_back(std::move(row));
  }
  return out;
}

std::string_view mode_name(LandlockMode mode) {
  switch (mode) {
    case LandlockMode::Off:
      return "off";
    case LandlockMode::Auto:
      return "auto";
    case LandlockMode::Full:
      return "full";
  }
  return "";
}

Json scope_names(std::uint64_t scoped) {
  Json out = Json::array();
  for (const landlock::Bit& scope : landlock::kScopes) {
    if ((scoped & scope.bit) != 0) out.push_back(scope.name);
  }
  return out;
}

Json json_of(const LandlockPlan& plan) {
  Json rules = Json::array();
  for (const LandlockRule& rule : plan.rules) {
    rules.push_back({{"path", escape_bytes(rule.path.text())},
                     {"rights", json_of(landlock_right_names(rule.rights))},
                     {"why", rule.why}});
  }
  Json net = Json::array();
  for (const landlock::Bit& right : landlock::kNetRights) {
    if ((plan.handled_net & right.bit) != 0) net.push_back(right.name);
  }
  return {{"mode", mode_name(plan.mode.value)},
          {"origin", json_of(plan.mode.origin)},
          {"abi", plan.abi},
          {"handled", json_of(landlock_right_names(plan.handled))},
          {"handled_for_input", json_of(landlock_right_names(plan.handled_for_input))},
          {"scoped", scope_names(plan.scoped)},
          {"handled_net", std::move(net)},
          {"rules", std::move(rules)},
          {"handed_readable", json_of(landlock_right_names(plan.handed_readable))},
          {"handed_writable", json_of(landlock_right_names(plan.handed_writable))},
          {"without", json_of(plan.without)}};
}

}  // namespace

std::string plan_json(const SandboxPlan& plan) {
  Json mounts = Json::array();
  for (const MountOp* op : shown_ops(plan)) mounts.push_back(json_of(*op));
  Json seals = Json::array();
  for (const SandboxPath& path : shown_seals(plan)) seals.push_back(escape_bytes(path.text()));
  Json absent = Json::array();
  for (const AbsentPath& path : plan.absent) {
    absent.push_back({{"path", escape_bytes(path.path.text())}, {"origin", json_of(path.origin)}});
  }
  const Json out = {
      {"schema", "fence-plan/1"},
      {"hash", plan.hash},
      {"command", json_of(plan.command)},
      {"directory", escape_bytes(plan.directory.text())},
      {"profiles", json_of(plan.profiles)},
      {"executor", escape_bytes(plan.backend_reason)},
      {"namespaces", plan.executor != Executor::Landlock},
      {"keep_descriptors", plan.keep_descriptors},
      {"mounts", std::move(mounts)},
      {"seals", std::move(seals)},
      {"hidden", json_of(plan.hidden)},
      {"absent_protected", plan.absent_protected == AbsentProtected::Quarantine ? "quarantine" : "report"},
      {"absent", std::move(absent)},
      {"patterns", json_of(plan.patterns)},
      {"abilities", json_of(plan.abilities)},
      {"session", json_of(plan.session)},
      {"runtime_dir", json_of(plan.runtime_dir)},
      {"identity", json_of(plan.identity)},
      {"network",
       {{"mode", plan.network.value == NetworkMode::Host ? "host" : "none"}, {"origin", json_of(plan.network.origin)}}},
      {"windows_interop", {{"allowed", plan.windows_interop.value}, {"origin", json_of(plan.windows_interop.origin)}}},
      {"system_calls", json_of(plan.filter)},
      {"landlock", json_of(plan.landlock)},
      {"cgroup_namespace", plan.cgroup_namespace},
      {"limits", json_of(plan.limits)},
      {"cgroup", json_of(plan.cgroup)},
      {"environment", json_of(plan.environment)},
      {"remarks", json_of(plan.remarks)},
  };
  return out.dump(2) + "\n";
}

}  // namespace fence
