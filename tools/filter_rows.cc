#include "filter_rows.h"

#include <seccomp.h>
#include <sys/utsname.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

namespace filter_tables {
namespace {

#if defined(__s390__)
#error "clone(2) has its flags in arg1 here (CONFIG_CLONE_BACKWARDS2): give namespaces.toml a row for it"
#endif

struct ErrnoName {
  std::string_view name;
  int value;
};
constexpr ErrnoName kSuccess{"success", 0};
constexpr std::array kErrnoNames = {ErrnoName{"EPERM", EPERM}, ErrnoName{"ENOSYS", ENOSYS}, ErrnoName{"EACCES", EACCES},
                                    ErrnoName{"EAFNOSUPPORT", EAFNOSUPPORT},
                                    ErrnoName{"EPROTONOSUPPORT", EPROTONOSUPPORT}};
constexpr std::array<std::string_view, 5> kLevels = {"always", "minimal", "default", "strict", "shared"};

[[noreturn]] void fail(const std::string& where, const std::string& why) {
  throw std::runtime_error(where + ": " + why);
}

std::string text_of(const toml::table& table, std::string_view key, const std::string& where) {
  const auto value = table[key].value<std::string>();
  if (!value || value->empty()) fail(where, "lacks `" + std::string(key) + "`");
  return *value;
}

void only(const toml::table& table, std::span<const std::string_view> keys, const std::string& where) {
  for (const auto& [key, value] : table) {
    if (std::ranges::find(keys, key.str()) == keys.end()) fail(where, "unknown key `" + std::string(key.str()) + "`");
  }
}

const ErrnoName& action_of(const std::string& action, const std::string& where) {
  if (action == "succeed") return kSuccess;
  for (const ErrnoName& name : kErrnoNames) {
    if (action == "errno " + std::string(name.name)) return name;
  }
  fail(where, "action is neither `errno NAME` nor `succeed`: " + action);
}

// libseccomp answers with a negative number of its own where only other architectures have the call, and with
// __NR_SCMP_ERROR where it knows no such name.
int number_of(const std::string& syscall, std::optional<int> newer, const std::string& where) {
  const int number = seccomp_syscall_resolve_name(syscall.c_str());
  if (number >= 0) {
    if (newer && *newer != number) fail(where, "the number of `" + syscall + "` is " + std::to_string(number));
    return number;
  }
  if (number != __NR_SCMP_ERROR) return -1;
  if (!newer) fail(where, "no system call `" + syscall + "`; one newer than libseccomp needs its number");
  return *newer;
}

std::vector<std::string> names_of(const toml::table& table, const std::string& where) {
  const toml::array* list = table["syscall"].as_array();
  if (list == nullptr) return {text_of(table, "syscall", where)};
  std::vector<std::string> names;
  for (const auto& element : *list) {
    const auto name = element.value<std::string>();
    if (!name) fail(where, "`syscall` is a name or a list of names");
    names.push_back(*name);
  }
  return names;
}

void read_rows(const toml::node& node, const std::string& where, std::vector<Row>& out) {
  constexpr std::array<std::string_view, 6> kKeys = {"syscall", "number", "condition", "action", "reason", "reference"};
  const toml::table* table = node.as_table();
  if (table == nullptr) fail(where, "a row is a table");
  only(*table, kKeys, where);
  Row row;
  if (table->contains("condition")) row.condition = text_of(*table, "condition", where);
  row.tests = parse_condition(row.condition, where);
  const ErrnoName& error = action_of(text_of(*table, "action", where), where);
  row.error = error.value;
  row.error_name = error.name;
  row.reason = text_of(*table, "reason", where);
  row.reference = text_of(*table, "reference", where);
  for (const std::string& name : names_of(*table, where)) {
    row.syscall = name;
    row.number = number_of(name, (*table)["number"].value<int>(), where);
    out.push_back(row);
  }
}

const toml::array& tables_of(const toml::table& document, std::string_view key, const std::string& where) {
  const toml::array* rows = document[key].as_array();
  if (rows == nullptr || rows->empty()) fail(where, "has no [[" + std::string(key) + "]]");
  return *rows;
}

}  // namespace

Group read_group(const std::string& path) {
  constexpr std::array<std::string_view, 6> kKeys = {"meaning", "danger", "level", "nesting", "unknown_calls", "row"};
  const toml::table document = toml::parse_file(path);
  only(document, kKeys, path);
  Group group;
  group.name = std::filesystem::path(path).stem();
  group.meaning = text_of(document, "meaning", path);
  group.danger = text_of(document, "danger", path);
  group.level = text_of(document, "level", path);
  if (std::ranges::find(kLevels, group.level) == kLevels.end()) fail(path, "unknown level `" + group.level + "`");
  group.nesting = document["nesting"].value_or(false);
  group.unknown_calls = document["unknown_calls"].value_or(false);
  if (group.unknown_calls) return group;
  for (const auto& node : tables_of(document, "row", path)) read_rows(node, path, group.rows);
  return group;
}

std::vector<Call> read_known(const std::string& path) {
  utsname machine{};
  if (uname(&machine) != 0) fail(path, "uname failed");
  const toml::table document = toml::parse_file(path);
  std::vector<Call> calls;
  for (const auto& node : tables_of(document, "call", path)) {
    const toml::table* table = node.as_table();
    const auto number = table == nullptr ? std::nullopt : (*table)["number"].value<int>();
    if (!number) fail(path, "a call has name, number and architecture");
    if (text_of(*table, "architecture", path) != machine.machine) continue;
    calls.push_back({text_of(*table, "name", path), *number});
  }
  return calls;
}

}  // namespace filter_tables
