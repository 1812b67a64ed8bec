#include "files.h"

#include <array>
#include <cerrno>

#include "fence/util/text.h"

namespace fence {
namespace {

/// What a refusal to read means for a settings file, where the kernel's own words would not say it.
struct Refusal {
  int errno_value;
  std::string_view why;
  std::string_view hint;
};
constexpr std::array kRefusals{
    Refusal{EPERM, "another user can write it",
            "take the right away with `chmod go-w`, or make yourself or root its owner with `chown`"},
    Refusal{EFBIG, "it is larger than 1 MiB", ""},
    Refusal{EINVAL, "it is no regular file", ""},
    Refusal{ENOENT, "a link leads to it, and it is not there", "mount or make what the link names, or remove the link"},
    Refusal{ETIMEDOUT, "its file system does not answer", kStalledHint},
};
static_assert(kMaxTextBytes == 1U << 20, "the text for EFBIG names the limit");

/// The system's file is root's alone; a project's need not be read.
void suit_to_layer(Error& error, LayerKind layer) {
  if (layer == LayerKind::System && error.errno_value == EPERM) {
    error.why = "another user than root can write it";
    error.hint = "`chown root` and `chmod go-w` as root; it binds everybody, and is never skipped";
  }
  if (layer != LayerKind::Project) return;
  error.hint += error.hint.empty() ? "put it right" : "";
  error.hint += ", or leave it unread with --no-settings";
}

Error unreadable(const std::string& shown, LayerKind layer, int errno_value, const std::optional<Origin>& asked_by) {
  Error error{.kind = ErrorKind::Config,
              .what = "cannot read " + shown,
              .why = errno_text(errno_value),
              .errno_value = errno_value,
              .origin = asked_by};
  for (const Refusal& row : kRefusals) {
    if (row.errno_value != errno_value) continue;
    error.why = row.why;
    error.hint = row.hint;
  }
  suit_to_layer(error, layer);
  return error;
}

/// A variable's value, "" where it is unset: the directories here take no difference between unset and empty.
std::string variable(const Environment& environment, std::string_view name) {
  const std::string* value = find_variable(environment, name);
  return value == nullptr ? std::string() : *value;
}

/// `text` in canonical spelling; "" where it is empty, and where it is no path, which is an error.
std::string directory_text(std::string_view name, const std::string& text, Errors& errors) {
  if (text.empty()) return text;
  const auto path = HostPath::parse(text);
  if (path) return path->text();
  errors.push_back({.kind = ErrorKind::Config,
                    .what = "cannot use " + std::string(name) + "=" + escape_bytes(text),
                    .why = path.error().why,
                    .hint = "set it to an absolute path, or unset it"});
  return {};
}

std::optional<HostPath> config_directory(const ConfigRequest& request, const std::string& home, Errors& errors) {
  const std::string xdg = variable(request.environment, "XDG_CONFIG_HOME");
  if (xdg.starts_with('/')) {
    const std::string directory = directory_text("XDG_CONFIG_HOME", xdg, errors);
    if (directory.empty()) return std::nullopt;
    return HostPath::parse(directory)->child("fence");
  }
  if (home.empty()) return std::nullopt;
  return HostPath::parse(home)->child(".config").child("fence");
}

}  // namespace

Places find_places(const ConfigRequest& request, Errors& errors) {
  Places places;
  const std::string by_nss = directory_text("the home directory", request.home_by_nss, errors);
  places.home = directory_text("HOME", variable(request.environment, "HOME"), errors);
  if (places.home.empty()) places.home = by_nss;
  if (by_nss != places.home) places.other_home = by_nss;
  places.directory = config_directory(request, places.home, errors);
  return places;
}

std::string shown_path(const HostPath& path, const Places& places) {
  const auto home = HostPath::parse(places.home);
  if (!home || home->is_root() || !home->contains(path)) return escape_bytes(path.text());
  const std::string_view below = home->relative(path);
  return below.empty() ? "~" : "~/" + escape_bytes(below);
}

HostPath with_real_home(const HostPath& path, const Places& places, const std::optional<HostPath>& real_home) {
  const auto home = HostPath::parse(places.home);
  if (!real_home || !home || !home->contains(path)) return path;
  return real_home->below(home->relative(path));
}

HostPath system_settings_file() { return HostPath::root().child("etc").child("fence").child("settings.toml"); }

Result<HostPath, Errors> user_settings_file(const ConfigRequest& request) {
  Errors errors;
  const Places places = find_places(request, errors);
  if (!errors.empty()) return errors;
  if (places.directory) return places.directory->child("settings.toml");
  return Errors{{.kind = ErrorKind::Host,
                 .what = "cannot tell where the user's settings.toml is",
                 .why = "the home directory is not known",
                 .hint = "set HOME"}};
}

std::optional<HostPath> home_directory(const ConfigRequest& request) {
  Errors unused;
  auto home = HostPath::parse(find_places(request, unused).home);
  return home ? std::optional(*std::move(home)) : std::nullopt;
}

std::string shown_path(const HostPath& path, const ConfigRequest& request) {
  Errors unused;
  return shown_path(path, find_places(request, unused));
}

Result<std::optional<ValueTable>, Errors> read_settings_file(const TextReader& read, const HostPath& path,
                                                             const std::string& shown, LayerKind layer,
                                                             const std::optional<Origin>& asked_by) {
  using Outcome = Result<std::optional<ValueTable>, Errors>;
  // No system call takes such a path: nothing can be there.
  if (path_too_long(path.text())) return std::optional<ValueTable>();
  return std::visit(Overloaded{
                        [&](const std::string& text) -> Outcome {
                          FENCE_TRY(ValueTable table, parse_toml(text, shown, layer));
                          return std::optional(std::move(table));
                        },
                        [](Absent) -> Outcome { return std::optional<ValueTable>(); },
                        [&](const Unreadable& refusal) -> Outcome {
                          return Errors{unreadable(shown, layer, refusal.errno_value, asked_by)};
                        },
                    },
                    read(path));
}

}  // namespace fence
