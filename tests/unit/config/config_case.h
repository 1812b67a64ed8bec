#pragma once
// load_config() over files in memory.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "fence/config/config.h"

namespace fence {

inline const std::string kUserFile = "/home/u/.config/fence/settings.toml";
inline const std::string kSystemFile = "/etc/fence/settings.toml";
inline const std::string kProfiles = "/home/u/.config/fence/profiles/";

/// Files in memory; every path that is read is noted.
class LoadConfig : public ::testing::Test {
 protected:
  LoadConfig() {
    request_.environment = {{"HOME", "/home/u"}};
    request_.home_by_nss = "/home/u";
    request_.working_directory = *HostPath::parse("/srv/app");
  }

  ConfigReport examine() {
    return examine_config(request_, [this](const HostPath& path) -> TextFact {
      read_.push_back(path.text());
      const auto found = files_.find(path.text());
      return found == files_.end() ? TextFact(Absent{}) : found->second;
    });
  }

  Result<LoadedConfig, Errors> load() { return examine().config; }

  LoadedConfig loaded() {
    auto config = load();
    if (config) return *std::move(config);
    for (const Error& error : config.error()) ADD_FAILURE() << to_string(error);
    return {.layers = {SettingsLayer{}}};
  }

  std::vector<std::string> errors() {
    const auto config = load();
    std::vector<std::string> texts;
    if (config) return texts;
    for (const Error& error : config.error()) texts.push_back(to_string(error));
    return texts;
  }

  void option(std::string_view key, decltype(Value::data) data, const std::string& name) {
    put_value(request_.command_line, key, {std::move(data), {LayerKind::CommandLine, name}});
  }

  ConfigRequest request_;
  std::map<std::string, TextFact> files_;
  std::vector<std::string> read_;
};

}  // namespace fence
