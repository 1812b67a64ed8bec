#pragma once
// What is fed with any bytes. A target returns where the bytes were taken or refused with a message, and aborts where
// something was said that must not be.
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fence::fuzz {

struct Target {
  std::string_view name;  ///< also that of its directory in corpus/
  void (*run)(std::string_view bytes);
};

void bwrap_words(std::string_view bytes);
void option_words(std::string_view bytes);
void settings(std::string_view bytes);
void facts(std::string_view bytes);
void plan(std::string_view bytes);
void git_config(std::string_view bytes);
void patterns(std::string_view bytes);
void kernel_texts(std::string_view bytes);
void system_call_filter(std::string_view bytes);
void terminal_output(std::string_view bytes);

inline constexpr Target kTargets[] = {
    {"bwrap_words", bwrap_words},
    {"option_words", option_words},
    {"settings", settings},
    {"facts", facts},
    {"plan", plan},
    {"git_config", git_config},
    {"patterns", patterns},
    {"kernel_texts", kernel_texts},
    {"system_call_filter", system_call_filter},
    {"terminal_output", terminal_output},
};

/// Ends the program where `holds` is false: a fuzzer keeps the bytes of that run.
inline void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what.c_str());
  std::abort();
}

/// The parts between `separator`, empty ones too; at least one.
inline std::vector<std::string> parts(std::string_view bytes, std::string_view separator) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = bytes.find(separator);
    out.emplace_back(bytes.substr(0, end));
    if (end == std::string_view::npos) return out;
    bytes.remove_prefix(end + separator.size());
  }
}

}  // namespace fence::fuzz
