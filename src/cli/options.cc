#include "fence/cli/options.h"

#include <algorithm>
#include <map>
#include <set>

#include "fence/config/config.h"
#include "fence/util/text.h"

namespace fence {
namespace {

Origin option_origin(std::string source) { return {.layer = LayerKind::CommandLine, .source = std::move(source)}; }

/// A variable's name by environ(7): not empty, no '='. (A NUL cannot be in a word.)
Value variable_value(std::string_view text, const Origin& origin) {
  const auto equals = text.find('=');
  Value value{std::string(text.substr(0, equals)), origin};
  if (equals == std::string_view::npos) return {ValueArray{std::move(value)}, origin};
  return {ValueTable{{std::string(text.substr(0, equals)), origin, {std::string(text.substr(equals + 1)), origin}}},
          origin};
}

struct SubcommandRow {
  std::string_view word;
  Subcommand subcommand;
  std::string_view synopsis;
};
constexpr SubcommandRow kSubcommands[] = {
    {"plan", Subcommand::Plan, "fence plan [options] [--] COMMAND [ARGUMENTS...]"},
    {"profiles", Subcommand::ListProfiles, "fence profiles [list | show NAME]"},
    {"settings", Subcommand::ShowSettings, "fence settings [show | check [FILE] | keys | path]"},
    {"init", Subcommand::Init, "fence init"},
};

/// What may follow a subcommand that takes no command: nothing, a verb, or a verb and one more word.
struct WordsRow {
  std::string_view subcommand;
  std::string_view verb;  ///< "": none
  std::size_t more = 0;   ///< words after the verb
  Subcommand means;

  [[nodiscard]] bool matches(const std::vector<std::string>& words) const {
    if (verb.empty()) return words.size() == 1;
    return words.size() == 2 + more && words[1] == verb;
  }
};
constexpr WordsRow kWords[] = {
    {"profiles", "", 0, Subcommand::ListProfiles},       {"profiles", "list", 0, Subcommand::ListProfiles},
    {"profiles", "show", 1, Subcommand::ShowProfile},    {"settings", "", 0, Subcommand::ShowSettings},
    {"settings", "show", 0, Subcommand::ShowSettings},   {"settings", "check", 0, Subcommand::CheckSettings},
    {"settings", "check", 1, Subcommand::CheckSettings}, {"settings", "keys", 0, Subcommand::ListKeys},
    {"settings", "path", 0, Subcommand::ListPlaces},     {"init", "", 0, Subcommand::Init},
};

/// Reads the words one by one; keeps going after an error.
class Parser {
 public:
  explicit Parser(std::span<const std::string> words) : words_(words) {}

  ParsedCommandLine run() {
    while (at_ < words_.size() && !command_started_) read_word(words_[at_++]);
    line_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    finish();
    const bool informs = line_.subcommand == Subcommand::Help || line_.subcommand == Subcommand::Version;
    if (informs) errors_.clear();
    return {std::move(line_), std::move(errors_)};
  }

 private:
  void read_word(const std::string& word) {
    if (word == "--") {
      command_started_ = true;
      if (takes_words()) usage("`fence " + words_of_subcommand_.front() + "` takes no command");
    } else if (word.starts_with("--")) {
      const auto equals = word.find('=');
      std::optional<std::string> value;
      if (equals != std::string::npos) value = word.substr(equals + 1);
      read_long(word.substr(0, equals), std::move(value));
    } else if (word.size() > 1 && word.front() == '-') {
      read_letters(word);
    } else {
      read_plain(word);
    }
  }

  void read_long(const std::string& name, std::optional<std::string> joined) {
    const auto table = options_table();
    const auto row = std::ranges::find(table, name, &OptionRow::name);
    if (row == table.end()) return unknown(name);
    if (row->value.empty() && joined) {
      usage("option " + name + " takes no value");
    } else if (row->value.empty()) {
      apply(*row, {});
    } else if (joined) {
      apply(*row, *joined);
    } else {
      apply_next(*row);
    }
  }

  /// "-v", "-vw PATH" and "-wPATH", as getopt(3) reads them.
  void read_letters(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto table = options_table();
      const auto row = std::ranges::find(table, word[i], &OptionRow::letter);
      if (row == table.end()) return unknown("-" + word.substr(i, 1));
      if (row->value.empty()) {
        apply(*row, {});
      } else if (i + 1 < word.size()) {
        return apply(*row, word.substr(i + 1));
      } else {
        return apply_next(*row);
      }
    }
  }

  /// The value stands in the next word. One that looks like an option is taken for a forgotten value, not for a value.
  void apply_next(const OptionRow& row) {
    const std::string name(row.name);
    const bool there = at_ < words_.size();
    if (there && (words_[at_].size() < 2 || words_[at_].front() != '-')) return apply(row, words_[at_++]);
    usage("option " + name + " needs a value: " + std::string(row.value),
          there ? "a value that starts with '-' is written " + name + "=" + escape_bytes(words_[at_]) : "");
  }

  void apply(const OptionRow& row, const std::string& value) {
    const std::string name(row.name);
    const Origin origin = option_origin(name);
    if (!seen_.insert(row.name).second && !row.repeatable) {
      usage("option " + name + " is given twice");
      return;
    }
    if (row.plan_only) plan_only_.push_back(row.name);
    std::visit(Overloaded{
                   [&](const SetsSetting& effect) { store_setting(effect, value, origin); },
                   [&](const SetsNamedSetting&) { store_assignment(value); },
                   [&](const SetsField& effect) { effect.store(line_, value, origin, errors_); },
               },
               row.effect);
  }

  void store_setting(const SetsSetting& effect, const std::string& value, const Origin& origin) {
    switch (effect.as) {
      case SetsSetting::As::Text:
        return put(effect.key, {value, origin});
      case SetsSetting::As::ListEntry:
        return put(effect.key, {ValueArray{{value, origin}}, origin});
      case SetsSetting::As::True:
        return put(effect.key, {true, origin});
      case SetsSetting::As::False:
        return put(effect.key, {false, origin});
      case SetsSetting::As::Variable:
        if (value.empty() || value.front() == '=') {
          usage("cannot use " + in_quotes(value) + ": a variable's name stands before the '='",
                "--env NAME or --env NAME=VALUE");
          return;
        }
        put(value.find('=') == std::string::npos ? "environment.pass" : "environment.set",
            variable_value(value, origin));
        return;
    }
  }

  void store_assignment(const std::string& text) {
    const Origin origin = option_origin("--set " + escape_bytes(text.substr(0, text.find('='))));
    auto entry = parse_assignment(text, origin);
    if (!entry) {
      for (Error& error : entry.error()) error.kind = ErrorKind::Usage;
      std::ranges::move(entry.error(), std::back_inserter(errors_));
      return;
    }
    put(entry->key, std::move(entry->value));
  }

  /// Lists and tables grow; a single value that two options give is a contradiction.
  void put(std::string_view key, Value value) {
    const bool grows = std::holds_alternative<ValueArray>(value.data) || std::holds_alternative<ValueTable>(value.data);
    if (!grows) {
      const auto [before, fresh] = single_values_.try_emplace(std::string(key), value.origin);
      if (!fresh) {
        usage("options " + to_string(before->second) + " and " + to_string(value.origin) + " both set " +
              std::string(key));
        return;
      }
    }
    put_value(line_.settings, key, std::move(value));
  }

  void read_plain(const std::string& word) {
    const auto* row = std::ranges::find(kSubcommands, word, &SubcommandRow::word);
    if (takes_words()) {
      words_of_subcommand_.push_back(word);
    } else if (!subcommand_seen_ && row != std::end(kSubcommands)) {
      subcommand_seen_ = true;
      words_of_subcommand_ = {word};
      if (line_.subcommand == Subcommand::Run) line_.subcommand = row->subcommand;
    } else {
      command_started_ = true;
      --at_;
    }
  }

  /// A subcommand that has words of its own and no command.
  [[nodiscard]] bool takes_words() const { return subcommand_seen_ && words_of_subcommand_.front() != "plan"; }

  void unknown(const std::string& name) {
    std::vector<std::string_view> names;
    for (const OptionRow& row : options_table()) names.push_back(row.name);
    const auto meant = did_you_mean(name, names);
    usage("unknown option " + escape_bytes(name), meant ? "did you mean " + *meant + "?" : "`fence --help` lists them");
    unknown_seen_ = true;
  }

  void usage(std::string what, std::string hint = {}) {
    errors_.push_back({.kind = ErrorKind::Usage, .what = std::move(what), .hint = std::move(hint)});
  }

  void finish() {
    if (line_.subcommand != Subcommand::Plan) {
      for (const std::string_view name : plan_only_) refuse_plan_option(name);
    }
    if (takes_words()) return finish_words();
    // After an unknown option nobody can tell whether a word was its value or the command.
    if (line_.command.empty() && !unknown_seen_) {
      usage("no command is given", "fence [options] [--] COMMAND [ARGUMENTS...]");
    } else if (!line_.command.empty() && line_.command.front().empty()) {
      usage("the command's name is empty");
    }
  }

  void refuse_plan_option(std::string_view name) {
    usage("option " + std::string(name) + " belongs to `fence plan`",
          name == "--facts" ? "facts of another time or place are planned for, never run with"
                            : "fence plan " + std::string(name) + " ... COMMAND");
  }

  void finish_words() {
    const auto& words = words_of_subcommand_;
    for (const WordsRow& row : kWords) {
      if (words.front() != row.subcommand || !row.matches(words)) continue;
      if (line_.subcommand != Subcommand::Help && line_.subcommand != Subcommand::Version) line_.subcommand = row.means;
      if (words.size() > 2) store_word(row.means, words[2]);
      return;
    }
    std::string text = "fence";
    for (const std::string& word : words) text += " " + escape_bytes(word);
    usage("cannot read `" + text + "`",
          std::string(std::ranges::find(kSubcommands, words.front(), &SubcommandRow::word)->synopsis));
  }

  /// The one word that may follow.
  void store_word(Subcommand subcommand, const std::string& word) {
    if (subcommand == Subcommand::ShowProfile) {
      line_.profile = word;
    } else if (line_.settings_file) {
      usage("`fence settings check " + escape_bytes(word) + "` and --settings both name a file",
            "leave one of them out");
    } else {
      line_.settings_file = word;
    }
  }

  std::span<const std::string> words_;
  std::size_t at_ = 0;
  bool command_started_ = false;
  bool subcommand_seen_ = false;
  bool unknown_seen_ = false;
  std::set<std::string_view> seen_;
  std::vector<std::string_view> plan_only_;
  std::vector<std::string> words_of_subcommand_;  ///< its own name first
  std::map<std::string, Origin> single_values_;
  CommandLine line_;
  Errors errors_;
};

}  // namespace

ParsedCommandLine parse_command_line(std::span<const std::string> words) { return Parser(words).run(); }

}  // namespace fence
