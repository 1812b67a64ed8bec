#include <cerrno>

#include "assignment.h"
#include "fence/config/config.h"
#include "fence/util/text.h"
#include "files.h"
#include "profiles.h"
#include "texts.h"

namespace fence {
namespace {

const Origin kBuiltIn{};
/// Applies below all others for uid 0.
constexpr std::string_view kRootProfile = "root";
/// Hides names in the home directory; HOME may name another one than the caller's own.
constexpr std::string_view kCredentialsProfile = "credentials";

/// A settings file with its values.
struct UserFile {
  HostPath path;
  std::string shown;
  ValueTable table;
};

class ConfigLoader {
 public:
  ConfigLoader(const ConfigRequest& request, const TextReader& read)
      : request_(request), read_(read), places_(find_places(request, errors_)), profiles_(read, places_, errors_) {}

  Result<LoadedConfig, Errors> run() {
    const ValueTable built_in = built_in_table();
    const std::optional<UserFile> user = user_file();
    add_profiles(built_in, user ? user->table : ValueTable());

    add_layer(LayerKind::BuiltIn, "fence", built_in, HostPath::root(), places_.home);
    for (const ProfileTable& profile : profiles_.profiles()) add_profile_layer(profile);
    if (user) add_layer(LayerKind::User, user->shown, user->table, user->path.parent(), places_.home);
    add_layer(LayerKind::CommandLine, "command line", request_.command_line, request_.working_directory, places_.home);
    if (!errors_.empty()) return std::move(errors_);

    if (user) config_.user_file = user->path;
    protect_files();
    return std::move(config_);
  }

 private:
  ValueTable built_in_table() {
    ValueTable table = taken(parse_toml(kBuiltInText, kBuiltIn.source, LayerKind::BuiltIn));
    stamp(table, kBuiltIn);
    return table;
  }

  /// The value, or an empty one where there are errors instead.
  template <class T>
  T taken(Result<T, Errors> result) {
    if (result) return *std::move(result);
    for (Error& error : result.error()) errors_.push_back(std::move(error));
    return T();
  }

  [[nodiscard]] ExpansionContext context(const HostPath& base, const std::string& home) const {
    return {.base = base,
            .variable = [this](std::string_view name) { return find_variable(request_.environment, name); },
            .home = home};
  }

  std::optional<UserFile> user_file() {
    if (request_.settings_file) return named_file(*request_.settings_file);
    if (request_.no_settings || !places_.directory) return std::nullopt;
    const HostPath path = places_.directory->child("settings.toml");
    const std::string shown = shown_path(path, places_);
    auto table = taken(read_settings_file(read_, path, shown, LayerKind::User, std::nullopt));
    if (!table) return std::nullopt;
    return UserFile{path, shown, *std::move(table)};
  }

  /// The file of --settings.
  std::optional<UserFile> named_file(const std::string& text) {
    const Origin origin{LayerKind::CommandLine, "--settings"};
    if (request_.no_settings) {
      errors_.push_back({.kind = ErrorKind::Usage,
                         .what = "--settings and --no-settings exclude each other",
                         .hint = "leave one of them out"});
      return std::nullopt;
    }
    const auto file = settings_path(text);
    if (!file) return refuse(file.error(), origin);
    const std::string shown = shown_path(*file, places_);
    auto table = read_settings_file(read_, *file, shown, LayerKind::User, origin);
    if (table && !*table) return refuse({.what = "cannot read " + shown, .errno_value = ENOENT}, origin);
    if (table) return UserFile{*file, shown, **std::move(table)};
    taken(std::move(table));
    return std::nullopt;
  }

  [[nodiscard]] Result<HostPath> settings_path(const std::string& text) const {
    FENCE_TRY(RulePath path, expand_path(text, context(request_.working_directory, places_.home)));
    if (auto* file = std::get_if<HostPath>(&path)) return std::move(*file);
    return Error{.what = "cannot use the path \"" + escape_bytes(text) + "\"",
                 .why = "$FENCE_WORKSPACE has no meaning here"};
  }

  std::nullopt_t refuse(Error error, const Origin& asked_by) {
    error.kind = ErrorKind::Config;
    error.origin = asked_by;
    errors_.push_back(std::move(error));
    return std::nullopt;
  }

  /// The highest table that has the key decides.
  void add_profiles(const ValueTable& built_in, const ValueTable& user) {
    if (request_.root) profiles_.add(std::string(kRootProfile), kBuiltIn);
    std::optional<Sourced<std::vector<std::string>>> chosen;
    for (const ValueTable* table : {&built_in, &user, &request_.command_line}) {
      if (auto names = taken(profile_names(*table))) chosen = std::move(names);
    }
    if (!chosen) return;
    for (const std::string& name : chosen->value) profiles_.add(name, chosen->origin);
  }

  void add_layer(LayerKind kind, const std::string& name, const ValueTable& table, const HostPath& base,
                 const std::string& home) {
    auto layer = read_layer(kind, name, table, context(base, home));
    if (layer) {
      config_.layers.push_back(*std::move(layer));
    } else {
      taken(std::move(layer));
    }
  }

  void add_profile_layer(const ProfileTable& profile) {
    config_.profiles.push_back(profile.name);
    if (profile.name == kCredentialsProfile && !places_.other_home.empty()) {
      add_layer(LayerKind::Profile, profile.source, profile.table, profile.base, places_.other_home);
    }
    add_layer(LayerKind::Profile, profile.source, profile.table, profile.base, places_.home);
  }

  /// What fence was told must not be rewritten by what it runs.
  void protect_files() {
    std::vector<HostPath> files = profiles_.files();
    if (config_.user_file) files.push_back(*config_.user_file);
    for (HostPath& file : files) {
      config_.layers.front().paths.push_back({{.list = PathList::Protect,
                                               .path = std::move(file),
                                               .optional = true,
                                               .why = "fence was started with these settings"},
                                              kBuiltIn});
    }
  }

  const ConfigRequest& request_;
  const TextReader& read_;
  Errors errors_;
  const Places places_;
  ProfileLoader profiles_;
  LoadedConfig config_;
};

}  // namespace

Result<LoadedConfig, Errors> load_config(const ConfigRequest& request, const TextReader& read) {
  return ConfigLoader(request, read).run();
}

}  // namespace fence
