#include "profiles.h"

#include <algorithm>

#include "fence/util/text.h"
#include "shipped.h"

namespace fence {
namespace {

/// Far below what a file name may have (NAME_MAX), ".toml" included.
constexpr std::size_t kMaxProfileName = 64;

bool good_name(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kMaxProfileName && alphanumeric(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
}

const ShippedTable* find_shipped(std::string_view name) {
  const auto found = std::ranges::find(kShippedTables, name, &ShippedTable::name);
  return found == kShippedTables.end() ? nullptr : &*found;
}

std::vector<std::string_view> shipped_names() {
  std::vector<std::string_view> names;
  for (const ShippedTable& profile : kShippedTables) names.push_back(profile.name);
  return names;
}

void append(Errors& errors, Errors more) {
  for (Error& error : more) errors.push_back(std::move(error));
}

}  // namespace

std::vector<ShippedProfile> shipped_profiles() {
  std::vector<ShippedProfile> profiles;
  for (const ShippedTable& shipped : kShippedTables) profiles.push_back({shipped.name, shipped.text});
  return profiles;
}

void ProfileLoader::add(const std::string& name, const Origin& asked_by) {
  if (std::find(chain_.begin(), chain_.end(), name) != chain_.end()) return refuse_cycle(name, asked_by);
  if (!seen_.insert(name).second) return;
  auto profile = load(name, asked_by);
  if (!profile) return;
  chain_.push_back(name);
  auto bases = profile_names(profile->table);
  if (!bases) {
    append(errors_, std::move(bases).error());
  } else if (*bases) {
    for (const std::string& base : (*bases)->value) add(base, (*bases)->origin);
  }
  chain_.pop_back();
  profiles_.push_back(*std::move(profile));
}

std::optional<ProfileTable> ProfileLoader::load(const std::string& name, const Origin& asked_by) {
  if (!good_name(name)) {
    fail({.what = "no profile can be named \"" + escape_bytes(name) + "\"",
          .why = "a name has letters from a to z, digits and \"-\", at most " + std::to_string(kMaxProfileName)},
         asked_by);
    return std::nullopt;
  }
  auto own = load_own(name, asked_by);
  if (!own) {
    append(errors_, std::move(own).error());
    return std::nullopt;
  }
  const ShippedTable* ours = find_shipped(name);
  if (*own && ours != nullptr) {
    fail({.what = "cannot use " + (*own)->source,
          .why = "fence has a profile of that name",
          .hint = "rename the file; it can build on the other with profile = [\"" + name + "\"]"},
         asked_by);
    return std::nullopt;
  }
  if (*own) return *std::move(own);
  if (ours != nullptr) {
    const std::string source = "profile " + name;
    return ProfileTable{name, source, HostPath::root(), std::nullopt, table_of(*ours, source, LayerKind::Profile)};
  }
  refuse_unknown(name, asked_by);
  return std::nullopt;
}

Result<std::optional<ProfileTable>, Errors> ProfileLoader::load_own(const std::string& name, const Origin& asked_by) {
  if (!places_.directory) return std::optional<ProfileTable>();
  const HostPath directory = places_.directory->child("profiles");
  const HostPath file = directory.child(name + ".toml");
  const std::string shown = shown_path(file, places_);
  FENCE_TRY(auto table, read_settings_file(read_, file, shown, LayerKind::Profile, asked_by));
  if (!table) return std::optional<ProfileTable>();
  return std::optional(ProfileTable{name, shown, directory, file, *std::move(table)});
}

void ProfileLoader::refuse_cycle(const std::string& name, const Origin& asked_by) {
  std::string chain;
  for (const std::string& link : chain_) chain += link + " -> ";
  fail({.what = "profiles name each other in a circle", .why = chain + name}, asked_by);
}

void ProfileLoader::refuse_unknown(const std::string& name, const Origin& asked_by) {
  const std::vector<std::string_view> names = shipped_names();
  const auto meant = did_you_mean(name, names);
  Error error{.what = "unknown profile \"" + name + "\"",
              .context = {"fence has " + join_words(std::vector<std::string>(names.begin(), names.end()))},
              .hint = meant ? "did you mean \"" + *meant + "\"?" : std::string()};
  if (places_.directory) {
    error.context.push_back("your own would be " +
                            shown_path(places_.directory->child("profiles").child(name + ".toml"), places_));
  }
  fail(std::move(error), asked_by);
}

void ProfileLoader::fail(Error error, const Origin& asked_by) {
  error.kind = ErrorKind::Config;
  error.origin = asked_by;
  errors_.push_back(std::move(error));
}

}  // namespace fence
