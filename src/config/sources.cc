#include "sources.h"

#include <algorithm>
#include <cerrno>

#include "fence/util/text.h"
#include "variables.h"

namespace fence {
namespace {

constexpr std::string_view kProjectFile = ".fence.toml";
constexpr std::string_view kNoHome = "the home directory is not known";

SettingsSource not_looked_at(LayerKind kind, std::string name, std::string_view why) {
  return {.place = {.kind = kind, .name = std::move(name), .state = PlaceState::NotLookedAt, .why = std::string(why)}};
}

}  // namespace

ExpansionContext expansion_context(const ConfigRequest& request, const HostPath& base, const std::string& home,
                                   bool binding) {
  return {.base = base,
          .variable = [&request](std::string_view name) { return find_variable(request.environment, name); },
          .home = home,
          .binding = binding};
}

SettingsSource SourceFinder::file(LayerKind kind, const HostPath& path) {
  SettingsSource source{.place = {.kind = kind, .name = shown_path(path, places_)}, .base = path.parent()};
  auto table = read_settings_file(read_, path, source.place.name, kind, std::nullopt);
  if (!table) {
    source.place.state = PlaceState::Faulty;
    std::ranges::move(table.error(), std::back_inserter(errors_));
  } else if (!*table) {
    source.place.state = PlaceState::NotThere;
  } else {
    source.place.file = path;
    source.table = *std::move(table);
  }
  return source;
}

SettingsSource SourceFinder::system() { return file(LayerKind::System, system_settings_file()); }

SettingsSource SourceFinder::user() {
  if (request_.settings_file) return named_file(*request_.settings_file);
  if (!places_.directory) return not_looked_at(LayerKind::User, "settings.toml", kNoHome);
  const HostPath path = places_.directory->child("settings.toml");
  if (request_.no_settings) return not_looked_at(LayerKind::User, shown_path(path, places_), "--no-settings");
  return file(LayerKind::User, path);
}

SettingsSource SourceFinder::named_file(const std::string& text) {
  const Origin origin{LayerKind::CommandLine, "--settings"};
  SettingsSource source{.place = {.kind = LayerKind::User, .name = escape_bytes(text), .state = PlaceState::Faulty}};
  const auto refused = [&](Error error) {
    error.origin = origin;
    errors_.push_back(std::move(error));
    return source;
  };
  if (request_.no_settings) {
    errors_.push_back({.kind = ErrorKind::Usage,
                       .what = "--settings and --no-settings exclude each other",
                       .hint = "leave one of them out"});
    return source;
  }
  auto path = settings_path(text);
  if (!path) return refused(std::move(path).error());
  source.place.name = shown_path(*path, places_);
  source.base = path->parent();
  auto table = read_settings_file(read_, *path, source.place.name, LayerKind::User, origin);
  if (!table) {
    std::ranges::move(table.error(), std::back_inserter(errors_));
  } else if (!*table) {
    return refused({.kind = ErrorKind::Config,
                    .what = "cannot read " + source.place.name,
                    .why = errno_text(ENOENT),
                    .errno_value = ENOENT});
  } else {
    source.place.state = PlaceState::Read;
    source.place.file = *path;
    source.table = *std::move(table);
  }
  return source;
}

Result<HostPath> SourceFinder::settings_path(const std::string& text) const {
  FENCE_TRY(RulePath path, expand_path(text, expansion_context(request_, request_.working_directory, places_.home)));
  auto* file = std::get_if<HostPath>(&path);
  const bool stream =
      text == "-" || (file != nullptr && (path_contains("/dev", file->text()) || path_contains("/proc", file->text())));
  if (stream) {
    return Error{.kind = ErrorKind::Config,
                 .what = "cannot read the settings from " + escape_bytes(text),
                 .why = "it is no regular file",
                 .hint = "write them into a file first"};
  }
  if (file != nullptr) return std::move(*file);
  return Error{.kind = ErrorKind::Config,
               .what = "cannot use the path \"" + escape_bytes(text) + "\"",
               .why = "$FENCE_WORKSPACE has no meaning here"};
}

/// The home directory as it is spelled above `start`: start directories have no links in them, HOME may.
std::optional<HostPath> SourceFinder::home_around(const HostPath& start) const {
  if (const auto home = HostPath::parse(places_.home); home && home->contains(start)) return *home;
  if (request_.real_home && request_.real_home->contains(start)) return request_.real_home;
  return std::nullopt;
}

std::vector<SettingsSource> SourceFinder::projects() {
  const std::string name(kProjectFile);
  if (request_.no_settings) return {not_looked_at(LayerKind::Project, name, "--no-settings")};
  if (places_.home.empty()) return {not_looked_at(LayerKind::Project, name, kNoHome)};
  const HostPath start = request_.start_directory.value_or(request_.working_directory);
  const auto home = home_around(start);
  if (!home || *home == start) {
    return {not_looked_at(LayerKind::Project, name, "it starts in no directory below the home directory")};
  }
  for (HostPath at = start; at != *home; at = at.parent()) project_files_.push_back(at.child(kProjectFile));
  std::ranges::reverse(project_files_);
  std::vector<SettingsSource> found;
  for (const HostPath& path : project_files_) {
    SettingsSource source = file(LayerKind::Project, path);
    if (source.place.state != PlaceState::NotThere) found.push_back(std::move(source));
  }
  if (found.empty())
    found.push_back({.place = {.kind = LayerKind::Project, .name = name, .state = PlaceState::NotThere}});
  return found;
}

SettingsSource SourceFinder::environment() {
  const std::size_t before = errors_.size();
  VariableSettings variables = settings_of(request_.environment, errors_);
  SettingsSource source{.place = {.kind = LayerKind::Environment, .name = variable_name("") + "<KEY>"},
                        .base = request_.working_directory};
  if (variables.names.empty()) {
    source.place.state = PlaceState::NotThere;
    return source;
  }
  source.place.name = join_words(std::vector<std::string>(variables.names.begin(), variables.names.end()));
  if (errors_.size() != before) source.place.state = PlaceState::Faulty;
  source.table = std::move(variables.table);
  return source;
}

std::optional<SettingsSource> take_enforced(SettingsSource& system, Errors& errors) {
  if (!system.table) return std::nullopt;
  const auto entry = std::ranges::find(*system.table, "enforce", &ValueEntry::key);
  if (entry == system.table->end()) return std::nullopt;
  Value value = std::move(entry->value);
  system.table->erase(entry);
  auto* table = std::get_if<ValueTable>(&value.data);
  if (table == nullptr) {
    system.place.state = PlaceState::Faulty;
    errors.push_back({.kind = ErrorKind::Config,
                      .what = "enforce must be a table, not " + std::string(type_name(value)),
                      .origin = value.origin});
    return std::nullopt;
  }
  SettingsSource enforced{.place = system.place, .base = system.base, .table = std::move(*table)};
  enforced.place.name += " [enforce]";
  enforced.place.authority = Authority::Enforced;
  return enforced;
}

}  // namespace fence
