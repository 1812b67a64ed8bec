// Every option of fence, once.
#include <algorithm>
#include <array>

#include "fence/cli/options.h"
#include "fence/util/text.h"

namespace fence {
namespace {

template <class Enum>
struct Word {
  std::string_view word;
  Enum value;
};
constexpr Word<PlanFormat> kPlanFormats[] = {
    {"text", PlanFormat::Text}, {"json", PlanFormat::Json}, {"bwrap", PlanFormat::Bwrap}, {"facts", PlanFormat::Facts}};
constexpr Word<LogFormat> kLogFormats[] = {{"text", LogFormat::Text}, {"json", LogFormat::Json}};

Error bad_value(std::string_view value, std::string why, const Origin& origin) {
  return {.kind = ErrorKind::Usage,
          .what = "cannot use \"" + escape_bytes(value) + "\"",
          .why = std::move(why),
          .origin = origin};
}

template <class Enum>
void store_word(Enum& out, std::span<const Word<Enum>> words, std::string_view value, const Origin& origin,
                Errors& errors) {
  if (const auto found = std::ranges::find(words, value, &Word<Enum>::word); found != words.end()) {
    out = found->value;
    return;
  }
  std::vector<std::string> known;
  for (const Word<Enum>& each : words) known.emplace_back(each.word);
  errors.push_back(bad_value(value, "it must be " + join_words(known, " or "), origin));
}

void store_descriptor(CommandLine& line, std::string_view value, const Origin& origin, Errors& errors) {
  const auto number = parse_number<int>(value);
  if (!number || *number < 0) {
    errors.push_back(bad_value(value, "it must be the number of an open descriptor", origin));
    return;
  }
  line.keep_descriptors.push_back({*number, origin});
}

using As = SetsSetting::As;
using Text = std::string_view;

constexpr OptionRow kOptions[] = {
    // What the command may see and do.
    {.name = "--allow-read",
     .letter = 'r',
     .value = "PATH",
     .repeatable = true,
     .effect = SetsSetting{"filesystem.allowRead", As::ListEntry},
     .help = "let the command read PATH"},
    {.name = "--allow-write",
     .letter = 'w',
     .value = "PATH",
     .repeatable = true,
     .effect = SetsSetting{"filesystem.allowWrite", As::ListEntry},
     .help = "let the command read and write PATH"},
    {.name = "--deny-read",
     .value = "PATH",
     .repeatable = true,
     .effect = SetsSetting{"filesystem.denyRead", As::ListEntry},
     .help = "hide PATH"},
    {.name = "--deny-write",
     .value = "PATH",
     .repeatable = true,
     .effect = SetsSetting{"filesystem.denyWrite", As::ListEntry},
     .help = "make PATH read-only"},
    {.name = "--net",
     .value = "MODE",
     .effect = SetsSetting{"network.mode", As::Text},
     .help = "none (a network of its own with loopback only) or host"},
    {.name = "--env",
     .value = "NAME[=VALUE]",
     .repeatable = true,
     .effect = SetsSetting{"environment", As::Variable},
     .help = "pass the variable NAME on, or set it to VALUE"},
    {.name = "--keep-fd",
     .value = "FD",
     .repeatable = true,
     .effect = SetsField{store_descriptor},
     .help = "leave descriptor FD open; those that words like /dev/fd/FD name stay open by themselves"},
    {.name = "--nesting", .effect = SetsSetting{"nesting", As::True}, .help = "allow user namespaces inside"},
    // How it runs.
    {.name = "--directory",
     .letter = 'C',
     .value = "DIR",
     .effect = SetsField{[](CommandLine& line, Text value, const Origin& origin, Errors&) {
       line.directory = Sourced<std::string>{std::string(value), origin};
     }},
     .help = "start the command in DIR instead of the working directory"},
    {.name = "--force-new-session",
     .effect = SetsSetting{"forceNewSession", As::True},
     .help = "run the command in a new session, without a controlling terminal"},
    {.name = "--no-force-new-session",
     .effect = SetsSetting{"forceNewSession", As::False},
     .help = "keep the session, whatever the settings say"},
    {.name = "--terminal",
     .value = "MODE",
     .effect = SetsSetting{"terminal.mode", As::Text},
     .help = "which terminal the command gets: private, shared or auto"},
    {.name = "--backend",
     .value = "NAME",
     .effect = SetsSetting{"backend", As::Text},
     .help = "what carries the plan out: auto, native, bwrap or landlock"},
    // Where wishes come from.
    {.name = "--profile",
     .letter = 'p',
     .value = "NAME",
     .repeatable = true,
     .effect = SetsSetting{"profile", As::ListEntry},
     .help = "use this profile instead of those of the settings; `fence profiles` lists them"},
    {.name = "--set",
     .value = "KEY=VALUE",
     .repeatable = true,
     .effect = SetsNamedSetting{},
     .help = "set any settings key; VALUE is TOML, or else a string"},
    {.name = "--settings",
     .value = "FILE",
     .effect = SetsField{[](CommandLine& line, Text value, const Origin&, Errors&) { line.settings_file = value; }},
     .help = "read FILE instead of the user's settings.toml"},
    {.name = "--no-settings",
     .effect = SetsField{[](CommandLine& line, Text, const Origin&, Errors&) { line.no_settings = true; }},
     .help = "read neither the user's settings.toml nor the project's .fence.toml"},
    {.name = "--trust-project",
     .effect = SetsField{[](CommandLine& line, Text, const Origin&, Errors&) { line.trust_project = true; }},
     .help = "let the project's .fence.toml set anything, not only restrict"},
    // fence plan.
    {.name = "--format",
     .value = "FORMAT",
     .plan_only = true,
     .effect = SetsField{[](CommandLine& line, Text value, const Origin& origin, Errors& errors) {
       store_word<PlanFormat>(line.format, kPlanFormats, value, origin, errors);
     }},
     .help = "how `fence plan` prints: text, json, bwrap (a line for a shell) or facts"},
    {.name = "--save",
     .value = "FILE",
     .plan_only = true,
     .effect = SetsField{[](CommandLine& line, Text value, const Origin&, Errors&) { line.save = value; }},
     .help = "write the plan into FILE instead of standard output"},
    {.name = "--facts",
     .value = "FILE",
     .plan_only = true,
     .effect = SetsField{[](CommandLine& line, Text value, const Origin&, Errors&) { line.facts_file = value; }},
     .help = "plan for the host that FILE, made by `--format facts`, describes"},
    // What is said.
    {.name = "--verbose",
     .letter = 'v',
     .repeatable = true,
     .effect = SetsField{[](CommandLine& line, Text, const Origin&, Errors&) { line.verbose = true; }},
     .help = "say what is read, asked and decided"},
    {.name = "--log-format",
     .value = "FORMAT",
     .effect = SetsField{[](CommandLine& line, Text value, const Origin& origin, Errors& errors) {
       store_word<LogFormat>(line.log_format, kLogFormats, value, origin, errors);
     }},
     .help = "how messages are written on standard error: text, or json (one object a line)"},
    {.name = "--help",
     .letter = 'h',
     .repeatable = true,
     .effect = SetsField{[](CommandLine& line, Text, const Origin&, Errors&) { line.subcommand = Subcommand::Help; }},
     .help = "show this and end"},
    {.name = "--version",
     .repeatable = true,
     .effect =
         SetsField{[](CommandLine& line, Text, const Origin&, Errors&) { line.subcommand = Subcommand::Version; }},
     .help = "show the version and end"},
};

}  // namespace

std::span<const OptionRow> options_table() noexcept { return kOptions; }

}  // namespace fence
