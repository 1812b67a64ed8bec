#pragma once
// The places beside the shipped texts where settings can stand, and what they hold.
#include <optional>
#include <string>
#include <vector>

#include "files.h"

namespace fence {

/// One table of settings on its way to a layer.
struct SettingsSource {
  SettingsPlace place;
  HostPath base = HostPath::root();      ///< what relative paths in it are relative to
  std::optional<ValueTable> table{};     ///< nothing where there is no such file, or one with errors
  std::optional<SettingsLayer> layer{};  ///< nothing until it is read, and where it has errors
};

class SourceFinder {
 public:
  SourceFinder(const ConfigRequest& request, const TextReader& read, const Places& places, Errors& errors)
      : request_(request), read_(read), places_(places), errors_(errors) {}

  /// /etc/fence/settings.toml, [enforce] included.
  SettingsSource system();
  /// The user's settings.toml, or the file of --settings.
  SettingsSource user();
  /// Every .fence.toml from below the home directory down to the start directory, outermost first; where there is none,
  /// one place that says so. Whether they are trusted is not decided here.
  std::vector<SettingsSource> projects();
  /// Where projects() looked: a file that appears there counts at the next start.
  [[nodiscard]] const std::vector<HostPath>& project_files() const noexcept { return project_files_; }
  SettingsSource environment();

 private:
  SettingsSource file(LayerKind kind, const HostPath& path);
  SettingsSource named_file(const std::string& text);
  [[nodiscard]] Result<HostPath> settings_path(const std::string& text) const;
  [[nodiscard]] std::optional<HostPath> home_around(const HostPath& start) const;

  const ConfigRequest& request_;
  const TextReader& read_;
  const Places& places_;
  Errors& errors_;
  std::vector<HostPath> project_files_;
};

/// Takes the table [enforce] off the system's file. Nothing where it has none, or where it is no table: an error.
std::optional<SettingsSource> take_enforced(SettingsSource& system, Errors& errors);

/// What `~` and variables mean in a source; `binding` for what is enforced.
ExpansionContext expansion_context(const ConfigRequest& request, const HostPath& base, const std::string& home,
                                   bool binding = false);

}  // namespace fence
