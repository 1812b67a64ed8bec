#pragma once
// What seccomp/*.toml says, with names resolved for the machine that this is built on.
#include <cstdint>
#include <string>
#include <vector>

namespace filter_tables {

struct Test {
  std::string kind;  ///< an enumerator of ArgumentTest::Kind
  unsigned argument = 0;
  std::vector<std::uint32_t> values;
};
struct Row {
  std::string syscall;
  int number = -1;  ///< -1: not on this architecture
  std::string condition;
  std::vector<Test> tests;
  int error = 0;
  std::string error_name, reason, reference;
};
struct Group {
  std::string name, meaning, danger, level;
  bool nesting = false;
  bool unknown_calls = false;
  std::vector<Row> rows;
};
struct Call {
  std::string name;
  int number = 0;
};

/// One file; its name without ".toml" is the group's. Throws std::runtime_error with the file and what is wrong.
Group read_group(const std::string& path);
/// seccomp/known.toml: those of this architecture.
std::vector<Call> read_known(const std::string& path);
/// The condition of a row; "" gives none. Throws std::runtime_error.
std::vector<Test> parse_condition(const std::string& condition, const std::string& where);

}  // namespace filter_tables
