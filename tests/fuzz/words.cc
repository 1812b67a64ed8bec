// Command lines: fence's own, and bubblewrap's with its files of words. Words are separated by newlines, so that a
// corpus can be read.
#include <algorithm>
#include <cerrno>

#include "fence/bwrapline/failure.h"
#include "fence/bwrapline/parse.h"
#include "fence/cli/options.h"
#include "targets.h"

namespace fence::fuzz {
namespace {

// The words of a process are C strings.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : parts(text, "\n")) words.emplace_back(word.c_str());
  return words;
}

bool can_be_shown(const std::string& text) {
  return !text.empty() && text.find('\0') == std::string::npos && text.find('\033') == std::string::npos;
}

void check_settled(const Result<bwrapline::Invocation, bwrapline::Message>& settled, std::uint32_t uid) {
  if (!settled) return require(!settled.error().text.empty(), "a refusal says why");
  require(settled->uid.has_value() && settled->gid.has_value(), "ids are settled");
  require(uid == 0 || settled->namespaces.user || settled->descriptors.userns != -1,
          "who is not root has a user namespace");
}

}  // namespace

// The first part is the words, the others are what the descriptors 3, 4, ... hold (--args, --seccomp).
void bwrap_words(std::string_view bytes) {
  const auto inputs = parts(bytes, "\n===\n");
  const auto words = words_of(inputs.front());
  const auto read_all = [&](int fd) -> Result<std::string, int> {
    if (fd < 3 || static_cast<std::size_t>(fd) - 3 >= inputs.size() - 1) return EBADF;
    // In a corpus words are lines; in a file of words each ends with a NUL.
    std::string content = inputs[static_cast<std::size_t>(fd) - 2];
    std::ranges::replace(content, '\n', '\0');
    return content;
  };
  const bwrapline::Parsed parsed = bwrapline::parse(words, {"A=1", "PATH=/bin"}, read_all);
  for (const auto& warning : parsed.warnings) require(!warning.text.empty(), "a warning says something");
  if (const auto* refusal = std::get_if<bwrapline::Message>(&parsed.outcome)) {
    require(!refusal->text.empty(), "a refusal says why");
  }
  const auto* made = std::get_if<bwrapline::Invocation>(&parsed.outcome);
  if (made == nullptr) return;
  require(
      made->command.size() <= words.size() && std::equal(made->command.rbegin(), made->command.rend(), words.rbegin()),
      "the command is what the words end with");
  for (const auto& op : made->ops) require((op.parents_mode & ~0755U) == 0U, "parents are never open to others");
  for (const std::uint32_t uid : {0U, 1000U}) check_settled(bwrapline::settle(*made, {uid, uid, true, true}), uid);
}

void option_words(std::string_view bytes) {
  const auto words = words_of(bytes);
  const ParsedCommandLine parsed = parse_command_line(words);
  for (const Error& error : parsed.errors) require(can_be_shown(to_string(error)), "an error can be shown");
  if (!parsed.errors.empty()) return;
  const auto& line = parsed.line;
  const bool runs = line.subcommand == Subcommand::Run || line.subcommand == Subcommand::Plan;
  require(!runs || !line.command.empty(), "there is a command to run");
  if (runs) {
    require(
        line.command.size() <= words.size() && std::equal(line.command.rbegin(), line.command.rend(), words.rbegin()),
        "the command is what the words end with");
  }
}

}  // namespace fence::fuzz
