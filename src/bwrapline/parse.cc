#include <cstring>

#include "fence/util/text.h"
#include "parser.h"

namespace fence::bwrapline {
namespace {

// Those of the command and of all files count too.
constexpr std::size_t kMaxWords = 9000;

// One NUL ends a word; the last word may lack it.
std::vector<std::string> words_of(std::string_view bytes) {
  if (!bytes.empty() && bytes.back() == '\0')
    bytes.remove_suffix(1);
  else if (bytes.empty())
    return {};
  return split(bytes, '\0');
}

}  // namespace

std::size_t operand_count(const Option& option) noexcept {
  std::size_t count = option.operands.empty() ? 0 : 1;
  for (const char c : option.operands) count += c == ' ' ? 1 : 0;
  return count;
}

Stop Parser::pend_mode(std::uint32_t mode) {
  if (mode_) return refuse("--perms given twice for the same action");
  mode_ = mode;
  return {};
}

Stop Parser::pend_size(std::uint64_t bytes) {
  if (size_) return refuse("--size given twice for the same action");
  size_ = bytes;
  return {};
}

std::uint32_t Parser::take_mode(std::uint32_t otherwise) {
  const std::uint32_t mode = mode_.value_or(otherwise);
  mode_.reset();
  return mode;
}

void Parser::add_with_mode(const std::string& place, Action action, std::uint32_t mode) {
  std::uint32_t parents = 0755;
  if ((mode & 0070U) == 0) parents &= ~0050U;
  if ((mode & 0007U) == 0) parents &= ~0005U;
  out.ops.push_back({place, std::move(action), parents});
}

Stop Parser::check_pending(const Option& option) const {
  if (option.modifier) return {};
  if (mode_) return refuse("--perms must be followed by an option that creates a file");
  if (size_) return refuse("--size must be followed by --tmpfs");
  return {};
}

Stop Parser::check_count() const {
  if (words_ <= kMaxWords) return {};
  return refuse("Exceeded maximum number of arguments " + std::to_string(kMaxWords));
}

Stop Parser::read_options(Operands words, Where where, Operands& rest) {
  const bool before = std::exchange(in_file_, where == Where::File);
  while (!words.empty() && words[0].starts_with('-')) {
    const std::string& word = words[0];
    if (word == "--") {
      words = words.subspan(1);
      break;
    }
    const Option* const option = find_option(word);
    if (option == nullptr) return refuse("Unknown option " + word);
    const std::size_t count = operand_count(*option);
    if (words.size() <= count) {
      const std::string_view name = option->lacking_name.empty() ? option->name : option->lacking_name;
      return refuse(std::string(name) + " " + std::string(option->lacking));
    }
    if (Stop stop = option->apply(*this, *option, words.subspan(1, count))) return stop;
    if (Stop stop = check_pending(*option)) return stop;
    if (!lower.empty() && word != "--overlay-src") {
      return refuse(
          "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, or "
          "--ro-overlay");
    }
    words = words.subspan(count + 1);
  }
  rest = words;
  in_file_ = before;
  return {};
}

Stop Parser::read_words(int fd) {
  if (in_file_) return refuse("--args not supported in arguments file");
  const auto bytes = read_all_(fd);
  if (!bytes) return refuse(std::string("Can't read --args data: ") + strerrordesc_np(bytes.error()));
  const std::vector<std::string> words = words_of(*bytes);
  words_ += words.size();
  if (Stop stop = check_count()) return stop;
  Operands rest;
  return read_options(words, Where::File, rest);
}

Parsed Parser::parse(Operands words) {
  words_ = words.size();
  Operands rest;
  const auto read = [&]() -> Outcome {
    if (Stop stop = check_count()) return *std::move(stop);
    if (Stop stop = read_options(words, Where::CommandLine, rest)) return *std::move(stop);
    if (!lower.empty()) {
      return refuse(
          "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, or "
          "--ro-overlay");
    }
    out.command.assign(rest.begin(), rest.end());
    return std::move(out);
  };
  Outcome outcome = words.empty() ? Outcome(NoCommand{}) : read();
  return {std::move(warnings_), std::move(outcome)};
}

Parsed parse(std::span<const std::string> words, std::vector<std::string> environment, const ReadAll& read_all) {
  return Parser(std::move(environment), read_all).parse(words);
}

std::string to_line(const Message& message) {
  const std::string prefix =
      message.level_prefix ? "<" + std::to_string(static_cast<unsigned>(message.severity)) + ">" : "";
  return prefix + "bwrap: " + message.text + "\n";
}

}  // namespace fence::bwrapline
