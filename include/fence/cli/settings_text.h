#pragma once
// The settings as people read them.
#include <string>

#include "fence/config/config.h"

namespace fence {

/// `fence settings keys`: every key with its type, default, meaning, danger and variable.
std::string keys_text();

/// `fence settings show`: every key with what is in force and who set it, as a settings file would have it.
std::string in_force_text(const LoadedConfig& config);

/// `fence settings path`: every place in the order of precedence, and what became of it.
std::string places_text(const std::vector<SettingsPlace>& places);

/// `fence settings check`: a line for each file that was read.
std::string files_text(const std::vector<SettingsPlace>& places);

/// What `fence init` writes: every key, commented out, with its meaning. Without the '#' before it, every setting is
/// valid.
std::string commented_settings();

}  // namespace fence
