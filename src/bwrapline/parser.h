#pragma once
// The state between two words.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace fence::bwrapline {

class Parser {
 public:
  Parser(std::vector<std::string> environment, const ReadAll& read_all) : read_all_(read_all) {
    out.environment = std::move(environment);
  }

  Parsed parse(Operands words);
  /// The words of a file: --args.
  Stop read_words(int fd);

  Outcome refuse(std::string text) const {
    return Message{Message::Severity::Fatal, std::move(text), out.level_prefix};
  }
  void warn(std::string text) { warnings_.push_back({Message::Severity::Warning, std::move(text), out.level_prefix}); }
  /// Says that `option` was given before.
  void warn_again(const Option& option) {
    warn("Only the last " + std::string(option.name) + " option will take effect");
  }
  Result<std::string, int> read_all(int fd) const { return read_all_(fd); }

  Stop pend_mode(std::uint32_t mode);
  Stop pend_size(std::uint64_t bytes);
  /// What --perms said last, or `otherwise`; it is not pending any more.
  std::uint32_t take_mode(std::uint32_t otherwise);
  std::optional<std::uint64_t> take_size() { return std::exchange(size_, std::nullopt); }

  void add(const std::string& place, Action action) { out.ops.push_back({place, std::move(action)}); }
  /// An op that --perms is for.
  void add_with_mode(const std::string& place, Action action, std::uint32_t mode);

  Invocation out{};
  std::vector<std::string> lower{};  ///< pending --overlay-src

 private:
  enum class Where : std::uint8_t { CommandLine, File };
  /// `rest`: what follows the options.
  Stop read_options(Operands words, Where where, Operands& rest);
  Stop check_pending(const Option& option) const;
  Stop check_count() const;

  const ReadAll& read_all_;
  std::vector<Message> warnings_;
  std::size_t words_ = 0;
  bool in_file_ = false;
  std::optional<std::uint32_t> mode_;
  std::optional<std::uint64_t> size_;
};

// ---- operands ----------------------------------------------------------------------------------------------------

/// As strtol(3) reads it, cut to an int; nothing where it is none or negative.
std::optional<int> read_number(const std::string& word);
std::optional<std::uint32_t> read_mode(const std::string& word);
std::optional<std::uint64_t> read_size(const std::string& word);
/// The number of a capability by its libcap name in any case ("cap_chown") or by number; nothing where there is none.
std::optional<unsigned> read_capability(std::string_view word);

/// Like setenv(3), unsetenv(3); false where `name` is none.
bool set_variable(std::vector<std::string>& environment, const std::string& name, const std::string& value);
bool unset_variable(std::vector<std::string>& environment, const std::string& name);

}  // namespace fence::bwrapline
