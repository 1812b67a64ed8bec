// Texts that others write: settings, facts, git's and the kernel's files, patterns, what a command prints.
#include <cstring>

#include "fence/config/config.h"
#include "fence/facts/facts.h"
#include "fence/plan/git_config.h"
#include "fence/policy/settings_table.h"
#include "fence/seccomp/seccomp.h"
#include "fence/util/glob.h"
#include "fence/util/mountinfo.h"
#include "fence/util/text.h"
#include "mount_table.h"
#include "output_watch.h"
#include "parse.h"
#include "targets.h"

namespace fence::fuzz {
namespace {

void check_errors(const Errors& errors) {
  require(!errors.empty(), "a refusal says why");
  for (const Error& error : errors) {
    const std::string text = to_string(error);
    require(!text.empty() && text.find('\033') == std::string::npos, "an error can be shown");
    require(error.kind != ErrorKind::Internal, text);
  }
}

/// What a watch has seen of `bytes`, given in pieces of that size.
std::uint32_t modes_seen(std::string_view bytes, std::size_t piece, bool& asked) {
  launch::OutputWatch watch;
  for (std::size_t at = 0; at < bytes.size(); at += piece) watch.look(bytes.substr(at, piece));
  asked = watch.asked();
  return watch.changed_modes();
}

}  // namespace

void settings(std::string_view bytes) {
  const auto values = parse_toml(bytes, "settings.toml", LayerKind::User);
  if (!values) return check_errors(values.error());
  const ExpansionContext context{.base = *HostPath::parse("/home/ann/.config/fence"),
                                 .variable = [](auto) { return nullptr; },
                                 .home = "/home/ann"};
  const auto layer = read_layer(LayerKind::User, "settings.toml", *values, context);
  if (!layer) return check_errors(layer.error());
  const std::vector<SettingsLayer> layers{*layer};
  for (const Error& error : check_authority(layers)) require(!to_string(error).empty(), "an error can be shown");
  merge(layers);
}

// What is read is written so that it is read again as the same.
void facts(std::string_view bytes) {
  const auto first = parse_facts(bytes);
  if (!first) return require(!to_string(first.error()).empty(), "a refusal says why");
  const auto again = parse_facts(dump_facts(*first, true));
  require(again.has_value(), "what was dumped can be read");
  require(*again == *first, "facts survive");
}

void git_config(std::string_view bytes) {
  for (const GitConfigEntry& entry : parse_git_config(bytes)) {
    require(!entry.key.empty(), "a variable has a name");
    require(entry.value.size() <= bytes.size(), "a value is part of the text");
  }
}

// A pattern in the first line, paths in the others.
void patterns(std::string_view bytes) {
  const auto lines = parts(bytes, "\n");
  const std::string& pattern = lines.front();
  if (pattern_fault(pattern)) return;
  const auto components = parse_pattern(pattern);
  require(!components.empty(), "a pattern has components");
  for (const std::string& path : lines) {
    const bool matches = pattern_matches(pattern, path);
    // Without a pattern character it is a name.
    require(has_pattern(pattern) || !matches || path == pattern, "a name matches itself only");
  }
}

void kernel_texts(std::string_view bytes) {
  for (const IdExtent& extent : parse_id_map(bytes)) require(extent.count <= ~0U, "an extent has a count");
  for (const HostPath& socket : parse_bound_sockets(bytes)) require(socket.text().starts_with('/'), "a path socket");
  for (const std::string& option : parse_help_options(bytes)) require(option.starts_with("--"), "an option");
  const auto mounts = parse_mountinfo(bytes);
  const HostPath top = *HostPath::parse("/home/ann");
  mount_of(mounts, top);
  for (const HostPath& point : mount_points_below(mounts, top)) require(top.contains(point), "below");
  for (const bool wsl : {false, true}) windows_drives(mounts, wsl);
  passwd_has_uid(bytes, 1000);
  if (const auto lines = launch::parse_mountinfo(bytes)) {
    require(launch::reachable_mounts(*lines).size() <= lines->size(), "no mount is invented");
  }
}

// A program of instructions, and behind it what remains as a call.
void system_call_filter(std::string_view bytes) {
  SyscallData call;
  if (bytes.size() < sizeof call) return;
  std::memcpy(&call, bytes.data(), sizeof call);
  bytes.remove_prefix(sizeof call);
  std::vector<BpfInstruction> program(bytes.size() / sizeof(BpfInstruction));
  if (!program.empty()) std::memcpy(program.data(), bytes.data(), program.size() * sizeof(BpfInstruction));
  const std::uint32_t verdict = evaluate_filter(program, call);
  require(evaluate_filter(program, call) == verdict, "a filter has no memory");
  require(filter_bytes(program).size() == program.size() * sizeof(BpfInstruction), "nothing of a program is lost");
}

void terminal_output(std::string_view bytes) {
  bool asked = false, asked_in_pieces = false;
  const std::uint32_t whole = modes_seen(bytes, bytes.size() + 1, asked);
  for (const std::size_t piece : {1U, 2U, 7U}) {
    require(modes_seen(bytes, piece, asked_in_pieces) == whole, "where output is cut changes nothing");
    require(asked_in_pieces == asked, "where output is cut changes no question");
  }
  bool left = false;
  const std::string undo = launch::undo_text(whole);
  require(undo.empty() == (whole == 0), "what was changed is undone");
  require((modes_seen(std::string(bytes) + "\x18" + undo, bytes.size() + undo.size() + 2, left)) == 0, "all is undone");
  std::string out;
  for (std::string_view rest = bytes; !rest.empty();) {
    const launch::Piece piece = launch::next_cooked_piece(rest, true);
    require(piece.write + piece.skip > 0 && piece.write + piece.skip <= rest.size(), "it goes on");
    out += rest.substr(0, piece.write);
    rest.remove_prefix(piece.write + piece.skip);
  }
  std::string expected;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != '\r' || at + 1 == bytes.size() || bytes[at + 1] != '\n') expected += bytes[at];
  }
  require(out == expected, "only the terminal's own carriage returns are left out");
}

}  // namespace fence::fuzz
