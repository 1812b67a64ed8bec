#include "fence/util/mountinfo.h"

#include "fence/util/text.h"

namespace fence {
namespace {

bool is_octal(std::string_view digits) noexcept {
  return digits.size() == 3 && digits.find_first_not_of("01234567") == std::string_view::npos;
}

/// The kernel writes blanks, newlines and backslashes as "\\040" (mangle_path in fs/seq_file.c).
std::string unescape_octal(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view digits = text.substr(1, 3);
    const bool escaped = text.front() == '\\' && is_octal(digits);
    out +=
        escaped ? static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0')) : text.front();
    text.remove_prefix(escaped ? 4 : 1);
  }
  return out;
}

}  // namespace

// "ID PARENT DEVICE ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS"
std::optional<MountInfoLine> parse_mountinfo_line(std::string_view line) {
  MountInfoLine mount;
  const auto id = parse_number(take_part(line, ' '));
  const auto parent = parse_number(take_part(line, ' '));
  take_part(line, ' ');  // the device
  mount.root = unescape_octal(take_part(line, ' '));
  mount.point = unescape_octal(take_part(line, ' '));
  mount.options = take_part(line, ' ');
  while (!line.empty() && take_part(line, ' ') != "-") continue;
  mount.type = unescape_octal(take_part(line, ' '));
  mount.source = unescape_octal(take_part(line, ' '));
  mount.file_system_options = take_part(line, ' ');
  if (!id || !parent || !mount.point.starts_with('/') || mount.options.empty() || mount.type.empty()) {
    return std::nullopt;
  }
  mount.id = *id;
  mount.parent = *parent;
  return mount;
}

}  // namespace fence
