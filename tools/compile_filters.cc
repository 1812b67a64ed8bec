// Build-time tool: seccomp/*.toml to one C++ source with the groups as constant data, so that the program itself needs
// neither libseccomp nor a TOML file when it runs. Numbers, and which numbers there are, come from libseccomp.
//
//     compile_filters OUTPUT.cc KNOWN.toml GROUP.toml...
#include <seccomp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

#include "filter_rows.h"

namespace {

using filter_tables::Call;
using filter_tables::Group;
using filter_tables::Row;
using filter_tables::Test;

/// Above every number that Linux has given away, and below those of ABIs with numbers of their own.
constexpr int kNumbersAskedFor = 4096;

std::map<int, std::string> known_calls(const std::vector<Call>& more, const std::vector<Group>& groups) {
  std::map<int, std::string> calls;
  for (int number = 0; number < kNumbersAskedFor; ++number) {
    const std::unique_ptr<char, decltype(&std::free)> name(seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number),
                                                           &std::free);
    if (name) calls[number] = name.get();
  }
  for (const Call& call : more) calls.try_emplace(call.number, call.name);
  for (const Group& group : groups) {
    for (const Row& row : group.rows) {
      if (row.number >= 0) calls.try_emplace(row.number, row.syscall);
    }
  }
  return calls;
}

std::string literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string level_name(std::string level) {
  level[0] = static_cast<char>(level[0] - 'a' + 'A');
  return "FilterLevel::" + level;
}

/// Arrays are named after where they stand: setuid_4_1 holds the values of the second test of the fifth row.
void write_tests(std::ostream& out, const std::vector<Test>& tests, const std::string& row) {
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (tests[i].values.empty()) continue;
    out << "constexpr std::uint32_t " << row << "_" << i << "[] = {";
    for (const std::uint32_t value : tests[i].values) out << value << "U, ";
    out << "};\n";
  }
  if (tests.empty()) return;
  out << "constexpr ArgumentTest " << row << "[] = {\n";
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const std::string values = tests[i].values.empty() ? "{}" : row + "_" + std::to_string(i);
    out << "    {ArgumentTest::Kind::" << tests[i].kind << ", " << tests[i].argument << ", " << values << "},\n";
  }
  out << "};\n";
}

void write_rows(std::ostream& out, const Group& group) {
  for (std::size_t i = 0; i < group.rows.size(); ++i)
    write_tests(out, group.rows[i].tests, group.name + "_" + std::to_string(i));
  if (group.rows.empty()) return;
  out << "constexpr FilterRow " << group.name << "_rows[] = {\n";
  for (std::size_t i = 0; i < group.rows.size(); ++i) {
    const Row& row = group.rows[i];
    const std::string tests = row.tests.empty() ? "{}" : group.name + "_" + std::to_string(i);
    out << "    {" << literal(row.syscall) << ", " << row.number << ", " << literal(row.condition) << ", " << tests
        << ", " << row.error << ", " << literal(row.error_name) << ",\n     " << literal(row.reason) << ",\n     "
        << literal(row.reference) << "},\n";
  }
  out << "};\n";
}

void write_group(std::ostream& out, const Group& group) {
  out << "    {" << literal(group.name) << ", " << literal(group.meaning) << ",\n     " << literal(group.danger)
      << ",\n     " << level_name(group.level) << ", " << (group.nesting ? "true" : "false") << ", "
      << (group.unknown_calls ? "true" : "false") << ", " << (group.rows.empty() ? "{}" : group.name + "_rows")
      << "},\n";
}

void write(std::ostream& out, const std::vector<Group>& groups, const std::map<int, std::string>& calls) {
  out << "// Made by tools/compile_filters.cc.\n#include \"fence/seccomp/seccomp.h\"\n\nnamespace fence {\nnamespace "
         "{\n\n";
  for (const Group& group : groups) write_rows(out, group);
  out << "constexpr FilterGroup groups[] = {\n";
  for (const Group& group : groups) write_group(out, group);
  out << "};\n\nconstexpr SystemCall calls[] = {\n";
  for (const auto& [number, name] : calls) out << "    {" << literal(name) << ", " << number << "},\n";
  out << "};\n\n}  // namespace\n\n"
      << "std::span<const FilterGroup> filter_groups() noexcept { return groups; }\n"
      << "std::span<const SystemCall> known_calls() noexcept { return calls; }\n"
      << "std::uint32_t native_architecture() noexcept { return " << seccomp_arch_native() << "U; }\n\n"
      << "}  // namespace fence\n";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) throw std::runtime_error("usage: compile_filters OUTPUT.cc KNOWN.toml GROUP.toml...");
  std::vector<Group> groups;
  for (int i = 3; i < argc; ++i) groups.push_back(filter_tables::read_group(argv[i]));
  std::ranges::sort(groups, {}, &Group::name);
  std::ofstream out(argv[1]);
  write(out, groups, known_calls(filter_tables::read_known(argv[2]), groups));
  if (!out.flush()) throw std::runtime_error(std::string(argv[1]) + " cannot be written");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "compile_filters: %s\n", error.what());
  return 1;
}
