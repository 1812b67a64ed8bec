// Build-time tool: seccomp/*.toml to one C++ source with the filters as constant data, so that the program itself needs
// neither libseccomp nor a TOML file when it runs.
//
//     compile_filters OUTPUT.cc NAME=ROWS.toml[+ROWS.toml...]...
#include <asm/ioctls.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

struct NamedConstant {
  std::string_view name;
  std::uint64_t value;
};

// mips and sparc have other numbers than x86: the target's own header is the source. The cast keeps sparc's requests,
// whose top bit is set, from being sign-extended.
constexpr NamedConstant kConstants[] = {
    {"AF_VSOCK", AF_VSOCK},
    {"TIOCSTI", static_cast<std::uint32_t>(TIOCSTI)},
    {"TIOCLINUX", static_cast<std::uint32_t>(TIOCLINUX)},
};

constexpr NamedConstant kErrnoNames[] = {
    {"EPERM", EPERM},
};

struct Row {
  std::string syscall, condition, action, reason, reference;
};

struct Group {
  std::string name;
  std::vector<Row> rows;
  std::vector<sock_filter> program;
};

[[noreturn]] void fail(const std::string& where, const std::string& why) {
  throw std::runtime_error(where + ": " + why);
}

std::uint64_t named(std::span<const NamedConstant> table, std::string_view name, const std::string& where) {
  for (const auto& row : table)
    if (row.name == name) return row.value;
  fail(where, "unknown name `" + std::string(name) + "`");
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "argN & MASK == CONSTANT"; "" for every call.
std::optional<scmp_arg_cmp> parse_condition(const std::string& condition, const std::string& where) {
  if (condition.empty()) return std::nullopt;
  std::istringstream words(condition);
  std::string argument, ampersand, mask_text, equals, constant, rest;
  words >> argument >> ampersand >> mask_text >> equals >> constant;
  const auto mask = hexadecimal(mask_text);
  const bool well_formed = argument.size() == 4 && argument.starts_with("arg") && argument[3] >= '0' &&
                           argument[3] <= '5' && ampersand == "&" && mask && equals == "==" && !(words >> rest);
  if (!well_formed) fail(where, "condition is not `argN & 0xMASK == CONSTANT`: " + condition);
  scmp_arg_cmp compare{};
  compare.arg = static_cast<unsigned>(argument[3] - '0');
  compare.op = SCMP_CMP_MASKED_EQ;
  compare.datum_a = *mask;
  compare.datum_b = named(kConstants, constant, where);
  return compare;
}

// "errno NAME"
std::uint32_t parse_action(const std::string& action, const std::string& where) {
  constexpr std::string_view prefix = "errno ";
  if (!action.starts_with(prefix)) fail(where, "action is not `errno NAME`: " + action);
  return SCMP_ACT_ERRNO(named(kErrnoNames, std::string_view(action).substr(prefix.size()), where));
}

void check(int result, const std::string& what) {
  // libseccomp returns -errno and leaves errno itself alone.
  if (result < 0) fail(what, std::generic_category().message(-result));
}

std::vector<sock_filter> export_program(scmp_filter_ctx context) {
  // libseccomp 2.5 exports to a descriptor only.
  const int fd = memfd_create("filter", MFD_CLOEXEC);
  if (fd < 0) fail("memfd_create", std::generic_category().message(errno));
  check(seccomp_export_bpf(context, fd), "seccomp_export_bpf");
  const auto size = static_cast<std::size_t>(lseek(fd, 0, SEEK_END));
  std::vector<sock_filter> program(size / sizeof(sock_filter));
  const bool complete = pread(fd, program.data(), size, 0) == static_cast<ssize_t>(size);
  close(fd);
  if (!complete || size % sizeof(sock_filter) != 0) fail("seccomp_export_bpf", "short output");
  return program;
}

std::vector<sock_filter> compile(const std::vector<Row>& rows, const std::string& where) {
  const std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)> context(
      seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!context) fail(where, "seccomp_init failed");
  // One action for every foreign ABI: libseccomp gives x32 calls (bit 30 of the number) the same one.
  check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), where);
  for (const auto& row : rows) {
    const int number = seccomp_syscall_resolve_name(row.syscall.c_str());
    if (number < 0) fail(where, "no system call `" + row.syscall + "` on this architecture");
    const auto compare = parse_condition(row.condition, where);
    check(seccomp_rule_add_exact_array(context.get(), parse_action(row.action, where), number, compare ? 1 : 0,
                                       compare ? &*compare : nullptr),
          where);
  }
  return export_program(context.get());
}

std::string text_of(const toml::table& table, std::string_view key, const std::string& where) {
  const auto value = table[key].value<std::string>();
  if (!value || value->empty()) fail(where, "a row lacks `" + std::string(key) + "`");
  return *value;
}

Row read_row(const toml::node& node, const std::string& path) {
  const toml::table* table = node.as_table();
  const bool conditional = table != nullptr && table->contains("condition");
  if (table == nullptr || table->size() != (conditional ? 5 : 4))
    fail(path, "a row has syscall, action, reason, reference and perhaps condition");
  return {text_of(*table, "syscall", path), conditional ? text_of(*table, "condition", path) : std::string(),
          text_of(*table, "action", path), text_of(*table, "reason", path), text_of(*table, "reference", path)};
}

void read_rows(const std::string& path, std::vector<Row>& out) {
  const toml::table document = toml::parse_file(path);
  const toml::array* rows = document["row"].as_array();
  if (rows == nullptr || rows->empty() || document.size() != 1)
    fail(path, "a group is a list of [[row]] and nothing else");
  for (const auto& node : *rows) out.push_back(read_row(node, path));
}

// "NAME=FILE+FILE": one program of the rows of all the files.
Group read_group(const std::string& argument) {
  const auto equals = argument.find('=');
  if (equals == std::string::npos) fail("usage", "not NAME=ROWS.toml[+ROWS.toml...]: " + argument);
  Group group{argument.substr(0, equals), {}, {}};
  std::istringstream files(argument.substr(equals + 1));
  for (std::string path; std::getline(files, path, '+');) read_rows(path, group.rows);
  group.program = compile(group.rows, group.name);
  return group;
}

std::string literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

void write_group(std::ostream& out, const Group& group) {
  out << "namespace {\nconstexpr BpfInstruction " << group.name << "_program[] = {\n";
  for (const auto& i : group.program)
    out << "    {" << i.code << ", " << int{i.jt} << ", " << int{i.jf} << ", " << i.k << "U},\n";
  out << "};\nconstexpr FilterRow " << group.name << "_rows[] = {\n";
  for (const auto& row : group.rows)
    out << "    {" << literal(row.syscall) << ", " << literal(row.condition) << ", " << literal(row.action)
        << ",\n     " << literal(row.reason) << ",\n     " << literal(row.reference) << "},\n";
  out << "};\nconstexpr FilterGroup " << group.name << "_group{" << literal(group.name) << ", " << group.name
      << "_program, " << group.name << "_rows};\n}  // namespace\n\n"
      << "const FilterGroup& " << group.name << "_filter() noexcept { return " << group.name << "_group; }\n\n";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) fail("usage", "compile_filters OUTPUT.cc NAME=ROWS.toml[+ROWS.toml...]...");
  std::ofstream out(argv[1]);
  out << "// Made by tools/compile_filters.cc.\n#include \"fence/seccomp/seccomp.h\"\n\nnamespace fence {\n\n";
  for (int i = 2; i < argc; ++i) write_group(out, read_group(argv[i]));
  out << "}  // namespace fence\n";
  if (!out.flush()) fail(argv[1], "cannot be written");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "compile_filters: %s\n", error.what());
  return 1;
}
