// Prints a page of docs/ from the program's tables; a test compares them.
#include <cstdio>
#include <string_view>

#include "fence/cli/options.h"

namespace {

std::string option_names() {
  std::string out;
  for (const fence::OptionRow& row : fence::options_table()) {
    out += std::string(row.name) + "\n";
    if (row.letter != 0) out += std::string{'-', row.letter, '\n'};
  }
  return out;
}

struct Page {
  std::string_view name;
  std::string (*text)();
};
constexpr Page kPages[] = {
    {"options", fence::options_page}, {"settings", fence::settings_page}, {"names", option_names}};

}  // namespace

int main(int argc, char** argv) {
  for (const Page& page : kPages) {
    if (argc == 2 && page.name == argv[1]) return std::fputs(page.text().c_str(), stdout) < 0 ? 1 : 0;
  }
  std::fputs("Usage: reference options | settings | names\n", stderr);
  return 2;
}
