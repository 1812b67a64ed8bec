// Build-time tool: the settings that come with fence to one C++ source with their values as constant data, so that no
// launch has to read them from text. A mistake in one of them ends the build.
//
//     compile_settings OUTPUT.cc BUILTIN.toml PROFILE.toml...
#include <algorithm>
#include <bit>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fence/config/config.h"
#include "fence/util/result.h"

namespace {

using fence::Value;
using fence::ValueArray;
using fence::ValueEntry;
using fence::ValueTable;

/// A string literal that breaks after each newline: a compiler need not take one of more than 65536 bytes as a whole,
/// and a reader no line without an end.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n\"\n    \"";
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// One document: its values, each before those in it, and their strings, each once.
class Table {
 public:
  explicit Table(const ValueTable& table) {
    add(ValueEntry{.key = "", .origin = {}, .value = {.data = table, .origin = {}}});
  }

  [[nodiscard]] const std::string& rows() const { return rows_; }
  [[nodiscard]] const std::string& pool() const { return pool_; }

 private:
  void add(const ValueEntry& entry) {
    std::visit(fence::Overloaded{
                   [&](bool value) { row("Boolean", entry, 0, value ? 1 : 0); },
                   [&](std::int64_t value) { row("Number", entry, 0, value); },
                   [&](double value) { row("Fraction", entry, 0, std::bit_cast<std::int64_t>(value)); },
                   [&](const std::string& value) {
                     row("Text", entry, place(value), static_cast<std::int64_t>(value.size()));
                   },
                   [&](const ValueArray& values) {
                     row("Array", entry, 0, static_cast<std::int64_t>(values.size()));
                     for (const Value& value : values) add({.key = "", .origin = {}, .value = value});
                   },
                   [&](const ValueTable& entries) {
                     row("Table", entry, 0, static_cast<std::int64_t>(entries.size()));
                     for (const ValueEntry& each : entries) add(each);
                   },
               },
               entry.value.data);
  }

  void row(std::string_view kind, const ValueEntry& entry, std::size_t text_at, std::int64_t number) {
    std::ostringstream out;
    out << "    {ShippedKind::" << kind << ", " << place(entry.key) << ", " << entry.key.size() << ", "
        << entry.origin.line << ", " << entry.origin.column << ", " << entry.value.origin.line << ", "
        << entry.value.origin.column << ", " << text_at << ", " << number << "},\n";
    rows_ += out.str();
  }

  std::size_t place(const std::string& text) {
    const auto [found, added] = places_.try_emplace(text, pool_.size());
    if (added) pool_ += text;
    return found->second;
  }

  std::string rows_, pool_;
  std::unordered_map<std::string, std::size_t> places_;
};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return std::move(text).str();
}

/// The definition of the values and the pool, and the ShippedTable of them.
struct Written {
  std::string definitions, table;
};

Written write(const std::filesystem::path& path) {
  const std::string text = read(path), name = path.stem().string();
  const auto parsed = fence::parse_toml(text, path.string(), fence::LayerKind::BuiltIn);
  if (!parsed) throw std::runtime_error(fence::to_string(parsed.error().front()));
  const Table table(*parsed);
  return {.definitions = "constexpr ShippedValue kValues_" + name + "[] = {\n" + table.rows() +
                         "};\nconstexpr std::string_view kPool_" + name + " = " + literal(table.pool()) + ";\n\n",
          .table = "{\"" + name + "\",\n    " + literal(text) + ",\n    kValues_" + name + ", kPool_" + name + "}"};
}

void compile(const std::filesystem::path& output, std::vector<std::filesystem::path> inputs) {
  std::sort(inputs.begin() + 1, inputs.end(), [](const auto& a, const auto& b) { return a.stem() < b.stem(); });
  std::string definitions, profiles, builtin;
  for (const auto& input : inputs) {
    const Written written = write(input);
    definitions += written.definitions;
    if (builtin.empty()) {
      builtin = written.table;
    } else {
      profiles += "    " + written.table + ",\n";
    }
  }
  std::ofstream out(output, std::ios::binary);
  out << "// Made by compile_settings.\n#include \"shipped.h\"\n\nnamespace fence {\nnamespace {\n\n"
      << definitions << "constexpr ShippedTable kProfiles[] = {\n"
      << profiles << "};\n\n}  // namespace\n\nconst ShippedTable kBuiltInTable = " << builtin
      << ";\nconst std::span<const ShippedTable> kShippedTables = kProfiles;\n\n}  // namespace fence\n";
  out.close();
  if (!out) throw std::runtime_error("cannot write " + output.string());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: compile_settings OUTPUT.cc BUILTIN.toml PROFILE.toml...\n";
    return 2;
  }
  try {
    compile(argv[1], {argv + 2, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "compile_settings: " << error.what() << '\n';
    return 1;
  }
}
