// What people read about the options and settings, made from the two tables.
#include "fence/cli/options.h"
#include "fence/policy/settings_table.h"

namespace fence {
namespace {

/// The column at which --help explains an option.
constexpr std::size_t kHelpColumn = 30;

std::string spelling(const OptionRow& row) {
  std::string out = row.letter != 0 ? std::string{'-', row.letter, ',', ' '} : "    ";
  out += row.name;
  if (!row.value.empty()) out += " " + std::string(row.value);
  return out;
}

std::string help_line(const OptionRow& row) {
  std::string out = "  " + spelling(row);
  if (out.size() + 2 > kHelpColumn) out += "\n" + std::string(kHelpColumn, ' ');
  if (out.size() < kHelpColumn) out.resize(kHelpColumn, ' ');
  return out + std::string(row.help) + "\n";
}

/// Text for a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string effect_text(const OptionRow& row) {
  return std::visit(Overloaded{
                        [](const SetsSetting& effect) { return code(effect.key); },
                        [](const SetsNamedSetting&) { return std::string("the key it names"); },
                        [](const SetsField&) { return std::string(); },
                    },
                    row.effect);
}

}  // namespace

std::string usage_text() {
  return "Usage: fence [options] [--] COMMAND [ARGUMENTS...]\n"
         "       fence plan [options] [--] COMMAND [ARGUMENTS...]\n"
         "       fence profiles [list | show NAME]\n"
         "       fence settings [show | check [FILE] | keys | path]\n"
         "       fence init\n";
}

std::string help_text() {
  std::string out = usage_text();
  out +=
      "\nRuns COMMAND in a sandbox. `fence plan` shows what would be done and why, and runs nothing.\n"
      "`fence settings` shows the settings in force and who set them, checks them, explains the keys, or\n"
      "tells where settings are read from; `fence init` writes a commented settings.toml.\n"
      "Options end at the first word that is not one, or at --; a command named like a subcommand is\n"
      "run with `fence -- plan`.\n\nOptions:\n";
  for (const OptionRow& row : options_table()) {
    if (!row.plan_only) out += help_line(row);
  }
  out += "\nOptions of `fence plan`:\n";
  for (const OptionRow& row : options_table()) {
    if (row.plan_only) out += help_line(row);
  }
  out +=
      "\nExit status: the command's own; 128+N when signal N ended it; 124 when limits.wallTime was over;\n"
      "125 when fence refused or failed and nothing was run; 126 when the command cannot be executed; 127 when\n"
      "it is not found.\n";
  return out;
}

std::string options_page() {
  std::string out =
      "# Options\n\n"
      "Made from the table in `src/cli/options_table.cc`. Options end at the first word that is not one, or at `--`.\n"
      "What an option sets beats every settings file. An option that is not repeatable may stand once.\n\n"
      "| option | value | repeatable | sets | meaning |\n|---|---|---|---|---|\n";
  for (const OptionRow& row : options_table()) {
    const std::string letter = row.letter != 0 ? code(std::string{'-', row.letter}) + ", " : "";
    out += "| " + letter + code(row.name) + " | " + code(row.value) + " | " + (row.repeatable ? "yes" : "") + " | " +
           effect_text(row) + " | " + cell(row.help) + (row.plan_only ? " (only with `fence plan`)" : "") + " |\n";
  }
  return out;
}

std::string settings_page() {
  std::string out =
      "# Settings\n\n"
      "Made from the table in `src/policy/settings_table.cc`. Settings are read from these places; a later one beats "
      "an\n"
      "earlier one, and `fence settings` shows what is in force and where it comes from.\n\n"
      "1. what is built in, and the profiles in force (`fence profiles`);\n"
      "2. the system's file, `/etc/fence/settings.toml`; what stands there in the table `[enforce]` can only "
      "restrict,\n"
      "   and nothing below this line loosens it;\n"
      "3. the user's file, `$XDG_CONFIG_HOME/fence/settings.toml` (`~/.config/fence/settings.toml`), or the file of\n"
      "   `--settings`; `fence init` writes one to start from;\n"
      "4. the project's files: every `.fence.toml` from below the home directory down to the one in which the command\n"
      "   starts, inner ones above outer ones. They can only restrict (`denyRead`, `denyWrite`, `protect`, "
      "`environment.deny`, `seccomp.deny`, `require`, "
      "and\n"
      "   single values that are not looser) unless `--trust-project` or `trust.projects` trusts them;\n"
      "5. the environment: `FENCE_SET_` and the key in capitals, as in "
      "`FENCE_SET_FILESYSTEM_ALLOW_READ='[\"/srv\"]'`;\n"
      "   an empty value counts as unset;\n"
      "6. the command line: options, and `--set KEY=VALUE` for every key.\n\n"
      "A file that another user could change is refused. Relative paths are below the directory of their file; on the\n"
      "command line and in the environment, below the working directory.\n\n"
      "| key | type | default | layers | meaning |\n|---|---|---|---|---|\n";
  for (const SettingRow& row : settings_table()) {
    const std::string danger = row.danger.empty() ? "" : " **Danger:** " + cell(row.danger);
    out += "| " + code(row.key) + " | " + cell(row.type) + " | " + code(row.default_value) + " | " +
           (row.merge == MergeRule::Append ? "add up" : "the highest counts") + " | " + cell(row.meaning) + danger +
           " |\n";
  }
  return out;
}

}  // namespace fence
