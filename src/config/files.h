#pragma once
// Where settings files are, and what reading one gives.
#include <optional>
#include <string>

#include "fence/config/config.h"

namespace fence {

/// The directories that depend on who the caller is.
struct Places {
  std::string home;                   ///< what "~" is: HOME, else the password database's; empty where unknown
  std::string other_home;             ///< the password database's where HOME is another; else empty
  std::optional<HostPath> directory;  ///< fence's own: $XDG_CONFIG_HOME/fence or ~/.config/fence
};

/// Adds an error for a HOME or XDG_CONFIG_HOME that cannot be used, and goes on without it.
Places find_places(const ConfigRequest& request, Errors& errors);

/// `path` for messages, with the home directory as "~".
std::string shown_path(const HostPath& path, const Places& places);

/// A directory that the user named by "~", as a start directory without links would show it.
HostPath with_real_home(const HostPath& path, const Places& places, const std::optional<HostPath>& real_home);

/// The table that a file holds; nothing where there is no such file. `shown` names it in messages, and `asked_by` is
/// the place that named the file, where there is one.
Result<std::optional<ValueTable>, Errors> read_settings_file(const TextReader& read, const HostPath& path,
                                                             const std::string& shown, LayerKind layer,
                                                             const std::optional<Origin>& asked_by);

}  // namespace fence
