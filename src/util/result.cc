#include "fence/util/result.h"

#include <cstring>

#include "fence/util/text.h"

namespace fence {
namespace {

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

std::string why_of(const Error& error) {
  if (!error.why.empty()) return error.why;
  return error.errno_value == 0 ? std::string() : errno_text(error.errno_value);
}

}  // namespace

std::string errno_text(int errno_value) {
  // Unlike strerror(3), strerrordesc_np(3) (glibc 2.32) is never translated.
  const char* description = strerrordesc_np(errno_value);
  if (description == nullptr) return "errno " + std::to_string(errno_value);
  std::string text = description;
  // An acronym ("RFS specific error") keeps its case.
  const bool acronym = text.size() > 1 && is_upper(text[1]);
  if (is_upper(text[0]) && !acronym) text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string to_string(const Error& error) {
  std::string out = "fence: " + escape_controls(error.what);
  if (const std::string why = why_of(error); !why.empty()) out += ": " + escape_controls(why);
  if (error.origin) out += "\n  asked for by " + escape_controls(to_string(*error.origin));
  for (const std::string& line : error.context) out += "\n  " + escape_controls(line);
  if (!error.hint.empty()) out += "\n  hint: " + escape_controls(error.hint);
  return out;
}

}  // namespace fence
