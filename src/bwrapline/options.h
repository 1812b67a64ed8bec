#pragma once
// The table of all options: parser and help are made from it.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fence/bwrapline/parse.h"

namespace fence::bwrapline {

class Parser;
struct Option;
using Operands = std::span<const std::string>;
/// Nothing: it goes on.
using Stop = std::optional<Outcome>;

struct Option {
  std::string_view name;
  std::string_view operands;  ///< as in the help: "SRC DEST"; as many words as are taken
  std::string_view lacking;   ///< "takes two arguments"
  std::string_view help;
  Stop (*apply)(Parser& parser, const Option& option, Operands operands);
  /// Named where operands are missing, if that is another option.
  std::string_view lacking_name{};
  /// --perms and --size: what is pending stays pending after it.
  bool modifier = false;
};

std::span<const Option> options() noexcept;
/// Null where there is none.
const Option* find_option(std::string_view name) noexcept;
std::size_t operand_count(const Option& option) noexcept;

}  // namespace fence::bwrapline
