// Prints a page of docs/ from the program's tables; a test compares them.
#include <cstdio>
#include <string>
#include <string_view>

#include "fence/cli/options.h"
#include "fence/seccomp/seccomp.h"

namespace {

std::string option_names() {
  std::string out;
  for (const fence::OptionRow& row : fence::options_table()) {
    out += std::string(row.name) + "\n";
    if (row.letter != 0) out += std::string{'-', row.letter, '\n'};
  }
  return out;
}

std::string level_words(fence::FilterLevel level) {
  switch (level) {
    case fence::FilterLevel::Always:
      return "in every profile; nothing opens it";
    case fence::FilterLevel::Minimal:
      return "in every profile";
    case fence::FilterLevel::Default:
      return "in `default` and `strict`";
    case fence::FilterLevel::Strict:
      return "in `strict`";
    case fence::FilterLevel::Shared:
      return "only with `backend = \"landlock\"`";
  }
  return "";
}

std::string rows_table(const fence::FilterGroup& group) {
  std::string out = "| call | refused where | gives | why | see |\n|---|---|---|---|---|\n";
  for (const fence::FilterRow& row : group.rows) {
    std::string condition(row.condition.empty() ? "always" : row.condition);
    for (std::size_t at = 0; (at = condition.find('|', at)) != std::string::npos; at += 2)
      condition.insert(at, 1, '\\');
    out += "| `" + std::string(row.syscall) + "` | " + condition + " | " + std::string(row.error_name) + " | " +
           std::string(row.reason) + " | " + std::string(row.reference) + " |\n";
  }
  return out;
}

std::string system_calls_page() {
  std::string out =
      "# System calls\n\n"
      "Made from the tables in `seccomp/`. Which groups are refused is said by `seccomp.profile`, `seccomp.allow`,\n"
      "`seccomp.deny`, `nesting` and `wsl.interop` ([settings](settings.md)), and shown by `fence plan`. Of arguments "
      "the "
      "low\n32 bits are compared. `success` means that the call is not carried out and gives 0. Whatever the settings "
      "are, a call of a foreign ABI (i386 by `int 0x80`, x32) kills "
      "the "
      "process.\n";
  for (const fence::FilterGroup& group : fence::filter_groups()) {
    out += "\n## " + std::string(group.name) + "\n\nWhat: " + std::string(group.meaning) + ". Refused " +
           level_words(group.level) + (group.needed_to_nest ? ", but not with `nesting`" : "") +
           ".\nOpen: " + std::string(group.danger) + ".\n";
    if (!group.rows.empty()) out += "\n" + rows_table(group);
  }
  return out;
}

struct Page {
  std::string_view name;
  std::string (*text)();
};
constexpr Page kPages[] = {{"options", fence::options_page},
                           {"settings", fence::settings_page},
                           {"system-calls", system_calls_page},
                           {"names", option_names}};

}  // namespace

int main(int argc, char** argv) {
  for (const Page& page : kPages) {
    if (argc == 2 && page.name == argv[1]) return std::fputs(page.text().c_str(), stdout) < 0 ? 1 : 0;
  }
  std::fputs("Usage: reference options | settings | system-calls | names\n", stderr);
  return 2;
}
