#include <algorithm>

#include "assignment.h"
#include "fence/config/config.h"
#include "profiles.h"
#include "shipped.h"
#include "sources.h"

namespace fence {
namespace {

const Origin kBuiltIn{};
/// Applies below all others for uid 0.
constexpr std::string_view kRootProfile = "root";
/// Applies below all others on WSL.
constexpr std::string_view kWslProfile = "wsl";
/// Hides names in the home directory; HOME may name another one than the caller's own.
constexpr std::string_view kCredentialsProfile = "credentials";

class ConfigLoader {
 public:
  ConfigLoader(const ConfigRequest& request, const TextReader& read)
      : request_(request),
        places_(find_places(request, errors_)),
        finder_(request, read, places_, errors_),
        profiles_(read, places_, errors_) {}

  ConfigReport run() {
    SettingsSource built_in = built_in_source();
    SettingsSource system = finder_.system();
    auto enforced = take_enforced(system, errors_);
    SettingsSource user = finder_.user();
    std::vector<SettingsSource> projects = finder_.projects();
    SettingsSource environment = finder_.environment();
    SettingsSource command_line{.place = {.kind = LayerKind::CommandLine, .name = "command line"},
                                .base = request_.working_directory,
                                .table = request_.command_line};
    // Their errors are to come after those of the profiles, which are below them.
    Errors errors_above;
    for (SettingsSource* source : {&system, &user}) read_source(*source, errors_above);
    std::vector<SettingsSource*> above;
    for (SettingsSource& project : projects) {
      decide_trust(project, {&system, &user});
      above.push_back(&project);
    }
    above.insert(above.end(), {&environment, &command_line});
    for (SettingsSource* source : above) read_source(*source, errors_above);
    if (enforced) {
      read_source(*enforced, errors_above);
      add_other_home(*enforced);
    }

    std::vector<SettingsSource*> low_to_high{&built_in, &system, &user};
    low_to_high.insert(low_to_high.end(), above.begin(), above.end());
    choose_profiles(low_to_high);
    read_source(built_in, errors_);
    put(built_in);
    for (const ProfileTable& profile : profiles_.profiles()) put_profile(profile);
    for (auto source = low_to_high.begin() + 1; source != low_to_high.end(); ++source) put(**source);
    if (enforced) put(*enforced);

    append(errors_above);
    append(check_authority(judgeable_layers({&system, &user})));
    config_.user_file = user.place.file;
    if (!errors_.empty()) return {std::move(report_), std::move(errors_)};
    protect_files(trusted_files({&system, &user}));
    return {std::move(report_), std::move(config_)};
  }

 private:
  SettingsSource built_in_source() {
    SettingsSource source{.place = {.kind = LayerKind::BuiltIn, .name = "fence"},
                          .table = table_of(kBuiltInTable, kBuiltIn.source, LayerKind::BuiltIn)};
    stamp(*source.table, kBuiltIn);
    return source;
  }

  void append(Errors more) { std::ranges::move(more, std::back_inserter(errors_)); }

  void read_source(SettingsSource& source, Errors& errors) const {
    if (!source.table) return;
    auto layer = read_layer(
        source.place.kind, source.place.name, *source.table,
        expansion_context(request_, source.base, places_.home, source.place.authority == Authority::Enforced));
    if (layer) {
      source.layer = *std::move(layer);
      source.layer->authority = source.place.authority;
    } else {
      source.place.state = PlaceState::Faulty;
      std::ranges::move(layer.error(), std::back_inserter(errors));
    }
  }

  /// What is enforced for "~" holds for the home directory of the password database too: HOME is the caller's to set.
  void add_other_home(SettingsSource& enforced) const {
    if (!enforced.layer || places_.other_home.empty()) return;
    auto other = read_layer(enforced.place.kind, enforced.place.name, *enforced.table,
                            expansion_context(request_, enforced.base, places_.other_home, true));
    if (!other) return;
    std::vector<Sourced<PathRule>>& paths = enforced.layer->paths;
    // The same entries in the same order: a rule differs where "~" stands in it. Not every home has what it names.
    const std::size_t count = paths.size();
    for (std::size_t i = 0; i < std::min(count, other->paths.size()); ++i) {
      if (other->paths[i] == paths[i]) continue;
      other->paths[i].value.optional = true;
      paths.push_back(std::move(other->paths[i]));
    }
  }

  /// Without trust the project's file has TightenOnly. Those who could trust it are read already.
  void decide_trust(SettingsSource& project, std::initializer_list<const SettingsSource*> who_trusts) const {
    if (!project.table || request_.trust_project) return;
    project.place.authority = Authority::TightenOnly;
    for (const SettingsSource* source : who_trusts) {
      if (!source->layer) continue;
      for (const Sourced<HostPath>& trusted : source->layer->trusted_projects) {
        const bool same =
            trusted.value == project.base || with_real_home(trusted.value, places_, request_.real_home) == project.base;
        if (same) project.place.authority = Authority::Free;
      }
    }
  }

  /// The highest table that has the key decides.
  void choose_profiles(const std::vector<SettingsSource*>& low_to_high) {
    if (request_.root) profiles_.add(std::string(kRootProfile), kBuiltIn);
    if (request_.wsl) profiles_.add(std::string(kWslProfile), kBuiltIn);
    for (SettingsSource* source : low_to_high) {
      if (!source->table || source->place.authority == Authority::TightenOnly) continue;
      auto names = profile_names(*source->table);
      if (!names) {
        source->place.state = PlaceState::Faulty;
        append(std::move(names).error());
      } else if (*names) {
        config_.chosen_profiles = **std::move(names);
      }
    }
    for (const std::string& name : config_.chosen_profiles.value) profiles_.add(name, config_.chosen_profiles.origin);
  }

  void put(const SettingsSource& source) {
    report_.push_back(source.place);
    if (source.layer) config_.layers.push_back(*source.layer);
  }

  void put_profile(const ProfileTable& profile) {
    config_.profiles.push_back(profile.name);
    if (profile.name == kCredentialsProfile && !places_.other_home.empty()) add_profile(profile, places_.other_home);
    report_.push_back({.kind = LayerKind::Profile, .name = profile.source, .file = profile.file});
    if (!add_profile(profile, places_.home)) report_.back().state = PlaceState::Faulty;
  }

  bool add_profile(const ProfileTable& profile, const std::string& home) {
    auto layer =
        read_layer(LayerKind::Profile, profile.source, profile.table, expansion_context(request_, profile.base, home));
    const bool good = layer.has_value();
    if (good) {
      config_.layers.push_back(*std::move(layer));
    } else {
      append(std::move(layer).error());
    }
    return good;
  }

  /// All layers, but for a project whose trust is unknown since what would tell it has errors.
  [[nodiscard]] std::vector<SettingsLayer> judgeable_layers(std::initializer_list<const SettingsSource*> who_trusts) {
    const bool unknown = std::ranges::any_of(
        who_trusts, [](const SettingsSource* source) { return source->place.state == PlaceState::Faulty; });
    if (!unknown) return config_.layers;
    std::vector<SettingsLayer> layers = config_.layers;
    std::erase_if(layers, [](const SettingsLayer& layer) { return layer.kind == LayerKind::Project; });
    return layers;
  }

  /// The project files of all directories that are trusted, whether they are there or not.
  [[nodiscard]] std::vector<HostPath> trusted_files(std::initializer_list<const SettingsSource*> who_trusts) const {
    std::vector<HostPath> files;
    for (const SettingsSource* source : who_trusts) {
      if (!source->layer) continue;
      for (const Sourced<HostPath>& trusted : source->layer->trusted_projects) {
        files.push_back(with_real_home(trusted.value, places_, request_.real_home).child(".fence.toml"));
      }
    }
    return files;
  }

  /// What fence was told, and what it would be told at the next start, must not be rewritten by what it runs.
  void protect_files(const std::vector<HostPath>& trusted) {
    for (const SettingsPlace& place : report_) {
      if (place.file && place.authority != Authority::Enforced)
        protect(*place.file, "fence was started with these settings");
    }
    for (const std::vector<HostPath>& files : {finder_.project_files(), trusted}) {
      for (const HostPath& file : files) {
        if (!path_too_long(file.text())) protect(file, "settings of fence at the next start");
      }
    }
  }

  void protect(HostPath file, std::string why) {
    config_.layers.front().paths.push_back(
        {{.list = PathList::Protect, .path = std::move(file), .optional = true, .why = std::move(why)}, kBuiltIn});
  }

  const ConfigRequest& request_;
  Errors errors_;
  const Places places_;
  SourceFinder finder_;
  ProfileLoader profiles_;
  std::vector<SettingsPlace> report_;
  LoadedConfig config_;
};

}  // namespace

ConfigReport examine_config(const ConfigRequest& request, const TextReader& read) {
  return ConfigLoader(request, read).run();
}

Result<LoadedConfig, Errors> load_config(const ConfigRequest& request, const TextReader& read) {
  return examine_config(request, read).config;
}

}  // namespace fence
