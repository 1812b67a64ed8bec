#include "fence/policy/settings_table.h"

#include <algorithm>
#include <array>

#include "fence/util/text.h"
#include "readers.h"

namespace fence {
namespace {

constexpr std::array kBackends{Choice<Backend>{"auto", Backend::Auto}, Choice<Backend>{"native", Backend::Native},
                               Choice<Backend>{"bwrap", Backend::Bwrap}};
constexpr std::array kTerminalModes{Choice<TerminalMode>{"auto", TerminalMode::Auto},
                                    Choice<TerminalMode>{"private", TerminalMode::Private},
                                    Choice<TerminalMode>{"shared", TerminalMode::Shared}};
constexpr std::array kAbsentProtected{Choice<AbsentProtected>{"report", AbsentProtected::Report},
                                      Choice<AbsentProtected>{"quarantine", AbsentProtected::Quarantine}};
constexpr std::array kDevicesModes{Choice<DevicesMode>{"minimal", DevicesMode::Minimal},
                                   Choice<DevicesMode>{"host", DevicesMode::Host}};
constexpr std::array kRuntimeDirModes{
    Choice<RuntimeDirMode>{"auto", RuntimeDirMode::Auto}, Choice<RuntimeDirMode>{"private", RuntimeDirMode::Private},
    Choice<RuntimeDirMode>{"inherit", RuntimeDirMode::Inherit}, Choice<RuntimeDirMode>{"unset", RuntimeDirMode::Unset}};
constexpr std::array kNetworkModes{Choice<NetworkMode>{"none", NetworkMode::None},
                                   Choice<NetworkMode>{"host", NetworkMode::Host}};
constexpr std::array kEnvironmentModes{Choice<EnvironmentMode>{"inherit", EnvironmentMode::Inherit},
                                       Choice<EnvironmentMode>{"clear", EnvironmentMode::Clear}};

constexpr std::string_view kProfileKey = "profile";

constexpr SettingRow kTable[] = {
    {.key = kProfileKey,
     .type = "a profile's name or a list of them",
     .default_value = R"(["workspace"])",
     .meaning = "Profiles in force, a later one above an earlier one; the highest layer that names any decides.",
     .danger = "[] applies no protection beyond fence's own.",
     .read = [](const Reading&) {}},
    {.key = "backend",
     .type = R"("auto", "native" or "bwrap")",
     .default_value = R"("auto")",
     .meaning = "What makes the sandbox: fence itself (native), an installed bubblewrap, or the first that can.",
     .read = [](const Reading& in) { read_choice<Backend>(in, in.layer.backend, kBackends); }},
    {.key = "forceNewSession",
     .type = "true or false",
     .default_value = "",
     .meaning = "true: the command always gets a session of its own, without a controlling terminal (no job control); "
                "false: never; unset: only where no filter keeps the caller's terminal safe.",
     .read = [](const Reading& in) { read_flag(in, in.layer.force_new_session); }},
    {.key = "terminal.mode",
     .type = R"("auto", "private" or "shared")",
     .default_value = R"("auto")",
     .meaning = "Whether the command gets a terminal of its own or the caller's.",
     .danger = R"("shared" lets the command write to the caller's terminal directly, control sequences included.)",
     .read = [](const Reading& in) { read_choice<TerminalMode>(in, in.layer.terminal, kTerminalModes); }},
    {.key = "filesystem.allowRead",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Shown read-only. An entry is a path or {path, why, optional, literal}; a deeper path beats a "
                "shallower one, and on one path the stricter entry of a layer wins.",
     .danger = "Everything below the path can be read, but for what a deeper entry hides.",
     .read = [](const Reading& in) { read_paths(in, PathList::AllowRead); }},
    {.key = "filesystem.denyRead",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Hidden; an optional entry hides a path also when it appears later.",
     .read = [](const Reading& in) { read_paths(in, PathList::DenyRead); }},
    {.key = "filesystem.allowWrite",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Shown and really writable: what is written stays on the host.",
     .danger = "The command can change and delete everything below the path that nothing protects.",
     .read = [](const Reading& in) { read_paths(in, PathList::AllowWrite); }},
    {.key = "filesystem.denyWrite",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Read-only, as far as it is shown.",
     .read = [](const Reading& in) { read_paths(in, PathList::DenyWrite); }},
    {.key = "filesystem.protect",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Read-only inside writable directories, unless allowWrite names the very path; a relative entry means "
                "that path below every writable directory.",
     .read = [](const Reading& in) { read_paths(in, PathList::Protect); }},
    {.key = "filesystem.tmpfs",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Private, empty and writable; gone at the end. An entry is a path or {path, size, mode, why, optional, "
                "literal} with size in bytes (65536, \"64M\") and mode in octal (\"1777\").",
     .read = read_scratch},
    {.key = "filesystem.bind",
     .type = "a list of tables",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "{source, target, mode, optional, literal}: shows `source` of the host as `target`, with mode \"ro\" "
                "(the default), \"rw\" or \"dev\".",
     .danger = R"("rw" makes the source really writable; "dev" lets device nodes in it be used.)",
     .read = read_binds},
    {.key = "filesystem.absentProtected",
     .type = R"("report" or "quarantine")",
     .default_value = R"("report")",
     .meaning = "What happens to a protected path that did not exist and that the command has made: said when it ends, "
                "or also moved aside.",
     .read = [](const Reading& in) { read_choice<AbsentProtected>(in, in.layer.absent_protected, kAbsentProtected); }},
    {.key = "devices.mode",
     .type = R"("minimal" or "host")",
     .default_value = R"("minimal")",
     .meaning = "A private /dev with the harmless nodes, or the host's.",
     .danger = R"("host" opens every device that the caller may open: disks, cameras, GPUs, input.)",
     .read = [](const Reading& in) { read_choice<DevicesMode>(in, in.layer.devices, kDevicesModes); }},
    {.key = "devices.allow",
     .type = "a list of paths",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Device nodes to add to the private /dev.",
     .danger = "The command can talk to the driver behind the node.",
     .read = read_device_nodes},
    {.key = "runtimeDir.mode",
     .type = R"("auto", "private", "inherit" or "unset")",
     .default_value = R"("auto")",
     .meaning = "What XDG_RUNTIME_DIR is: the inherited directory where it is really granted, else a private one "
                "(auto); always private; the inherited one or an error (inherit); not set.",
     .danger = R"("inherit" needs a grant of the directory, which holds the sockets of the session.)",
     .read = [](const Reading& in) { read_choice<RuntimeDirMode>(in, in.layer.runtime_dir, kRuntimeDirModes); }},
    {.key = "network.mode",
     .type = R"("none" or "host")",
     .default_value = R"("none")",
     .meaning = "A network of its own with nothing but loopback, or the host's.",
     .danger = R"("host" reaches the network, services on localhost and abstract sockets of the host.)",
     .read = [](const Reading& in) { read_choice<NetworkMode>(in, in.layer.network, kNetworkModes); }},
    {.key = "environment.mode",
     .type = R"("inherit" or "clear")",
     .default_value = R"("inherit")",
     .meaning = "Whether variables that no pattern names are passed on.",
     .danger = R"("inherit" passes secrets that no pattern of environment.deny knows.)",
     .read = [](const Reading& in) { read_choice<EnvironmentMode>(in, in.layer.environment, kEnvironmentModes); }},
    {.key = "environment.pass",
     .type = "a list of patterns",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Variables that are passed on. An entry is a pattern of '*' and '?' or {name, why}.",
     .danger = "A pattern above a profile's environment.deny brings back what that drops.",
     .read = [](const Reading& in) { read_patterns(in, in.layer.environment_pass); }},
    {.key = "environment.deny",
     .type = "a list of patterns",
     .default_value = "[]",
     .merge = MergeRule::Append,
     .meaning = "Variables that are dropped. An entry is a pattern of '*' and '?' or {name, why}.",
     .read = [](const Reading& in) { read_patterns(in, in.layer.environment_deny); }},
    {.key = "environment.set",
     .type = "a table of strings",
     .default_value = "{}",
     .merge = MergeRule::Append,
     .meaning = "Variables that get this value, whatever was inherited; of one variable the highest layer wins.",
     .read = read_variables},
    {.key = "nesting",
     .type = "true or false",
     .default_value = "false",
     .meaning = "Whether user namespaces can be made inside, as browsers, bubblewrap and fence itself do.",
     .danger = "true opens the part of the kernel that needs a user namespace, where many escapes were found.",
     .read = [](const Reading& in) { read_flag(in, in.layer.nesting); }},
};

const SettingRow* find_row(std::string_view key) {
  const auto found =
      std::find_if(std::begin(kTable), std::end(kTable), [&](const auto& row) { return row.key == key; });
  return found == std::end(kTable) ? nullptr : found;
}

/// "filesystem": keys below it exist.
bool is_section(std::string_view key) {
  const std::string prefix = std::string(key) + ".";
  return std::any_of(std::begin(kTable), std::end(kTable),
                     [&](const auto& row) { return row.key.starts_with(prefix); });
}

/// A known key that `key` may have been meant for: one that ends in the same word, or is spelled nearly so.
std::optional<std::string> nearest_key(std::string_view key) {
  const std::string_view word = key.substr(key.rfind('.') + 1);
  std::vector<std::string_view> known;
  for (const SettingRow& row : kTable) {
    if (row.key.ends_with("." + std::string(word))) return std::string(row.key);
    known.push_back(row.key);
  }
  return did_you_mean(key, known);
}

class LayerReader {
 public:
  LayerReader(SettingsLayer& layer, const ExpansionContext& context, Errors& errors)
      : layer_(layer), context_(context), errors_(errors) {}

  /// Reads a table that stands at `prefix`: "" or "filesystem.".
  void read(const ValueTable& table, const std::string& prefix) {
    for (const ValueEntry& entry : table) {
      const std::string key = prefix + entry.key;
      // A quoted key may have a dot in it, which makes it no other key's spelling.
      const bool one_word = entry.key.find('.') == std::string::npos;
      if (const SettingRow* row = one_word ? find_row(key) : nullptr) {
        row->read({*row, entry.value, context_, layer_, errors_});
      } else if (one_word && is_section(key)) {
        read_section(entry.value, key);
      } else {
        unknown(entry, key);
      }
    }
  }

 private:
  void read_section(const Value& value, const std::string& key) {
    if (const auto* table = std::get_if<ValueTable>(&value.data)) return read(*table, key + ".");
    fail(key + " must be a table, not " + std::string(type_name(value)), value.origin, {});
  }

  void unknown(const ValueEntry& entry, const std::string& key) {
    const auto meant = nearest_key(key);
    fail("unknown setting \"" + escape_bytes(key) + "\"", entry.origin, meant ? "did you mean " + *meant + "?" : "");
  }

  void fail(std::string what, const Origin& origin, std::string hint) {
    errors_.push_back({.kind = ErrorKind::Config, .what = std::move(what), .origin = origin, .hint = std::move(hint)});
  }

  SettingsLayer& layer_;
  const ExpansionContext& context_;
  Errors& errors_;
};

/// Adds the names that one value of the key "profile" gives.
void add_names(const Value& value, std::vector<std::string>& names, Errors& errors) {
  const auto bad = [&](const Value& got) {
    const std::string type(find_row(kProfileKey)->type);
    errors.push_back({.kind = ErrorKind::Config,
                      .what = std::string(kProfileKey) + " must be " + type + ", not " + std::string(type_name(got)),
                      .origin = got.origin});
  };
  if (const auto* name = std::get_if<std::string>(&value.data)) return names.push_back(*name);
  const auto* list = std::get_if<ValueArray>(&value.data);
  if (list == nullptr) return bad(value);
  for (const Value& element : *list) {
    if (const auto* name = std::get_if<std::string>(&element.data)) {
      names.push_back(*name);
    } else {
      bad(element);
    }
  }
}

}  // namespace

std::span<const SettingRow> settings_table() noexcept { return kTable; }

Result<SettingsLayer, Errors> read_layer(LayerKind kind, std::string name, const ValueTable& table,
                                         const ExpansionContext& context) {
  SettingsLayer layer{.kind = kind, .name = std::move(name)};
  Errors errors;
  LayerReader(layer, context, errors).read(table, "");
  if (!errors.empty()) return errors;
  return layer;
}

Result<std::optional<Sourced<std::vector<std::string>>>, Errors> profile_names(const ValueTable& table) {
  std::optional<Sourced<std::vector<std::string>>> found;
  Errors errors;
  for (const ValueEntry& entry : table) {
    if (entry.key != kProfileKey) continue;
    if (!found) found.emplace().origin = entry.value.origin;
    add_names(entry.value, found->value, errors);
  }
  if (!errors.empty()) return errors;
  return found;
}

}  // namespace fence
