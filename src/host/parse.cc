#include "parse.h"

#include <algorithm>

#include "fence/util/mountinfo.h"
#include "fence/util/text.h"

namespace fence {
namespace {

constexpr std::string_view kBlanks = " \t";

/// Takes the next word off `line`; "" at its end.
std::string_view take_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

std::optional<IdExtent> parse_extent(std::string_view line) {
  const auto inside = parse_number<std::uint32_t>(take_word(line));
  const auto outside = parse_number<std::uint32_t>(take_word(line));
  const auto count = parse_number<std::uint32_t>(take_word(line));
  if (!inside || !outside || !count) return std::nullopt;
  return IdExtent{*inside, *outside, *count};
}

/// "Num: RefCount Protocol Flags Type St Inode Path": the path is the rest of the line and may have blanks in it.
std::optional<HostPath> parse_bound_socket(std::string_view line) {
  constexpr int kColumnsBeforePath = 7;
  for (int column = 0; column < kColumnsBeforePath; ++column) take_word(line);
  if (!line.starts_with(" /")) return std::nullopt;
  const Result<HostPath> path = HostPath::parse(line.substr(1));
  if (!path) return std::nullopt;
  return *path;
}

std::optional<MountRow> parse_mount(std::string_view line) {
  auto mount = parse_mountinfo_line(line);
  if (!mount) return std::nullopt;
  Result<HostPath> point = HostPath::parse(mount->point);
  if (!point) return std::nullopt;
  return MountRow{*std::move(point), std::move(mount->type), std::move(mount->source),
                  std::string(mount->file_system_options)};
}

bool is_windows_drive(const MountRow& mount, bool wsl_kernel) {
  if (mount.type == "drvfs") return true;
  if (mount.type == "virtiofs") return wsl_kernel || mount.source.starts_with("drvfs");
  if (mount.type != "9p") return false;
  // "rw,aname=drvfs;path=C:\\;uid=1000,...": the semicolons are inside of the value of aname.
  const std::vector<std::string> options = split(mount.options, ',');
  return std::ranges::any_of(options,
                             [](std::string_view word) { return word.substr(0, word.find(';')) == "aname=drvfs"; });
}

}  // namespace

std::vector<IdExtent> parse_id_map(std::string_view text) {
  std::vector<IdExtent> map;
  for (const std::string& line : split(text, '\n')) {
    if (const auto extent = parse_extent(line)) map.push_back(*extent);
  }
  return map;
}

std::vector<HostPath> parse_bound_sockets(std::string_view text) {
  std::vector<HostPath> sockets;
  for (const std::string& line : split(text, '\n')) {
    if (auto path = parse_bound_socket(line)) sockets.push_back(*std::move(path));
  }
  std::sort(sockets.begin(), sockets.end());
  sockets.erase(std::unique(sockets.begin(), sockets.end()), sockets.end());
  return sockets;
}

std::set<std::string> parse_help_options(std::string_view text) {
  std::set<std::string> options;
  for (const std::string& line : split(text, '\n')) {
    std::string_view rest = line;
    const std::string_view word = take_word(rest);
    if (word.starts_with("--") && word.size() > 2) options.emplace(word);
  }
  return options;
}

std::vector<MountRow> parse_mountinfo(std::string_view text) {
  std::vector<MountRow> mounts;
  for (const std::string& line : split(text, '\n')) {
    if (auto mount = parse_mount(line)) mounts.push_back(*std::move(mount));
  }
  return mounts;
}

const MountRow* mount_of(const std::vector<MountRow>& mounts, const HostPath& path) noexcept {
  const MountRow* deepest = nullptr;
  for (const MountRow& mount : mounts) {
    if (!mount.point.contains(path)) continue;
    if (deepest == nullptr || deepest->point.text().size() <= mount.point.text().size()) deepest = &mount;
  }
  return deepest;
}

std::vector<HostPath> mount_points_below(const std::vector<MountRow>& mounts, const HostPath& top) {
  std::vector<HostPath> points;
  for (const MountRow& mount : mounts) {
    if (top.contains(mount.point) && mount.point != top) points.push_back(mount.point);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

std::vector<HostPath> mount_points_of(const std::vector<MountRow>& mounts, std::span<const std::string_view> types) {
  std::set<HostPath> points;
  for (const MountRow& mount : mounts) {
    if (std::ranges::find(types, mount.type) != types.end()) points.insert(mount.point);
  }
  return {points.begin(), points.end()};
}

std::vector<HostPath> windows_drives(const std::vector<MountRow>& mounts, bool wsl_kernel) {
  std::vector<HostPath> points;
  for (const MountRow& mount : mounts) {
    if (is_windows_drive(mount, wsl_kernel)) points.push_back(mount.point);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

bool passwd_has_uid(std::string_view text, std::uint32_t uid) {
  constexpr std::size_t kUidField = 2;
  const std::vector<std::string> lines = split(text, '\n');
  return std::any_of(lines.begin(), lines.end(), [uid](const std::string& line) {
    const std::vector<std::string> fields = split(line, ':');
    return fields.size() > kUidField && parse_number<std::uint32_t>(fields[kUidField]) == uid;
  });
}

}  // namespace fence
