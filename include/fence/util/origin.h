#pragma once
// Where a value was written. Shown in every error, every plan row and every remark.
#include <compare>
#include <cstdint>
#include <string>

namespace fence {

/// The layers of wishes, lowest first: on one path the higher layer wins. The order of the
/// enumerators is the order of precedence.
enum class LayerKind : std::uint8_t { BuiltIn, Profile, System, User, Project, Environment, CommandLine };

/// A place where somebody asked for something.
struct Origin {
  LayerKind layer = LayerKind::BuiltIn;
  /// A file ("~/.config/fence/settings.toml"), a profile ("profile workspace"), an option
  /// ("--allow-write"), or the rule of fence itself ("fence").
  std::string source = "fence";
  std::uint32_t line = 0;    ///< 1-based; 0 where there is no line.
  std::uint32_t column = 0;  ///< 1-based; 0 where there is no column.

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// "settings.toml:14:3", "settings.toml:14" or "--allow-write".
std::string to_string(const Origin& origin);

/// "built-in", "profile", "system", "user", "project", "environment", "command line".
std::string_view layer_name(LayerKind layer) noexcept;

/// A value together with the place that asked for it.
template <class T>
struct Sourced {
  T value{};
  Origin origin{};

  friend bool operator==(const Sourced&, const Sourced&) = default;
};

}  // namespace fence
